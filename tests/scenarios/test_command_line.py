"""The command line as a new user meets it: the points of a trial of it, by their numbers."""

from __future__ import annotations

import json
import os
import shutil
import stat
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest

from rosterkit.cli.main import run
from rosterkit.store.database import connect
from rosterkit.store.plan_lines import LineQuery, page_of

CASES = Path(__file__).parents[2] / "fixtures" / "cases"
WHY = ["--reason", "checked", "--as", "kim"]


def on(scenario: Any, *words: str) -> int:
    return run(["-C", str(scenario.workspace.folder), *words])


def test_8_check_takes_how_dates_are_meant(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    package = tmp_path / "package"
    package.mkdir()
    for file in (CASES / "date-that-can-be-told").iterdir():
        (package / file.name).write_text(file.read_text().replace("8/15/2026", "3/4/2026"))
    run(["check", str(package), "--json"])
    assert "date.ambiguous" in capsys.readouterr().out
    for reading in (["--dates", "month-first"], ["--set", "dates=month-first"]):
        run(["check", str(package), *reading, "--json"])
        assert "date.ambiguous" not in capsys.readouterr().out
    assert run(["check", str(package), "--dates", "monthfirst"]) == 2
    assert "it must be 'iso', 'month-first' or 'day-first'" in capsys.readouterr().err


def test_8_check_in_a_workspace_takes_it_too(scenario: Any, capsys: pytest.CaptureFixture[str]) -> None:
    assert on(scenario, "check", str(CASES / "date-that-can-be-told"), "--set", "dats=iso") == 2
    assert "dats is not a setting; did you mean dates?" in capsys.readouterr().err


def test_14_a_rejected_undo_promises_no_next_plan(scenario: Any, capsys: pytest.CaptureFixture[str]) -> None:
    scenario.sync(scenario.changed(lambda files: files["users"][2].update(email="a@jv.example")))
    on(scenario, "reject", scenario.workspace.undo().id, *WHY)
    assert "The roster stays as it is." in capsys.readouterr().out
    plan = scenario.plan(scenario.changed(lambda files: files["users"][2].update(email="b@jv.example")))
    on(scenario, "reject", plan.id, *WHY)
    assert "comes again with the next plan" in capsys.readouterr().out


def test_17_hints_name_the_workspace_and_a_late_one_is_explained(
    scenario: Any, capsys: pytest.CaptureFixture[str]
) -> None:
    assert on(scenario, "undo", "99") == 2
    assert f'See "rosterkit -C {scenario.workspace.folder} history"' in capsys.readouterr().err
    assert run(["plan", "-C", "our-district"]) == 2
    assert "-C goes before the verb: rosterkit -C DIR plan." in capsys.readouterr().err


def test_18_what_is_no_package_is_named_in_full(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert run(["check", str(tmp_path / "package.zip")]) == 3
    assert str(tmp_path / "package.zip") in capsys.readouterr().err
    (tmp_path / "users.csv").write_text("sourcedId,username\n1,ana\n")
    assert run(["check", str(tmp_path / "users.csv")]) == 3
    assert "name the zip or the folder it is from" in capsys.readouterr().err


def test_19_what_was_undone_is_explained_once(scenario: Any, capsys: pytest.CaptureFixture[str]) -> None:
    changed = scenario.changed(lambda files: files["users"][2].update(email="a@jv.example"))
    scenario.sync(changed)
    scenario.apply(scenario.workspace.undo())
    scenario.plan(changed)
    on(scenario, "explain", "User", scenario.files["users"][2]["sourcedId"])
    text = " ".join(capsys.readouterr().out.split())
    assert "undone" in text
    assert "says so" not in text


def test_20_chosen_lines_come_without_the_findings_of_the_rest(
    scenario: Any, capsys: pytest.CaptureFixture[str]
) -> None:
    plan = scenario.plan(scenario.changed(lambda files: files["users"][2].update(enabledUser="perhaps")))
    on(scenario, "show", plan.id)
    assert "bool.unknown" in capsys.readouterr().out
    on(scenario, "show", plan.id, "--entity", "Class")
    assert "bool.unknown" not in capsys.readouterr().out


def test_20_a_dash_is_standard_output(
    scenario: Any, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.chdir(tmp_path)
    plan = scenario.plan()
    on(scenario, "show", plan.id, "--json", "-o", "-")
    assert json.loads(capsys.readouterr().out)["plan"] == plan.id
    assert not Path("-").exists()


@pytest.mark.parametrize(
    "words", [("init", "{folder}"), ("undo", "99"), ("explain", "User", "nobody"), ("history", "User", "nobody")]
)
def test_21_what_is_not_there_is_wrong_usage(
    scenario: Any, words: tuple[str, ...], capsys: pytest.CaptureFixture[str]
) -> None:
    assert on(scenario, *(word.format(folder=scenario.workspace.folder) for word in words)) == 2
    assert capsys.readouterr().err.startswith("Error: ")


@pytest.mark.parametrize("verb", ["check", "plan", "show", "demo", "rules"])
def test_21_help_shows_no_types_of_switches_and_no_double_brackets(
    verb: str, capsys: pytest.CaptureFixture[str]
) -> None:
    for option in ("--help", "-h"):
        run([verb, option])
        text = capsys.readouterr().out
        assert "Usage: rosterkit" in text
        assert "<bool>" not in text
        assert "[[" not in text


def test_21_completion_can_be_installed(capsys: pytest.CaptureFixture[str]) -> None:
    run(["--help"])
    assert "--install-completion" in capsys.readouterr().out


def test_23_a_plan_ends_with_its_total_in_one_line(scenario: Any, capsys: pytest.CaptureFixture[str]) -> None:
    scenario.workspace.plan(scenario.package(scenario.changed(lambda files: files["users"][2].update(grades="04"))))
    on(scenario, "show")
    assert "Plan: 1 to update." in capsys.readouterr().out


def test_23_quiet_prints_errors_and_data_only(scenario: Any, capsys: pytest.CaptureFixture[str]) -> None:
    assert on(scenario, "-q", "plans") == 0
    assert capsys.readouterr().out == ""
    on(scenario, "-q", "plans", "--json")
    assert json.loads(capsys.readouterr().out)["plans"]
    assert on(scenario, "-q", "show", "nowhere") == 2
    assert capsys.readouterr().err.startswith("Error: ")


def test_23_a_log_file_has_a_line_for_each_command(scenario: Any, tmp_path: Path) -> None:
    log = tmp_path / "rosterkit.log"
    on(scenario, "--log-file", str(log), "plans")
    on(scenario, "--log-file", str(log), "show", "nowhere")
    first, second = (json.loads(line) for line in log.read_text(encoding="utf-8").splitlines())
    assert (first["event"], first["verb"], first["exit"]) == ("command", "plans", 0)
    assert (second["verb"], second["exit"]) == ("show", 2)
    assert stat.S_IMODE(log.stat().st_mode) == 0o600


def test_everything_in_a_workspace_is_private_whatever_the_umask(scenario: Any) -> None:
    """Hostile 9: folders that a verb makes on the way, too."""
    before = os.umask(0)
    try:
        plan = scenario.plan(scenario.changed(lambda files: files["users"][2].update(email="a@jv.example")))
        shutil.rmtree(scenario.workspace.folder / "cache", ignore_errors=True)
        with closing(connect(scenario.workspace.database)) as connection:
            page_of(scenario.workspace.folder, scenario.workspace.database, connection, plan, LineQuery())
        made = [path for path in scenario.workspace.folder.rglob("*") if path.name not in ("outbox", "plans")]
        assert {stat.S_IMODE(path.stat().st_mode) & 0o077 for path in made} == {0}
        assert (scenario.workspace.folder / "cache" / "plans").is_dir()
    finally:
        os.umask(before)
