"""The files of deliveries: recorded with their bytes, compressed; read again; their bytes removed when they are old.

Files that are equal share their bytes. The bytes are kept in chunks, so that no large file is whole in memory.
"""

from __future__ import annotations

import json
import sqlite3
import zlib
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from functools import partial
from pathlib import Path
from typing import IO

import polars as pl

from rosterkit.feeds.base import PEOPLE, FeedFile
from rosterkit.feeds.content import INDEX
from rosterkit.feeds.receipt import Sent
from rosterkit.store.database import transaction
from rosterkit.store.earlier_keys import users_now
from rosterkit.store.plans import packed, unpacked

_CHUNK = 4 << 20  # bytes, compressed
_READ = 1 << 20


@dataclass(frozen=True)
class BuiltFile:
    """A file that was built, as it lies on this machine; ``index`` (INDEX) and ``header`` say what it holds of whom."""

    file: FeedFile
    sent: Sent
    path: Path
    index: pl.DataFrame = field(default_factory=lambda: pl.DataFrame(schema=INDEX))
    header: tuple[str, ...] = ()


@dataclass(frozen=True)
class SentFile:
    """What is recorded of a file without its bytes."""

    name: str
    rows: int
    sha256: str
    index: pl.DataFrame  # INDEX
    header: tuple[str, ...]
    people_in: str = ""  # of an archive: the member that ``index`` and ``header`` are of


def add_files(connection: sqlite3.Connection, delivery: int, files: Sequence[BuiltFile]) -> None:
    """Records the files of a delivery with their bytes. Call it within a transaction."""
    for built in files:
        _add_bytes(connection, built)
        connection.execute(
            "insert into sent_file (delivery, name, rows, parts, sha256, people, people_in, header) "
            "values (?,?,?,?,?,?,?,?)",
            (
                *(delivery, built.file.name, built.file.rows, json.dumps(dict(built.file.parts)), built.sent.sha256),
                *(packed(built.index), built.file.people_in, json.dumps(built.header)),
            ),
        )


def _add_bytes(connection: sqlite3.Connection, built: BuiltFile) -> None:
    sha256 = built.sent.sha256
    connection.execute("insert or ignore into sent_body (sha256) values (?)", (sha256,))
    if has_bytes(connection, sha256):
        return
    connection.execute("update sent_body set removed_at=null, removed_why='' where sha256=?", (sha256,))
    for number, chunk in enumerate(_compressed(built.path, built.file.name)):
        connection.execute("insert into sent_chunk (sha256, number, body) values (?,?,?)", (sha256, number, chunk))


def has_bytes(connection: sqlite3.Connection, sha256: str) -> bool:
    """Whether the bytes of that file are still kept."""
    return connection.execute("select 1 from sent_chunk where sha256=? limit 1", (sha256,)).fetchone() is not None


def read_files(connection: sqlite3.Connection, delivery: int) -> tuple[FeedFile, ...]:
    """The files of a delivery as they were built; none where the bytes of one were removed."""
    names = "name, rows, parts, people, people_in, sha256"
    rows = connection.execute(f"select {names} from sent_file where delivery=? order by id", (delivery,)).fetchall()
    if not all(has_bytes(connection, row[-1]) for row in rows):
        return ()
    renamed = users_now(connection, delivery)
    return tuple(
        FeedFile(
            name, partial(_write, connection, sha256), rows, _people(people, renamed), json.loads(parts), people_in
        )
        for name, rows, parts, people, people_in, sha256 in rows
    )


def recorded_files(connection: sqlite3.Connection, delivery: int) -> Iterator[SentFile]:
    """What is recorded of the files of a delivery."""
    renamed = users_now(connection, delivery)
    query = "select name, rows, sha256, people, header, people_in from sent_file where delivery=? order by id"
    for name, rows, sha256, people, header, people_in in connection.execute(query, (delivery,)).fetchall():
        yield SentFile(name, rows, sha256, _index(people, renamed), tuple(json.loads(header)), people_in)


def remove_bytes(connection: sqlite3.Connection, before: datetime, now: datetime, keep: Sequence[int]) -> int:
    """Removes the bytes of files of deliveries that were built before then; the receipts stay. Returns how many.

    ``keep``: the deliveries whose bytes always stay.
    """
    young = "select sha256 from sent_file join delivery on delivery.id=sent_file.delivery"
    young += " where at>=? or delivery.id in (select value from json_each(?))"
    old = f"select sha256 from sent_body where removed_at is null and sha256 not in ({young})"
    found = connection.execute(old, (before.isoformat(), json.dumps(list(keep)))).fetchall()
    if found:
        with transaction(connection):
            connection.executemany("delete from sent_chunk where sha256=?", found)
            connection.executemany(
                "update sent_body set removed_at=?, removed_why='older than keep_sent_days' where sha256=?",
                ((now.isoformat(), sha256) for (sha256,) in found),
            )
    return len(found)


def _people(body: bytes, renamed: Mapping[str, str]) -> pl.DataFrame:
    """PEOPLE, as the feed gave them: without those whom the file itself named."""
    return _index(body, renamed).filter(~pl.col("user").str.starts_with("/")).select(list(PEOPLE))


def _index(body: bytes, renamed: Mapping[str, str]) -> pl.DataFrame:
    """INDEX; ``renamed``: the users who are named otherwise now."""
    frame = unpacked(body)
    frame = frame.with_columns(pl.col("user").replace(renamed)) if renamed else frame
    if "fields" not in frame.columns:  # an older rosterkit recorded it
        frame = frame.with_columns(fields=pl.lit(None, pl.String))
    return frame.select(pl.col(name).cast(kind) for name, kind in INDEX.items())


def _compressed(path: Path, name: str) -> Iterator[bytes]:
    """The bytes of the file as one stream of zlib, in chunks."""
    packer = zlib.compressobj(0 if name.endswith((".zip", ".gz")) else 1)  # what is compressed already stays as it is
    ready = bytearray()
    with path.open("rb") as file:
        for piece in iter(partial(file.read, _READ), b""):
            ready += packer.compress(piece)
            while len(ready) >= _CHUNK:
                yield bytes(ready[:_CHUNK])
                del ready[:_CHUNK]
    yield bytes(ready + packer.flush())


def _write(connection: sqlite3.Connection, sha256: str, out: IO[bytes]) -> None:
    unpacker, number = zlib.decompressobj(), 0
    query = "select body from sent_chunk where sha256=? and number=?"
    while row := connection.execute(query, (sha256, number)).fetchone():
        chunk = row[0]
        while chunk:
            out.write(unpacker.decompress(chunk, _READ))
            chunk = unpacker.unconsumed_tail
        number += 1
    out.write(unpacker.flush())
