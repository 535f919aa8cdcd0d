"""What happened to the store, and to one record of it, out of the journal."""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

import polars as pl

from rosterkit.plan.changes import Changes
from rosterkit.plan.fields import as_text
from rosterkit.plan.plan import Counts
from rosterkit.roster.schema import Entity
from rosterkit.store import plans
from rosterkit.store.bulk import read
from rosterkit.store.earlier_keys import find_earlier


@dataclass(frozen=True)
class Past:
    """One revision."""

    revision: int
    kind: str
    plan: str
    actor: str
    at: datetime
    changes: dict[str, Counts]


@dataclass(frozen=True)
class Event:
    """What one revision did to one record."""

    past: Past
    changes: Changes


def revisions(connection: sqlite3.Connection, where: str = "1", values: tuple[object, ...] = ()) -> tuple[Past, ...]:
    """The revisions, the newest first."""
    query = f"select id, kind, plan, actor, at, changes from revision where {where} order by id desc"
    return tuple(
        Past(i, kind, plan, actor, plans.moment(at), {n: Counts(**c) for n, c in json.loads(changes).items()})
        for i, kind, plan, actor, at, changes in connection.execute(query, values).fetchall()
    )


def record_id(connection: sqlite3.Connection, entity: Entity, sourced_id: str) -> tuple[int, str, str] | None:
    """id, source and status of the record that a source knows by that id, or knew before it was re-linked."""
    query = f'select id, source, status from "{entity.table}" where sourced_id=? order by status, id limit 1'
    row = connection.execute(query, (sourced_id,)).fetchone()
    if not row and (now := find_earlier(connection, entity.name, sourced_id)):
        row = connection.execute(query, (now,)).fetchone()
    return (int(row[0]), str(row[1]), str(row[2])) if row else None


def record_key(connection: sqlite3.Connection, entity: Entity, sourced_id: str) -> str | None:
    """The planner's key (plan.snapshot.key) of the record that a source knows by that id, stored or deferred."""
    parts = "source||'/'||id_space||'/'||sourced_id"
    query = f'select {parts} from "{entity.table}" where sourced_id=? order by status, id limit 1'
    deferred = f"select {parts} from deferred where entity=? and sourced_id=? limit 1"
    row = connection.execute(query, (sourced_id,)).fetchone()
    row = row or connection.execute(deferred, (entity.name, sourced_id)).fetchone()
    return str(row[0]) if row else None


def _mine(changes: Changes, name: str, record: int) -> Changes:
    """Of these changes, those of one record."""

    def rows(frames: Mapping[str, pl.DataFrame]) -> dict[str, pl.DataFrame]:
        found = frames[name].filter(pl.col("id") == record) if name in frames else None
        return {name: found} if found is not None and found.height else {}

    beside = {part: rows(getattr(changes, part)) for part in ("dates", "pins", "blocks")}
    return Changes(rows(changes.create), rows(changes.status), rows(changes.update), **beside)


def of_record(connection: sqlite3.Connection, entity: Entity, record: int) -> Iterator[Event]:
    """What each revision that touched the record did to it, the newest first."""
    created = f'id = (select created_revision from "{entity.table}" where id=?)'
    touched = f"{created} or id in (select revision from touch where entity=? and record=?)"
    for past in revisions(connection, touched, (record, entity.name, record)):
        whole = plans.parts(connection, past.plan)
        yield Event(past, _mine(whole, entity.name, record))


def sources(
    entity: Entity, events: list[Event], names: Mapping[str, pl.DataFrame]
) -> dict[str, tuple[str | None, Event, pl.DataFrame]]:
    """By label: the value that a record has, the event that gave it, and the row of the journal that says where."""
    out: dict[str, tuple[str | None, Event, pl.DataFrame]] = {}
    for event in events:
        update = event.changes.update.get(entity.name)
        for row in update.iter_slices(1) if update is not None else ():
            out.setdefault(row["field"][0], (row["after"][0], event, row))
        create = event.changes.create.get(entity.name)
        if create is not None:
            texts = as_text(entity, create, names).collect()
            for column in entity.columns:
                out.setdefault(column.label, (texts[column.label][0], event, create))
    return out


def stored_keys(path: Path, entity: Entity) -> pl.DataFrame:
    """sourced_id and id of every stored record."""
    return read(path, entity.table, {"sourced_id": pl.String, "id": pl.Int64})
