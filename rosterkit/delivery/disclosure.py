"""What left about a person: when, to whom, in which file and which fields. Also of a person who was purged.

Each delivery is recorded with which row is whose, and which columns had a value in it. Files without rows of people
(enrollments, classes) are searched for the person's ids, as long as their bytes are kept.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Collection, Iterator
from pathlib import Path

import polars as pl

from rosterkit import registry
from rosterkit.config import Config
from rosterkit.errors import UsageError
from rosterkit.feeds.base import FeedFile
from rosterkit.feeds.content import tables
from rosterkit.feeds.ledger import PURGED
from rosterkit.results import Disclosure
from rosterkit.roster.schema import by_name
from rosterkit.store import deliveries, tombstones
from rosterkit.store.deliveries import Delivery
from rosterkit.store.earlier_keys import users_now
from rosterkit.store.lookup import BY_HAND, find_record
from rosterkit.store.sent_files import SentFile, read_files, recorded_files

_LEFT = ("sending", "sent", "verified", "failed")


def disclosed(folder: Path, connection: sqlite3.Connection, config: Config, person: str) -> tuple[Disclosure, ...]:
    """What left about a person, the newest first. ``person``: a sourced id, or SOURCE/SOURCED_ID.

    Raises UsageError where nobody of that id is or was in the store.
    """
    users = _keys(folder, connection, config, person)
    out: list[Disclosure] = []
    for delivery in deliveries.deliveries(connection, states=_LEFT):
        if delivery.runs:
            out += _of_delivery(connection, delivery, users)
    return tuple(out)


def _keys(folder: Path, connection: sqlite3.Connection, config: Config, person: str) -> set[str]:
    """Every form in which the person's key may stand in what is recorded."""
    try:
        found = find_record(connection, by_name("User"), person)
    except UsageError:
        buried = tombstones.hashes(folder, connection, _candidates(config, person))
        if not buried:
            raise
        return buried
    return {f"{found.source}/{found.sourced_id}", f"/{found.sourced_id}"}


def _candidates(config: Config, person: str) -> Iterator[str]:
    yield person
    yield f"/{person}"
    for source in (*config.sources, *BY_HAND):
        yield f"{source}/{person}"


def _of_delivery(connection: sqlite3.Connection, delivery: Delivery, users: Collection[str]) -> Iterator[Disclosure]:
    recorded = list(recorded_files(connection, delivery.id))
    own = {file.name: _own_rows(file, users) for file in recorded}
    files = {file.name: file for file in read_files(connection, delivery.id)}
    earlier = {before for before, now in users_now(connection, delivery.id).items() if now in users}
    ids = _ids(files, own, {*users, *earlier}, delivery.kind)
    for file in recorded:
        rows = own[file.name]
        if rows.height:
            for state, mine in rows.group_by("state", maintain_order=True):
                numbers = tuple(mine["row"])
                shown = f"{file.name}/{file.people_in}" if file.people_in else file.name
                yield _disclosure(delivery, shown, str(state[0]), numbers, _fields(file, mine))
        if file.name in files and (rows.is_empty() or file.name.endswith(".zip")):
            yield from _searched(delivery, files[file.name], ids, indexed=rows.height > 0)


def _own_rows(file: SentFile, users: Collection[str]) -> pl.DataFrame:
    return file.index.filter(pl.col("user").is_in(list(users)) & (pl.col("state") != "withheld"))


def _fields(file: SentFile, rows: pl.DataFrame) -> tuple[str, ...]:
    """The columns that had a value in one of the rows."""
    marks = rows["fields"].drop_nulls().to_list()
    return tuple(name for place, name in enumerate(file.header) if any(mark[place] == "1" for mark in marks))


def _ids(files: dict[str, FeedFile], own: dict[str, pl.DataFrame], users: Collection[str], kind: str) -> frozenset[str]:
    """What names the person in files of other things: the sourced id, and the vendor's own identifiers."""
    ids = {user.partition("/")[2] for user in users if not user.startswith(PURGED)}
    columns = registry.feed(kind).vendor.never_changes
    for name, rows in own.items():
        if rows.height and name in files:
            for _, table in tables(files[name]):
                mine = table.filter(pl.col("row").is_in(rows["row"].implode()))
                ids |= {value for column in columns if column in table.columns for value in mine[column].drop_nulls()}
    return frozenset(ids)


def _searched(delivery: Delivery, file: FeedFile, ids: frozenset[str], *, indexed: bool) -> Iterator[Disclosure]:
    """Rows in which one of the ids stands in a cell, alone or in a list."""
    if not ids:
        return
    for name, table in tables(file):
        if indexed and name == file.people_in:
            continue
        cells = [pl.col(column) for column in table.columns if column != "row"]
        parts = [cell.str.split(",").list.eval(pl.element().str.strip_chars()) for cell in cells]
        named = [part.list.set_intersection(list(ids)).list.len() > 0 for part in parts]
        rows = table.filter(pl.any_horizontal(named).fill_null(value=False))
        if rows.height:
            fields = tuple(column for column in table.columns if column != "row" and rows[column].count())
            shown = name if name == file.name else f"{file.name}/{name}"
            yield _disclosure(delivery, shown, "named", tuple(rows["row"]), fields)


def _disclosure(
    delivery: Delivery, file: str, state: str, rows: tuple[int, ...], fields: tuple[str, ...]
) -> Disclosure:
    vendor = registry.feed(delivery.kind).vendor.name
    at = delivery.sent_at or delivery.steps[-1].at if delivery.steps else delivery.at
    return Disclosure(
        delivery.id, delivery.feed, vendor, delivery.target, at, delivery.arrived, file, state, rows, fields
    )
