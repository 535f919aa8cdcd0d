"""Announced changes in the store."""

from __future__ import annotations

import sqlite3
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, datetime

from rosterkit.plan.expectations import Expectation
from rosterkit.store.plans import moment, now


@dataclass(frozen=True)
class StoredExpectation:
    """An expectation, with who announced it and why."""

    expectation: Expectation
    actor: str
    reason: str
    at: datetime


def expectations(connection: sqlite3.Connection) -> tuple[StoredExpectation, ...]:
    """Those that were not withdrawn, oldest first."""
    query = (
        "select id, kind, by, school, org, old, new, count, seen, actor, reason, at from expectation "
        "where ended_at is null order by id"
    )
    return tuple(
        StoredExpectation(
            Expectation(number, kind, date.fromisoformat(by), school, org, old, new, count, seen),
            actor,
            reason,
            moment(at),
        )
        for number, kind, by, school, org, old, new, count, seen, actor, reason, at in connection.execute(query)
    )


def add(connection: sqlite3.Connection, one: Expectation, actor: str, reason: str) -> int:
    """Stores an expectation, inside the caller's transaction; returns its number."""
    cursor = connection.execute(
        "insert into expectation (kind, by, school, org, old, new, count, seen, actor, reason, at) "
        "values (?,?,?,?,?,?,?,0,?,?,?)",
        (
            one.kind,
            one.by.isoformat(),
            one.school,
            one.org,
            one.old,
            one.new,
            one.count,
            actor,
            reason,
            now().isoformat(),
        ),
    )
    return int(cursor.lastrowid or 0)


def withdraw(connection: sqlite3.Connection, number: int, actor: str, reason: str) -> bool:
    """Ends an expectation, inside the caller's transaction; whether there was one."""
    done = connection.execute(
        "update expectation set ended_at=?, ended_why=? where id=? and ended_at is null",
        (now().isoformat(), f"withdrawn by {actor}: {reason}", number),
    )
    return done.rowcount > 0


def count_seen(connection: sqlite3.Connection, seen: Mapping[int, int]) -> None:
    """Counts what came of these, inside the caller's transaction."""
    connection.executemany(
        "update expectation set seen=seen+? where id=?", ((count, number) for number, count in seen.items())
    )
