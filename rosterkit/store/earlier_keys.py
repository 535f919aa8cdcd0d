"""Keys that records had before they were re-linked: who had them until when, and what else is kept under a key."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator

import polars as pl

from rosterkit.plan.changes import Changes
from rosterkit.plan.plan import Plan
from rosterkit.plan.records import KEY_FIELD
from rosterkit.roster.schema import by_name
from rosterkit.store import matches
from rosterkit.store.plans import now

_HERE = "entity=? and source=? and id_space=? and sourced_id=?"
_KEYED = ("hold", "approved_change", "deferred", "absence")
"""Tables whose rows name a record by its key."""


def follow(connection: sqlite3.Connection, plan: Plan, changes: Changes) -> None:
    """Keeps the earlier keys of what these changes of a plan re-link, and brings what is kept under them to the new
    ones.

    Call it within the transaction that applies the changes.
    """
    at = now().isoformat()
    for name, record, old, new in _renamed(changes):
        connection.execute(
            "insert into earlier_key (entity, record, source, id_space, sourced_id, ended_at) values (?,?,?,?,?,?)",
            (name, record, *old, at),
        )
        for table in _KEYED:
            sets = f"update or replace {table} set source=?, id_space=?, sourced_id=? where {_HERE}"
            connection.execute(sets, (*new, name, *old))
        if name == "User":
            users = f"{new[0]}/{new[2]}", f"{old[0]}/{old[2]}"
            connection.execute("update or replace ledger set user=? where user=?", users)
            connection.execute("update feed_result set user=? where user=?", users)
            matches.renamed(connection, record, old, new, plan.id, plan.kind)


def _renamed(changes: Changes) -> Iterator[tuple[str, int, list[str], list[str]]]:
    """Entity, id, and the parts of the old and the new key."""
    for name, frame in changes.update.items():
        rows = frame.filter(pl.col("field") == KEY_FIELD).select("id", "before", "after")
        for record, before, after in rows.iter_rows():
            yield name, record, before.split("/", 2), after.split("/", 2)


def find_earlier(connection: sqlite3.Connection, entity: str, sourced_id: str) -> str | None:
    """The sourced id, now, of the record that had this one last; None where none had."""
    query = (
        f'select r.sourced_id from earlier_key e join "{by_name(entity).table}" r on r.id=e.record '
        "where e.entity=? and e.sourced_id=? order by e.id desc limit 1"
    )
    row = connection.execute(query, (entity, sourced_id)).fetchone()
    return str(row[0]) if row else None


def earlier_hint(connection: sqlite3.Connection, entity: str, sourced_id: str) -> str:
    """A sentence for who names a record by an id that it had; "" where none had it."""
    known = find_earlier(connection, entity, sourced_id)
    return f" {sourced_id} was the id of {known} until its source gave it another one: name that." if known else ""


def users_now(connection: sqlite3.Connection, delivery: int) -> dict[str, str]:
    """By the name that a user had when that file was built, the one that the user has now: source/sourced_id, and
    /sourced_id of whom the file itself names.
    """
    query = (
        "select e.source, e.sourced_id, u.source, u.sourced_id from earlier_key e "
        "join user u on u.id=e.record where e.entity='User' "
        "and e.ended_at > (select at from delivery where id=?) order by e.id desc"
    )
    found: dict[str, str] = {}
    for source, before, source_now, key in connection.execute(query, (delivery,)).fetchall():
        found |= {f"{source}/{before}": f"{source_now}/{key}", f"/{before}": f"/{key}"}
    return found
