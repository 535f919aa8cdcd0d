"""What people decide on a file of a feed: approve it, reject it, or record that they saw it at the vendor."""

from __future__ import annotations

import sqlite3
from pathlib import Path

from rosterkit.config import Config
from rosterkit.delivery.configured_feed import ConfiguredFeed, configured
from rosterkit.delivery.sending import end_interrupted, forget_old_bytes, is_current, leave, require_going
from rosterkit.errors import Refused
from rosterkit.feeds.checklist import checklist, require_done
from rosterkit.feeds.named_fields import sensitive_fields
from rosterkit.sources.base import Progress, no_progress
from rosterkit.store import deliveries
from rosterkit.store.checklists import done_items
from rosterkit.store.deliveries import Delivery


def sends_sensitive(feed: ConfiguredFeed) -> str:
    """What a person decides on with the file, beside its rows: the decision is kept with the delivery."""
    fields = sensitive_fields(feed.entry.settings)
    return f". It sends {', '.join(fields)}" if fields else ""


def approve_feed(
    folder: Path,
    connection: sqlite3.Connection,
    config: Config,
    name: str,
    progress: Progress = no_progress,
    *,
    actor: str,
    reason: str,
) -> Delivery:
    """Approves the file that waits, and sends exactly these bytes.

    Raises Refused where none waits, where an item of the vendor's checklist comes first, and where revision or settings
    changed since it was built.
    """
    feed = configured(folder, config, name)
    end_interrupted(connection, feed, progress)
    held = _waiting(connection, feed.name)
    require_going(connection, feed.name)
    require_done(feed.name, checklist(feed.feed.vendor, feed.entry.settings, done_items(connection, feed.name)))
    if not is_current(connection, feed, held):
        raise Refused(
            f"The roster, the settings or the target changed since the file of {feed.name} was built. Build the feed "
            "again, and look at the new file.",
            why="stale",
        )
    done = leave(connection, feed, held, progress, actor=actor, reason=f"{reason}{sends_sensitive(feed)}")
    forget_old_bytes(connection, config)
    return done


def reject_feed(connection: sqlite3.Connection, config: Config, name: str, *, actor: str, reason: str) -> Delivery:
    """Rejects the file that waits: it never leaves. Raises Refused where none waits."""
    held = _waiting(connection, config.feed(name)[0])
    deliveries.move(connection, held.id, "rejected", actor=actor, reason=reason)
    return deliveries.find(connection, held.id)


def confirm_feed(connection: sqlite3.Connection, config: Config, name: str, *, actor: str, reason: str) -> Delivery:
    """Records that a person saw the last file at the vendor. Raises Refused where none arrived unverified."""
    feed = config.feed(name)[0]
    last = deliveries.last_arrived(connection, feed)
    if last is None or last.state != "sent":
        raise Refused(f"No file of the feed {feed} arrived without being verified. See rosterkit feed log.", why="none")
    by = ", ".join(filter(None, (last.actor, actor)))  # whoever approved it stays named
    deliveries.move(connection, last.id, "verified", actor=by, reason="; ".join(filter(None, (last.reason, reason))))
    return deliveries.find(connection, last.id)


def _waiting(connection: sqlite3.Connection, name: str) -> Delivery:
    held = deliveries.newest(connection, name, "waiting")
    if held is None:
        raise Refused(
            f"No file of the feed {name} waits for a person. Build it: rosterkit feed build {name}", why="none"
        )
    return held
