from __future__ import annotations

import json
from datetime import date
from pathlib import Path

import polars as pl
import pytest

from rosterkit.errors import Refused, SourceUnreadable
from rosterkit.plan.plan import LINES, Counts
from rosterkit.render import csv as sheets
from rosterkit.render import json as shapes
from rosterkit.render.labels import Choice, chosen
from rosterkit.results import Applied, Explanation, FeedReceipt, Hold, Revision, Value
from rosterkit.roster.schema import entities
from rosterkit.testing.views import AT, RULES, line, make_findings, make_plan, make_report, make_view

ZERO = {"create": 0, "update": 0, "archive": 0, "restore": 0}


def test_a_plan_has_the_shape_that_others_build_on() -> None:
    parsed = json.loads(shapes.plan(make_plan()))
    assert (parsed["version"], parsed["plan"], parsed["base"]) == (1, "7f3a9c21", 3)
    assert parsed["changes"]["User"] == {**ZERO, "create": 1, "update": 2}
    assert parsed["changes"]["Class"] == ZERO
    assert parsed["held"]["Enrollment"] == {**ZERO, "archive": 4}
    assert parsed["findings"] == {"error": 1, "warning": 2, "info": 0}
    assert list(parsed["changes"]) == list(parsed["held"]) == [entity.name for entity in entities()]


def test_a_plan_says_everything_that_is_known_of_it() -> None:
    parsed = json.loads(shapes.plan(make_plan()))
    assert parsed["as_of"] == "2026-09-15"
    assert parsed["created_at"] == "2026-09-15T03:30:00Z"
    assert parsed["content_hash"] == "c0ffee"
    assert parsed["notes"] == ["Four enrollments wait for a person."]
    assert parsed["coverage"][0] == {"entity": "User", "coverage": "full", "reason": ""}
    assert set(parsed) >= {
        "state",
        "needs_approval",
        "approval_why",
        "undoes",
        "revision_made",
        "packages",
        "expires_at",
    }


def test_a_view_is_the_plan_with_its_lines_findings_and_creates() -> None:
    view = make_view()
    parsed = json.loads(shapes.view(view, chosen(view.lines, Choice()), RULES))
    assert parsed["plan"] == "7f3a9c21"
    assert len(parsed["lines"]) == 4
    assert set(parsed["lines"][0]) == set(LINES)
    assert parsed["counts"] == {"error": 1, "warning": 2, "info": 0}
    assert [found["rule"] for found in parsed["findings"]] == ["bool.case", "bool.case", "date.unreadable"]
    assert parsed["creates"]["User"][0]["given_name"] == "Kofi"


def test_no_document_says_a_key_twice() -> None:
    def once(pairs: list[tuple[str, object]]) -> dict[str, object]:
        assert len(pairs) == len(dict(pairs))
        return dict(pairs)

    view = make_view()
    for text in (shapes.view(view, view.lines, RULES), shapes.plan(make_plan()), shapes.check(make_report())):
        json.loads(text, object_pairs_hook=once)


def test_a_view_of_some_lines_has_only_their_creates() -> None:
    view = make_view()
    parsed = json.loads(shapes.view(view, chosen(view.lines, Choice(action="update")), RULES))
    assert (len(parsed["lines"]), parsed["creates"]["User"]) == (2, [])


def test_an_empty_view_is_still_json() -> None:
    view = make_view(lines=[])
    assert json.loads(shapes.view(view, chosen(view.lines, Choice()), RULES))["lines"] == []


def test_values_survive_the_writing_of_rows() -> None:
    strange = 'line\nbreak, "quotes" \u202e \x1b[31m </script>'
    view = make_view(lines=[line(field="email", after=strange)])
    assert json.loads(shapes.view(view, chosen(view.lines, Choice()), RULES))["lines"][0]["after"] == strange


def test_check_lists_findings_with_their_words() -> None:
    parsed = json.loads(shapes.check(make_report()))
    found = parsed["findings"][-1]
    assert set(found) >= {"rule", "severity", "file", "line", "column", "message", "remedy"}
    assert (found["file"], found["line"], found["column"]) == ("enrollments.csv", 136, "beginDate")
    assert (found["message"], found["remedy"]) == ("This is no date. Month 15.", "Write YYYY-MM-DD.")
    assert parsed["coverage"][1]["coverage"] == "partial"
    assert parsed["counts"] == {"error": 1, "warning": 2, "info": 0}


