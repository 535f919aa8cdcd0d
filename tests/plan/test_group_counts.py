"""How many records count in which group, beside a plain count of the rows."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator
from contextlib import closing
from datetime import date

import pytest
from school import School, opened, run

from rosterkit import Workspace
from rosterkit.roster.schema import by_name, entities
from rosterkit.store.database import connect
from rosterkit.store.snapshot import StoreSnapshot

PLAIN = [e.name for e in entities() if e.name not in ("User", "Role", "GuardianLink", "Demographics")]


@pytest.fixture(scope="module")
def ws() -> Iterator[Workspace]:
    with opened() as made:
        run(made, School(courses={"K": {}, "L": {}}), date(2026, 9, 11))
        yield made


@pytest.mark.parametrize("name", PLAIN)
def test_over_all_every_active_row_counts(ws: Workspace, name: str) -> None:
    with closing(connect(ws.database)) as connection:
        counts = StoreSnapshot(ws.database, connection).group_counts(by_name(name))
    with closing(sqlite3.connect(ws.database)) as connection:
        rows = connection.execute(f'select count(*) from "{by_name(name).table}"').fetchone()[0]
    assert counts.filter(counts["school_id"].is_null())["base"].sum() == rows
