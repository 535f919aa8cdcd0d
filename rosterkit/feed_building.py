"""``feed build``: from the newest revision to files in a folder, with a receipt there and in the store."""

from __future__ import annotations

import sqlite3
from datetime import date
from pathlib import Path
from tempfile import TemporaryDirectory

from rosterkit import registry
from rosterkit.config import Config
from rosterkit.errors import Refused, RosterkitError
from rosterkit.feeds.base import FeedContext
from rosterkit.feeds.folder import send
from rosterkit.feeds.receipt import About
from rosterkit.results import FeedReceipt
from rosterkit.sources.findings import Findings
from rosterkit.store import deliveries, plans
from rosterkit.store.roster import StoredRoster
from rosterkit.store.snapshot import revision_of

__all__ = ["build_feed"]


def build_feed(folder: Path, connection: sqlite3.Connection, config: Config, name: str, as_of: date) -> FeedReceipt:
    """Builds the feed of that name (or the only one); Refused before the first revision, or when it would be empty."""
    name, settings = config.feed(name)
    revision = revision_of(connection)
    if revision == 0:
        raise Refused("The store is empty: nothing was applied yet. Apply a plan first.", why="no-revision")
    feed = registry.feed(settings.kind)
    database = folder / "roster.db"
    with TemporaryDirectory(dir=folder) as scratch:
        context = FeedContext(Findings(feed.rules), as_of, Path(scratch))
        files = feed.build(StoredRoster(database, revision), settings.settings, context)
        found = context.findings.frame()
        target = settings.outbox(folder, name)
        verdict = "accepted" if found.height == 0 else "accepted with rows left out"
        about = About(name, settings.kind, revision, as_of, plans.now(), settings.digest, verdict)
        delivery = deliveries.begin(connection, about, str(target))
        try:
            sent = send(tuple(files), target, about)
        except RosterkitError:
            deliveries.fail(connection, delivery)
            raise
        deliveries.end(connection, delivery, sent)
    lines = tuple((file.name, file.rows, file.bytes, file.sha256) for file in sent)
    return FeedReceipt(name, settings.kind, target, revision, lines, found, about.built_at)