def test_an_unknown_rule_still_has_a_message() -> None:
    found = json.loads(shapes.explanation(Explanation("User", "x", "active", (), (), "", make_findings()), {}))
    assert found["findings"][-1]["message"] == "Month 15."


@pytest.mark.parametrize(
    ("problem", "more"),
    [
        (Refused("no", why="stale"), {"why": "stale"}),
        (SourceUnreadable("no", rule="zip.crc", file="a.csv", line=3), {"rule": "zip.crc", "file": "a.csv", "line": 3}),
    ],
)
def test_an_error_is_an_object_too(problem: Exception, more: dict[str, object]) -> None:
    parsed = json.loads(shapes.error(4, "no", problem))["error"]
    assert (parsed["exit"], parsed["message"]) == (4, "no")
    assert parsed.items() >= more.items()


def test_the_other_shapes_name_what_they_hold(tmp_path: Path) -> None:
    hold = Hold("User", "stu-1", "", "", "person", "moving", "kim", AT)
    lines = pl.DataFrame([line(field="email", after="b")], schema=LINES)
    revision = Revision(4, "sync", "7f3a", "kim", AT, {"User": Counts(update=1)}, lines)
    value = Value("email", "b", 4, "7f3a", "users.csv", 12, "kim", AT)
    receipt = FeedReceipt("o", "oneroster", str(tmp_path), 4, (("o.zip", 3, 400, "ab"),), make_findings(), AT)
    done = Applied("7f3a", 4, True, {"User": Counts(update=1)}, {}, 0.5)

    assert json.loads(shapes.holds([hold]))["holds"][0]["since"] == "2026-09-15T03:30:00Z"
    assert json.loads(shapes.holds([hold], "released"))["released"][0]["sourced_id"] == "stu-1"
    parsed = json.loads(shapes.history([revision]))["revisions"][0]
    assert (parsed["revision"], parsed["changes"]["User"]["update"], parsed["lines"][0]["after"]) == (4, 1, "b")
    explained = json.loads(
        shapes.explanation(Explanation("User", "stu-1", "active", (value,), (hold,), "", make_findings()), RULES)
    )
    assert (explained["values"][0]["file"], explained["holds"][0]["code"]) == ("users.csv", "person")
    sent = json.loads(shapes.receipt(receipt, RULES))
    assert sent["files"] == [{"name": "o.zip", "rows": 3, "bytes": 400, "sha256": "ab"}]
    assert json.loads(shapes.applied(done))["revision"] == 4
    assert json.loads(shapes.plans([make_plan(as_of=date(2026, 1, 2))]))["plans"][0]["as_of"] == "2026-01-02"
    assert json.loads(shapes.rules(RULES.values()))["rules"][0]["code"] == "date.unreadable"
    assert json.loads(shapes.facts(accepted="x")) == {"version": 1, "accepted": "x"}


@pytest.mark.parametrize("mark", ["\x1b[2J", "\x07", "\x9b", "\u202e"])
def test_a_sheet_shows_no_control_character(mark: str) -> None:
    """Hostile 10."""
    found = make_findings().with_columns(value=pl.lit(f"a{mark}b"), key=pl.lit(mark), column=pl.lit(mark))
    assert mark[0] not in sheets.findings(found, RULES)


@pytest.mark.parametrize("start", ["=", "+", "-", "@", "\t", "\r"])
def test_a_sheet_escapes_what_looks_like_a_formula(start: str) -> None:
    found = make_findings().with_columns(value=pl.lit(f"{start}cmd|x"))
    rows = pl.read_csv(sheets.findings(found, RULES).encode())
    shown = "\N{REPLACEMENT CHARACTER}" if start in "\t\r" else start
    assert rows["value"].to_list() == [f"'{shown}cmd|x"] * 3
    assert rows["line"].to_list() == [9, 4, 136]
