"""A feed from the newest revision to its target: built, checked as the vendor would, compared, approved, sent.

    roster ──▶ Feed.build ──▶ Feed.check ──▶ refused | waiting for a person | sent

What the vendor would ignore or reject never leaves. A first file, a file under changed settings, and a file that the
check holds wait until a person approves them. The delivery is recorded before the files leave.
"""

from __future__ import annotations

import shutil
import sqlite3
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace
from datetime import date
from functools import partial
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import IO

import polars as pl

from rosterkit import registry
from rosterkit.config import Config, FeedEntry
from rosterkit.errors import Busy, Refused, RosterkitError, UsageError
from rosterkit.feeds.base import Feed, FeedContext, FeedFile, LastSent, Outcome, Verdict
from rosterkit.feeds.checklist import Step, checklist, require_done
from rosterkit.feeds.folder import send as send_to_folder
from rosterkit.feeds.folder import worth_sending
from rosterkit.feeds.ledger import entries
from rosterkit.feeds.preflight import withheld
from rosterkit.feeds.receipt import About, Sent, sent
from rosterkit.results import FeedCheck, FeedReceipt
from rosterkit.roster import findings
from rosterkit.sources.findings import Findings
from rosterkit.store import deliveries, plans
from rosterkit.store.blocks import blocks
from rosterkit.store.checklists import done_items
from rosterkit.store.deliveries import BuiltFile, Delivery
from rosterkit.store.effective import overlay
from rosterkit.store.roster import StoredRoster
from rosterkit.store.snapshot import revision_of
from rosterkit.transport.base import Outgoing
from rosterkit.transport.place import open_place

__all__ = ["approve_feed", "build_feed", "check_feed", "given_file", "reject_feed"]

_WITHHELD = "withheld"
_NEVER_LEAVES = (Outcome.IGNORED, Outcome.REJECTED)


@dataclass(frozen=True)
class _Named:
    """A feed of the configuration, and where its workspace is."""

    folder: Path
    name: str
    entry: FeedEntry
    feed: Feed

    @property
    def target(self) -> str:
        """What people call the place that the files go to."""
        if self.entry.target is None:
            return str(self.entry.outbox(self.folder, self.name))
        with open_place(self.entry.target, self.folder) as place:
            return place.name


def _named(folder: Path, config: Config, name: str) -> _Named:
    name, entry = config.feed(name)
    return _Named(folder, name, entry, registry.feed(entry.kind))


def build_feed(folder: Path, connection: sqlite3.Connection, config: Config, name: str, as_of: date) -> FeedReceipt:
    """Builds the feed of that name (or the only one), and sends it where nobody need look at it first.

    Raises Refused before the first revision, where the feed is paused, and where it would be empty.
    """
    named = _named(folder, config, name)
    if pause := deliveries.paused(connection, named.name):
        raise Refused(f"{pause} To go on: rosterkit feed resume {named.name}", why="paused")
    last = deliveries.last_sent(connection, named.name)
    with _built(named, connection, as_of, last[1] if last else None) as (files, found):
        worth_sending([built.file for built in files])
        verdict = named.feed.check([b.file for b in files], last[1] if last else None, named.entry.settings)
        about = _about(named, connection, as_of, verdict)
        verdict, accepted = _with_withheld(verdict, [built.file for built in files], last[1] if last else None)
        why = _why_not_sent(named, verdict, last[0] if last else None, _steps(named, connection))
        state = "refused" if verdict.outcome in _NEVER_LEAVES else "waiting" if why else "sending"
        record = partial(deliveries.begin, connection, about, named.target, files, why=why, compared=verdict.compared)
        if state == "sending":
            identifiers = _identifiers(named, files)
            delivery = record(state=state, identifiers=identifiers)
            lying, state = _deliver(named, connection, delivery, [built.file for built in files], about), "sent"
        else:
            record(state=state)
            lying = tuple(built.sent for built in files)
    alarm = findings.empty() if state == "sent" else _still_shown(connection, named.name, last[0] if last else None)
    every = findings.ordered(findings.concat([found, verdict.findings, alarm]))
    return FeedReceipt(
        named.name,
        named.entry.kind,
        named.target,
        about.revision,
        tuple((file.name, file.rows, file.bytes, file.sha256) for file in lying),
        every,
        about.built_at,
        state,
        str(verdict.outcome),
        why,
        verdict.compared,
        _new_errors(every, accepted),
    )


