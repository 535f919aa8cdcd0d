"""How feeds stand: when each was last sent, when it is next, what waits, what is alarming, and what vendors hold."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator
from datetime import datetime
from itertools import takewhile
from pathlib import Path

import polars as pl

from rosterkit.clock import Clock, between, next_slot
from rosterkit.config import Config
from rosterkit.delivery.configured_feed import ConfiguredFeed, clock_of, configured
from rosterkit.errors import UsageError
from rosterkit.feeds.alarms import Standing, alarms
from rosterkit.results import FeedStatus, Holding
from rosterkit.roster import findings
from rosterkit.store import deliveries, plans
from rosterkit.store.blocks import blocks_of_feed
from rosterkit.store.deliveries import Delivery
from rosterkit.store.snapshot import revision_of
from rosterkit.transport.credentials import Credential, credentials


def feed_alarms(folder: Path, connection: sqlite3.Connection, config: Config) -> pl.DataFrame:
    """The alarms of all feeds: FINDINGS, ``file`` is the feed's name. Empty where all is well."""
    return findings.concat(feed_status(folder, connection, config, name).alarms for name in config.feeds)


def feed_status(folder: Path, connection: sqlite3.Connection, config: Config, name: str) -> FeedStatus:
    """How one feed stands now."""
    feed = configured(folder, config, name)
    now = plans.now()
    newest = deliveries.newest(connection, feed.name)
    last, same = deliveries.last_arrived(connection, feed.name), deliveries.newest(connection, feed.name, "unchanged")
    verified = deliveries.newest(connection, feed.name, "verified")
    at = max(filter(None, (_arrived_at(last), same.at if same else None)), default=None)
    clock = clock_of(feed.entry, config.zone)
    due = next_slot(clock, now) if clock else None
    standing = Standing(
        feed.name,
        newest.state if newest else "",
        newest.why if newest else "",
        newest.error if newest else "",
        at,
        _waits_since(connection, feed.name),
        _allowed_hours(feed, clock, now),
        deliveries.paused(connection, feed.name),
        _credentials(feed),
    )
    found = alarms(standing, config.delivery, now, now.astimezone(config.zone).date())
    return FeedStatus(
        feed.name,
        feed.entry.kind,
        feed.feed.vendor.name,
        last.target if last else _target(feed),
        standing.state,
        standing.error or standing.why,
        at,
        verified.sent_at if verified else None,
        (now - at).total_seconds() / 3600 if at else None,
        _next_at(newest, due.at if due else None),
        _waits(newest),
        standing.paused,
        findings.concat([still_shown(connection, feed), found]),
        tuple(standing.credentials),
    )


def _arrived_at(last: Delivery | None) -> datetime | None:
    return (last.sent_at or last.at) if last else None


def _allowed_hours(feed: ConfiguredFeed, clock: Clock | None, now: datetime) -> float | None:
    if feed.entry.stale_hours is not None:
        return float(feed.entry.stale_hours)
    interval = between(clock, now) if clock else None
    return 2 * interval.total_seconds() / 3600 if interval else None


def _next_at(newest: Delivery | None, due: datetime | None) -> datetime | None:
    """When the next file is due: not before the vendor takes one."""
    leaves = newest.leaves_at if newest and newest.state == "checked" and newest.leaves_at else None
    return max(due, leaves) if due and leaves else leaves or due


def _waits(newest: Delivery | None) -> str:
    if newest is None:
        return ""
    if newest.state == "waiting":
        return f"a person: {newest.why}"
    if newest.state == "checked":
        return newest.why or "it is built and not sent"
    return ""


def _waits_since(connection: sqlite3.Connection, feed: str) -> datetime | None:
    """Since when files wait for a person, newer ones in the place of older ones; None where none does."""
    newest = deliveries.deliveries(connection, feed, limit=500)
    if not newest or newest[0].state != "waiting":
        return None
    waited = takewhile(lambda one: any(step.state == "waiting" for step in one.steps) and not one.actor, newest)
    return min(step.at for one in waited for step in one.steps if step.state == "waiting")


def _target(feed: ConfiguredFeed) -> str:
    try:
        return feed.target()
    except UsageError:
        return ""  # a secret is missing: `validate` names it


def _credentials(feed: ConfiguredFeed) -> list[Credential]:
    return credentials(feed.entry.target, feed.folder) if feed.entry.target else []


def still_shown(connection: sqlite3.Connection, feed: ConfiguredFeed) -> pl.DataFrame:
    """A finding for blocks that are newer than the last file that was seen to lie at the target."""
    ever = deliveries.deliveries(connection, feed.name, states=("sending", "sent", "verified", "failed"))
    if not any(one.runs for one in ever):
        return findings.empty()  # nothing ever left
    clean = deliveries.revision_seen(connection, feed.name)
    newer = blocks_of_feed(connection, feed.name).filter(pl.col("revision") > clean)
    if newer.is_empty():
        return findings.empty()
    detail = f"{newer.height} blocks are newer than revision {clean}, the last of which a file was verified"
    return findings.finding("safety.still-shown", "error", file=feed.name, detail=detail)


def vendors_hold(
    folder: Path, connection: sqlite3.Connection, config: Config, revision: int | None
) -> tuple[Holding, ...]:
    """What vendors hold of that revision (or the newest) and later ones: of each feed, the last file that arrived.

    A file that was the same for a later revision counts for that one. Where a newer file may have arrived, so does it.
    """
    oldest = revision_of(connection) if revision is None else revision
    return tuple(
        one
        for name in config.feeds
        for one in _held(configured(folder, config, name), connection)
        if one.revision >= oldest
    )


def _held(feed: ConfiguredFeed, connection: sqlite3.Connection) -> Iterator[Holding]:
    def holding(one: Delivery, revision: int, at: datetime | None) -> Holding:
        vendor, rows = feed.feed.vendor, sum(file.rows for file in one.files)
        return Holding(feed.name, vendor.name, one.target, revision, at, rows, vendor.leaver, vendor.recall)

    for perhaps in deliveries.perhaps_arrived(connection, feed.name)[:1]:
        yield holding(perhaps, perhaps.revision, None)
    last, same = deliveries.last_arrived(connection, feed.name), deliveries.newest(connection, feed.name, "unchanged")
    if last:
        yield holding(last, same.revision if same and same.id > last.id else last.revision, last.sent_at or last.at)
