from __future__ import annotations

import json
from dataclasses import replace
from datetime import date
from pathlib import Path
from typing import Any
from unittest.mock import ANY

import pytest
from fakes import FakeWorkspace

from rosterkit import config
from rosterkit.cli.main import run
from rosterkit.plan.plan import Counts
from rosterkit.results import Applied, CheckReport
from rosterkit.roster.findings import concat, finding
from rosterkit.settings_template import template
from rosterkit.sources.base import TableCoverage
from rosterkit.testing.views import RULES

WHY = ["--reason", "checked", "--as", "kim"]


@pytest.mark.parametrize(
    ("line", "verb", "arguments", "named"),
    [
        (["plan"], "plan", (None,), {"source": "", "as_of": None, "now": False}),
        (["plan", "--source", "main"], "plan", (None,), {"source": "main", "as_of": None, "now": False}),
        (["plan", "--package", "a.zip"], "plan", (Path("a.zip"),), {"source": "", "as_of": None, "now": False}),
        (
            ["plan", "--package", "a.zip", "--source", "main", "--as-of", "2026-09-15"],
            "plan",
            (Path("a.zip"),),
            {"source": "main", "as_of": date(2026, 9, 15), "now": False},
        ),
        (["plans"], "plans", (), {}),
        (["show"], "show", (None,), {}),
        (["show", "7f3a"], "show", ("7f3a",), {}),
        (["undo"], "undo", (None,), {"as_of": None}),
        (["undo", "4"], "undo", (4,), {"as_of": None}),
        (["approve", "7f3a", *WHY], "approve", ("7f3a",), {"reason": "checked", "actor": "kim"}),
        (
            ["approve", "7f3a", *WHY, "--held", "--entity", "user", "--action", "archive", "--record", "stu-1"],
            "approve_held",
            ("7f3a",),
            {"reason": "checked", "actor": "kim", "entity": "User", "action": "archive", "sourced_id": "stu-1"},
        ),
        (
            ["approve", "7f3a", *WHY, "--held", "--all"],
            "approve_held",
            ("7f3a",),
            {"reason": "checked", "actor": "kim", "entity": None, "action": None, "sourced_id": None},
        ),
        (["reject", "7f3a", *WHY], "reject", ("7f3a",), {"reason": "checked", "actor": "kim"}),
        (["apply", "7f3a", "--as", "kim"], "apply", ("7f3a",), {"actor": "kim"}),
        (
            ["hold", "user", "stu-1", *WHY],
            "hold",
            ("User", "stu-1"),
            {"reason": "checked", "actor": "kim", "action": "", "field": ""},
        ),
        (
            ["release", "User", "stu-1", *WHY, "--action", "update", "--field", "email"],
            "release",
            ("User", "stu-1"),
            {"reason": "checked", "actor": "kim", "action": "update", "field": "email"},
        ),
        (
            ["match", "new-5", "stu-5", *WHY],
            "match",
            ("new-5", "stu-5"),
            {"reason": "checked", "actor": "kim", "revoke": False},
        ),
        (["holds"], "holds", (), {}),
        (["history"], "history", (None, None), {}),
        (["history", "User", "stu-1"], "history", ("User", "stu-1"), {}),
        (["explain", "User", "stu-1"], "explain", ("User", "stu-1"), {}),
        (["ignore-line", "9c", *WHY], "ignore_line", ("9c",), {"reason": "checked", "actor": "kim", "source": ""}),
        (["ignored-lines"], "ignored_lines", (), {}),
        (["explain", "student", "stu-1"], "explain", ("User", "stu-1"), {}),
        (["feed", "check", "o", "a.csv"], "feed_check", ("o", [Path("a.csv")]), {"as_of": None}),
        (["feed", "approve", "o", *WHY], "feed_approve", ("o",), {"reason": "checked", "actor": "kim"}),
        (["feed", "reject", "o", *WHY], "feed_reject", ("o",), {"reason": "checked", "actor": "kim"}),
        (["feed", "pause", "o", *WHY], "feed_pause", ("o",), {"reason": "checked", "actor": "kim"}),
        (["feed", "resume", "o"], "feed_resume", ("o",), {}),
        (["feed", "log"], "feed_log", ("",), {}),
        (["feed", "build"], "feed_build", ("", None), {"send": True}),
        (["feed", "build", "o", "--no-send"], "feed_build", ("o", None), {"send": False}),
        (["feed", "build", "o", "--as-of", "2026-09-15"], "feed_build", ("o", date(2026, 9, 15)), {"send": True}),
        (["feed", "send"], "feed_send", ("", ()), {"as_of": None, "again": False, "actor": ANY, "reason": ""}),
        (
            ["feed", "send", "o", "a.csv", *WHY, "--again"],
            "feed_send",
            ("o", [Path("a.csv")]),
            {"as_of": None, "again": True, "actor": "kim", "reason": "checked"},
        ),
        (["feed", "status"], "feed_status", ("",), {}),
        (["target", "test", "o"], "target_test", ("o",), {}),
        (["disclosed", "stu-1"], "disclosed", ("stu-1",), {}),
        (
            ["purge", "--days", "730", *WHY, "--dry-run"],
            "purge",
            (730,),
            {"reason": "checked", "actor": "kim", "person": "", "dry_run": True},
        ),
        (["feed", "confirm", "o", *WHY], "feed_confirm", ("o",), {"reason": "checked", "actor": "kim"}),
        (["feed", "log", "o", "--delivery", "3"], "feed_log", ("o",), {}),
    ],
)
def test_each_verb_asks_the_workspace(
    fake: FakeWorkspace,
    capsys: pytest.CaptureFixture[str],
    line: list[str],
    verb: str,
    arguments: tuple[Any, ...],
    named: dict[str, Any],
) -> None:
    fake.plan_says()
    fake.answers["undo"] = fake.answers["plan"]
    assert run(["-C", "district", *line]) == 0
    assert (verb, arguments, named) in fake.calls
    assert fake.folder == Path("district")
    output = capsys.readouterr()
    assert output.out
    assert output.err == ""
    assert run(["-C", "district", *line, "--json"]) == 0
    assert json.loads(capsys.readouterr().out)["version"] == 1


