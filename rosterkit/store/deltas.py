"""Deltas that were read and are not applied yet: none is lost, each plan covers them all."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterable

import polars as pl

from rosterkit.plan.snapshot import QueuedDelta
from rosterkit.sources.base import Coverage, Extract
from rosterkit.store.plans import packed, unpacked


def known(connection: sqlite3.Connection, source: str, package: str) -> str:
    """``new``, ``queued`` or ``applied``: what became of the deltas of this extract."""
    row = connection.execute("select applied_by from package where source=? and id=?", (source, package)).fetchone()
    if row is None:
        return "new"
    return "applied" if row[0] else "queued"


def cursor(connection: sqlite3.Connection, source: str) -> str | None:
    """Where the next incremental run of an API goes on: the cursor of its last extract that was applied."""
    row = connection.execute("select cursor from source_cursor where source=?", (source,)).fetchone()
    return str(row[0]) if row else None


def enqueue(connection: sqlite3.Connection, source: str, extract: Extract, plan: str) -> None:
    """Remembers the extract, and keeps its deltas until a plan that covers them is applied.

    An API's changes are not kept: its cursor advances only on apply, and what was not applied is fetched again.
    """
    connection.execute(
        "insert or ignore into package (id, source, name, version, first_plan) values (?,?,?,?,?)",
        (extract.id, source, extract.name, extract.version, plan),
    )
    for table in extract.tables if extract.cursor is None else ():
        if not table.changes or table.coverage == Coverage.ABSENT:
            continue
        parts = [("rows", table.rows.collect()), ("invalid", table.invalid)]
        parts += [("parents", owners) for owners in table.parents]
        for part, frame in parts:
            connection.execute(
                "insert into queued_delta (source, package, entity, id_space, part, body) values (?,?,?,?,?,?)",
                (source, extract.id, table.entity, table.id_space, part, packed(frame)),
            )


def queued(connection: sqlite3.Connection) -> dict[str, tuple[QueuedDelta, ...]]:
    """By entity the deltas in the queue, oldest first."""
    query = "select entity, source, package, id_space, part, body from queued_delta order by id"
    found: dict[tuple[str, ...], dict[str, list[pl.DataFrame]]] = {}
    for *which, part, body in connection.execute(query):
        found.setdefault(tuple(which), {}).setdefault(part, []).append(unpacked(body))
    out: dict[str, list[QueuedDelta]] = {}
    for (entity, source, package, id_space), frames in found.items():
        parents = tuple(frames.get("parents", ()))
        delta = QueuedDelta(package, source, id_space, frames["rows"][0], frames["invalid"][0], parents)
        out.setdefault(entity, []).append(delta)
    return {name: tuple(mine) for name, mine in out.items()}


def waiting(connection: sqlite3.Connection, sources: Iterable[str]) -> tuple[tuple[str, str], ...]:
    """Source and id of the extracts with deltas in the queue, oldest first."""
    query = "select source, package from queued_delta group by source, package order by min(id)"
    mine = set(sources)
    return tuple((source, package) for source, package in connection.execute(query) if source in mine)


def finish(connection: sqlite3.Connection, source: str, package: str, plan: str) -> None:
    """Takes the deltas of this extract out of the queue: a plan that covers them was applied."""
    connection.execute("delete from queued_delta where source=? and package=?", (source, package))
    connection.execute(
        "update package set applied_by=? where source=? and id=? and applied_by is null", (plan, source, package)
    )
