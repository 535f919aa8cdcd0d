"""Purges: everything that the store holds of people who left long ago goes, but for a keyed hash of who they were.

What goes: their rows and the rows that refer to them; their part of the journal, of what is deferred, queued, held and
pinned; the bytes of files in which they stood. What stays: revisions and receipts, ids (which are never given again),
a tombstone, and hashes of identifiers that were sent, so that none is given to another person.
"""

from __future__ import annotations

import hashlib
import json
import sqlite3
from collections.abc import Collection, Iterable
from dataclasses import dataclass, field
from datetime import datetime

import polars as pl

from rosterkit.roster.schema import Entity, by_name, entities
from rosterkit.store import matches
from rosterkit.store.plans import now, packed, unpacked
from rosterkit.store.tombstones import Hasher


@dataclass(frozen=True)
class PurgeRecord:
    """One purge that was done."""

    id: int
    at: datetime
    actor: str
    reason: str
    people: int
    removed: dict[str, int]


@dataclass
class Doomed:
    """The records that go: their ids by entity, and every form of their keys."""

    ids: dict[str, set[int]] = field(default_factory=dict)
    keys: set[str] = field(default_factory=set)  # source/id_space/sourced_id, source/sourced_id and sourced_id
    users: dict[int, str] = field(default_factory=dict)  # source/sourced_id by id
    earlier: dict[str, tuple[str, str]] = field(default_factory=dict)
    """By source/sourced_id that a user had before a re-link: until when, and source/sourced_id now."""

    def add(self, entity: str, rows: Iterable[tuple[int, str, str, str]]) -> None:
        """Takes records as (id, source, id_space, sourced_id)."""
        mine = self.ids.setdefault(entity, set())
        for record, source, space, key in rows:
            mine.add(record)
            self.keys |= {f"{source}/{space}/{key}", f"{source}/{key}", key}
            if entity == "User":
                self.users[record] = f"{source}/{key}"


def archived_before(connection: sqlite3.Connection, before: datetime) -> dict[int, str]:
    """People who are archived since a revision before that moment: source and sourced id by record id."""
    query = (
        "select user.id, source || '/' || sourced_id from user join revision on revision.id = updated_revision "
        "where status='archived' and revision.at < ? order by user.id"
    )
    return dict(connection.execute(query, (before.isoformat(),)).fetchall())


def blocked(connection: sqlite3.Connection) -> set[int]:
    """People on whom a block is in force: it lasts until it is lifted by name, so they stay."""
    query = "select record from block where entity='User' and ended_at is null union select student from block"
    return {int(one) for (one,) in connection.execute(f"{query} where ended_at is null and student is not null")}


def with_dependants(connection: sqlite3.Connection, users: Collection[int]) -> Doomed:
    """These people, and every record that refers to one of them."""
    doomed = Doomed()
    doomed.add("User", _rows(connection, by_name("User"), "id", users))
    for entity in entities():
        for column in entity.refs:
            if column.to == "User":
                doomed.add(entity.name, _rows(connection, entity, column.name, users))
    for name, ids in doomed.ids.items():
        _add_earlier(connection, doomed, by_name(name), ids)
    return doomed


def _add_earlier(connection: sqlite3.Connection, doomed: Doomed, entity: Entity, ids: Collection[int]) -> None:
    """Takes the keys that these records had before. One that is another record's by now stays that one's: only files
    in which it meant these count.
    """
    query = (
        "select e.source, e.sourced_id, e.id_space, e.ended_at, e.record, o.id from earlier_key e "
        f'left join "{entity.table}" o on (o.source,o.id_space,o.sourced_id)=(e.source,e.id_space,e.sourced_id) '
        "where e.entity=? and e.record in (select value from json_each(?)) order by e.id"
    )
    for source, key, space, until, record, other in connection.execute(query, (entity.name, json.dumps(sorted(ids)))):
        if other is None or other in ids:
            doomed.keys |= {f"{source}/{space}/{key}", f"{source}/{key}", key}
        if entity.name == "User":
            doomed.earlier[f"{source}/{key}"] = until, doomed.users[record]


def _rows(
    connection: sqlite3.Connection, entity: Entity, column: str, users: Collection[int]
) -> list[tuple[int, str, str, str]]:
    query = f'select id, source, id_space, sourced_id from "{entity.table}" where {column} in '
    return connection.execute(f"{query}(select value from json_each(?))", (json.dumps(list(users)),)).fetchall()


