"""What was built and sent: the delivery is recorded before anything leaves, and its state follows it."""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Sequence
from dataclasses import asdict

from rosterkit.feeds.receipt import About, Sent
from rosterkit.store.database import transaction

__all__ = ["begin", "end", "fail"]


def begin(connection: sqlite3.Connection, about: About, target: str) -> int:
    """Records that files are about to be sent; returns the delivery's id."""
    with transaction(connection):
        done = connection.execute(
            "insert into delivery (feed, kind, target, revision, as_of, at, settings_digest, verdict, state, files) "
            "values (?,?,?,?,?,?,?,?,'sending','[]')",
            (
                about.feed,
                about.kind,
                target,
                about.revision,
                about.as_of.isoformat(),
                about.built_at.isoformat(),
                about.settings_digest,
                about.verdict,
            ),
        )
    return int(done.lastrowid or 0)


def end(connection: sqlite3.Connection, delivery: int, files: Sequence[Sent]) -> None:
    """Records what lies at the target now."""
    text = json.dumps([asdict(file) for file in files])
    with transaction(connection):
        connection.execute("update delivery set state='sent', files=? where id=?", (text, delivery))


def fail(connection: sqlite3.Connection, delivery: int) -> None:
    """Records that nothing was sent, and what lay at the target stays."""
    with transaction(connection):
        connection.execute("update delivery set state='failed' where id=?", (delivery,))
