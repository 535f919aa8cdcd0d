"""Deltas that were read and are not applied yet: none is lost, each plan covers them all."""

from __future__ import annotations

import sqlite3
from dataclasses import replace

import polars as pl

from rosterkit.sources.bundle import Bundle, Table
from rosterkit.store.plans import packed

__all__ = ["enqueue", "known", "settle", "tonight", "waiting"]


def known(connection: sqlite3.Connection, source: str, package: str) -> str:
    """``new``, ``queued`` or ``settled``: what became of this package's deltas."""
    row = connection.execute("select applied_by from package where source=? and id=?", (source, package)).fetchone()
    if row is None:
        return "new"
    return "settled" if row[0] else "queued"


def tonight(bundle: Bundle, state: str) -> Bundle:
    """The bundle without the deltas that are queued or settled already; its full files speak anew."""
    if state == "new":
        return bundle
    deltas = {s.entity for s in bundle.segments if s.delta}
    return replace(bundle, tables={name: _silent(t) if name in deltas else t for name, t in bundle.tables.items()})


def _silent(table: Table) -> Table:
    return Table(table.rows.clear(), table.unreadable.clear())


def enqueue(connection: sqlite3.Connection, source: str, bundle: Bundle, plan: str) -> None:
    """Remembers the package, and keeps its deltas until a plan that covers them is applied."""
    package = bundle.package
    connection.execute(
        "insert or ignore into package (id, source, name, version, first_plan) values (?,?,?,?,?)",
        (package.id, source, package.name, package.version, plan),
    )
    for name, table in bundle.tables.items():
        segment = bundle.segment(name)
        if not segment.delta:
            continue
        parts = [("rows", table.rows), ("unreadable", table.unreadable)]
        parts += [("listing", listing.owners) for listing in table.listings]
        for part, frame in parts:
            connection.execute(
                "insert into queue (source, package, entity, part, state, body) values (?,?,?,?,?,?)",
                (source, package.id, name, part, segment.state, packed(frame)),
            )


def waiting(connection: sqlite3.Connection, source: str) -> tuple[str, ...]:
    """Packages with deltas in the queue, oldest first."""
    query = "select package from queue where source=? group by package order by min(id)"
    return tuple(row[0] for row in connection.execute(query, (source,)))


def settle(connection: sqlite3.Connection, source: str, packages: pl.Series, plan: str) -> None:
    """Takes these packages' deltas out of the queue: a plan that covers them was applied."""
    for package in packages.to_list():
        connection.execute("delete from queue where source=? and package=?", (source, package))
        connection.execute(
            "update package set applied_by=? where source=? and id=? and applied_by is null", (plan, source, package)
        )
