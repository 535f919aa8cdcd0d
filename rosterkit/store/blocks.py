"""Blocks and pins in the store: set, lifted, listed; one that was lifted is kept for the record.

A *block* keeps something from every feed, whatever comes in: a link between an adult and a student, a person, a value
of a person, or a record that a person archived. A *pin* lies over a stored value when it is read.
"""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Sequence
from dataclasses import dataclass

import polars as pl

from rosterkit.roster.schema import by_name
from rosterkit.store.plans import now

BLOCKS: dict[str, type[pl.DataType]] = {
    "block_id": pl.Int64,
    "kind": pl.String,  # link | suppress | archive
    "entity": pl.String,  # of the record: User, but of an archived record any
    "record": pl.Int64,  # its id; of a blocked link that of the adult
    "student": pl.Int64,  # of a blocked link; null elsewhere
    "feed": pl.String,  # of a suppression: the one feed that does not get it; "" = none gets it
    "field": pl.String,  # of a suppression: a label; "" = the whole person
    "words": pl.String,  # JSON list: every value that a suppressed field had since then, in small letters
    "known": pl.String,  # JSON: what was known of the user ("record") and the "student" since then (``store.humans``)
    "actor": pl.String,
    "reason": pl.String,
    "since": pl.String,
    "revision": pl.Int64,
}
"""The blocks in force."""
PINS: dict[str, type[pl.DataType]] = {
    "pin_id": pl.Int64,
    "entity": pl.String,
    "record": pl.Int64,
    "field": pl.String,  # a label
    "value": pl.String,  # as text; null = blank
    "value_id": pl.Int64,  # of a reference: the id that it means
    "code": pl.String,  # person, or the policy rule that set it
    "actor": pl.String,
    "reason": pl.String,
    "since": pl.String,
    "revision": pl.Int64,
}
"""The pins in force."""


@dataclass(frozen=True, slots=True)
class StoredBlock:
    """A block as it is set."""

    kind: str
    entity: str
    record: int
    student: int | None = None
    feed: str = ""
    field: str = ""


@dataclass(frozen=True, slots=True)
class StoredPin:
    """A pin as it is set."""

    entity: str
    record: int
    field: str
    value: str | None
    value_id: int | None
    code: str


def set_block(connection: sqlite3.Connection, block: StoredBlock, *, actor: str, reason: str, revision: int) -> None:
    """Sets a block that is not in force yet."""
    connection.execute(
        "insert into block (kind, entity, record, student, feed, field, words, known, actor, reason, since, revision) "
        "values (?,?,?,?,?,?,'[]','{}',?,?,?,?)",
        (
            *(block.kind, block.entity, block.record, block.student, block.feed, block.field),
            *(actor, reason, now().isoformat(), revision),
        ),
    )


def set_pin(connection: sqlite3.Connection, pin: StoredPin, *, actor: str, reason: str, revision: int) -> None:
    """Sets a pin; one that lies on the same field ends."""
    at = now().isoformat()
    connection.execute(
        "update pin set ended_at=?, ended_why='a newer pin' where entity=? and record=? and field=? "
        "and ended_at is null",
        (at, pin.entity, pin.record, pin.field),
    )
    connection.execute(
        "insert into pin (entity, record, field, value, value_id, code, actor, reason, since, revision) "
        "values (?,?,?,?,?,?,?,?,?,?)",
        (
            *(pin.entity, pin.record, pin.field, pin.value, pin.value_id, pin.code),
            *(actor, reason, at, revision),
        ),
    )


def date_pin(connection: sqlite3.Connection, user: int, field: str, revision: int, since: str) -> None:
    """Dates the pin of that revision on a field of a user: a person set it earlier, somewhere else."""
    mine = "entity='User' and record=? and field=? and revision=? and ended_at is null"
    connection.execute(f"update pin set since=? where {mine}", (since, user, field, revision))


def lift_blocks(connection: sqlite3.Connection, ids: Sequence[int], why: str) -> None:
    """Ends these blocks."""
    _lift(connection, "block", ids, why)


def lift_pins(connection: sqlite3.Connection, ids: Sequence[int], why: str) -> None:
    """Ends these pins."""
    _lift(connection, "pin", ids, why)


def _lift(connection: sqlite3.Connection, table: str, ids: Sequence[int], why: str) -> None:
    at = now().isoformat()
    connection.executemany(f"update {table} set ended_at=?, ended_why=? where id=?", ((at, why, i) for i in ids))


def with_keys(connection: sqlite3.Connection, found: pl.DataFrame) -> pl.DataFrame:
    """The blocks or pins with ``sourced_id`` of their records, and ``student_key`` of blocked links."""
    names = {(str(name), str(name), "record") for name in found["entity"].unique()}
    names |= {("User", "student", "student")} if "student" in found.columns else set()
    keys: dict[tuple[str, int], str] = {}
    for entity, kind, column in names:
        mine = found.filter(pl.col("entity") == kind) if kind == entity else found
        ids = json.dumps(mine[column].drop_nulls().unique().to_list())
        query = f'select id, sourced_id from "{by_name(entity).table}" where id in (select value from json_each(?))'
        keys |= {(kind, i): key for i, key in connection.execute(query, (ids,))}
    own = [keys.get((e, i)) for e, i in found.select("entity", "record").iter_rows()]
    out = found.with_columns(pl.Series("sourced_id", own, pl.String))
    if "student" not in found.columns:
        return out
    students = [keys.get(("student", i)) if i is not None else None for i in found["student"]]
    return out.with_columns(pl.Series("student_key", students, pl.String))


def blocks(connection: sqlite3.Connection) -> pl.DataFrame:
    """BLOCKS, oldest first."""
    return _in_force(connection, "block", BLOCKS)


def blocks_of_feed(connection: sqlite3.Connection, feed: str) -> pl.DataFrame:
    """Of the blocks in force, those that keep something from that feed: BLOCKS."""
    return blocks(connection).filter(pl.col("feed").is_in(["", feed]))


def pins(connection: sqlite3.Connection) -> pl.DataFrame:
    """PINS, oldest first."""
    return _in_force(connection, "pin", PINS)


def pins_on(connection: sqlite3.Connection, entity: str, record: int) -> list[StoredPin]:
    """The pins in force on one record."""
    names = "entity, record, field, value, value_id, code"
    query = f"select {names} from pin where entity=? and record=? and ended_at is null"
    return [StoredPin(*row) for row in connection.execute(query, (entity, record))]


def archived_by_hand(connection: sqlite3.Connection, entity: str, record: int) -> bool:
    """Whether a person archived the record and nobody lifted that."""
    mine = "kind='archive' and entity=? and record=? and ended_at is null"
    return connection.execute(f"select 1 from block where {mine}", (entity, record)).fetchone() is not None


def _in_force(connection: sqlite3.Connection, table: str, schema: dict[str, type[pl.DataType]]) -> pl.DataFrame:
    names = ",".join("id" if name.endswith("_id") and name != "value_id" else name for name in schema)
    query = f"select {names} from {table} where ended_at is null order by id"
    return pl.DataFrame(connection.execute(query).fetchall(), schema=schema, orient="row")
