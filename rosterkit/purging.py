"""``purge``: removes people who left long ago, and every trace of them but a keyed hash.

A purge is a command of its own, never part of a run. It reaches the rows, the journal, what is deferred or held, the
row cache, exports of plans, the bytes of files that were sent and the ids in the audit log. Revisions, receipts and a
tombstone stay.
"""

from __future__ import annotations

import shutil
import sqlite3
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from pathlib import Path

import polars as pl

from rosterkit.config import Config
from rosterkit.errors import Refused, UsageError
from rosterkit.roster.schema import by_name
from rosterkit.store import access, deliveries, plans, purge
from rosterkit.store.database import transaction
from rosterkit.store.lookup import find_record
from rosterkit.store.sent_files import recorded_files
from rosterkit.store.tombstones import hasher


@dataclass(frozen=True)
class Purged:
    """What a purge removed, or would remove."""

    done: bool
    people: int
    records: Mapping[str, int] = field(default_factory=dict)  # by entity
    files: int = 0  # that lost their bytes
    kept: Mapping[str, int] = field(default_factory=dict)  # people who stay, by the reason


def purge_people(
    folder: Path,
    connection: sqlite3.Connection,
    config: Config,
    *,
    days: int,
    actor: str,
    reason: str,
    person: str = "",
    dry_run: bool = False,
) -> Purged:
    """Purges everybody who is archived for longer than so many days, or one such person.

    Who is still in the last file of a feed stays, and so does who is in a block that is in force. Raises Refused where
    a plan may still be applied, and where the one person is not archived for so long.
    """
    if not reason.strip():
        raise UsageError("A reason must say something: --reason TEXT is kept with the purge.")
    before = plans.now() - timedelta(days=days)
    users = _asked(connection, before, person)
    kept = {
        "still in the last file of a feed": _still_sent(connection, config, users),
        "in a block that is in force": purge.blocked(connection) & users.keys(),
    }
    staying = set().union(*kept.values())
    doomed = purge.with_dependants(connection, [user for user in users if user not in staying])
    counts = {why: len(those) for why, those in kept.items() if those}
    if dry_run or not doomed.users:
        return Purged(False, len(doomed.users), {name: len(ids) for name, ids in doomed.ids.items()}, 0, counts)
    if waiting := purge.open_plans(connection):
        raise Refused(
            f"Plan {waiting[-1]} may still be applied, and it may hold people who would be purged. Apply or reject it "
            "first.",
            why="open-plan",
        )
    removed, files = _purge(folder, connection, config, doomed, before, actor, reason.strip())
    return Purged(True, len(doomed.users), removed, files, counts)


def _asked(connection: sqlite3.Connection, before: datetime, person: str) -> dict[int, str]:
    users = purge.archived_before(connection, before)
    if not person:
        return users
    found = find_record(connection, by_name("User"), person)
    if found.id not in users:
        raise Refused(
            f"{found.sourced_id} is not archived for so long. A person is purged only once they have left.",
            why="not-archived",
        )
    return {found.id: users[found.id]}


def _still_sent(connection: sqlite3.Connection, config: Config, users: Mapping[int, str]) -> set[int]:
    """Who is in a file that a vendor holds now, or that may still leave."""
    ids: dict[str, int] = {}
    for record, user in users.items():
        ids |= {user: record, f"/{user.partition('/')[2]}": record}
    found: set[int] = set()
    for delivery in _current(connection, config):
        for file in recorded_files(connection, delivery):
            there = file.index.filter((pl.col("state") != "withheld") & pl.col("user").is_in(list(ids)))
            found |= {ids[user] for user in there["user"]}
    return found


def _current(connection: sqlite3.Connection, config: Config) -> list[int]:
    """The deliveries that the next ones are compared with, and those that may still leave."""
    last = [one.id for feed in config.feeds if (one := deliveries.last_arrived(connection, feed))]
    return last + [one.id for one in deliveries.deliveries(connection, states=("waiting", "checked", "sending"))]


def _purge(
    folder: Path,
    connection: sqlite3.Connection,
    config: Config,
    doomed: purge.Doomed,
    before: datetime,
    actor: str,
    reason: str,
) -> tuple[dict[str, int], int]:
    hashed = hasher(folder, make=True)
    assert hashed is not None
    keep = _current(connection, config)
    purge.overwrite_removed(connection)
    with transaction(connection):
        purge.remove_from_journal(connection, doomed)
        files = purge.bury(connection, doomed, hashed, keep)
        removed = purge.forget_people(connection, doomed)
        purge.note_purge(connection, doomed, hashed, actor=actor, reason=reason, before=before, removed=removed)
    purge.wipe_free_pages(connection)
    users = {user.partition("/")[2]: hashed(user) for user in doomed.users.values()}
    with access.opened(folder) as log:
        access.forget(log, {"record", *doomed.ids}, {key: users.get(key) or hashed(key) for key in doomed.keys})
    shutil.rmtree(folder / "cache", ignore_errors=True)
    for export in (folder / "plans").glob("*"):
        if export.is_file():
            export.unlink()
    return removed, files
