"""What planning reads of the store."""

from __future__ import annotations

import sqlite3
from pathlib import Path

from rosterkit.roster.schema import by_name
from rosterkit.store.snapshot import StoreSnapshot


def test_the_places_of_an_entity_are_those_of_its_rows_without_what_people_made() -> None:
    connection = sqlite3.connect(":memory:")
    connection.execute('create table "user" (source, id_space, sourced_id)')
    places = {("clever", "students"), ("clever", "teachers"), ("main", ""), ("main", "x"), ("other", "")}
    for place in [*sorted(places, reverse=True), ("manual", "")]:
        connection.executemany('insert into "user" values (?,?,?)', [(*place, f"u{n}") for n in range(3)])
    snapshot = StoreSnapshot(Path(), connection)
    assert snapshot.places(by_name("User")) == places
    connection.execute('delete from "user"')
    assert snapshot.places(by_name("User")) == frozenset()
