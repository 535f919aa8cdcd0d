"""Whom blocks are about: rows of their people, links between them, and users of whom no older row may be sent.

Rows of one human are found by evidence (``store.humans``), by what was known on the day of the block or since. One side
of a blocked link may also be found by the names alone, because the other side is found by evidence.
"""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Iterable, Mapping

import polars as pl

from rosterkit.roster.schema import entities
from rosterkit.store.humans import Known, People, Row, Side, same_adult, same_name

PAIRS: dict[str, type[pl.DataType]] = {"guardian_id": pl.Int64, "student_id": pl.Int64}
"""Blocked links."""


def known_of(found: pl.DataFrame, people: People) -> dict[Side, list[Known]]:
    """What is known of the people of blocks, of now and of earlier."""
    mine = found.filter(pl.col("entity") == "User").select("block_id", "known", "record", "student").rows()
    now = people.rows(user for _, _, *users in mine for user in users if user is not None)
    out = {}
    for block, earlier, *users in mine:
        kept = json.loads(earlier)
        for side, user in zip(("record", "student"), users, strict=True):
            if user is not None:
                before = [Known(tuple(values)) for values in kept.get(side, ())]
                out[block, side] = _with_now(before, now.get(user))
    return out


def _with_now(earlier: list[Known], now: Row | None) -> list[Known]:
    """What is known of a person, with the present row: unless the id was given to somebody else meanwhile."""
    if now is None or now.known in earlier:
        return earlier
    same = any(same_adult(one, now.known) or same_name(one, now.known) for one in earlier)
    return [*earlier, now.known] if same or not earlier else earlier


def hidden_rows(found: pl.DataFrame, humans: Mapping[Side, list[Row]]) -> dict[str, pl.Series]:
    """What is suppressed, with every row of the person; what is archived by hand, with the rows that came later."""
    out: dict[str, set[int]] = {}
    whole = found.filter((pl.col("kind") == "archive") | ((pl.col("kind") == "suppress") & (pl.col("field") == "")))
    for block, kind, entity, record, since in whole.select(
        "block_id", "kind", "entity", "record", "revision"
    ).iter_rows():
        rows = humans.get((block, "record"), [])
        more = {row.id for row in rows if kind == "suppress" or row.created > since}
        out.setdefault(entity, set()).update({record, *more})
    return {name: pl.Series("id", sorted(ids), pl.Int64) for name, ids in out.items()}


def blocked_links(
    found: pl.DataFrame, known: Mapping[Side, list[Known]], humans: Mapping[Side, list[Row]], people: People
) -> pl.DataFrame:
    """The blocked links: every row of the adult with every row of the student."""
    links = found.filter(pl.col("kind") == "link").select("block_id", "record", "student").rows()
    adults = {block: {adult, *(row.id for row in humans[block, "record"])} for block, adult, _ in links}
    students = {block: {student, *(row.id for row in humans[block, "student"])} for block, _, student in links}
    guardians = people.linked("student", {i for ids in students.values() for i in ids})
    wards = people.linked("guardian", {i for ids in adults.values() for i in ids})
    rows = people.rows(i for ids in (*guardians.values(), *wards.values()) for i in ids)
    pairs: set[tuple[int, int]] = set()
    for block, _, _ in links:
        own, whose = known[block, "record"], known[block, "student"]
        near = {i for s in students[block] for i in guardians.get(s, ())}
        same = {i for i in near if any(same_adult(k, rows[i].known) or same_name(k, rows[i].known) for k in own)}
        of_them = {i for a in adults[block] for i in wards.get(a, ())}
        named = {i for i in of_them if any(same_name(k, rows[i].known) for k in whose)}
        pairs |= {(a, s) for a in adults[block] | same for s in students[block]}
        pairs |= {(a, s) for a in adults[block] for s in named}
    return pl.DataFrame(sorted(pairs), schema=PAIRS, orient="row")


def users_of(connection: sqlite3.Connection, hidden: Mapping[str, pl.Series]) -> set[int]:
    """The users whom hidden rows are, or are about, and those whose rows refer to hidden ones."""
    users = set(hidden.get("User", ()))
    for entity in entities():
        mine = ["id"] if entity.name == "User" else [c.name for c in entity.refs if c.to == "User"]
        of = {"id": entity.name} | {c.name: str(c.to) for c in entity.refs if c.to != "User"}
        for column, name in ((c, n) for c, n in of.items() if mine and n in hidden and n != "User"):
            query = f'select {",".join(mine)} from "{entity.table}" where {column} in (select value from json_each(?))'
            rows = connection.execute(query, (json.dumps(hidden[name].to_list()),))
            users.update(user for row in rows for user in row if user is not None)
    return users


def keys_of(connection: sqlite3.Connection, users: Iterable[int]) -> frozenset[str]:
    """These users as "source/sourced_id"."""
    query = "select source || '/' || sourced_id from user where id in (select value from json_each(?))"
    return frozenset(key for (key,) in connection.execute(query, (json.dumps(sorted(users)),)))
