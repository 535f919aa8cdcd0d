"""Deliveries of feeds: recorded before anything leaves; the state follows what happens to them.

The states and which may follow each are declared in ``rosterkit.feeds.delivery``.
"""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from datetime import date, datetime
from importlib.metadata import version

import polars as pl

from rosterkit.errors import InternalError, Refused
from rosterkit.feeds.base import LastSent
from rosterkit.feeds.delivery import ARRIVED, FOLLOWS, UNSENT
from rosterkit.feeds.ledger import LEDGER
from rosterkit.feeds.receipt import About, Sent
from rosterkit.store.database import transaction
from rosterkit.store.plans import moment, now
from rosterkit.store.sent_files import BuiltFile, add_files, read_files


@dataclass(frozen=True)
class Step:
    """One state of a delivery, and since when."""

    state: str
    at: datetime


@dataclass(frozen=True)
class Delivery:
    """One build of a feed and what became of it: the receipt."""

    id: int
    feed: str
    kind: str
    target: str
    revision: int
    as_of: date
    at: datetime  # when it was built
    settings_digest: str
    verdict: str
    state: str
    why: str  # why a person must approve it, why it may not leave yet, or why it never leaves; "" where none of it
    actor: str  # who approved or rejected it; "" where nobody did
    reason: str
    files: tuple[Sent, ...]
    compared: Mapping[str, int]
    version: str = ""  # of rosterkit
    origin: str = "built"  # built | given (a file that a person named)
    runs: int = 0  # that began to send it
    error: str = ""  # why the last of them failed
    sent_at: datetime | None = None  # when it arrived
    leaves_at: datetime | None = None  # before then the vendor takes no other file
    steps: tuple[Step, ...] = ()

    @property
    def arrived(self) -> bool:
        """Whether it lies at the target."""
        return self.state in ARRIVED

    @property
    def about(self) -> About:
        """What it is of."""
        return About(self.feed, self.kind, self.revision, self.as_of, self.at, self.settings_digest, self.verdict)


_COLUMNS = (
    *("id", "feed", "kind", "target", "revision", "as_of", "at", "settings_digest", "verdict", "state", "why"),
    *("actor", "reason", "files", "compared", "version", "origin", "runs", "error", "sent_at", "leaves_at", "steps"),
)


def deliveries(
    connection: sqlite3.Connection, feed: str = "", *, states: Sequence[str] = (), limit: int = -1
) -> list[Delivery]:
    """The deliveries, the newest first: all, or those of one feed, or those in one of some states."""
    query = (
        f"select {','.join(_COLUMNS)} from delivery where (?='' or feed=?) "
        "and (?='[]' or state in (select value from json_each(?))) order by id desc limit ?"
    )
    wanted = json.dumps(list(states))
    return [_delivery(row) for row in connection.execute(query, (feed, feed, wanted, wanted, limit))]


def newest(connection: sqlite3.Connection, feed: str, *states: str) -> Delivery | None:
    """The newest delivery of that feed, or the newest in one of these states."""
    return next(iter(deliveries(connection, feed, states=states, limit=1)), None)


def find(connection: sqlite3.Connection, delivery: int) -> Delivery:
    """The delivery with that id."""
    row = connection.execute(f"select {','.join(_COLUMNS)} from delivery where id=?", (delivery,)).fetchone()
    if row is None:
        raise Refused(f"There is no delivery {delivery}. See: rosterkit feed log", why="no-delivery")
    return _delivery(row)


def _delivery(row: Sequence[object]) -> Delivery:
    value = dict(zip(_COLUMNS, row, strict=True))
    value["files"] = tuple(Sent(**file) for file in json.loads(str(value["files"])))
    value["compared"] = json.loads(str(value["compared"]))
    value["as_of"] = date.fromisoformat(str(value["as_of"]))
    value["steps"] = tuple(Step(state, moment(at)) for state, at in json.loads(str(value["steps"])))
    for name in ("at", "sent_at", "leaves_at"):
        value[name] = moment(str(value[name])) if value[name] else None
    return Delivery(**value)  # type: ignore[arg-type] # the columns of the table


def record(
    connection: sqlite3.Connection, about: About, target: str, files: Sequence[BuiltFile], *, origin: str = "built"
) -> int:
    """Records a delivery with its bytes, in state ``built``; returns its id. What was not sent yet is superseded."""
    at = now().isoformat()
    value = {
        "feed": about.feed,
        "kind": about.kind,
        "target": target,
        "revision": about.revision,
        "as_of": about.as_of.isoformat(),
        "at": about.built_at.isoformat(),
        "settings_digest": about.settings_digest,
        "verdict": about.verdict,
        "state": "built",
        "why": "",
        "actor": "",
        "reason": "",
        "files": json.dumps([asdict(built.sent) for built in files]),
        "compared": "{}",
        "version": version("rosterkit"),
        "origin": origin,
        "steps": json.dumps([["built", at]]),
    }
    with transaction(connection):
        for old in deliveries(connection, about.feed, states=UNSENT):
            _move(connection, old.id, "superseded", at)
        done = connection.execute(
            f"insert into delivery ({','.join(value)}) values ({','.join('?' * len(value))})", tuple(value.values())
        )
        delivery = int(done.lastrowid or 0)
        add_files(connection, delivery, files)
    return delivery


