"""What is said just as it is stored, and that nothing can move, is set aside before it is judged."""

from __future__ import annotations

from dataclasses import replace

import polars as pl
import pytest

from rosterkit.plan.calm import calm, said_at, stirred
from rosterkit.plan.merge import Said, fold, from_pending
from rosterkit.plan.snapshot import PENDING, Layer
from rosterkit.roster.schema import by_name
from rosterkit.sources.bundle import UNREADABLE, said_schema

COURSE = by_name("Course")
NOTHING = pl.Series([], dtype=pl.String)
KEYS = {
    "Org": pl.DataFrame({"id": [1, 2], "sourced_id": ["north", "south"]}),
    "AcademicSession": pl.DataFrame({"id": [1], "sourced_id": ["year"]}),
}
ABOVE = {name: pl.Series([], dtype=pl.Int64) for name in KEYS}


def _stored(*ids: int) -> pl.DataFrame:
    rows = [{"id": i, "sourced_id": f"K{i}", "status": "active", "title": "Art", "org_id": 1} for i in ids]
    return pl.DataFrame(rows, schema=COURSE.judged_schema)


def _said(*rows: dict[str, object]) -> Said:
    said = [{"deleted": False, "file": "courses.csv", "line": 2, "title": "Art", "org": "north"} | row for row in rows]
    frame = pl.DataFrame(said, schema=said_schema(COURSE))
    tonight = Layer("package", "full", frame, pl.DataFrame(schema=UNREADABLE))
    before = from_pending(COURSE, pl.DataFrame(schema=PENDING))
    return fold(
        COURSE, (before, tonight), pl.DataFrame(schema={"sourced_id": pl.String, "modified_at": pl.String}), "full"
    )


def _calm(
    stored: pl.DataFrame, said: Said, above: dict[str, pl.Series] = ABOVE, decided: pl.Series = NOTHING
) -> list[int]:
    at = said_at(stored, said)
    moved = stirred(COURSE, stored, at, said, above)
    return stored.filter(calm(COURSE, stored, at, said, moved, decided, KEYS))["id"].to_list()


def test_a_record_that_is_said_as_it_is_stored_is_calm() -> None:
    assert _calm(_stored(1, 2), _said({"sourced_id": "K2"}, {"sourced_id": "K1"})) == [1, 2]


@pytest.mark.parametrize(
    "row",
    [
        {"title": "Music"},
        {"title": None},
        {"org": "south"},
        {"org": "nowhere"},
        {"org": None},
        {"code": "A1"},
        {"deleted": True},
        {"modified_at": "2026-09-01T00:00:00.000Z"},
    ],
)
def test_a_record_of_which_a_row_says_anything_else_is_judged(row: dict[str, object]) -> None:
    assert _calm(_stored(1, 2), _said({"sourced_id": "K1"} | row, {"sourced_id": "K2"})) == [2]


def test_a_cell_that_cannot_be_read_says_nothing_else() -> None:
    assert _calm(_stored(1), _said({"sourced_id": "K1", "title": None, "unread": ["title"]})) == [1]


def test_a_record_that_is_not_said_is_archived_or_cannot_be_read_is_judged() -> None:
    stored = _stored(1, 2, 3, 4).with_columns(status=pl.Series(["active", "archived", "active", "active"]))
    said = _said({"sourced_id": "K2"}, {"sourced_id": "K3"}, {"sourced_id": "K4"})
    unreadable = pl.DataFrame([("K3", "courses.csv", 9)], schema=UNREADABLE, orient="row")
    assert _calm(stored, replace(said, unreadable=unreadable)) == [4]


def test_a_record_that_refers_to_one_that_might_move_is_judged() -> None:
    said = _said({"sourced_id": "K1"})
    assert _calm(_stored(1), said, above=ABOVE | {"Org": pl.Series([1])}) == []
    assert _calm(_stored(1), said, above=ABOVE | {"Org": pl.Series([2])}) == [1]


def test_a_record_on_which_somebody_decided_is_judged() -> None:
    assert _calm(_stored(1, 2), _said({"sourced_id": "K1"}, {"sourced_id": "K2"}), decided=pl.Series(["K1"])) == [2]
