"""Holds in the store: set, ended, listed; an ended one is kept for the record."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import polars as pl

from rosterkit.store.plans import now

__all__ = ["StoredHold", "add", "end", "end_limits", "listed"]


@dataclass(frozen=True, slots=True)
class StoredHold:
    """A row of the hold table as it is set."""

    entity: str
    sourced_id: str
    code: str
    reason: str
    action: str = ""
    field: str = ""
    value: str | None = None


def add(connection: sqlite3.Connection, origin: str, actor: str, holds: Iterable[StoredHold]) -> int:
    """Sets these holds where the same is not in force already; returns how many were set."""
    seq = connection.execute("select coalesce(max(seq),0) from plan").fetchone()[0]
    since = now().isoformat()
    cursor = connection.executemany(
        "insert into hold (origin, entity, sourced_id, action, field, value, code, reason, actor, since, plan_seq) "
        "select ?1,?2,?3,?4,?5,?6,?7,?8,?9,?10,?11 where not exists (select 1 from hold where origin=?1 and entity=?2 "
        "and sourced_id=?3 and action=?4 and field=?5 and value is ?6 and code=?7 and ended_at is null)",
        (
            (origin, h.entity, h.sourced_id, h.action, h.field, h.value, h.code, h.reason, actor, since, seq)
            for h in holds
        ),
    )
    return cursor.rowcount


def end(connection: sqlite3.Connection, ids: Sequence[int], why: str) -> None:
    """Ends these holds."""
    at = now().isoformat()
    connection.executemany("update hold set ended_at=?, ended_why=? where id=?", ((at, why, i) for i in ids))


def end_limits(connection: sqlite3.Connection, origin: str, archived: Mapping[str, pl.Series], why: str) -> None:
    """Ends the holds by a limit of records that are archived now after all."""
    at = now().isoformat()
    for entity, keys in archived.items():
        connection.executemany(
            "update hold set ended_at=?, ended_why=? "
            "where origin=? and entity=? and sourced_id=? and code='limit' and ended_at is null",
            ((at, why, origin, entity, key) for key in keys.to_list()),
        )


def listed(connection: sqlite3.Connection, where: str = "", values: Sequence[Any] = ()) -> list[tuple[Any, ...]]:
    """Holds in force: id, entity, sourced_id, action, field, code, reason, actor, since, origin; oldest first."""
    columns = "id, entity, sourced_id, action, field, code, reason, actor, since, origin"
    query = f"select {columns} from hold where ended_at is null"
    return connection.execute(f"{query}{' and ' + where if where else ''} order by id", tuple(values)).fetchall()
