"""Whole frames in and out of SQLite: the one seam to replace for another database."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import polars as pl

from rosterkit.store.adbc_reader import reading
from rosterkit.store.database import damaged

MANY = 50_000
"""Rows from which on it pays to prepare for them."""


def quoted(names: Sequence[str]) -> str:
    """Column names for a statement."""
    return ",".join(f'"{name}"' for name in names)


def _rows(frame: pl.DataFrame) -> Iterator[tuple[Any, ...]]:
    for chunk in frame.iter_slices(MANY):
        yield from chunk.rows()


def insert(connection: sqlite3.Connection, table: str, frame: pl.DataFrame, *, replace: bool = False) -> None:
    """Inserts every row of the frame; with ``replace`` a row of the same primary key is replaced."""
    verb = "insert or replace" if replace else "insert"
    marks = ",".join("?" * frame.width)
    connection.executemany(f'{verb} into "{table}" ({quoted(frame.columns)}) values ({marks})', _rows(frame))


@contextmanager
def indexes_after(connection: sqlite3.Connection, table: str, rows: int) -> Iterator[None]:
    """Where as many rows are inserted inside as outnumber what is there, the table's indexes are made anew after.

    Part of the caller's transaction: should it fail, they were never gone.
    """
    there = connection.execute(f'select count(*) from (select 1 from "{table}" limit ?)', (rows,)).fetchone()[0]
    query = "select name, sql from sqlite_master where type='index' and tbl_name=? and sql is not null"
    indexes = connection.execute(query, (table,)).fetchall() if rows > MANY and there < rows else []
    for name, _ in indexes:
        connection.execute(f'drop index "{name}"')
    yield
    for _, sql in indexes:
        connection.execute(sql)


def update(connection: sqlite3.Connection, table: str, frame: pl.DataFrame) -> int:
    """Sets every column of the frame but ``id`` on the row with that id; returns how many rows were met."""
    names = [name for name in frame.columns if name != "id"]
    sets = ",".join(f'"{name}"=?' for name in names)
    done = connection.executemany(
        f'update "{table}" set {sets} where id=?', _rows(frame.select(*names, "id").sort("id"))
    )
    return done.rowcount


def ids_table(connection: sqlite3.Connection, name: str, ids: pl.Series) -> None:
    """A temporary table of integer ids for set-based statements."""
    connection.execute(f'create temp table if not exists "{name}" (id integer primary key)')
    connection.execute(f'delete from "{name}"')
    connection.executemany(f'insert into "{name}" values (?)', ((i,) for i in ids.unique().sort().to_list()))


@contextmanager
def _damage(path: Path) -> Iterator[None]:
    """A damaged file is called so, whichever library sees it first."""
    from adbc_driver_manager import Error  # noqa: PLC0415 - costs 0.1 s, and is needed only to read

    try:
        yield
    except (Error, sqlite3.DatabaseError) as problem:
        if "malformed" in str(problem) or "no such table" in str(problem) or "not a database" in str(problem):
            raise damaged(path) from problem
        raise


_COMPUTED = {
    "key": "source||'/'||id_space||'/'||sourced_id",  # plan.snapshot.key
    "active": "status='active'",
}
"""Columns that are no columns of the table, by what they are made of."""


def read(
    path: Path, table: str, schema: dict[str, type[pl.DataType]], where: str = "", values: Sequence[str] = ()
) -> pl.DataFrame:
    """Reads a table as a frame of that schema, by ADBC: three times as fast as sqlite3 on whole tables.

    ADBC types a column by its first rows, so that nulls are read as "" and -1 and turned back here; neither is stored.
    """
    names = []
    for name, dtype in schema.items():
        empty = "''" if dtype == pl.String else "-1"
        names.append(f'coalesce({_expression(name)},{empty}) as "{name}"')
    statement = f'select {",".join(names)} from "{table}"' + (f" where {where}" if where else "")
    with _damage(path), reading(path) as (first, second):
        if second is None:
            rows = first.execute(statement, tuple(values)).fetchall()
            raw = {n: pl.Int64 if dtype is pl.Boolean else dtype for n, dtype in schema.items()}
            frame = pl.DataFrame(rows, schema=raw, orient="row")
        else:
            second.adbc_statement.set_options(**{"adbc.sqlite.query.batch_rows": str(MANY)})  # by itself 1,024
            second.execute(statement, tuple(values))
            frame = pl.DataFrame(second.fetch_arrow())
    if frame.height == 0:
        return pl.DataFrame(schema=schema)
    return frame.select(
        pl.when(pl.col(name) != (pl.lit("") if dtype == pl.String else -1)).then(pl.col(name)).cast(dtype).alias(name)
        for name, dtype in schema.items()
    )


def _expression(name: str) -> str:
    return _COMPUTED.get(name, f'"{name}"')


def fetch(
    connection: sqlite3.Connection, table: str, schema: dict[str, type[pl.DataType]], where: str, values: Sequence[str]
) -> pl.DataFrame:
    """Reads a few rows over the connection that is open."""
    names = ",".join(map(_expression, schema))
    rows = connection.execute(f'select {names} from "{table}" where {where}', tuple(values)).fetchall()
    if not rows:
        return pl.DataFrame(schema=schema)
    columns = []
    for (name, dtype), cells in zip(schema.items(), zip(*rows, strict=True), strict=True):
        truth = dtype is pl.Boolean
        columns.append(pl.Series(name, [c if c is None else bool(c) for c in cells] if truth else cells, dtype=dtype))
    return pl.DataFrame(columns)
