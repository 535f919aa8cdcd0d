"""The stored roster, limited to the people of some roles before they are read."""

from __future__ import annotations

import sqlite3
from contextlib import closing
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
        for table, columns in (("user", "given_name"), ("role", "user_id, role, end_date")):
            connection.execute(f"create table {table} (id integer, source, id_space, sourced_id, status, {columns})")
        people = [(1, "Ottilie", "active"), (2, "Mbali", "active"), (3, "Casper", "active"), (4, "Ines", "archived")]
        for n, name, status in people:
            connection.execute("insert into user values (?,'sis','',?,?,?)", (n, f"u{n}", status, name))
        roles = [
            (1, "student", "active"),
            (2, "student", "archived"),
            (3, "teacher", "active"),
            (4, "student", "active"),
        ]
        for n, role, status in roles:
            connection.execute("insert into role values (?,'sis','',?,?,?,?,null)", (n, f"r{n}", status, n, role))
    return path


def people(roster: StoredRoster, *roles: str) -> list[str]:
    return sorted(roster.table("User", roles=roles).select("given_name").collect()["given_name"])


def test_people_of_some_roles_are_those_with_an_active_role_of_these(store: Path) -> None:
    roster = StoredRoster(store, 1)
    assert people(roster, "student") == ["Ottilie"]
    assert people(roster, "student", "teacher") == ["Casper", "Ottilie"]
    assert people(roster) == ["Casper", "Mbali", "Ottilie"]
    assert roster.table("Role", roles=["teacher"]).select("user_id").collect()["user_id"].to_list() == [3]


def test_nobody_is_left_out_by_a_stored_role_where_roles_are_pinned(store: Path) -> None:
    pinned = pl.DataFrame({"id": [3], "column": ["role"], "value": ["student"], "value_id": [None]})
    roster = StoredRoster(store, 1, Overlay({"Role": pinned}, {}, PAIRS, frozenset()))
    assert "Casper" in people(roster, "student")
    assert set(roster.table("Role", roles=["student"]).select("role").collect()["role"]) == {"student"}
