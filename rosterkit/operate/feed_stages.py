"""The stages of a run that send: each feed for itself, so that one that fails keeps no other from leaving."""

from __future__ import annotations

import sqlite3

from rosterkit.errors import Refused
from rosterkit.operate.base import Outcome, Verbs
from rosterkit.operate.record import Recorder
from rosterkit.operate.windows import blackout, newly_blocked
from rosterkit.results import FeedReceipt
from rosterkit.store.deliveries import deliveries
from rosterkit.store.runs import Item

_FIRST = "it is the first file of this feed"
_NOT_NOW = ("paused", "no-revision")  # why a feed is passed over without anybody being notified
_ENDED = ("sent", "verified", "waiting", "refused", "unchanged")


def stage_of(feed: str) -> str:
    """The name of the stage that sends a feed."""
    return f"feed {feed}"


def newest_delivery(connection: sqlite3.Connection, feed: str) -> int:
    """The id of the newest delivery of that feed; 0 where it has none."""
    return next((one.id for one in deliveries(connection, feed)), 0)


def send_feed(verbs: Verbs, recorder: Recorder, feed: str) -> Outcome:
    """Builds and sends a feed; what an earlier attempt of this run has sent is not sent again."""
    with verbs.read() as connection:
        window = blackout(verbs.config, recorder.run.as_of)
        if window and not newly_blocked(connection, feed):
            return Outcome("skipped", str(window))
        since = int(recorder.facts(stage_of(feed)).get("newest_delivery", 0))
        done = next((one for one in deliveries(connection, feed) if one.id > since), None)
    if done and done.state in _ENDED:
        rows = sum(file.rows for file in done.files)
        return _outcome(feed, done.state, done.why, rows=rows, errors=0)
    try:
        receipt = verbs.feed_send(feed, recorder.run.as_of)
    except Refused as problem:
        if problem.why in _NOT_NOW:
            return Outcome("skipped", str(problem), facts={"feed": feed})
        raise
    return _outcome(feed, receipt.state, receipt.why, rows=_rows(receipt), errors=receipt.errors)


def rehearse_feed(verbs: Verbs, recorder: Recorder, feed: str) -> Outcome:
    """Builds and checks a feed, and sends nothing: what would keep the file from leaving is said in time."""
    try:
        receipt = verbs.feed_rehearse(feed, recorder.run.as_of)
    except Refused as problem:
        if problem.why in _NOT_NOW:
            return Outcome("skipped", str(problem), facts={"feed": feed})
        raise
    return _outcome(feed, receipt.state, receipt.why, rows=_rows(receipt), errors=receipt.errors)


def _outcome(feed: str, state: str, why: str, *, rows: int, errors: int) -> Outcome:
    facts = {"feed": feed, "delivery": state, "rows": rows, "errors": errors}
    short = why.partition(":")[0]
    if state == "waiting":
        first = _FIRST in why
        text = f"The file of the feed {feed} waits for a person: {short}."
        return Outcome("waiting", why, 1, facts, ((("first" if first else "held"), text),))
    if state == "refused":
        return Outcome("refused", why, 4, facts, _refused(feed, short))
    if state == "failed":
        return Outcome("failed", why, 1, facts, (("failed", f"The file of the feed {feed} did not arrive."),))
    return Outcome("look" if errors else "done", why, int(bool(errors)), facts)


def _refused(feed: str, why: str) -> tuple[Item, ...]:
    return (("failed", f"The file of the feed {feed} was not sent: {why}."),)


def _rows(receipt: FeedReceipt) -> int:
    return sum(rows for _, rows, *_ in receipt.files)
