"""What lies over the stored rows when they are read: pins, blocked links, suppressed people and values.

Whom a block is about is found by ``store.blocked``.
"""

from __future__ import annotations

import json
import re
import sqlite3
from collections.abc import Collection, Mapping
from dataclasses import dataclass
from pathlib import Path

import polars as pl

from rosterkit.roster.schema import Column, Entity, by_name, entities
from rosterkit.store.blocked import PAIRS, blocked_links, hidden_rows, keys_of, known_of, users_of
from rosterkit.store.blocks import blocks, pins
from rosterkit.store.bulk import read
from rosterkit.store.humans import People, Row, Side

ACCOUNT = Column("account_enabled", "bool")
"""rosterkit's own switch of a User, which no source delivers; it is true unless it is pinned."""
_SHORT = 3  # a text of fewer characters is not looked for in other columns
_NUMBER = 7  # a number of fewer digits is looked for as it is written

_VALUES: dict[str, type[pl.DataType]] = {
    "id": pl.Int64,
    "column": pl.String,
    "value": pl.String,
    "value_id": pl.Int64,
}


@dataclass(frozen=True)
class Overlay:
    """``values``, by entity: the values to be read in place of stored ones (_VALUES). ``hidden``, by entity: ids of
    rows that are not given out, nor is what refers to them. ``pairs``: blocked links. ``suppressed``: users, as
    "source/sourced_id", of whom no older row may be sent.
    """

    values: Mapping[str, pl.DataFrame]
    hidden: Mapping[str, pl.Series]
    pairs: pl.DataFrame
    suppressed: frozenset[str]

    def needed(self, entity: Entity) -> set[str]:
        """The columns that ``applied`` looks at beside those that are asked for."""
        own = {"id"} if entity.name in self.values or entity.name in self.hidden else set()
        own |= {c.name for c in entity.refs if str(c.to) in self.hidden}
        return own | (set(PAIRS) if entity.name == "GuardianLink" and self.pairs.height else set())

    def applied(self, entity: Entity, rows: pl.DataFrame) -> pl.DataFrame:
        """The effective rows."""
        if entity.name in self.values:
            rows = _overlaid(entity, rows, self.values[entity.name])
        if entity.name in self.hidden:
            rows = rows.filter(~pl.col("id").is_in(self.hidden[entity.name].implode()))
        for column in entity.refs:
            if str(column.to) in self.hidden:
                rows = _without(rows, column, self.hidden[str(column.to)])
        if entity.name == "GuardianLink" and self.pairs.height:
            rows = rows.join(self.pairs, on=list(PAIRS), how="anti", maintain_order="left")
        return rows


NOTHING = Overlay({}, {}, pl.DataFrame(schema=PAIRS), frozenset())
"""Rows as they are stored."""


def _without(rows: pl.DataFrame, column: Column, hidden: pl.Series) -> pl.DataFrame:
    """The rows without those that refer to a hidden row; where they can stand without it, with a blank in its place."""
    gone = pl.col(column.name).is_in(hidden.implode()).fill_null(value=False)
    if column.required:
        return rows.filter(~gone)
    return rows.with_columns(pl.when(~gone).then(column.name).alias(column.name))


def _overlaid(entity: Entity, rows: pl.DataFrame, values: pl.DataFrame) -> pl.DataFrame:
    columns = [*entity.columns, ACCOUNT] if entity.name == "User" else entity.columns
    for column in columns:
        mine = values.filter(pl.col("column") == column.name) if column.name in rows.columns else values.clear()
        if mine.is_empty():
            continue
        new = mine.select("id", _new=_typed(column), _hit=pl.lit(value=True))
        rows = (
            rows.join(new, on="id", how="left", maintain_order="left")
            .with_columns(pl.when(pl.col("_hit")).then("_new").otherwise(column.name).alias(column.name))
            .drop("_new", "_hit")
        )
    return rows


def _typed(column: Column) -> pl.Expr:
    if column.kind == "ref":
        return pl.col("value_id")
    if column.kind == "bool":
        return pl.col("value").replace_strict({"true": True, "false": False}, default=None, return_dtype=pl.Boolean)
    return pl.col("value")


