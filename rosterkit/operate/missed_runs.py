"""What is due now and what was missed: slots without a run, runs that were interrupted, alarms that grew old."""

from __future__ import annotations

import sqlite3
from collections.abc import Sequence
from contextlib import suppress
from datetime import datetime, timedelta

import polars as pl

from rosterkit.clock import Clock, Slot, due
from rosterkit.errors import RosterkitError
from rosterkit.operate.alarms import alarm_texts, beside_waiting
from rosterkit.operate.base import Verbs
from rosterkit.operate.logs import log
from rosterkit.operate.notices import message, notify, send_waiting
from rosterkit.operate.slots import clocks
from rosterkit.operate.sync import sync
from rosterkit.store import notices, plans, runs
from rosterkit.store.runs import Item

_LISTED = 31  # missed runs that are recorded one by one
_BY_RUNS = ("delivery.failed", "delivery.interrupted", "delivery.none", "delivery.refused")
"""Alarms of which the run that raised them has notified people."""
_AGAIN_HOURS = 24  # the same alarm is sent again after so many hours


def catch_up(verbs: Verbs, jobs: Sequence[str], *, started: bool = False) -> None:
    """Carries out what is due of these jobs, and reports what is too late for it.

    ``started``: the process begins. It goes on with what was interrupted, and a workspace that never ran owes nothing.
    """
    for job in jobs:
        if started:
            _go_on(verbs, job)
        while _run_due(verbs, job, started=started):
            verbs.go_on()


def _go_on(verbs: Verbs, job: str) -> None:
    with verbs.read() as connection:
        before = runs.interrupted(connection, job)
    if before:
        sync(verbs, job, slot=before[0].slot)


def _run_due(verbs: Verbs, job: str, *, started: bool) -> bool:
    """Carries out the newest slot that is due; returns whether there was one."""
    now, grace = plans.now(), timedelta(minutes=verbs.config.schedule.grace_minutes)
    clock = clocks(verbs.config).get(job)
    slots = open_slots(verbs, job, clock, now, none_before=started) if clock else []
    if not slots:
        return False
    *late, newest = slots
    if now - newest.at <= grace:
        sync(verbs, job, slot=newest.name, items=_missed(verbs, job, late))
        return True
    items = _missed(verbs, job, slots)
    what = message(verbs.config, verbs.folder, items)
    if what:
        notify(verbs, what)
    return False


def open_slots(verbs: Verbs, job: str, clock: Clock, now: datetime, *, none_before: bool) -> list[Slot]:
    """The slots up to now without a run, since the newest run of that job.

    Where there was none yet: those within the grace, or with ``none_before`` none.
    """
    with verbs.read() as connection:
        # A run from the future was begun before the clock was set back: the slots before it are known by name.
        known = [run for run in runs.recent(connection, job=job) if run.started_at <= now]
        grace = timedelta(minutes=verbs.config.schedule.grace_minutes)
        after = known[0].started_at if known else now if none_before else now - grace
        return [slot for slot in due(clock, after, now) if runs.of_slot(connection, job, slot.name) is None]


def _missed(verbs: Verbs, job: str, slots: Sequence[Slot]) -> tuple[Item, ...]:
    """Records runs that did not take place; returns what people are notified of."""
    if not slots:
        return ()
    span = slots[0].name if len(slots) == 1 else f"{len(slots)} times, from {slots[0].name} to {slots[-1].name}"
    text = f"The job {job} did not run: {span}. No process ran the schedule then, or it was busy for too long."
    for slot in slots[-_LISTED:]:
        with suppress(RosterkitError, sqlite3.Error, OSError), verbs.write() as connection:
            runs.miss(connection, job, slot.name, verbs.today(), text)
    log().warning("job.missed", job=job, slots=len(slots))
    return (("missed", text),)


def report_alarms(verbs: Verbs) -> None:
    """Sends what did not go out, and notifies people of feeds that grew stale: each alarm once a day."""
    send_waiting(verbs)
    grown = beside_waiting(verbs.feed_alarms()).filter(~pl.col("rule").is_in(_BY_RUNS))
    items: list[Item] = [("stale", text) for text in alarm_texts(grown, "error", "warning")]
    items += [("overdue", text) for text in verbs.overdue()]
    what = message(verbs.config, verbs.folder, items)
    if what is None or not verbs.config.notices.to:
        return
    since = plans.now() - timedelta(hours=_AGAIN_HOURS)
    with verbs.read() as connection:
        known = any(one.body == what.body and one.at > since for one in notices.notices(connection))
    if not known:
        notify(verbs, what)
