"""What feeds built and sent: recorded before anything leaves; the state follows what happens to it.

``state`` of a delivery:

==========  ========================================================================================================
waiting     a person must approve it
sending     it leaves now; where a run ended meanwhile, nobody knows whether it arrived
sent        it lies at the target
failed      it did not arrive
refused     the vendor would ignore or reject it: it never leaves
rejected    a person rejected it
superseded  a newer file took its place while it waited
==========  ========================================================================================================
"""

from __future__ import annotations

import io
import json
import sqlite3
import zlib
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from datetime import date, datetime
from functools import partial
from pathlib import Path
from typing import IO

import polars as pl

from rosterkit.errors import Refused
from rosterkit.feeds.base import PEOPLE, FeedFile, LastSent
from rosterkit.feeds.ledger import LEDGER
from rosterkit.feeds.receipt import About, Sent
from rosterkit.store.database import transaction
from rosterkit.store.plans import moment, now, packed, unpacked

__all__ = [
    "BuiltFile",
    "Delivery",
    "begin",
    "decide",
    "deliveries",
    "end",
    "fail",
    "files_of",
    "last_sent",
    "ledger",
    "pause",
    "paused",
    "resume",
    "send",
    "waiting",
]

_CHUNK = 1 << 20


@dataclass(frozen=True)
class Delivery:
    """One build of a feed and what became of it."""

    id: int
    feed: str
    kind: str
    target: str
    revision: int
    as_of: date
    at: datetime
    settings_digest: str
    verdict: str
    state: str
    why: str  # why a person must approve it, or why it never leaves; "" where neither
    actor: str  # who approved or rejected it; "" where nobody did
    reason: str
    files: tuple[Sent, ...]
    compared: Mapping[str, int]


@dataclass(frozen=True)
class BuiltFile:
    """A file that was built, as it lies on this machine."""

    file: FeedFile
    sent: Sent
    path: Path


_COLUMNS = (
    *("id", "feed", "kind", "target", "revision", "as_of", "at", "settings_digest", "verdict", "state", "why"),
    *("actor", "reason", "files", "compared"),
)


def deliveries(connection: sqlite3.Connection, feed: str = "", *, state: str = "") -> list[Delivery]:
    """The deliveries, the newest first: all, or those of one feed, or those in one state."""
    query = f"select {','.join(_COLUMNS)} from delivery where (?='' or feed=?) and (?='' or state=?) order by id desc"
    return [_delivery(row) for row in connection.execute(query, (feed, feed, state, state))]


def _delivery(row: Sequence[object]) -> Delivery:
    value = dict(zip(_COLUMNS, row, strict=True))
    value["files"] = tuple(Sent(**file) for file in json.loads(str(value["files"])))
    value["compared"] = json.loads(str(value["compared"]))
    value["as_of"] = date.fromisoformat(str(value["as_of"]))
    value["at"] = moment(str(value["at"]))
    return Delivery(**value)  # type: ignore[arg-type] # the columns of the table


def waiting(connection: sqlite3.Connection, feed: str) -> Delivery | None:
    """The delivery of that feed that waits for a person."""
    return next(iter(deliveries(connection, feed, state="waiting")), None)


def begin(
    connection: sqlite3.Connection,
    about: About,
    target: str,
    files: Sequence[BuiltFile],
    *,
    state: str,
    why: str = "",
    compared: Mapping[str, int] | None = None,
    identifiers: pl.DataFrame | None = None,
) -> int:
    """Records a delivery with its bytes, in state ``sending``, ``waiting`` or ``refused``; returns its id.

    What waited before is superseded. Of one that is sent, ``identifiers`` go to the ledger: they may be known to the
    vendor from now on.
    """
    value = {
        "feed": about.feed,
        "kind": about.kind,
        "target": target,
        "revision": about.revision,
        "as_of": about.as_of.isoformat(),
        "at": about.built_at.isoformat(),
        "settings_digest": about.settings_digest,
        "verdict": about.verdict,
        "state": state,
        "why": why,
        "actor": "",
        "reason": "",
        "files": json.dumps([asdict(built.sent) for built in files]),
        "compared": json.dumps(dict(compared or {})),
    }
    bodies = [(built.sent.sha256, _compressed(built.path, built.file.name)) for built in files]
    with transaction(connection):
        connection.execute("update delivery set state='superseded' where feed=? and state='waiting'", (about.feed,))
        done = connection.execute(
            f"insert into delivery ({','.join(value)}) values ({','.join('?' * len(value))})", tuple(value.values())
        )
        delivery = int(done.lastrowid or 0)
        connection.executemany("insert or ignore into sent_body (sha256, body) values (?,?)", bodies)
        connection.executemany(
            "insert into sent_file (delivery, name, rows, parts, sha256, people) values (?,?,?,?,?,?)",
            [
                (
                    delivery,
                    b.file.name,
                    b.file.rows,
                    json.dumps(dict(b.file.parts)),
                    b.sent.sha256,
                    packed(b.file.people),
                )
                for b in files
            ],
        )
        if state == "sending":
            _remember(connection, about.feed, identifiers)
    return delivery