def overlay(path: Path, connection: sqlite3.Connection, feed: str = "") -> Overlay:
    """What lies over the store for the feed of that name."""
    pinned = _pinned(pins(connection))
    found = blocks(connection).filter(pl.col("feed").is_in(["", feed]))
    if found.is_empty():
        return Overlay(pinned, {}, NOTHING.pairs, frozenset()) if pinned else NOTHING
    people = People(connection)
    known = known_of(found, people)
    humans = people.humans(known)
    hidden = hidden_rows(found, humans)
    pairs = blocked_links(found, known, humans, people)
    values, of_whom = _suppressed(path, found, humans, pinned)
    users = {*of_whom, *pairs["guardian_id"], *pairs["student_id"], *users_of(connection, hidden)}
    return Overlay(values, hidden, pairs, keys_of(connection, users))


def _pinned(found: pl.DataFrame) -> dict[str, pl.DataFrame]:
    out = {}
    for (name,), mine in found.partition_by("entity", as_dict=True).items():
        columns = {c.label: c.name for c in by_name(str(name)).columns} | {ACCOUNT.label: ACCOUNT.name}
        column = pl.col("field").replace_strict(columns)
        out[str(name)] = mine.select("value", "value_id", id="record", column=column).select(list(_VALUES))
    return out


def _suppressed(
    path: Path, found: pl.DataFrame, humans: Mapping[Side, list[Row]], pinned: Mapping[str, pl.DataFrame]
) -> tuple[dict[str, pl.DataFrame], list[int]]:
    """The values with those that are suppressed blank, and the users of whom a value is."""
    fields: dict[int, set[str]] = {}
    known: dict[int, set[str]] = {}
    mine = found.filter((pl.col("kind") == "suppress") & (pl.col("field") != ""))
    for block, record, field, earlier in mine.select("block_id", "record", "field", "words").iter_rows():
        for user in {record, *(row.id for row in humans[block, "record"])}:
            fields.setdefault(user, set()).add(field)
            known.setdefault(user, set()).update(json.loads(earlier))
    if not fields:
        return dict(pinned), []
    ids = pl.Series("id", sorted(fields), pl.Int64)
    rows = {e.name: _of_users(path, e, ids) for e in entities() if e.name == "User" or e.name in _ABOUT}
    blanks: dict[str, list[tuple[int, str, str | None, int | None]]] = {}
    for user, labels in fields.items():
        own = {name: [r for r in some if r[_BY.get(name, "user_id")] == user] for name, some in rows.items()}
        words = known[user] | _words(own, labels, pinned.get("User"), user)
        for name, some in own.items():
            for row in some:
                seen = _effective(name, row, pinned)
                blanks.setdefault(name, []).extend(_blanked(by_name(name), seen, labels, words))
    values = dict(pinned)
    for name, made in blanks.items():
        new = pl.DataFrame(made, schema=_VALUES, orient="row")
        kept = values[name].join(new, on=["id", "column"], how="anti") if name in values else None
        values[name] = pl.concat([kept, new]) if kept is not None else new
    return values, sorted(fields)


_BY = {"User": "id"}
_ABOUT = ("UserProfile", "UserAttributes", "Demographics")
"""Entities whose rows are about one user."""


def _of_users(path: Path, entity: Entity, users: pl.Series) -> list[dict[str, object]]:
    schema: dict[str, type[pl.DataType]] = {"id": pl.Int64, **{c.name: c.dtype for c in entity.columns}}
    by = "id" if entity.name == "User" else "user_id"
    some = json.dumps(users.to_list())
    return read(path, entity.table, schema, f"{by} in (select value from json_each(?))", (some,)).to_dicts()


def _effective(name: str, row: dict[str, object], pinned: Mapping[str, pl.DataFrame]) -> dict[str, object]:
    """The row with its pins, as texts."""
    if name not in pinned:
        return row
    mine = pinned[name].filter(pl.col("id") == row["id"])
    return row | {column: value for _, column, value, _ in mine.iter_rows()}


