"""The store at one revision, as planning reads it (``plan.snapshot.Snapshot``)."""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Collection, Mapping, Sequence
from functools import cached_property
from pathlib import Path

import polars as pl

from rosterkit.plan.another import BY_HAND
from rosterkit.plan.snapshot import APPROVED, DEFERRED, HOLDS, INDEX, MATCHES, QueuedDelta
from rosterkit.roster.schema import FINGERPRINT, Column, Entity, by_name
from rosterkit.roster.vocabulary import is_school
from rosterkit.store import deltas, matches
from rosterkit.store.bulk import fetch, read
from rosterkit.store.group_counts import GroupCounts
from rosterkit.store.plans import now

_FEW = 1_000  # values up to which the open connection is faster than one of ADBC's
_SMALL = 3_000  # rows of a table up to which it is, too
_KEY = "source||'/'||id_space||'/'||sourced_id as key"


def revision_of(connection: sqlite3.Connection) -> int:
    """The store's revision; 0 before anything was applied."""
    return int(connection.execute("select coalesce(max(id),0) from revision").fetchone()[0])


def _schema(columns: Collection[Column]) -> dict[str, type[pl.DataType]]:
    return INDEX | {c.name: c.dtype for c in columns}


def _any_or_active(archived: bool) -> str:
    return "1" if archived else "status='active'"


