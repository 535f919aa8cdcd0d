"""The store at one revision for one origin, as planning reads it (``plan.snapshot.Snapshot``)."""

from __future__ import annotations

import json
import sqlite3
from pathlib import Path

import polars as pl

from rosterkit.plan.snapshot import APPROVED, HOLDS, PENDING, Layer
from rosterkit.roster.schema import Column, Entity
from rosterkit.sources.bundle import Listing
from rosterkit.store.bulk import quoted, read
from rosterkit.store.census import Census
from rosterkit.store.plans import now, unpacked

__all__ = ["StoreSnapshot", "revision_of"]

_FEW = 1_000  # values up to which the open connection is faster than one of ADBC's


def revision_of(connection: sqlite3.Connection) -> int:
    """The store's revision; 0 before anything was applied."""
    return int(connection.execute("select coalesce(max(id),0) from revision").fetchone()[0])


class StoreSnapshot:
    """Reads committed rows only; the caller holds the workspace's lease, so that nothing moves in between."""

    def __init__(self, path: Path, connection: sqlite3.Connection, origin: str) -> None:
        self._path = path
        self._connection = connection
        self._origin = origin
        self._census = Census(path, origin)

    @property
    def revision(self) -> int:
        return revision_of(self._connection)

    def rows(self, entity: Entity) -> pl.DataFrame:
        return read(self._path, entity.table, entity.judged_schema, "origin=?", (self._origin,))

    def some(self, entity: Entity, ids: pl.Series, keys: pl.Series) -> pl.DataFrame:
        by_id = self._met(entity, "id", ids)
        return pl.concat([by_id, self._met(entity, "sourced_id", keys)]).unique("id") if keys.len() else by_id

    def children(self, entity: Entity, column: Column, parents: pl.Series) -> pl.DataFrame:
        return self._met(entity, column.name, parents)

    def _met(self, entity: Entity, column: str, values: pl.Series) -> pl.DataFrame:
        """The rows in which that column has one of these values."""
        if values.is_empty():
            return pl.DataFrame(schema=entity.judged_schema)
        # The plus keeps SQLite from walking the index that begins with the origin.
        mine = "origin=? and id_space=''" if column == "sourced_id" else "+origin=?"
        where = f'{mine} and "{column}" in (select value from json_each(?))'
        listed = json.dumps(values.unique().to_list())
        if values.len() < _FEW:
            query = f'select {quoted(list(entity.judged_schema))} from "{entity.table}" where {where}'
            return self._frame(query, (self._origin, listed), entity.judged_schema)
        return read(self._path, entity.table, entity.judged_schema, where, (self._origin, listed))

    def census(self, entity: Entity) -> pl.DataFrame:
        return self._census.of(entity)

    def class_census(self, classes: pl.Series) -> pl.DataFrame:
        return self._census.by_class(classes)

    def roles_of(self, people: pl.Series) -> pl.DataFrame:
        schema = {"user_id": pl.Int64, "role": pl.String, "org_id": pl.Int64}
        where = "+origin=? and status='active' and user_id in (select value from json_each(?))"
        return read(self._path, "role", schema, where, (self._origin, json.dumps(people.to_list())))

    def next_id(self, entity: Entity) -> int:
        row = self._connection.execute("select next_id from counter where entity=?", (entity.name,)).fetchone()
        return int(row[0]) if row else 1

    def _frame(self, query: str, values: tuple[str, ...], schema: dict[str, type[pl.DataType]]) -> pl.DataFrame:
        return pl.DataFrame(self._connection.execute(query, values).fetchall(), schema=schema, orient="row")

    def pending(self, entity: Entity) -> pl.DataFrame:
        query = f"select {','.join(PENDING)} from pending where origin=? and entity=? order by sourced_id"
        schema = {name: pl.Int64 if dtype is pl.Boolean else dtype for name, dtype in PENDING.items()}
        return self._frame(query, (self._origin, entity.name), schema).cast({"deleted": pl.Boolean})

    def queued(self, entity: Entity) -> tuple[Layer, ...]:
        query = "select package, part, state, body from queue where source=? and entity=? order by id"
        layers: dict[str, dict[str, list[pl.DataFrame]]] = {}
        states: dict[str, str] = {}
        for package, part, state, body in self._connection.execute(query, (self._origin, entity.name)).fetchall():
            layers.setdefault(package, {}).setdefault(part, []).append(unpacked(body))
            states[package] = state
        return tuple(
            Layer(
                package,
                states[package],
                frames["rows"][0],
                frames["unreadable"][0],
                tuple(Listing(owners) for owners in frames.get("listing", [])),
            )
            for package, frames in layers.items()
        )

    def holds(self) -> pl.DataFrame:
        query = (
            "select id, entity, sourced_id, action, field, value, code, reason from hold "
            "where origin=? and ended_at is null order by id"
        )
        return self._frame(query, (self._origin,), HOLDS)

    def approved(self) -> pl.DataFrame:
        query = (
            "select id, entity, sourced_id, action, field, before, after from approved_change "
            "where origin=? and used_in is null and expires_at > ? order by id"
        )
        return self._frame(query, (self._origin, now().isoformat()), APPROVED)
