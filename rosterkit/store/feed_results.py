"""Rows that a vendor could not import, until its answer to a newer file says otherwise."""

from __future__ import annotations

import sqlite3
from dataclasses import dataclass
from datetime import datetime

import polars as pl

from rosterkit.feeds.results import FAILED
from rosterkit.store.database import transaction
from rosterkit.store.plans import moment, now


@dataclass(frozen=True)
class Answer:
    """What a vendor said of one row that was sent."""

    feed: str
    file: str
    line: int
    source: str
    sourced_id: str  # "" where nobody who was sent has the identifier
    answer: str
    message: str
    actor: str  # who read the vendor's file
    at: datetime


def replace_answers(connection: sqlite3.Connection, feed: str, failed: pl.DataFrame, actor: str) -> None:
    """Records the vendor's newest answer about a feed (FAILED); what it said before is over."""
    at = now().isoformat()
    columns = ["feed", "actor", "at", *FAILED]
    marks = ",".join("?" * len(columns))
    with transaction(connection):
        connection.execute("update feed_result set ended_at=? where feed=? and ended_at is null", (at, feed))
        connection.executemany(
            f"insert into feed_result ({','.join(columns)}) values ({marks})",
            [(feed, actor, at, *row) for row in failed.select(list(FAILED)).rows()],
        )


def answers(connection: sqlite3.Connection, feed: str) -> tuple[Answer, ...]:
    """What the vendor of a feed could not import, in the order of its files."""
    return _answers(connection, "feed=? order by file, line", (feed,))


def answers_about(connection: sqlite3.Connection, source: str, sourced_id: str) -> tuple[Answer, ...]:
    """What vendors could not import of one person, by feed."""
    return _answers(connection, "user=? order by feed, file, line", (f"{source}/{sourced_id}",))


def _answers(connection: sqlite3.Connection, where: str, values: tuple[str, ...]) -> tuple[Answer, ...]:
    query = (
        f"select feed, file, line, user, answer, message, actor, at from feed_result where ended_at is null and {where}"
    )
    found = connection.execute(query, values)
    return tuple(
        Answer(feed, file, line, *_parts(user), answer, message, actor, moment(at))
        for feed, file, line, user, answer, message, actor, at in found
    )


def _parts(user: str) -> tuple[str, str]:
    source, _, sourced_id = user.partition("/")
    return source, sourced_id