def send(
    connection: sqlite3.Connection, delivery: Delivery, identifiers: pl.DataFrame | None, actor: str, reason: str
) -> None:
    """Records that a delivery that waited is approved and leaves now."""
    with transaction(connection):
        connection.execute(
            "update delivery set state='sending', actor=?, reason=? where id=?", (actor, reason, delivery.id)
        )
        _remember(connection, delivery.feed, identifiers)


def _remember(connection: sqlite3.Connection, feed: str, identifiers: pl.DataFrame | None) -> None:
    rows = [] if identifiers is None else identifiers.select(list(LEDGER)).rows()
    connection.executemany(
        "insert or ignore into ledger (feed, user, kind, value) values (?,?,?,?)", [(feed, *row) for row in rows]
    )


def end(connection: sqlite3.Connection, delivery: int, files: Sequence[Sent]) -> None:
    """Records what lies at the target now."""
    text = json.dumps([asdict(file) for file in files])
    with transaction(connection):
        connection.execute("update delivery set state='sent', files=? where id=?", (text, delivery))


def fail(connection: sqlite3.Connection, delivery: int) -> None:
    """Records that nothing was sent, and what lay at the target stays."""
    with transaction(connection):
        connection.execute("update delivery set state='failed' where id=?", (delivery,))


def decide(connection: sqlite3.Connection, delivery: int, state: str, actor: str, reason: str) -> None:
    """Records a person's decision on a delivery that waits."""
    with transaction(connection):
        connection.execute(
            "update delivery set state=?, actor=?, reason=? where id=?", (state, actor, reason, delivery)
        )


def last_sent(connection: sqlite3.Connection, feed: str) -> tuple[Delivery, LastSent] | None:
    """What the feed last sent, and its bytes; None where it never sent anything."""
    sent = next(iter(deliveries(connection, feed, state="sent")), None)
    return (sent, LastSent(files_of(connection, sent.id), sent.at, sent.as_of)) if sent else None


def files_of(connection: sqlite3.Connection, delivery: int) -> tuple[FeedFile, ...]:
    """The files of a delivery as they were built."""
    files = "sent_file join sent_body using (sha256)"
    query = f"select name, rows, parts, people, body from {files} where delivery=? order by id"
    return tuple(
        FeedFile(name, partial(_decompress, body), rows, _people(people), json.loads(parts))
        for name, rows, parts, people, body in connection.execute(query, (delivery,))
    )


def ledger(connection: sqlite3.Connection, feed: str) -> pl.DataFrame:
    """Every identifier that the feed ever sent: LEDGER."""
    rows = connection.execute("select user, kind, value from ledger where feed=?", (feed,)).fetchall()
    return pl.DataFrame(rows, schema=LEDGER, orient="row")


def paused(connection: sqlite3.Connection, feed: str) -> str:
    """Who paused the feed, and why, in a sentence; "" where it is not paused."""
    row = connection.execute("select actor, reason from feed_pause where feed=?", (feed,)).fetchone()
    return f"{row[0]} paused the feed {feed}: {row[1]}." if row else ""


def pause(connection: sqlite3.Connection, feed: str, actor: str, reason: str) -> None:
    """Pauses a feed: nothing of it is built or sent."""
    with transaction(connection):
        connection.execute(
            "insert or replace into feed_pause (feed, actor, reason, at) values (?,?,?,?)",
            (feed, actor, reason, now().isoformat()),
        )


def resume(connection: sqlite3.Connection, feed: str) -> None:
    """Ends a pause; Refused where the feed is not paused."""
    with transaction(connection):
        if not connection.execute("delete from feed_pause where feed=?", (feed,)).rowcount:
            raise Refused(f"The feed {feed} is not paused.", why="not-paused")


def _people(body: bytes) -> pl.DataFrame:
    return unpacked(body).cast(PEOPLE)  # type: ignore[arg-type] # a schema is what is meant


def _compressed(path: Path, name: str) -> bytes:
    packer = zlib.compressobj(0 if name.endswith((".zip", ".gz")) else 1)  # what is compressed already is kept as it is
    with path.open("rb") as file:
        parts = [packer.compress(chunk) for chunk in iter(partial(file.read, _CHUNK), b"")]
    return b"".join([*parts, packer.flush()])


def _decompress(body: bytes, out: IO[bytes]) -> None:
    packed_in, unpacker = io.BytesIO(body), zlib.decompressobj()
    while chunk := packed_in.read(_CHUNK):
        out.write(unpacker.decompress(chunk))
    out.write(unpacker.flush())
