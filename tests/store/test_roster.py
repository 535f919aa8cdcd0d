"""The stored roster, limited to the people of some roles before they are read."""

from __future__ import annotations

import sqlite3
from contextlib import closing
from datetime import date
from pathlib import Path

import polars as pl
import pytest

from rosterkit.store.effective import Overlay
from rosterkit.store.roster import StoredRoster

PAIRS = pl.DataFrame(schema={"guardian_id": pl.Int64, "student_id": pl.Int64})


@pytest.fixture
def store(tmp_path: Path) -> Path:
    """Three people; the second was a student once, and the third is a teacher."""
    path = tmp_path / "roster.db"
    with closing(sqlite3.connect(path)) as connection, connection:
        for table, columns in (("user", "given_name"), ("role", "user_id, role, begin_date, end_date")):
            connection.execute(f"create table {table} (id integer, source, id_space, sourced_id, status, {columns})")
        people = [(1, "Ottilie", "active"), (2, "Mbali", "active"), (3, "Casper", "active"), (4, "Ines", "archived")]
        for n, name, status in people:
            connection.execute("insert into user values (?,'sis','',?,?,?)", (n, f"u{n}", status, name))
        roles = [
            (1, "student", "active", None, None),
            (2, "student", "archived", None, None),
            (3, "teacher", "active", "2026-09-01", "2027-06-30"),
            (4, "student", "active", None, None),
        ]
        for n, role, status, begins, ends in roles:
            values = (n, f"r{n}", status, n, role, begins, ends)
            connection.execute("insert into role values (?,'sis','',?,?,?,?,?,?)", values)
    return path


def people(roster: StoredRoster, *roles: str, as_of: date | None = None) -> list[str]:
    rows = roster.table("User", roles=roles, as_of=as_of)
    return sorted(rows.select("given_name").collect()["given_name"])


def test_people_of_some_roles_are_those_with_an_active_role_of_these(store: Path) -> None:
    roster = StoredRoster(store, 1)
    assert people(roster, "student") == ["Ottilie"]
    assert people(roster, "student", "teacher") == ["Casper", "Ottilie"]
    assert people(roster) == ["Casper", "Mbali", "Ottilie"]
    assert roster.table("Role", roles=["teacher"]).select("user_id").collect()["user_id"].to_list() == [3]


@pytest.mark.parametrize("pinned", [False, True])
def test_a_role_counts_from_its_first_day_and_no_longer_on_its_last(store: Path, pinned: bool) -> None:
    others = pl.DataFrame({"id": [9], "column": ["role"], "value": ["aide"], "value_id": [None]})
    roster = StoredRoster(store, 1, Overlay({"Role": others} if pinned else {}, {}, PAIRS, frozenset()))
    days = ["2026-08-31", "2026-09-01", "2027-06-29", "2027-06-30"]
    found = {day: people(roster, "student", "teacher", as_of=date.fromisoformat(day)) for day in days}
    both = ["Casper", "Ottilie"]
    assert found == {days[0]: ["Ottilie"], days[1]: both, days[2]: both, days[3]: ["Ottilie"]}
    counting = roster.table("Role", as_of=date(2026, 8, 31)).select("user_id").collect()["user_id"]
    assert sorted(counting) == [1, 4]


def test_what_counts_is_the_pinned_role_and_not_the_stored_one(store: Path) -> None:
    pinned = pl.DataFrame({"id": [3], "column": ["role"], "value": ["student"], "value_id": [None]})
    roster = StoredRoster(store, 1, Overlay({"Role": pinned}, {}, PAIRS, frozenset()))
    assert people(roster, "student") == ["Casper", "Ottilie"]
    assert people(roster, "teacher") == []
    assert sorted(roster.table("Role", roles=["student"]).select("user_id").collect()["user_id"]) == [1, 3, 4]