def _with_withheld(verdict: Verdict, files: Sequence[FeedFile], last: LastSent | None) -> tuple[Verdict, pl.DataFrame]:
    """The verdict with the counts of people who are withheld, and ``user`` of those who were so in the last file."""
    count, accepted = withheld(files, last)
    if not count:
        return verdict, accepted
    counts = {_WITHHELD: count, f"newly {_WITHHELD}": count - accepted.height}
    return replace(verdict, compared={**verdict.compared, **counts}), accepted


def _new_errors(found: pl.DataFrame, accepted: pl.DataFrame) -> int:
    """How many errors are not of people who were withheld from the last file, which a person accepted."""
    keys = accepted["user"].str.split_exact("/", 1).struct.field("field_1").implode()
    return found.filter((pl.col("severity") == "error") & ~pl.col("key").is_in(keys)).height


def _still_shown(connection: sqlite3.Connection, feed: str, last: Delivery | None) -> pl.DataFrame:
    """A finding for blocks that are newer than the last file that was sent."""
    newer = blocks(connection).filter(pl.col("feed").is_in(["", feed]))
    newer = newer.filter(pl.col("revision") > last.revision) if last else newer.clear()
    if newer.is_empty():
        return findings.empty()
    assert last is not None
    detail = f"{newer.height} blocks are newer than revision {last.revision}, which was sent last"
    return findings.finding("safety.still-shown", "error", detail=detail)


def _about(named: _Named, connection: sqlite3.Connection, as_of: date, verdict: Verdict) -> About:
    outcome, revision = str(verdict.outcome), revision_of(connection)
    return About(named.name, named.entry.kind, revision, as_of, plans.now(), named.entry.digest, outcome)


@contextmanager
def _built(
    named: _Named, connection: sqlite3.Connection, as_of: date, last: LastSent | None
) -> Iterator[tuple[list[BuiltFile], pl.DataFrame]]:
    """The files as they lie in a folder of their own until the block ends, and the findings of the build."""
    revision = revision_of(connection)
    if revision == 0:
        raise Refused("The store is empty: nothing was applied yet. Apply a plan first.", why="no-revision")
    with TemporaryDirectory(dir=named.folder) as scratch:
        known = Findings(registry.feed_rules())
        ledger = deliveries.ledger(connection, named.name)
        path = named.folder / "roster.db"
        over = overlay(path, connection, named.name)
        context = FeedContext(known, as_of, Path(scratch), last, over.suppressed, ledger)
        roster = StoredRoster(path, revision, over)
        made = named.feed.build(roster, named.entry.settings, context)
        yield [_written(file, Path(scratch, f"built-{n}")) for n, file in enumerate(made)], known.frame()


def _written(file: FeedFile, path: Path) -> BuiltFile:
    with path.open("w+b") as out:
        file.write(out)
    return BuiltFile(replace(file, body=partial(_copy, path), built=True), sent(path, file.name, file.rows), path)


def _copy(path: Path, out: IO[bytes]) -> None:
    with path.open("rb") as file:
        shutil.copyfileobj(file, out, 1 << 20)


def _steps(named: _Named, connection: sqlite3.Connection) -> tuple[Step, ...]:
    return checklist(named.feed.vendor, named.entry.settings, done_items(connection, named.name))


def _why_not_sent(named: _Named, verdict: Verdict, last: Delivery | None, steps: Sequence[Step]) -> str:
    """Why the file never leaves, or waits for a person; "" where it may leave."""
    if verdict.outcome in _NEVER_LEAVES:
        return f"{named.feed.vendor.name} would find it {verdict.outcome}"
    if verdict.outcome is Outcome.HELD:
        errors = verdict.findings.filter(pl.col("severity") == "error")["detail"].drop_nulls()
        details = "; ".join(dict.fromkeys(text for text in errors if text))
        return f"it is too different from what was sent last{f': {details}' if details else ''}"
    if blocking := [step.item.name for step in steps if step.blocks]:
        return f"its checklist has open items that come first: {', '.join(blocking)}"
    if last is None:
        count = verdict.compared.get(_WITHHELD, 0)
        return "it is the first file of this feed" + (f", and {count:,} people are withheld from it" if count else "")
    return "" if last.settings_digest == named.entry.digest else "the settings of the feed changed since the last file"


def _identifiers(named: _Named, files: Sequence[BuiltFile]) -> pl.DataFrame | None:
    kinds = named.feed.identifiers(named.entry.settings)
    return entries([built.file for built in files], kinds) if kinds else None


