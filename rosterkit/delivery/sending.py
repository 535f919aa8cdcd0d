"""Sends what was built, and ends what an earlier run began: never twice, never half, never lost.

A delivery is in state ``sending`` before the first byte leaves. Where a run ends then (a kill, a power cut), the next
run finds it in that state. It looks at the target by name, size and bytes: what lies there is recorded as arrived, and
only what does not is sent. Files of an older revision are not sent any more: a newer build takes their place.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Collection, Mapping, Sequence
from dataclasses import replace
from datetime import timedelta
from pathlib import Path

from rosterkit.config import Config
from rosterkit.delivery.configured_feed import ConfiguredFeed
from rosterkit.errors import Busy, NotDelivered, Refused, RosterkitError
from rosterkit.feeds.base import FeedFile
from rosterkit.feeds.delivery import after_sending, may_leave_from
from rosterkit.feeds.ledger import entries
from rosterkit.feeds.receipt import Sent, receipt
from rosterkit.sources.base import Progress
from rosterkit.store import deliveries, plans
from rosterkit.store.deliveries import Delivery
from rosterkit.store.sent_files import read_files, remove_bytes
from rosterkit.store.snapshot import revision_of
from rosterkit.transport.base import Delivered, Found, Outgoing
from rosterkit.transport.place import open_place
from rosterkit.transport.settings import FolderSettings

_Others = Mapping[str, Collection[int]]
"""By name, the sizes of other files that may lie at the target."""


def require_going(connection: sqlite3.Connection, feed: str) -> None:
    """Raises Refused where somebody paused the feed."""
    if pause := deliveries.paused(connection, feed):
        raise Refused(f"{pause} To go on: rosterkit feed resume {feed}", why="paused")


def is_current(connection: sqlite3.Connection, feed: ConfiguredFeed, delivery: Delivery) -> bool:
    """Whether roster and settings are still those that the delivery was built of."""
    same = delivery.revision == revision_of(connection) and delivery.settings_digest == feed.entry.digest
    return same and delivery.kind == feed.entry.kind


def leave(
    connection: sqlite3.Connection,
    feed: ConfiguredFeed,
    delivery: Delivery,
    progress: Progress,
    *,
    bodies: Mapping[str, Path] | None = None,
    **values: object,
) -> Delivery:
    """Sends a delivery now, or leaves it ``checked`` where the vendor takes no other file yet.

    ``bodies``: the files by name where they lie on this machine; else the recorded bytes are sent. ``values``: other
    columns of the delivery, such as ``actor``. Raises what ``Place.deliver`` raises; the delivery is ``failed`` then.
    """
    last = deliveries.last_arrived(connection, feed.name)
    if at := may_leave_from(feed.feed.vendor, last.sent_at if last else None, plans.now()):
        return _later(connection, feed, delivery, at.isoformat(), values)
    files = read_files(connection, delivery.id)
    kinds = feed.feed.identifiers(feed.entry.settings)
    identifiers = entries(files, kinds) if kinds else None
    others = _others(connection, feed, delivery)
    deliveries.send(connection, delivery.id, feed.name, identifiers, why="", leaves_at=None, **values)
    outgoing = [Outgoing(file.name, (bodies or {}).get(file.name, file.write)) for file in files]
    try:
        there = () if delivery.runs else _found_there(feed, delivery, outgoing, others)
        there = there or _bring(feed, delivery, files, outgoing, progress, others if delivery.runs else None)
    except RosterkitError as problem:
        deliveries.move(connection, delivery.id, "failed", error=str(problem))
        raise
    return _arrived(connection, feed, delivery, there)


def _found_there(
    feed: ConfiguredFeed, delivery: Delivery, outgoing: Sequence[Outgoing], others: _Others
) -> Sequence[Sent]:
    """The files of a new delivery as a failed one brought them, the answer to which was lost; none where it did not."""
    if feed.is_outbox or not others:  # a folder of ours loses no answer
        return ()
    try:
        return _seen(feed, delivery, outgoing, others)
    except NotDelivered:
        return ()  # nobody can look, and it was not sent yet


def _later(
    connection: sqlite3.Connection, feed: ConfiguredFeed, delivery: Delivery, at: str, values: Mapping[str, object]
) -> Delivery:
    vendor = feed.feed.vendor
    why = f"{vendor.name} takes a file at most once in {vendor.min_hours_between} hours"
    if delivery.state == "waiting":
        deliveries.move(connection, delivery.id, "checked", why=why, leaves_at=at, **values)
    else:
        deliveries.note(connection, delivery.id, why=why, leaves_at=at, **values)
    return deliveries.find(connection, delivery.id)


def _others(connection: sqlite3.Connection, feed: ConfiguredFeed, delivery: Delivery) -> _Others:
    """By name, the sizes of what may lie at the target beside this delivery; empty where nothing of ours may.

    What failed may lie there all the same, when only the answer was lost. A delivery that no run began to send was
    never there: an equal size says nothing of it.
    """
    last = deliveries.last_arrived(connection, feed.name)
    failed = [one for one in deliveries.perhaps_arrived(connection, feed.name) if one.id != delivery.id]
    if not delivery.runs:
        return _sizes([*filter(None, [last]), *failed, delivery]) if failed else {}
    return _sizes([*filter(None, [last]), *failed])


def _sizes(every: Sequence[Delivery]) -> _Others:
    found: dict[str, set[int]] = {}
    for file in (file for one in every for file in one.files):
        found.setdefault(Path(file.name).name, set()).add(file.bytes)
    return found


def _bring(
    feed: ConfiguredFeed,
    delivery: Delivery,
    files: Sequence[FeedFile],
    outgoing: Sequence[Outgoing],
    progress: Progress,
    look_first: _Others | None,
) -> tuple[Sent, ...]:
    with feed.place([file.name for file in files]) as place:
        done = place.deliver(outgoing, progress, look_first=look_first)
        target = place.name
    there = _lying(feed, files, done)
    if feed.is_outbox:
        _write_receipt(feed, receipt(delivery.about, there, target))
    return there


def _lying(feed: ConfiguredFeed, files: Sequence[FeedFile], done: Sequence[Delivered]) -> tuple[Sent, ...]:
    rows = {file.name: file.rows for file in files}
    folder = feed.subfolder([*rows])
    return tuple(
        Sent(
            f"{folder}/{file.name}" if folder else file.name,
            rows[file.name],
            file.bytes,
            file.sha256,
            file.where,
            str(file.verified),
            file.why,
            file.attempts,
        )
        for file in done
    )


def _write_receipt(feed: ConfiguredFeed, body: bytes) -> None:
    """Puts the receipt beside the files, after them."""
    with open_place(FolderSettings(transport="folder", path=str(feed.outbox.absolute())), feed.folder) as place:
        place.deliver([Outgoing(f"{feed.name}.receipt.json", body)])


def _arrived(
    connection: sqlite3.Connection, feed: ConfiguredFeed, delivery: Delivery, there: Sequence[Sent]
) -> Delivery:
    try:
        deliveries.arrived(connection, delivery.id, after_sending(there), there)
    except Busy:
        raise Busy(
            f"The files are at {delivery.target}, but another program holds the store, so that this is not recorded. "
            f"End that program, and run: rosterkit feed send {feed.name}. It finds the files, and sends nothing again."
        ) from None
    return deliveries.find(connection, delivery.id)


def end_interrupted(connection: sqlite3.Connection, feed: ConfiguredFeed, progress: Progress) -> Delivery | None:
    """Ends the delivery that an earlier run left in ``sending``; None where there is none.

    It is recorded as arrived where the target holds it. Otherwise it is sent now where it is still the newest, and is
    ``failed`` where roster, settings or target have changed since. Raises NotDelivered where the target cannot be
    looked at: the delivery stays as it is, and nothing is sent.
    """
    delivery = deliveries.newest(connection, feed.name, "sending")
    if delivery is None:
        return None
    files = read_files(connection, delivery.id)
    outgoing = [Outgoing(file.name, file.write) for file in files]
    others = _others(connection, feed, delivery)
    current = is_current(connection, feed, delivery)
    if current and not deliveries.paused(connection, feed.name):
        try:
            there = _bring(feed, delivery, files, outgoing, progress, others)
        except NotDelivered:
            raise  # nobody knows yet whether it lies there
        except RosterkitError as problem:
            deliveries.move(connection, delivery.id, "failed", error=str(problem))
            raise
        return _arrived(connection, feed, delivery, there)
    if delivery.target == feed.target() and (seen := _seen(feed, delivery, outgoing, others)):
        return _arrived(connection, feed, delivery, seen)
    why = "A run ended while it sent this. It is not at the target, or nobody may look there; newer files follow."
    deliveries.move(connection, delivery.id, "failed", error=why)
    return deliveries.find(connection, delivery.id)


def _seen(feed: ConfiguredFeed, delivery: Delivery, outgoing: Sequence[Outgoing], others: _Others) -> Sequence[Sent]:
    """The files of the delivery as they lie at the target; none where one of them does not, or nobody may look."""
    found = _look(feed, outgoing, others)
    if not all(one.there for one in found):
        return ()
    pairs = zip(delivery.files, found, strict=True)
    return [replace(file, where=one.where, verified=str(one.verified), why=one.why) for file, one in pairs]


def _look(feed: ConfiguredFeed, outgoing: Sequence[Outgoing], others: _Others) -> Sequence[Found]:
    with feed.place([file.name for file in outgoing]) as place:
        return place.look_up(outgoing, others)


def is_still_there(connection: sqlite3.Connection, feed: ConfiguredFeed, last: Delivery) -> bool:
    """Whether the target holds what arrived there last.

    Where nobody can look, it does; but not where it may be another target, or where something that failed may have
    taken its place.
    """
    failed = deliveries.perhaps_arrived(connection, feed.name)
    doubt = bool(failed) or last.settings_digest != feed.entry.digest
    outgoing = [Outgoing(file.name, file.write) for file in read_files(connection, last.id)]
    try:
        found = _look(feed, outgoing, _sizes([*failed, last]) if doubt else {})
    except NotDelivered:
        return not doubt
    return all(one.there if doubt else one.there is not False for one in found)


def forget_old_bytes(connection: sqlite3.Connection, config: Config) -> int:
    """Removes the bytes of files that are older than the setting keeps them. Returns of how many."""
    now = plans.now()
    keep = [last.id for feed in config.feeds if (last := deliveries.last_arrived(connection, feed))]
    keep += [newest.id for feed in config.feeds if (newest := deliveries.newest(connection, feed))]
    keep += [one.id for one in deliveries.deliveries(connection, states=("sending",))]
    return remove_bytes(connection, now - timedelta(days=config.delivery.keep_sent_days), now, keep)
