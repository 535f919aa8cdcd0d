"""Overrides of limits: another value for the next plan, or until a day."""

from __future__ import annotations

import json
import sqlite3
from dataclasses import dataclass
from datetime import date, datetime

from rosterkit.store.plans import moment, now


@dataclass(frozen=True)
class Override:
    """``value``: of the setting in ``[limits]``. ``once``: it ends with the next plan that is applied."""

    id: int
    setting: str
    value: float | int | str
    until: date
    once: bool
    actor: str
    reason: str
    at: datetime


def in_force(connection: sqlite3.Connection, as_of: date) -> tuple[Override, ...]:
    """The overrides that count on that day, oldest first."""
    query = (
        "select id, setting, value, until, once, actor, reason, at from override "
        "where ended_at is null and until>=? order by id"
    )
    return tuple(
        Override(number, setting, json.loads(value), date.fromisoformat(until), bool(once), actor, reason, moment(at))
        for number, setting, value, until, once, actor, reason, at in connection.execute(query, (as_of.isoformat(),))
    )


def add(
    connection: sqlite3.Connection,
    setting: str,
    value: float | str,
    until: date,
    *,
    once: bool,
    actor: str,
    reason: str,
) -> int:
    """Stores an override in place of an earlier one of that setting, inside the caller's transaction."""
    end(connection, setting, f"{actor} set another")
    cursor = connection.execute(
        "insert into override (setting, value, until, once, actor, reason, at) values (?,?,?,?,?,?,?)",
        (setting, json.dumps(value), until.isoformat(), once, actor, reason, now().isoformat()),
    )
    return int(cursor.lastrowid or 0)


def end(connection: sqlite3.Connection, setting: str, why: str) -> bool:
    """Ends the override of a setting, inside the caller's transaction; whether there was one."""
    done = connection.execute(
        "update override set ended_at=?, ended_why=? where setting=? and ended_at is null",
        (now().isoformat(), why, setting),
    )
    return done.rowcount > 0


def use(connection: sqlite3.Connection, number: int, why: str) -> None:
    """Ends an override that counted once."""
    connection.execute(
        "update override set ended_at=?, ended_why=? where id=? and ended_at is null", (now().isoformat(), why, number)
    )