def _deliver(
    named: _Named, connection: sqlite3.Connection, delivery: int, files: Sequence[FeedFile], about: About
) -> tuple[Sent, ...]:
    """Brings the files to the target; the store knows before and after."""
    try:
        lying = _to_target(named, files, about)
    except RosterkitError:
        deliveries.fail(connection, delivery)
        raise
    try:
        deliveries.end(connection, delivery, lying)
    except Busy:
        raise Busy(
            f"The files are at {named.target}, but another program holds the store, so that this is not recorded. "
            f"End that program; then build the feed again."
        ) from None
    return lying


def _to_target(named: _Named, files: Sequence[FeedFile], about: About) -> tuple[Sent, ...]:
    if named.entry.target is None:
        return send_to_folder(tuple(files), named.entry.outbox(named.folder, named.name), about)
    rows = {file.name: file.rows for file in files}
    with open_place(named.entry.target, named.folder) as place:
        arrived = place.deliver([Outgoing(file.name, file.write) for file in files])
    return tuple(Sent(file.name, rows[file.name], file.bytes, file.sha256) for file in arrived)


def approve_feed(
    folder: Path, connection: sqlite3.Connection, config: Config, name: str, *, actor: str, reason: str
) -> Delivery:
    """Approves the file that waits, and sends exactly these bytes.

    Raises Refused where none waits, where an item of the vendor's checklist comes first, and where revision or settings
    changed since it was built.
    """
    named = _named(folder, config, name)
    held = _waiting(connection, named.name)
    if pause := deliveries.paused(connection, named.name):
        raise Refused(f"{pause} To go on: rosterkit feed resume {named.name}", why="paused")
    require_done(named.name, _steps(named, connection))
    if held.revision != revision_of(connection) or held.settings_digest != named.entry.digest:
        raise Refused(
            f"The roster or the settings changed since the file of {named.name} was built. Build the feed again, and "
            "look at the new file.",
            why="stale",
        )
    files = deliveries.files_of(connection, held.id)
    kinds = named.feed.identifiers(named.entry.settings)
    deliveries.send(connection, held, entries(files, kinds) if kinds else None, actor, reason)
    about = About(held.feed, held.kind, held.revision, held.as_of, held.at, held.settings_digest, held.verdict)
    lying = _deliver(named, connection, held.id, files, about)
    return replace(held, state="sent", files=lying, actor=actor, reason=reason)


def reject_feed(connection: sqlite3.Connection, config: Config, name: str, *, actor: str, reason: str) -> Delivery:
    """Rejects the file that waits: it never leaves. Raises Refused where none waits."""
    held = _waiting(connection, config.feed(name)[0])
    deliveries.decide(connection, held.id, "rejected", actor, reason)
    return replace(held, state="rejected", actor=actor, reason=reason)


def _waiting(connection: sqlite3.Connection, name: str) -> Delivery:
    held = deliveries.waiting(connection, name)
    if held is None:
        raise Refused(
            f"No file of the feed {name} waits for a person. Build it: rosterkit feed build {name}", why="none"
        )
    return held


def check_feed(
    folder: Path, connection: sqlite3.Connection, config: Config, name: str, paths: Sequence[Path], as_of: date
) -> FeedCheck:
    """How the vendor would take these files; without files, what a build would send. Nothing is stored or sent."""
    named = _named(folder, config, name)
    last = deliveries.last_sent(connection, named.name)
    sent_before = last[1] if last else None
    if paths:
        files = [given_file(path) for path in paths]
        verdict = named.feed.check(files, sent_before, named.entry.settings)
        return FeedCheck(
            named.name, named.entry.kind, verdict.outcome, verdict.findings, verdict.rows, verdict.compared
        )
    with _built(named, connection, as_of, sent_before) as (built, found):
        made = [replace(one.file, built=False) for one in built]
        verdict = named.feed.check(made, sent_before, named.entry.settings)
    every = findings.ordered(findings.concat([found, verdict.findings]))
    return FeedCheck(named.name, named.entry.kind, verdict.outcome, every, verdict.rows, verdict.compared)


def given_file(path: Path) -> FeedFile:
    """A file that somebody names; UsageError where it is none."""
    if not path.is_file():
        raise UsageError(f"{path.absolute()} is not a file. Name the file, or the files, that would be sent.")
    return FeedFile(path.name, partial(_copy, path), 0)
