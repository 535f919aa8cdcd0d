"""``explain``: where each value of a record comes from, and what else is known of it."""

from __future__ import annotations

import sqlite3
from dataclasses import replace
from pathlib import Path

import polars as pl

from rosterkit.errors import UsageError
from rosterkit.results import Explanation, Value
from rosterkit.review import holds_of
from rosterkit.roster.findings import FINDINGS
from rosterkit.roster.schema import Entity, by_name
from rosterkit.store import decisions, matches, plans
from rosterkit.store.blocks import archived_by_hand, pins_on
from rosterkit.store.feed_results import answers_about
from rosterkit.store.history import of_record, record_id, sources, stored_keys


def explain_record(path: Path, connection: sqlite3.Connection, entity: Entity, sourced_id: str) -> Explanation:
    """Explains one record; UsageError when neither the store nor what waits knows it."""
    found = record_id(connection, entity, sourced_id)
    deferred = decisions.deferred_why(connection, entity.name, sourced_id)
    if found is None and deferred is None:
        raise UsageError(f"There is no {entity.name} {sourced_id} in the store, and none waits.")
    return Explanation(
        entity=entity.name,
        sourced_id=sourced_id,
        status=_status(connection, entity, found) if found else "waiting",
        values=_values(path, connection, entity, found[0]) if found else (),
        holds=holds_of(connection, "entity=? and sourced_id=?", (entity.name, sourced_id)),
        pending=deferred or "",
        findings=_findings(connection, sourced_id),
        answers=answers_about(connection, found[1], sourced_id) if found and entity.name == "User" else (),
        matches=matches.of_record(connection, found[0]) if found and entity.name == "User" else (),
    )


def _status(connection: sqlite3.Connection, entity: Entity, found: tuple[int, str, str]) -> str:
    return "archived" if archived_by_hand(connection, entity.name, found[0]) else found[2]


def _values(path: Path, connection: sqlite3.Connection, entity: Entity, record: int) -> tuple[Value, ...]:
    events = list(of_record(connection, entity, record))
    keys = {target: stored_keys(path, by_name(target)) for target in {str(c.to) for c in entity.refs}}
    known = sources(entity, events, keys)
    pins = {pin.field: pin for pin in pins_on(connection, entity.name, record)}
    out = []
    for column in entity.columns:
        if column.label not in known:
            continue
        value, event, place = known[column.label]
        file, line = place["source_file"][0], place["source_line"][0]
        past = event.past
        pin = pins.get(column.label)
        stored = Value(column.label, value, past.revision, past.plan, file or "", line or 0, past.actor, past.at)
        out.append(replace(stored, pinned=True, pinned_value=pin.value, pinned_by=pin.code) if pin else stored)
    return tuple(out)


def _findings(connection: sqlite3.Connection, sourced_id: str) -> pl.DataFrame:
    """What the newest applied plan found of the record."""
    frames = [pl.DataFrame(schema=FINDINGS)]
    if plan := decisions.newest_applied(connection):
        frames += plans.load(connection, plan, "finding").values()
    return pl.concat(frames).filter(pl.col("key") == sourced_id)
