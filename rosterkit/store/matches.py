"""Which new ids are those of stored persons, as people said (``rosterkit match``)."""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import datetime

from rosterkit.store.plans import moment, now

_COLUMNS = "record, source, id_space, sourced_id, actor, reason, at, expires_at, used_in, ended_at"


@dataclass(frozen=True)
class StatedMatch:
    """``sourced_id``: the new id, which is that of the user ``record``. ``used_in``: the plan that re-linked it."""

    record: int
    source: str
    id_space: str
    sourced_id: str
    actor: str
    reason: str
    at: datetime
    expires_at: datetime
    used_in: str
    revoked: bool


def add(
    connection: sqlite3.Connection, record: int, key: tuple[str, str, str], actor: str, reason: str, expires: datetime
) -> None:
    """Stores a decision, inside the caller's transaction; ``key``: source, id space and id under which it comes."""
    connection.execute(
        "insert into person_match (record, source, id_space, sourced_id, actor, reason, at, expires_at) "
        "values (?,?,?,?,?,?,?,?)",
        (record, *key, actor, reason, now().isoformat(), expires.isoformat()),
    )


def in_force(connection: sqlite3.Connection) -> tuple[StatedMatch, ...]:
    """The decisions that no plan used, that nobody revoked and that did not expire, oldest first."""
    return _found(connection, "used_in is null and ended_at is null and expires_at>?", (now().isoformat(),))


def of_record(connection: sqlite3.Connection, record: int) -> tuple[StatedMatch, ...]:
    """The decisions about a user, oldest first."""
    return _found(connection, "record=?", (record,))


def _found(connection: sqlite3.Connection, where: str, values: tuple[object, ...]) -> tuple[StatedMatch, ...]:
    query = f"select {_COLUMNS} from person_match where {where} order by id"
    return tuple(
        StatedMatch(record, source, space, key, actor, reason, moment(at), moment(until), used or "", ended is not None)
        for record, source, space, key, actor, reason, at, until, used, ended in connection.execute(query, values)
    )


def end(connection: sqlite3.Connection, one: StatedMatch, why: str) -> None:
    """Revokes a decision that is in force, inside the caller's transaction."""
    connection.execute(
        "update person_match set ended_at=?, ended_why=? where used_in is null and ended_at is null and record=? "
        "and source=? and id_space=? and sourced_id=?",
        (now().isoformat(), why, one.record, one.source, one.id_space, one.sourced_id),
    )


def renamed(connection: sqlite3.Connection, record: int, old: list[str], new: list[str], plan: str, kind: str) -> None:
    """A plan gives a user a new key: the decision that says so is used. An undo that takes it back brings it back, so
    that the next plan shows the re-link as undone.
    """
    here = "record=? and source=? and id_space=? and sourced_id=? and ended_at is null"
    if kind == "undo":
        connection.execute(f"update person_match set used_in=null where {here}", (record, *old))
    used = f"update person_match set used_in=? where {here} and used_in is null"
    connection.execute(used, (plan, record, *new))


def end_overtaken(connection: sqlite3.Connection) -> None:
    """Ends the decisions whose new id a plan gave to another user, inside the caller's transaction."""
    connection.execute(
        "update person_match set ended_at=?, ended_why='the id is another record''s' where ended_at is null "
        "and exists (select 1 from user u where (u.source, u.id_space, u.sourced_id)="
        "(person_match.source, person_match.id_space, person_match.sourced_id) and u.id<>person_match.record)",
        (now().isoformat(),),
    )


def forget(connection: sqlite3.Connection, users: Collection[int], keys: Collection[str]) -> None:
    """Removes the decisions about people who are purged, and those that name one of their keys."""
    connection.execute(
        "delete from person_match where record in (select value from json_each(?)) "
        "or source || '/' || id_space || '/' || sourced_id in (select value from json_each(?))",
        (json.dumps(sorted(users)), json.dumps(sorted(keys))),
    )


def is_stored(connection: sqlite3.Connection, key: tuple[str, str, str]) -> bool:
    """Whether a user is stored under this source, id space and id."""
    query = "select 1 from user where source=? and id_space=? and sourced_id=?"
    return connection.execute(query, key).fetchone() is not None


def shown(connection: sqlite3.Connection, columns: Sequence[str], user: int) -> dict[str, str | None]:
    """These columns of a user."""
    row = connection.execute(f"select {','.join(columns)} from user where id=?", (user,)).fetchone()
    return dict(zip(columns, row, strict=True))


def roles_ever(connection: sqlite3.Connection, user: int) -> tuple[tuple[str, int | None], ...]:
    """Role and organisation of every role that a user has or had."""
    return tuple(connection.execute("select distinct role, org_id from role where user_id=? order by id", (user,)))


def org_names(connection: sqlite3.Connection) -> dict[int, str]:
    """The names of the organisations by their integer ids."""
    return dict(connection.execute("select id, name from org").fetchall())
