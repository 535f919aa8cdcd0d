"""Whole frames in and out of SQLite."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import polars as pl
import pytest

from rosterkit.store import bulk
from rosterkit.store.database import connect, migrate, transaction

ORG = {"source": "main", "id_space": "", "status": "active", "created_revision": 1, "updated_revision": 1}
SCHEMA: dict[str, type[pl.DataType]] = {"id": pl.Int64, "sourced_id": pl.String, "parent_id": pl.Int64}


@pytest.fixture
def path(tmp_path: Path) -> Path:
    migrate(tmp_path / "roster.db")
    return tmp_path / "roster.db"


@pytest.fixture
def store(path: Path) -> Iterator[sqlite3.Connection]:
    with closing(connect(path)) as connection:
        yield connection


def orgs(*ids: int) -> pl.DataFrame:
    frame = pl.DataFrame({"id": ids, "sourced_id": [f"org-{i}" for i in ids], "parent_id": [None] * len(ids)}, SCHEMA)
    return frame.with_columns(pl.lit(value).alias(name) for name, value in ORG.items())


def indexes(connection: sqlite3.Connection) -> list[tuple[str, str]]:
    return connection.execute("select name, sql from sqlite_master where type='index' order by name").fetchall()


def test_what_is_inserted_is_read_again(path: Path, store: sqlite3.Connection) -> None:
    bulk.insert(store, "org", orgs(1, 2))
    assert bulk.read(path, "org", SCHEMA).rows() == [(1, "org-1", None), (2, "org-2", None)]
    assert bulk.read(path, "org", SCHEMA, "sourced_id=?", ["org-2"]).rows() == [(2, "org-2", None)]
    nothing: dict[str, type[pl.DataType]] = {"id": pl.Int64, "title": pl.String}
    assert bulk.read(path, "course", nothing).schema == nothing


def test_a_row_may_take_the_place_of_another(store: sqlite3.Connection) -> None:
    bulk.insert(store, "org", orgs(1))
    bulk.insert(store, "org", orgs(1).with_columns(name=pl.lit("Oak")), replace=True)
    assert store.execute("select id, name from org").fetchall() == [(1, "Oak")]


def test_an_update_sets_its_columns_and_says_how_many_rows_it_met(store: sqlite3.Connection) -> None:
    bulk.insert(store, "org", orgs(1, 2))
    changes = pl.DataFrame({"id": [2, 9], "name": ["Oak", "Elm"]})
    assert bulk.update(store, "org", changes) == 1
    assert store.execute("select id, name from org order by id").fetchall() == [(1, None), (2, "Oak")]


def test_a_table_of_ids_holds_each_once_and_only_those_of_the_last_call(store: sqlite3.Connection) -> None:
    bulk.ids_table(store, "some", pl.Series([7]))
    bulk.ids_table(store, "some", pl.Series([3, 1, 3]))
    assert store.execute("select id from some").fetchall() == [(1,), (3,)]


def test_indexes_are_made_anew_after_many_rows(store: sqlite3.Connection, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(bulk, "MANY", 1)
    before = indexes(store)
    with transaction(store), bulk.indexes_after(store, "org", 2):
        assert "ix_org_parent_id" not in [name for name, _ in indexes(store)]
        bulk.insert(store, "org", orgs(1, 2))
    assert indexes(store) == before


def test_indexes_stay_where_rows_are_few_or_many_are_there(
    store: sqlite3.Connection, monkeypatch: pytest.MonkeyPatch
) -> None:
    before = indexes(store)
    with bulk.indexes_after(store, "org", 2):
        assert indexes(store) == before
    monkeypatch.setattr(bulk, "MANY", 1)
    bulk.insert(store, "org", orgs(1, 2, 3))
    with bulk.indexes_after(store, "org", 3):
        assert indexes(store) == before


def test_a_failure_while_the_indexes_are_gone_brings_them_back(path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(bulk, "MANY", 1)
    with closing(connect(path)) as store:
        before = indexes(store)
        with pytest.raises(sqlite3.IntegrityError), transaction(store), bulk.indexes_after(store, "org", 3):
            bulk.insert(store, "org", orgs(1, 2, 1))
    with closing(connect(path)) as again:
        assert indexes(again) == before
        assert again.execute("select count(*) from org").fetchone() == (0,)