class StoreSnapshot:
    """Reads committed rows only; the caller holds the workspace's lock, so that nothing moves in between."""

    def __init__(self, path: Path, connection: sqlite3.Connection) -> None:
        self._path = path
        self._connection = connection
        self._counts = GroupCounts(self._whole)

    @property
    def revision(self) -> int:
        return revision_of(self._connection)

    def index(self, entity: Entity, source: str, id_space: str, columns: Collection[Column] = ()) -> pl.DataFrame:
        where, values = "+source=? and +id_space=?", (source, id_space)  # plus: the whole table, not by the index
        return self._whole(entity.table, _schema(columns), where, values)

    def _whole(
        self, table: str, schema: dict[str, type[pl.DataType]], where: str, values: Sequence[str] = ()
    ) -> pl.DataFrame:
        """All rows where this holds."""
        if self._is_small(table):
            return fetch(self._connection, table, schema, where, values)
        return read(self._path, table, schema, where, values)

    def _is_small(self, table: str) -> bool:
        highest = self._connection.execute(f'select max(id) from "{table}"').fetchone()[0]
        return int(highest or 0) <= _SMALL

    def find(
        self, entity: Entity, source: str, id_space: str, keys: Collection[str], columns: Collection[Column] = ()
    ) -> pl.DataFrame:
        where = "source=? and id_space=? and sourced_id in (select value from json_each(?))"
        return self._some(entity, _schema(columns), where, list(keys), source, id_space)

    def rows(self, entity: Entity, ids: pl.Series) -> pl.DataFrame:
        schema: dict[str, type[pl.DataType]] = {"id": pl.Int64, "key": pl.String, "active": pl.Boolean}
        schema |= {"modified_at": pl.String} | dict.fromkeys(FINGERPRINT, pl.Int64)
        schema |= {c.name: c.dtype for c in entity.columns}
        return self._some(entity, schema, "id in (select value from json_each(?))", ids.to_list())

    def children(self, entity: Entity, column: Column, parents: pl.Series) -> pl.Series:
        where = f"status='active' and \"{column.name}\" in (select value from json_each(?))"
        return self._some(entity, {"id": pl.Int64}, where, parents.to_list()).to_series()

    def named(self, entity: Entity, kind: str, values: Collection[str]) -> pl.DataFrame:
        schema: dict[str, type[pl.DataType]] = {"id": pl.Int64, "source": pl.String, kind: pl.String}
        where = f"status='active' and \"{kind}\" in (select value from json_each(?))"
        return self._some(entity, schema, where, list(values)).rename({kind: "value"})

    def having(self, entity: Entity, values: Mapping[str, Collection[str]]) -> pl.DataFrame:
        wanted = pl.DataFrame(
            [(kind, value) for kind, some in values.items() for value in some],
            schema={"kind": pl.String, "value": pl.String},
            orient="row",
        )
        if wanted.is_empty():
            return wanted.select(pl.lit(None, pl.Int64).alias("id"), "kind", "value")
        schema: dict[str, type[pl.DataType]] = {"id": pl.Int64} | dict.fromkeys(values, pl.String)
        where = " or ".join(f'"{kind}" in (select value from json_each(?))' for kind in values)
        arguments = tuple(json.dumps(list(some)) for some in values.values())
        rows = self._fetched(entity, schema, where, arguments, wanted.height)
        return rows.unpivot(index="id", variable_name="kind").join(wanted, on=["kind", "value"], how="semi")

    def places(self, entity: Entity) -> frozenset[tuple[str, str]]:
        # Of a comparison of pairs the index serves the first half only: it would go through all rows of a source.
        select = f'select source, id_space from "{entity.table}" where'
        another_space = f"{select} source=? and id_space>? order by id_space limit 1"
        another_source = f"{select} source>? order by source, id_space limit 1"
        found: list[tuple[str, str]] = []
        row = self._connection.execute(another_source, ("",)).fetchone()
        while row:
            found.append(row)
            row = self._connection.execute(another_space, row).fetchone()
            row = row or self._connection.execute(another_source, found[-1][:1]).fetchone()
        return frozenset(place for place in found if place[0] not in BY_HAND)

    def usernames(self, values: Collection[str]) -> pl.DataFrame:
        schema: dict[str, type[pl.DataType]] = {"id": pl.Int64, "username": pl.String}
        schema |= {"given_name": pl.String, "family_name": pl.String}
        return self._some(by_name("User"), schema, "username in (select value from json_each(?))", list(values))

    def delivers(self, entity: Entity, source: str, id_space: str) -> bool:
        query = f"select exists(select 1 from \"{entity.table}\" where source=? and id_space=? and status='active')"
        return bool(self._connection.execute(query, (source, id_space)).fetchone()[0])

    def keys(self, entity: Entity, ids: pl.Series) -> pl.DataFrame:
        schema: dict[str, type[pl.DataType]] = {"id": pl.Int64, "key": pl.String, "active": pl.Boolean}
        return self._some(entity, schema, "id in (select value from json_each(?))", ids.to_list())

    def roles_of(self, people: pl.Series, *, archived: bool = False) -> pl.DataFrame:
        schema: dict[str, type[pl.DataType]] = {"id": pl.Int64, "user_id": pl.Int64}
        schema |= {"role": pl.String, "org_id": pl.Int64}
        where = f"{_any_or_active(archived)} and user_id in (select value from json_each(?))"
        return self._some(by_name("Role"), schema, where, people.to_list())

    def school_of(self, classes: pl.Series) -> pl.DataFrame:
        schema: dict[str, type[pl.DataType]] = {"id": pl.Int64, "school_id": pl.Int64}
        return self._some(by_name("Class"), schema, "id in (select value from json_each(?))", classes.to_list())

    def _some(
        self, entity: Entity, schema: dict[str, type[pl.DataType]], where: str, values: list[object], *first: str
    ) -> pl.DataFrame:
        """The rows where this holds; ``values`` are the last that it asks for."""
        if not values:
            return pl.DataFrame(schema=schema)
        return self._fetched(entity, schema, where, (*first, json.dumps(values)), len(values))

    def _fetched(
        self, entity: Entity, schema: dict[str, type[pl.DataType]], where: str, arguments: tuple[str, ...], count: int
    ) -> pl.DataFrame:
        """The rows where this holds; ``count``: how many values it asks for."""
        if count < _FEW or self._is_small(entity.table):
            return fetch(self._connection, entity.table, schema, where, arguments)
        return read(self._path, entity.table, schema, where, arguments)

    def schools(self) -> pl.Series:
        schema: dict[str, type[pl.DataType]] = {"id": pl.Int64, "type": pl.String}
        orgs = fetch(self._connection, "org", schema, "1", ())
        return orgs.filter(is_school(pl.col("type")))["id"]

    def group_counts(self, entity: Entity) -> pl.DataFrame:
        return self._counts.of(entity)

    def class_counts(self, classes: pl.Series) -> pl.DataFrame:
        schema: dict[str, type[pl.DataType]] = {"class_id": pl.Int64, "role": pl.String}
        where = "status='active' and class_id in (select value from json_each(?))"
        rows = self._some(by_name("Enrollment"), schema, where, classes.to_list())
        return rows.group_by("class_id", "role").agg(base=pl.len().cast(pl.Int64))

    def next_ids(self) -> Mapping[str, int]:
        return dict(self._connection.execute("select entity, next_id from counter").fetchall())

    def _frame(self, query: str, values: tuple[str, ...], schema: dict[str, type[pl.DataType]]) -> pl.DataFrame:
        return pl.DataFrame(self._connection.execute(query, values).fetchall(), schema=schema, orient="row")

    def deferred(self) -> Mapping[str, pl.DataFrame]:
        return self._deferred

    @cached_property
    def _deferred(self) -> dict[str, pl.DataFrame]:
        names = ",".join(_KEY if name == "key" else name for name in DEFERRED)
        found: dict[str, list[tuple[object, ...]]] = {}
        for entity, *row in self._connection.execute(f"select entity, {names} from deferred order by key"):
            found.setdefault(entity, []).append((*row[:2], bool(row[2]), *row[3:]))
        return {name: pl.DataFrame(rows, schema=DEFERRED, orient="row") for name, rows in found.items()}

    def queued(self) -> Mapping[str, tuple[QueuedDelta, ...]]:
        return deltas.queued(self._connection)

    def holds(self) -> pl.DataFrame:
        return self._holds

    @cached_property
    def _holds(self) -> pl.DataFrame:
        names = f"id, entity, {_KEY}, action, field, value, code, reason"
        query = f"select {names} from hold where ended_at is null order by id"
        return self._frame(query, (), HOLDS)

    def approved(self) -> pl.DataFrame:
        return self._approved

    @cached_property
    def _approved(self) -> pl.DataFrame:
        query = (
            f"select id, entity, {_KEY}, action, field, before, after from approved_change "
            "where used_in is null and expires_at > ? order by id"
        )
        return self._frame(query, (now().isoformat(),), APPROVED)

    def matches(self) -> pl.DataFrame:
        return self._matches

    @cached_property
    def _matches(self) -> pl.DataFrame:
        rows = [(m.record, f"{m.source}/{m.id_space}/{m.sourced_id}") for m in matches.in_force(self._connection)]
        return pl.DataFrame(rows, schema=MATCHES, orient="row")
