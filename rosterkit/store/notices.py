"""Notices in the store: written before they go out, so that none is lost."""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from rosterkit.store import plans
from rosterkit.store.database import transaction


@dataclass(frozen=True)
class StoredNotice:
    """A message to people. ``state``: waiting, sent, or failed (it is tried again with the next run)."""

    id: int
    run: int | None
    kinds: tuple[str, ...]
    title: str
    body: str
    state: str
    at: datetime
    attempts: int
    why: str
    left: tuple[str, ...]  # the references of addresses that did not get it yet


_COLUMNS = ("id", "run", "kinds", "title", "body", "state", "at", "attempts", "why", "left_over")


def add(
    connection: sqlite3.Connection, run: int | None, kinds: Sequence[str], title: str, body: str, to: Sequence[str]
) -> int:
    """Writes a notice that waits to go out; returns its id. A run has one: a second one is not written."""
    with transaction(connection):
        known = connection.execute("select id from notice where run=?", (run,)).fetchone() if run else None
        if known:
            return int(known[0])
        done = connection.execute(
            "insert into notice (run, kinds, title, body, state, at, attempts, why, left_over) "
            "values (?,?,?,?,'waiting',?,0,'',?)",
            (run, json.dumps(list(kinds)), title, body, plans.now().isoformat(), json.dumps(list(to))),
        )
    return int(done.lastrowid or 0)


def end(connection: sqlite3.Connection, notice: int, left: Sequence[str], why: str) -> None:
    """Records that a notice went out, or to which addresses it did not, and why."""
    at = plans.now().isoformat()
    with transaction(connection):
        connection.execute(
            "update notice set state=?, sent_at=?, attempts=attempts+1, why=?, left_over=? where id=?",
            ("failed" if left else "sent", None if left else at, why, json.dumps(list(left)), notice),
        )


def notices(connection: sqlite3.Connection) -> tuple[StoredNotice, ...]:
    """The newest notices, the newest first."""
    return _query(connection, "1")


def waiting(connection: sqlite3.Connection) -> tuple[StoredNotice, ...]:
    """What did not go out yet, the oldest first."""
    return _query(connection, "state<>'sent'")[::-1]


def _query(connection: sqlite3.Connection, where: str) -> tuple[StoredNotice, ...]:
    query = f"select {','.join(_COLUMNS)} from notice where {where} order by id desc limit 50"
    return tuple(_notice(dict(zip(_COLUMNS, row, strict=True))) for row in connection.execute(query))


def _notice(value: dict[str, Any]) -> StoredNotice:
    value["left"] = tuple(json.loads(value.pop("left_over")))
    value["kinds"] = tuple(json.loads(value["kinds"]))
    value["at"] = plans.moment(value["at"])
    return StoredNotice(**value)
