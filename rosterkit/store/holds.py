"""Holds in the store: set, ended, listed; an ended one is kept for the record."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any

import polars as pl

from rosterkit.plan.changes import Changes
from rosterkit.plan.snapshot import KEY_PARTS
from rosterkit.store.plans import now


@dataclass(frozen=True, slots=True)
class StoredHold:
    """A row of the hold table as it is set; ``key``: that of the planner (plan.snapshot.key)."""

    entity: str
    key: str
    code: str
    reason: str
    action: str = ""
    field: str = ""
    value: str | None = None


def add(connection: sqlite3.Connection, actor: str, holds: Iterable[StoredHold]) -> int:
    """Sets these holds where the same is not in force already; returns how many were set."""
    number = connection.execute("select coalesce(max(number),0) from plan").fetchone()[0]
    since = now().isoformat()
    cursor = connection.executemany(
        "insert into hold (source, id_space, sourced_id, entity, action, field, value, code, reason, actor, since, "
        "plan_number) select ?1,?2,?3,?4,?5,?6,?7,?8,?9,?10,?11,?12 where not exists (select 1 from hold where "
        "source=?1 and id_space=?2 and sourced_id=?3 and entity=?4 and action=?5 and field=?6 and value is ?7 and "
        "code=?8 and ended_at is null)",
        (
            (*h.key.split("/", 2), h.entity, h.action, h.field, h.value, h.code, h.reason, actor, since, number)
            for h in holds
        ),
    )
    return cursor.rowcount


def end(connection: sqlite3.Connection, ids: Sequence[int], why: str) -> None:
    """Ends these holds."""
    at = now().isoformat()
    connection.executemany("update hold set ended_at=?, ended_why=? where id=?", ((at, why, i) for i in ids))


def end_limits(connection: sqlite3.Connection, applied: Changes, why: str) -> None:
    """Ends the holds by a limit of what is applied now after all."""
    names = ("id", "entity", *KEY_PARTS, "action", "field")
    found = connection.execute(
        f"select {', '.join(names)} from hold where code='limit' and ended_at is null"
    ).fetchall()
    if not found:
        return
    shape = {name: pl.Int64 if name == "id" else pl.String for name in names}
    held = pl.DataFrame(found, schema=shape, orient="row")
    ended: list[int] = []
    for part, entity, frame in applied.frames():
        if part not in ("create", "status", "update"):
            continue
        own = {"create": [pl.lit("create").alias("action")], "update": [], "status": []}[part]
        done = frame.lazy().with_columns(*own, entity=pl.lit(entity))
        done = done if part == "update" else done.with_columns(field=pl.lit(""))
        on = ["entity", *KEY_PARTS, "action", "field"]
        ended += held.lazy().join(done.select(on).unique(), on=on, how="semi").collect()["id"].to_list()
    end(connection, ended, why)


def end_limits_on(connection: sqlite3.Connection, keys: Iterable[tuple[str, ...]], why: str) -> None:
    """Ends the holds by a limit on the archives of these records: entity and KEY_PARTS."""
    at = now().isoformat()
    connection.executemany(
        "update hold set ended_at=?, ended_why=? where entity=? and source=? and id_space=? and sourced_id=? "
        "and action='archive' and code='limit' and ended_at is null",
        ((at, why, *key) for key in keys),
    )


def listed(connection: sqlite3.Connection, where: str = "", values: Sequence[Any] = ()) -> list[tuple[Any, ...]]:
    """Holds in force: id, entity, sourced_id, action, field, code, reason, actor, since, source; oldest first."""
    columns = "id, entity, sourced_id, action, field, code, reason, actor, since, source"
    query = f"select {columns} from hold where ended_at is null"
    return connection.execute(f"{query}{' and ' + where if where else ''} order by id", tuple(values)).fetchall()
