"""``feed build``: from the newest revision to files in a folder, with a receipt there and in the store."""

from __future__ import annotations

import json
import sqlite3
from dataclasses import asdict
from datetime import date
from pathlib import Path

from rosterkit.config import Config
from rosterkit.errors import Refused
from rosterkit.feeds.folder import send
from rosterkit.feeds.legacy import FeedInput, feed
from rosterkit.feeds.receipt import About, settings_digest
from rosterkit.results import FeedReceipt
from rosterkit.store import plans
from rosterkit.store.database import transaction
from rosterkit.store.frames import ActiveFrames
from rosterkit.store.snapshot import revision_of

__all__ = ["build_feed"]


def build_feed(
    folder: Path, database: Path, connection: sqlite3.Connection, config: Config, name: str, as_of: date
) -> FeedReceipt:
    """Builds the feed of that name (or the only one); Refused before the first revision, or when it would be empty."""
    name, settings = config.feed(name)
    revision = revision_of(connection)
    if revision == 0:
        raise Refused("The store is empty: nothing was applied yet. Apply a plan first.", why="no-revision")
    given = FeedInput(ActiveFrames(database), settings.settings, revision, as_of, database.parent)
    rendered = feed(settings.kind).render(given)
    target = settings.target(folder, name)
    verdict = "accepted" if rendered.findings.height == 0 else "accepted with rows left out"
    about = About(name, settings.kind, revision, as_of, plans.now(), settings.settings, verdict)
    sent = send(rendered.files, target, about)
    with transaction(connection):
        connection.execute(
            "insert into delivery (feed, kind, target, revision, as_of, at, settings_digest, verdict, files) "
            "values (?,?,?,?,?,?,?,?,?)",
            (
                name,
                settings.kind,
                str(target),
                revision,
                as_of.isoformat(),
                about.built_at.isoformat(),
                settings_digest(settings.settings),
                verdict,
                json.dumps([asdict(file) for file in sent]),
            ),
        )
    files = tuple((file.name, file.rows, file.bytes, file.sha256) for file in sent)
    return FeedReceipt(name, settings.kind, target, revision, files, rendered.findings, about.built_at)