def check(
    connection: sqlite3.Connection, delivery: int, verdict: str, compared: Mapping[str, int], state: str, why: str
) -> None:
    """Records the verdict on a delivery and what follows from it, as one: ``state`` is ``checked`` where it may leave.

    A run that is killed between the two would leave a file that may go, though it was to wait or never to leave.
    """
    at = now().isoformat()
    with transaction(connection):
        _move(connection, delivery, "checked", at, verdict=verdict, compared=json.dumps(dict(compared)))
        if state != "checked":
            _move(connection, delivery, state, at, why=why)


def move(connection: sqlite3.Connection, delivery: int, state: str, **values: object) -> None:
    """Brings a delivery into its next state, with other columns of it; InternalError where that state cannot follow."""
    with transaction(connection):
        _move(connection, delivery, state, now().isoformat(), **values)


def note(connection: sqlite3.Connection, delivery: int, **values: object) -> None:
    """Writes columns of a delivery, such as why it does not leave yet; its state stays."""
    names = ", ".join(f"{name}=?" for name in values)
    with transaction(connection):
        connection.execute(f"update delivery set {names} where id=?", (*values.values(), delivery))


def _move(connection: sqlite3.Connection, delivery: int, state: str, at: str, **values: object) -> None:
    before = json.dumps([name for name, following in FOLLOWS.items() if state in following])
    names = "".join(f", {name}=?" for name in values)
    done = connection.execute(
        f"update delivery set state=?, steps=json_insert(steps, '$[#]', json_array(?, ?)){names} "
        "where id=? and state in (select value from json_each(?))",
        (state, state, at, *values.values(), delivery, before),
    )
    if done.rowcount != 1:
        raise InternalError(f"Delivery {delivery} cannot become {state}.")


def send(
    connection: sqlite3.Connection, delivery: int, feed: str, identifiers: pl.DataFrame | None, **values: object
) -> None:
    """Records that a delivery leaves now. ``identifiers`` go to the ledger: the vendor may know them from now on."""
    rows = [] if identifiers is None else identifiers.select(list(LEDGER)).rows()
    with transaction(connection):
        _move(connection, delivery, "sending", now().isoformat(), **values)
        connection.execute("update delivery set runs=runs+1, error='' where id=?", (delivery,))
        connection.executemany(
            "insert or ignore into ledger (feed, user, kind, value) values (?,?,?,?)", [(feed, *row) for row in rows]
        )


def arrived(connection: sqlite3.Connection, delivery: int, state: str, files: Sequence[Sent]) -> None:
    """Records what lies at the target now; ``state`` is ``sent`` or ``verified``."""
    text = json.dumps([asdict(file) for file in files])
    move(connection, delivery, state, files=text, sent_at=now().isoformat(), error="")


def last_arrived(connection: sqlite3.Connection, feed: str) -> Delivery | None:
    """What lies at the target now, as far as we brought it there."""
    return newest(connection, feed, *ARRIVED)


def perhaps_arrived(connection: sqlite3.Connection, feed: str) -> list[Delivery]:
    """What failed or was interrupted since a file last arrived, the newest first: it may have arrived all the same."""
    last, begun = last_arrived(connection, feed), deliveries(connection, feed, states=("failed", "sending"))
    return [one for one in begun if last is None or one.id > last.id]


def last_sent(connection: sqlite3.Connection, feed: str) -> tuple[Delivery, LastSent] | None:
    """What the feed last sent, and its bytes; None where it never sent anything, or its bytes were removed."""
    sent = last_arrived(connection, feed)
    files = read_files(connection, sent.id) if sent else ()
    return (sent, LastSent(files, sent.sent_at or sent.at, sent.as_of)) if sent and files else None


def revision_seen(connection: sqlite3.Connection, feed: str) -> int:
    """The newest revision of which a file was verified at the target, or was the same as one that was; 0: of none.

    Files that a person named count for nothing: they may hold what was blocked since. Nor does what one of them may
    have taken the place of, seen there or not.
    """
    verified = newest(connection, feed, "verified")
    last = last_arrived(connection, feed)
    if verified is None:
        return 0
    begun = deliveries(connection, feed, states=("sending", "failed", *ARRIVED))
    if any(one.origin == "given" for one in begun if one.id >= verified.id):
        return 0
    same = newest(connection, feed, "unchanged")
    if last and last.id == verified.id and same and same.id > verified.id:
        return same.revision
    return verified.revision


def built_since(connection: sqlite3.Connection, sha256: str, revision: int) -> bool:
    """Whether rosterkit itself built these bytes, of that revision or a newer one."""
    made = "sent_file join delivery on delivery.id=sent_file.delivery"
    query = f"select 1 from {made} where sha256=? and revision>=? and origin!='given' limit 1"
    return connection.execute(query, (sha256, revision)).fetchone() is not None


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