def _words(
    own: Mapping[str, list[dict[str, object]]], labels: set[str], pinned: pl.DataFrame | None, user: int
) -> set[str]:
    """The suppressed values themselves, stored and pinned, in small letters: they go wherever the person has them."""
    found: list[object] = []
    for name, rows in own.items():
        for row in rows:
            found += [row[c.name] for c in by_name(name).columns if c.label in labels and c.kind in ("text", "date")]
    if pinned is not None:
        columns = {c.name for c in by_name("User").columns if c.label in labels}
        found += pinned.filter((pl.col("id") == user) & pl.col("column").is_in(columns))["value"].to_list()
    return {str(v).strip().lower() for v in found if v is not None and len(str(v).strip()) >= _SHORT}


def _blanked(
    entity: Entity, row: dict[str, object], labels: set[str], words: set[str]
) -> list[tuple[int, str, str | None, int | None]]:
    """What of this row is to be read otherwise, as _VALUES."""
    out: list[tuple[int, str, str | None, int | None]] = []
    for column in entity.columns:
        value = row[column.name]
        if value is None or column.required:
            continue
        if column.label in labels:
            new: str | None = None
        elif column.kind in ("list", "json"):
            new = _cleaned(str(value), labels if column.label == "attributes" else set(), words)
        elif column.kind == "text" and _holds(value, words):
            new = None
        else:
            continue
        if new != value:
            out.append((int(str(row["id"])), column.name, new, None))
    return out


def _holds(value: object, words: Collection[str]) -> bool:
    """Whether one of the words stands in the value; a number also in other punctuation."""
    text = str(value).lower()
    digits = re.sub(r"\D", "", text)
    return any(word in text or (len(number := _digits(word)) >= _NUMBER and number in digits) for word in words)


def _digits(word: str) -> str:
    """The last ten digits of a word that is a number; "" of another."""
    return re.sub(r"\D", "", word)[-10:] if re.fullmatch(r"[\d\s()+./-]+", word) else ""


def _cleaned(text: str, labels: set[str], words: set[str]) -> str | None:
    """A JSON list or object without the parts that are suppressed, or that hold a suppressed value."""
    value = json.loads(text)
    if isinstance(value, list):
        kept: object = [v for v in value if not _holds(v, words)]
    else:
        kept = {k: v for k, v in value.items() if f"attributes.{k}" not in labels and not _holds(v, words)}
    return json.dumps(kept, sort_keys=True, separators=(",", ":"), ensure_ascii=False) if kept else None


def remember_blocked(connection: sqlite3.Connection) -> None:
    """Keeps with the blocks what is known of their people, and the present values of suppressed fields: an id may be
    given to another person, and a value move to another column.

    Inside the caller's transaction, after what it writes.
    """
    every = blocks(connection)
    if every.is_empty():
        return
    people, before = People(connection), dict(every.select("block_id", "known").iter_rows())
    known = known_of(every, people)
    kept: dict[int, dict[str, object]] = {}
    for (block, side), some in known.items():
        kept.setdefault(block, {})[side] = [one.values for one in some]
    for block, sides in kept.items():
        text = json.dumps(sides, ensure_ascii=False)
        if text != before[block]:
            connection.execute("update block set known=? where id=?", (text, block))
    mine = every.filter((pl.col("kind") == "suppress") & (pl.col("field") != ""))
    lying = _pinned(pins(connection)).get("User") if mine.height else None
    humans = people.humans({(block, "record"): known[block, "record"] for block in mine["block_id"]})
    for block, record, field, earlier in mine.select("block_id", "record", "field", "words").iter_rows():
        found = set(json.loads(earlier))
        for user in {record, *(row.id for row in humans[block, "record"])}:
            own = {name: _rows_of(connection, by_name(name), user) for name in ("User", "Demographics")}
            found |= _words(own, {field}, lying, user)
        words = json.dumps(sorted(found), ensure_ascii=False)
        if words != earlier:
            connection.execute("update block set words=? where id=?", (words, block))


def _rows_of(connection: sqlite3.Connection, entity: Entity, user: int) -> list[dict[str, object]]:
    names = ["id", *(c.name for c in entity.columns)]
    by = "id" if entity.name == "User" else "user_id"
    columns = ",".join(f'"{name}"' for name in names)
    rows = connection.execute(f'select {columns} from "{entity.table}" where {by}=?', (user,))
    return [dict(zip(names, row, strict=True)) for row in rows]