def test_init_makes_the_folder_it_is_given(fake: FakeWorkspace, capsys: pytest.CaptureFixture[str]) -> None:
    assert run(["init", "district"]) == 0
    assert fake.made == Path("district")
    assert "rosterkit -C district plan" in capsys.readouterr().out
    assert run(["-C", "other", "init", "--json"]) == 0
    assert fake.made == Path("other")
    assert json.loads(capsys.readouterr().out)["workspace"].endswith("/other")


@pytest.mark.parametrize(
    ("line", "hint"),
    [
        (["plan"], "rosterkit -C 'our district' show 7f3a9c21"),
        (["approve", "7f3a", *WHY], "rosterkit -C 'our district' apply 7f3a9c21"),
        (
            ["approve", "7f3a", "--held", "--all", *WHY],
            "Approved 4 held changes of plan 7f3a9c21, signed by kim; the next plan",
        ),
        (["reject", "7f3a", *WHY], "is rejected, signed by kim"),
        (["release", "User", "stu-1", *WHY], "Released 1 hold on User stu-1"),
    ],
)
def test_what_to_do_next_can_be_pasted(
    fake: FakeWorkspace, capsys: pytest.CaptureFixture[str], line: list[str], hint: str
) -> None:
    fake.answers["reject"] = replace(fake.answers["approve"], decision="reject")
    run(["-C", "our district", *line])
    assert hint in capsys.readouterr().out


def test_a_day_is_asked_for_as_people_are_to_write_it(fake: FakeWorkspace, capsys: pytest.CaptureFixture[str]) -> None:
    assert run(["plan", "--as-of", "15/09/2026"]) == 2
    assert "write it as 2026-09-15" in capsys.readouterr().err


def test_one_rule_is_told_whole(capsys: pytest.CaptureFixture[str]) -> None:
    run(["rules", "identity.reused-id"])
    assert "dependants" in capsys.readouterr().out


def test_check_needs_no_workspace(fake: FakeWorkspace) -> None:
    assert run(["check", "a.zip", "--strict"]) == 1
    assert fake.last() == ("check", (Path("a.zip"),), {"alone": True, "kind": "oneroster", "reading": {"strict": True}})


def test_check_in_a_workspace_uses_its_settings(fake: FakeWorkspace, tmp_path: Path) -> None:
    (tmp_path / config.FILE).write_text(template())
    run(["check"])
    assert fake.last() == ("check", (), {"source": "", "reading": {}})
    run(["check", "main", "--lenient"])
    assert fake.last() == ("check", (), {"source": "main", "reading": {"strict": False}})
    run(["check", "a.zip"])
    assert fake.last() == ("check", (Path("a.zip"),), {"reading": {}})


def report(severity: str) -> CheckReport:
    found = concat([finding("bool.case", severity, file="users.csv", line=4)] if severity else [])
    return CheckReport("package.zip", "abc", "1.1", False, {}, (), found, RULES)


@pytest.mark.parametrize(("severity", "code"), [("", 0), ("info", 0), ("warning", 0), ("error", 1)])
def test_check_is_1_only_for_errors(fake: FakeWorkspace, severity: str, code: int) -> None:
    fake.answers["check"] = report(severity)
    assert run(["check", "a.zip"]) == code


