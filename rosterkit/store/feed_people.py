"""What feeds show of one person: the record in the file that was sent last, and its cells."""

from __future__ import annotations

import csv
import io
import sqlite3
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from itertools import islice

import polars as pl

from rosterkit.feeds.base import FeedFile
from rosterkit.store import deliveries
from rosterkit.store.sent_files import read_files, recorded_files

_LARGEST = 50_000  # records of a file whose cells are read


@dataclass(frozen=True, slots=True)
class Shown:
    """One record of a file that was sent last. ``cells``: by heading, where the file is CSV of moderate size."""

    feed: str
    file: str
    row: int  # 0 where it was withheld
    state: str  # sent | kept | leaving | withheld
    at: datetime
    cells: dict[str, str]


def shown(connection: sqlite3.Connection, feeds: Iterable[str], users: Iterable[str]) -> list[Shown]:
    """What each feed last showed of these users ("source/sourced_id")."""
    wanted = list(users)
    out = []
    for feed in feeds:
        sent = deliveries.last_arrived(connection, feed)
        for file in read_files(connection, sent.id) if sent else ():
            assert sent is not None
            mine = file.people.filter(pl.col("user").is_in(wanted))
            for row, state in mine.select("row", "state").iter_rows():
                out.append(Shown(feed, file.name, row, state, sent.at, _cells(file, row)))
    return out


def _cells(file: FeedFile, row: int) -> dict[str, str]:
    if not row or file.rows > _LARGEST or not file.name.endswith(".csv"):
        return {}
    reader = csv.reader(io.StringIO(file.content.decode("utf-8-sig", errors="replace")))
    header = next(reader, [])
    cells = next(islice(reader, row - 1, None), [])
    return {name: cell for name, cell in zip(header, cells, strict=False) if cell}


def whole_rosters(connection: sqlite3.Connection, feeds: Iterable[str]) -> list[str]:
    """The feeds whose last file says of no record whose it is: packages of the whole roster."""
    out = []
    for feed in feeds:
        sent = deliveries.last_arrived(connection, feed)
        files = list(recorded_files(connection, sent.id)) if sent else []
        if files and all(file.index.is_empty() for file in files):
            out.append(feed)
    return out