def forget_people(connection: sqlite3.Connection, doomed: Doomed) -> dict[str, int]:
    """Removes their rows, and what is kept beside them. Returns how many of each. Call it within a transaction."""
    removed: dict[str, int] = {}
    for name, ids in doomed.ids.items():
        given = json.dumps(sorted(ids))
        mine = "in (select value from json_each(?))"
        done = connection.execute(f'delete from "{by_name(name).table}" where id {mine}', (given,))
        removed[name] = done.rowcount
        for table in ("touch", "pin", "block", "earlier_key"):
            connection.execute(f"delete from {table} where entity=? and record {mine}", (name, given))
    users = json.dumps(sorted(doomed.ids.get("User", ())))
    connection.execute("delete from sign_in where user in (select value from json_each(?))", (users,))
    connection.execute("delete from block where student in (select value from json_each(?))", (users,))
    matches.forget(connection, doomed.ids.get("User", ()), doomed.keys)
    keys = json.dumps(sorted(doomed.keys))
    names = json.dumps(sorted(doomed.ids))
    for table in ("hold", "approved_change", "deferred"):
        connection.execute(
            f"delete from {table} where entity in (select value from json_each(?)) "
            "and source || '/' || id_space || '/' || sourced_id in (select value from json_each(?))",
            (names, keys),
        )
    _forget_deferred(connection, doomed)
    return removed


def _forget_deferred(connection: sqlite3.Connection, doomed: Doomed) -> None:
    """Deferred rows of records that the store never held and that name one of the people."""
    gone = [
        row[:-1]
        for row in connection.execute("select source, id_space, entity, sourced_id, body from deferred").fetchall()
        if row[2] in doomed.ids and any(value in doomed.keys for value in json.loads(row[4]).values() if value)
    ]
    connection.executemany("delete from deferred where source=? and id_space=? and entity=? and sourced_id=?", gone)


def remove_from_journal(connection: sqlite3.Connection, doomed: Doomed) -> int:
    """Takes their rows out of every plan and every queued delta. Returns how many parts were written anew."""
    written = 0
    for table in ("plan_part", "queued_delta"):
        for (one,) in connection.execute(f"select id from {table} order by id").fetchall():
            row = connection.execute(f"select entity, body from {table} where id=?", (one,)).fetchone()
            frame = unpacked(row[1])
            kept = _without(frame, str(row[0]), doomed)
            if kept is frame:
                continue
            written += 1
            body = packed(kept)
            connection.execute(f"update {table} set body=? where id=?", (body, one))
            if table == "plan_part":
                sha256 = hashlib.sha256(body).hexdigest()
                connection.execute("update plan_part set rows=?, sha256=? where id=?", (kept.height, sha256, one))
    return written


def _without(frame: pl.DataFrame, entity: str, doomed: Doomed) -> pl.DataFrame:
    """The frame without rows of those who go, or the very same frame where there are none."""
    keys = list(doomed.keys)
    users = list(doomed.ids.get("User", ()))
    tests = [pl.col(name).is_in(users) for name in ("user_id", "guardian_id", "student_id", "student") if name in frame]
    if entity in doomed.ids and frame.schema.get("id") == pl.Int64:
        tests.append(pl.col("id").is_in(list(doomed.ids[entity])))
    if entity in doomed.ids or not entity:
        tests += [
            pl.col(name).is_in(keys)
            for name in ("sourced_id", "key", "id", "user", "guardian", "student")
            if frame.schema.get(name) == pl.String
        ]
    kept = frame.filter(~pl.any_horizontal(tests).fill_null(value=False)) if tests else frame
    if "before_id" in frame.columns and entity in doomed.ids:
        kept = _without_names(kept, keys)
    return frame if kept.equals(frame) else kept


def _without_names(changes: pl.DataFrame, keys: list[str]) -> pl.DataFrame:
    """Updates of other records that once referred to one of them: the reference is no longer named."""
    mine = pl.col("field").is_in(["user", "guardian", "student"])
    return changes.with_columns(
        pl.when(mine & pl.col(name).is_in(keys)).then(None).otherwise(pl.col(name)).alias(name)
        for name in ("before", "after")
    )


