"""From a build to a delivery: built, recorded, checked as the vendor would, then refused, approved or sent.

    built ──▶ checked ──▶ refused | unchanged | waiting for a person | sent

What the vendor would ignore or reject never leaves. A first file, a file under changed settings, and a file that the
check holds wait until a person approves them. ``rosterkit.feeds.delivery`` has the states.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Sequence
from dataclasses import replace
from datetime import date
from pathlib import Path
from tempfile import TemporaryDirectory

import polars as pl

from rosterkit.config import Config
from rosterkit.delivery.building import built_files, given_file, written
from rosterkit.delivery.configured_feed import ConfiguredFeed, configured
from rosterkit.delivery.decisions import sends_sensitive
from rosterkit.delivery.sending import (
    end_interrupted,
    forget_old_bytes,
    is_current,
    is_still_there,
    leave,
    require_going,
)
from rosterkit.delivery.status import still_shown
from rosterkit.errors import UsageError
from rosterkit.feeds.base import LastSent, Outcome, Verdict
from rosterkit.feeds.checklist import checklist
from rosterkit.feeds.delivery import same_bytes, worth_sending
from rosterkit.feeds.preflight import withheld
from rosterkit.feeds.receipt import About
from rosterkit.results import FeedReceipt
from rosterkit.roster import findings
from rosterkit.sources.base import Progress, no_progress
from rosterkit.store import deliveries, plans
from rosterkit.store.blocks import blocks_of_feed
from rosterkit.store.checklists import done_items
from rosterkit.store.deliveries import Delivery
from rosterkit.store.sent_files import BuiltFile
from rosterkit.store.snapshot import revision_of
from rosterkit.transport.outgoing import check_names

_WITHHELD = "withheld"
_NEVER_LEAVES = (Outcome.IGNORED, Outcome.REJECTED)


def build_feed(
    folder: Path,
    connection: sqlite3.Connection,
    config: Config,
    name: str,
    as_of: date,
    progress: Progress = no_progress,
    *,
    send: bool = True,
    again: bool = False,
) -> FeedReceipt:
    """Builds the feed of that name (or the only one), and sends it where nobody need look at it first.

    ``send``: off, the files stay ``checked``. ``again``: also files that are the same as the last ones are sent. Ends
    first what an earlier run began to send. Raises Refused before the first revision, where the feed is paused, and
    where it would be empty.
    """
    feed = configured(folder, config, name)
    require_going(connection, feed.name)
    end_interrupted(connection, feed, progress)
    last = deliveries.last_sent(connection, feed.name)
    with built_files(feed, connection, as_of, last[1] if last else None) as (files, found):
        worth_sending(feed.name, [built.file for built in files])
        about = _about(feed, connection, as_of)
        delivery = deliveries.record(connection, about, feed.target(), files)
        verdict = feed.feed.check([b.file for b in files], last[1] if last else None, feed.entry.settings)
        verdict, accepted = _with_withheld(verdict, files, last[1] if last else None)
        done = _decide(connection, feed, delivery, verdict, again=again)
        if done.state == "checked" and send:
            bodies = {built.file.name: built.path for built in files}
            done = leave(connection, feed, done, progress, bodies=bodies)
            forget_old_bytes(connection, config)
    return _receipt(connection, feed, done, findings.concat([found, verdict.findings]), accepted)


def _with_withheld(verdict: Verdict, files: Sequence[BuiltFile], last: LastSent | None) -> tuple[Verdict, pl.DataFrame]:
    """The verdict with the counts of people who are withheld, and ``user`` of those who were so in the last file."""
    count, accepted = withheld([built.file for built in files], last)
    counts = {_WITHHELD: count, f"newly {_WITHHELD}": count - accepted.height} if count else {}
    return replace(verdict, compared={**verdict.compared, **counts}), accepted


def _new_errors(found: pl.DataFrame, accepted: pl.DataFrame | None) -> int:
    """How many errors are not of people who were withheld from the last file, which a person accepted."""
    if accepted is None:
        return found.filter(pl.col("severity") == "error").height
    keys = accepted["user"].str.split_exact("/", 1).struct.field("field_1").implode()
    return found.filter((pl.col("severity") == "error") & ~pl.col("key").is_in(keys)).height


def send_feed(
    folder: Path,
    connection: sqlite3.Connection,
    config: Config,
    name: str,
    as_of: date,
    progress: Progress = no_progress,
    *,
    again: bool = False,
) -> FeedReceipt:
    """Ends what was interrupted, else sends what is ready, else builds and sends the newest file.

    Ready is what was built of this roster and these settings for this day, or was approved, and did not leave yet: it
    waited for the vendor's clock, or did not arrive. What waits for a person goes on waiting.
    """
    feed = configured(folder, config, name)
    require_going(connection, feed.name)
    ended = end_interrupted(connection, feed, progress)
    newest = deliveries.newest(connection, feed.name)
    if newest is None or not is_current(connection, feed, newest) or again:
        return build_feed(folder, connection, config, name, as_of, progress, again=again)
    if ended and newest.id == ended.id and newest.arrived:
        return _receipt(connection, feed, newest, findings.empty())
    if newest.state == "waiting":
        return _receipt(connection, feed, newest, findings.empty())
    approved = bool(newest.actor) and newest.origin == "built"
    if newest.state in ("checked", "failed") and (approved or newest.as_of == as_of):
        done = leave(connection, feed, newest, progress)
        forget_old_bytes(connection, config)
        return _receipt(connection, feed, done, findings.empty())
    return build_feed(folder, connection, config, name, as_of, progress, again=again)


def send_given(
    folder: Path,
    connection: sqlite3.Connection,
    config: Config,
    name: str,
    paths: Sequence[Path],
    as_of: date,
    progress: Progress = no_progress,
    *,
    actor: str,
    reason: str,
) -> FeedReceipt:
    """Sends files that a person names, once they pass the preflight of the feed. A reason is needed.

    Where somebody blocked or suppressed anything, nobody can tell whether these files keep to it: they wait for
    ``feed approve``, unless they are the files that rosterkit itself built since.
    """
    if not reason.strip():
        raise UsageError("A reason must say something: --reason TEXT is kept with the delivery.")
    check_names([path.name for path in paths])
    feed = configured(folder, config, name)
    require_going(connection, feed.name)
    end_interrupted(connection, feed, progress)
    last = deliveries.last_sent(connection, feed.name)
    with TemporaryDirectory(dir=folder) as scratch:
        # Copied before they are looked at: a file that is replaced meanwhile is not what was checked.
        given = [given_file(path, Path(scratch, f"copy-{n}")) for n, path in enumerate(paths)]
        verdict = feed.feed.check(given, last[1] if last else None, feed.entry.settings)
        counted = [replace(file, rows=verdict.rows.get(file.name, 0)) for file in given]
        by = feed.feed.vendor.people_by
        files = [written(file, Path(scratch, f"given-{n}"), by) for n, file in enumerate(counted)]
        delivery = deliveries.record(connection, _about(feed, connection, as_of), feed.target(), files, origin="given")
        unsure = _may_break_blocks(connection, feed, files)
        done = _decide(connection, feed, delivery, verdict, again=True, unsure=unsure)
        if done.state == "checked":
            done = leave(connection, feed, done, progress, actor=actor, reason=reason.strip())
    return _receipt(connection, feed, done, verdict.findings)


def _may_break_blocks(connection: sqlite3.Connection, feed: ConfiguredFeed, files: Sequence[BuiltFile]) -> str:
    """Why nobody can tell whether files keep to what is blocked; "" where nothing is, or rosterkit made them since."""
    newest = blocks_of_feed(connection, feed.name)["revision"].max()
    if newest is None or all(deliveries.built_since(connection, b.sent.sha256, int(str(newest))) for b in files):
        return ""
    return "somebody blocked or suppressed something, and nobody can tell whether this file keeps to it"


def _about(feed: ConfiguredFeed, connection: sqlite3.Connection, as_of: date) -> About:
    return About(feed.name, feed.entry.kind, revision_of(connection), as_of, plans.now(), feed.entry.digest, "")


def _decide(
    connection: sqlite3.Connection,
    feed: ConfiguredFeed,
    delivery: int,
    verdict: Verdict,
    *,
    again: bool,
    unsure: str = "",
) -> Delivery:
    """Records the verdict, and whether the delivery is ``refused``, ``unchanged``, ``waiting`` or may leave."""
    state, why = _decision(connection, feed, deliveries.find(connection, delivery), verdict, again=again, unsure=unsure)
    deliveries.check(connection, delivery, str(verdict.outcome), verdict.compared, state, why)
    return deliveries.find(connection, delivery)


def _decision(
    connection: sqlite3.Connection,
    feed: ConfiguredFeed,
    made: Delivery,
    verdict: Verdict,
    *,
    again: bool,
    unsure: str,
) -> tuple[str, str]:
    """The state of a delivery with that verdict, and why."""
    last = deliveries.last_arrived(connection, feed.name)
    if verdict.outcome in _NEVER_LEAVES:
        return "refused", f"{feed.feed.vendor.name} would find it {verdict.outcome}"
    if last and not again and _is_unchanged(connection, feed, made, last):
        return "unchanged", f"it is the same as what was sent for revision {last.revision}"
    why = unsure or _why_wait(connection, feed, verdict, last)
    return ("waiting" if why else "checked"), why


def _is_unchanged(connection: sqlite3.Connection, feed: ConfiguredFeed, made: Delivery, last: Delivery) -> bool:
    """Whether the files need not be sent: they are the last ones, and nobody took those away from the target."""
    if feed.unchanged_is_sent() or not same_bytes(made.files, last.files):
        return False
    return is_still_there(connection, feed, last)


def _why_wait(connection: sqlite3.Connection, feed: ConfiguredFeed, verdict: Verdict, last: Delivery | None) -> str:
    """Why the file waits for a person; "" where it may leave."""
    if verdict.outcome is Outcome.HELD:
        errors = verdict.findings.filter(pl.col("severity") == "error")["detail"].drop_nulls()
        details = "; ".join(dict.fromkeys(text for text in errors if text))
        return f"it is too different from what was sent last{f': {details}' if details else ''}"
    steps = checklist(feed.feed.vendor, feed.entry.settings, done_items(connection, feed.name))
    blocking = [step.item.name for step in steps if step.blocks]
    reasons = [f"its checklist has open items that come first: {', '.join(blocking)}"] if blocking else []
    if last is None:
        count = verdict.compared.get(_WITHHELD, 0)
        held = f", and {count:,} people are withheld from it" if count else ""
        reasons.append(f"it is the first file of this feed{held}{sends_sensitive(feed)}")
    elif deliveries.last_sent(connection, feed.name) is None:
        reasons.append("the bytes of the last file were removed, so nothing can compare it")
    elif last.settings_digest != feed.entry.digest:
        reasons.append(f"the settings or the target of the feed changed since the last file{sends_sensitive(feed)}")
    return "; ".join(reasons)


def _receipt(
    connection: sqlite3.Connection,
    feed: ConfiguredFeed,
    done: Delivery,
    found: pl.DataFrame,
    accepted: pl.DataFrame | None = None,
) -> FeedReceipt:
    """``accepted``: ``user`` of those who were withheld from the last file already."""
    every = findings.ordered(findings.concat([found, still_shown(connection, feed)]))
    return FeedReceipt(
        feed.name,
        feed.entry.kind,
        done.target,
        done.revision,
        tuple((file.name, file.rows, file.bytes, file.sha256) for file in done.files),
        every,
        done.at,
        done.state,
        done.verdict,
        done.why,
        done.compared,
        done,
        _new_errors(every, accepted),
    )
