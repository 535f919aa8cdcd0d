"""What people did of a feed's checklist: who, when, and their note. What is taken back is kept for the record."""

from __future__ import annotations

import sqlite3

from rosterkit.errors import Refused
from rosterkit.feeds.checklist import Done
from rosterkit.store.database import transaction
from rosterkit.store.plans import moment, now


def done_items(connection: sqlite3.Connection, feed: str) -> dict[str, Done]:
    """What is done, by the item's name."""
    query = "select item, actor, at, note from checklist_entry where feed=? and ended_at is null order by id"
    return {item: Done(actor, moment(at), note) for item, actor, at, note in connection.execute(query, (feed,))}


def mark(connection: sqlite3.Connection, feed: str, item: str, actor: str, note: str) -> None:
    """Records that an item is done; a newer mark takes the place of an older one."""
    with transaction(connection):
        _end(connection, feed, item, actor)
        connection.execute(
            "insert into checklist_entry (feed, item, actor, at, note) values (?,?,?,?,?)",
            (feed, item, actor, now().isoformat(), note),
        )


def reopen(connection: sqlite3.Connection, feed: str, item: str, actor: str) -> None:
    """Takes a mark back; Refused where the item is not marked."""
    with transaction(connection):
        if not _end(connection, feed, item, actor):
            raise Refused(f"{item} of the checklist of {feed} is not marked as done.", why="not-done")


def _end(connection: sqlite3.Connection, feed: str, item: str, actor: str) -> int:
    ended = connection.execute(
        "update checklist_entry set ended_at=?, ended_by=? where feed=? and item=? and ended_at is null",
        (now().isoformat(), actor, feed, item),
    )
    return ended.rowcount


def district_name(connection: sqlite3.Connection) -> str:
    """What the roster calls the district; "our district" where it names none."""
    row = connection.execute(
        "select name from org where type='district' and status='active' and name is not null order by id limit 1"
    ).fetchone()
    return str(row[0]) if row else "our district"
