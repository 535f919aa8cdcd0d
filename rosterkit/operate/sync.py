"""One run: read, check and plan every source, apply what is clear, send the feeds, notify people.

    what was approved ──▶ plan ──▶ apply ──▶ feed, one stage for each ──▶ notices

Each stage is recorded (``rosterkit runs``). A run that was killed anywhere goes on with the first stage that did not
end. A stage that fails ends neither the run nor the other feeds: they get the last good roster.
"""

from __future__ import annotations

from collections.abc import Sequence

from rosterkit.lock import SYNC, lease
from rosterkit.operate.base import Outcome, Stopped, Verbs
from rosterkit.operate.feed_stages import newest_delivery, rehearse_feed, send_feed, stage_of
from rosterkit.operate.notices import notify_run
from rosterkit.operate.plan_stages import apply_approved, apply_plan, read_sources
from rosterkit.operate.record import Recorder
from rosterkit.operate.slots import SYNC as SYNC_JOB
from rosterkit.operate.slots import is_rehearsal, own_feeds
from rosterkit.store import plans, runs
from rosterkit.store.runs import Item, Run
from rosterkit.store.snapshot import revision_of


def sync(verbs: Verbs, job: str = SYNC_JOB, *, slot: str = "", items: Sequence[Item] = ()) -> Run:
    """Carries out a run, or the rest of one that was interrupted; returns its record.

    ``slot``: the scheduled time; a run of that time that ended before is returned as it is. ``items``: what people are
    notified of beside what the run finds. Raises Busy where another sync runs, and Stopped where it was asked to end.
    """
    feeds = own_feeds(verbs.config, job)
    for feed in feeds if job != SYNC_JOB else ():
        verbs.config.feed(feed)
    with lease(verbs.folder, SYNC):
        if slot:
            with verbs.read() as connection:
                known = runs.of_slot(connection, job, slot)
            if known and known.over:
                return known
        recorder = Recorder.open(verbs, job, slot, tuple(items))
        try:
            _stages(verbs, recorder, job, feeds)
        except Stopped:
            recorder.end(stopped=True)
            raise
        return recorder.end(revision=_revision(verbs))


def _stages(verbs: Verbs, recorder: Recorder, job: str, feeds: Sequence[str]) -> None:
    if job == SYNC_JOB:
        recorder.stage("approved", lambda: apply_approved(verbs))
        with verbs.read() as connection:
            newest = plans.newest_number(connection)
        recorder.stage("plan", lambda: read_sources(verbs, recorder), {"newest_plan": newest})
        recorder.stage("apply", lambda: apply_plan(verbs, recorder))
    if is_rehearsal(job):
        for feed in feeds:
            recorder.stage(job, lambda feed=feed: rehearse_feed(verbs, recorder, feed))  # type: ignore[misc] # as below
        recorder.stage("notices", lambda: notify_run(verbs, recorder))
        return
    for feed in feeds:
        with verbs.read() as connection:
            newest = newest_delivery(connection, feed)
        recorder.stage(stage_of(feed), lambda feed=feed: send_feed(verbs, recorder, feed), {"newest_delivery": newest})  # type: ignore[misc] # mypy does not infer a lambda's default
    recorder.stage("announced", lambda: _announced(verbs))
    recorder.stage("notices", lambda: notify_run(verbs, recorder))


def _announced(verbs: Verbs) -> Outcome:
    """Announced changes that did not come."""
    late = verbs.overdue()
    if not late:
        return Outcome("done")
    return Outcome("look", "", 1, {"overdue": len(late)}, tuple(("overdue", text) for text in late))


def _revision(verbs: Verbs) -> int | None:
    with verbs.read() as connection:
        return revision_of(connection) or None