def test_check_prints_json_or_csv(fake: FakeWorkspace, capsys: pytest.CaptureFixture[str]) -> None:
    run(["check", "a.zip", "--json"])
    assert len(json.loads(capsys.readouterr().out)["findings"]) == 3
    run(["check", "a.zip", "--csv"])
    assert capsys.readouterr().out.startswith("rule,severity,file,line,column,")
    assert run(["check", "a.zip", "--csv", "--json"]) == 2


def test_rules_needs_no_workspace(capsys: pytest.CaptureFixture[str]) -> None:
    assert run(["rules", "--json"]) == 0
    codes = {rule["code"] for rule in json.loads(capsys.readouterr().out)["rules"]}
    assert "identity.reused-id" in codes
    assert run(["rules", "identity.reused-id"]) == 0
    assert "Ask the SIS" in capsys.readouterr().out
    assert run(["rules", "nothing.such"]) == 2


SIX = ("Org", "AcademicSession", "Course", "Class", "User", "Enrollment")
FULL = tuple((entity, "full") for entity in SIX)


def tables(*found: tuple[str, ...]) -> tuple[TableCoverage, ...]:
    return tuple(TableCoverage(*one) for one in found)


@pytest.mark.parametrize(
    ("values", "code"),
    [
        ({}, 0),
        ({"findings": {"warning": 3, "info": 1}}, 0),
        ({"findings": {"error": 1}}, 1),
        ({"held": {"User": Counts(archive=1)}}, 1),
        ({"held": {"User": Counts()}}, 0),
        ({"coverage": tables(*FULL)}, 0),
        ({"coverage": tables(*FULL, ("Demographics", "absent", "not in the package"))}, 0),
        ({"coverage": tables(*FULL[:-1], ("Enrollment", "absent", "not in the package"))}, 1),
        ({"coverage": tables(*FULL[:-1], ("Enrollment", "partial", "cut short"))}, 1),
        ({"coverage": tables(("User", "delta"), ("Org", "absent", "not in the package"))}, 0),
        ({"coverage": tables(("User", "delta"), ("Enrollment", "partial", "cut short"))}, 1),
    ],
)
def test_plan_is_1_when_somebody_should_look(fake: FakeWorkspace, values: dict[str, Any], code: int) -> None:
    fake.plan_says(**values)
    assert run(["plan"]) == code


def test_apply_is_1_when_something_is_held(fake: FakeWorkspace) -> None:
    fake.answers["apply"] = Applied("7f3a", 4, True, {}, {"User": Counts(archive=1)}, 0.1)
    assert run(["apply", "7f3a"]) == 1


def test_show_chooses_and_writes_a_private_file(
    fake: FakeWorkspace, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert run(["show", "--json", "--held"]) == 0
    assert [line["sourced_id"] for line in json.loads(capsys.readouterr().out)["lines"]] == ["enr-7"]
    assert run(["show", "--html", "-o", "review.html"]) == 0
    written = tmp_path / "review.html"
    assert written.read_text().startswith("<!DOCTYPE html>")
    assert written.stat().st_mode & 0o777 == 0o600
    assert capsys.readouterr().out == ""
    assert run(["show", "--html"]) == 0
    assert capsys.readouterr().out == written.read_text()


@pytest.mark.parametrize(
    "line",
    [
        ["show", "--html", "--json"],
        ["show", "-o", "x"],
        ["show", "--entity", "Persn"],
        ["show", "--limit", "-1"],
        ["approve", "7f3a"],
        ["approve", "7f3a", "--reason", "  "],
        ["approve", "7f3a", "--reason", "x", "--entity", "User"],
        ["approve", "7f3a", "--reason", "x", "--held"],
        ["approve", "7f3a", "--reason", "x", "--held", "--entity", "User"],
        ["hold", "Persn", "stu-1", "--reason", "x"],
        ["history", "User"],
        ["plan", "--as-of", "15.9.2026"],
        ["undo", "newest"],
        ["undo", "0"],
        ["check"],
        ["check", "a.zip", "--fast"],
        ["feed"],
        ["fly"],
        [],
    ],
)
def test_a_wrong_command_line_is_2(fake: FakeWorkspace, capsys: pytest.CaptureFixture[str], line: list[str]) -> None:
    assert run(line) == 2
    assert capsys.readouterr().err.strip()
    assert [call for call in fake.calls if call[0] != "show"] == []


def test_the_actor_is_the_login_name_where_none_is_named(fake: FakeWorkspace, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("getpass.getuser", lambda: "daily-job")
    run(["apply", "7f3a"])
    assert fake.last()[2] == {"actor": "daily-job"}


def test_nobody_acts_without_a_name(fake: FakeWorkspace, monkeypatch: pytest.MonkeyPatch) -> None:
    def nobody() -> str:
        raise KeyError("uid not found")

    monkeypatch.setattr("getpass.getuser", nobody)
    assert run(["apply", "7f3a"]) == 2
    assert fake.calls == []
