"""Sign-ins, and sources that a person disabled."""

from __future__ import annotations

import sqlite3
from datetime import datetime

from rosterkit.store.database import transaction
from rosterkit.store.plans import now


def remember_sign_in(connection: sqlite3.Connection, user: int, at: datetime) -> None:
    """Keeps the newest time, in UTC, at which a user signed in."""
    with transaction(connection):
        connection.execute(
            "insert into sign_in (user, at) values (?,?) on conflict (user) do update set at=max(at, excluded.at)",
            (user, at.isoformat()),
        )


def forget_sign_in(connection: sqlite3.Connection, user: int) -> None:
    """The id is another person's now, who has not signed in yet; inside the caller's transaction."""
    connection.execute("delete from sign_in where user=?", (user,))


def disable_source(connection: sqlite3.Connection, source: str, school: str, actor: str, reason: str) -> None:
    """Disables a source, for one school or ("") whole; a newer reason takes the place of the one in force."""
    with transaction(connection):
        _end(connection, source, school, actor, reason)
        connection.execute(
            "insert into source_switch (source, school, actor, reason, at) values (?,?,?,?,?)",
            (source, school, actor, reason, now().isoformat()),
        )


def enable_source(connection: sqlite3.Connection, source: str, school: str, actor: str, reason: str) -> bool:
    """Enables it again; returns whether it was disabled."""
    with transaction(connection):
        return _end(connection, source, school, actor, reason)


def _end(connection: sqlite3.Connection, source: str, school: str, actor: str, reason: str) -> bool:
    done = connection.execute(
        "update source_switch set ended_at=?, ended_by=?, ended_why=? where source=? and school=? and ended_at is null",
        (now().isoformat(), actor, reason, source, school),
    )
    return done.rowcount > 0