def bury(connection: sqlite3.Connection, doomed: Doomed, hashed: Hasher, keep: Collection[int]) -> int:
    """Puts hashes in place of who they were, in the ledger and in what was sent; removes the bytes they stood in.

    ``keep``: deliveries whose bytes stay, because the next files are compared with them. Returns how many files lost
    their bytes.
    """
    names = _both_forms({user: user for user in doomed.users.values()}, hashed)
    earlier = [(until, _both_forms({user: now}, hashed)) for user, (until, now) in doomed.earlier.items()]
    touched = _rename_in_files(connection, names, earlier)
    query = "select feed, user, kind, value from ledger where user in (select value from json_each(?))"
    for feed, user, kind, value in connection.execute(query, (json.dumps(list(names)),)).fetchall():
        where = "feed=? and user=? and kind=? and value=?"
        connection.execute(f"delete from ledger where {where}", (feed, user, kind, value))
        row = (feed, names[user], kind, hashed(value.lower()))
        connection.execute("insert or ignore into ledger (feed, user, kind, value) values (?,?,?,?)", row)
    return _remove_bytes(connection, touched - set(keep), keep)


def _both_forms(users: dict[str, str], hashed: Hasher) -> dict[str, str]:
    """By a name in an index (source/sourced_id, or /sourced_id of whom the file itself names) the hash of another."""
    bare = {f"/{user.partition('/')[2]}": f"/{now.partition('/')[2]}" for user, now in users.items()}
    return {user: hashed(now) for user, now in (users | bare).items()}


def _rename_in_files(
    connection: sqlite3.Connection, names: dict[str, str], earlier: list[tuple[str, dict[str, str]]]
) -> set[int]:
    """Puts the hashes into the index of every file; ``earlier``: those of names that people had until then.

    Returns the deliveries in which one of the people stood.
    """
    touched: set[int] = set()
    query = "select f.id, d.id, d.at from sent_file f join delivery d on d.id=f.delivery order by f.id"
    for one, delivery, at in connection.execute(query).fetchall():
        mine = {name: to for until, some in earlier if at < until for name, to in some.items()} | names
        index = unpacked(connection.execute("select people from sent_file where id=?", (one,)).fetchone()[0])
        if index.is_empty() or not index["user"].is_in(list(mine)).any():
            continue
        touched.add(int(delivery))
        changed = index.with_columns(pl.col("user").replace(mine))
        connection.execute("update sent_file set people=? where id=?", (packed(changed), one))
    return touched


def _remove_bytes(connection: sqlite3.Connection, deliveries: Collection[int], keep: Collection[int]) -> int:
    of = "select sha256 from sent_file where delivery in (select value from json_each(?))"
    gone = connection.execute(
        f"select sha256 from sent_body where removed_at is null and sha256 in ({of}) and sha256 not in ({of})",
        (json.dumps(list(deliveries)), json.dumps(list(keep))),
    ).fetchall()
    connection.executemany("delete from sent_chunk where sha256=?", gone)
    at = now().isoformat()
    connection.executemany(
        "update sent_body set removed_at=?, removed_why='a purge' where sha256=?", ((at, one) for (one,) in gone)
    )
    return len(gone)


def note_purge(
    connection: sqlite3.Connection,
    doomed: Doomed,
    hashed: Hasher,
    *,
    actor: str,
    reason: str,
    before: datetime,
    removed: dict[str, int],
) -> PurgeRecord:
    """Records the purge with a tombstone for each person."""
    at, people = now(), len(doomed.users)
    done = connection.execute(
        "insert into purge (at, actor, reason, archived_before, people, removed) values (?,?,?,?,?,?)",
        (at.isoformat(), actor, reason, before.isoformat(), people, json.dumps(removed)),
    )
    number = int(done.lastrowid or 0)
    hashes = {hashed(user) for user in doomed.users.values()}
    hashes |= {hashed(f"/{user.partition('/')[2]}") for user in doomed.users.values()}
    connection.executemany("insert or ignore into tombstone (hash, purge) values (?,?)", ((h, number) for h in hashes))
    return PurgeRecord(number, at, actor, reason, people, removed)


def open_plans(connection: sqlite3.Connection) -> list[str]:
    """The plans that may still be applied."""
    query = "select id from plan where state in ('proposed','approved') order by number"
    return [str(one) for (one,) in connection.execute(query)]


def wipe_free_pages(connection: sqlite3.Connection) -> None:
    """Overwrites what was removed, in the database and in its log. Call it outside a transaction."""
    connection.execute("vacuum")
    connection.execute("pragma wal_checkpoint(truncate)")


def overwrite_removed(connection: sqlite3.Connection) -> None:
    """From now on, what this connection removes is overwritten with zeros."""
    connection.execute("pragma secure_delete=on")
