"""How a workspace stands: its last good run, the age of each source and feed, what waits, what is wrong."""

from __future__ import annotations

import sqlite3
from collections.abc import Sequence
from datetime import datetime, timedelta

from rosterkit.clock import Clock, Slot
from rosterkit.operate.alarms import alarm_texts, beside_waiting
from rosterkit.operate.base import Verbs
from rosterkit.operate.heartbeat import alive, read_beat
from rosterkit.operate.missed_runs import open_slots
from rosterkit.operate.plan_stages import source_states
from rosterkit.operate.slots import SYNC, clocks
from rosterkit.operate.windows import blackout
from rosterkit.results import FeedStatus, SourceStatus, Status
from rosterkit.run_settings import Window
from rosterkit.store import notices, plans, runs
from rosterkit.store.lookup import switches
from rosterkit.store.runs import Run


def status_of(verbs: Verbs, feeds: Sequence[FeedStatus]) -> Status:
    """How the workspace stands now. It reads the store and writes nothing."""
    now, config = plans.now(), verbs.config
    with verbs.read() as connection:
        newest = runs.earlier(connection, SYNC, 0)
        sources = _sources(connection, verbs, newest, now)
        waits = _waits(connection, feeds)
        unsent = len(notices.waiting(connection))
    window = blackout(config, verbs.today()) or Window.on(config.windows, verbs.today(), "additions")
    late = [slot for job, clock in clocks(config).items() for slot in _late(verbs, job, clock, now)]
    known = next((run for run in newest if run.state != "missed"), None)
    beat = read_beat(verbs.folder)
    return Status(
        at=now,
        mode=config.mode,
        scheduled=alive(verbs.folder),
        beat=beat,
        last_run=known,
        last_good=next((run for run in newest if _good(run)), None),
        sources=sources,
        feeds=tuple(feeds),
        window=str(window) if window else "",
        waits=waits,
        alarms=(
            *_run_alarms(known, len(late), unsent),
            *(_source_alarm(one) for one in sources if one.state in ("failed", "stale")),
            *(text for feed in feeds for text in alarm_texts(beside_waiting(feed.alarms), "error", "warning")),
            *verbs.overdue(),
            *([f"The changed settings are not in force: {beat.problem}"] if beat and beat.problem else []),
        ),
    )


def _good(run: Run) -> bool:
    stage = run.stage("plan")
    return run.state in ("done", "look") and stage is not None and stage.state in ("done", "look")


def _late(verbs: Verbs, job: str, clock: Clock, now: datetime) -> list[Slot]:
    """Slots that nobody carried out, though the grace is over."""
    grace = timedelta(minutes=verbs.config.schedule.grace_minutes)
    slots = open_slots(verbs, job, clock, now, none_before=True)
    return [slot for slot in slots if now - slot.at > grace]


def _sources(
    connection: sqlite3.Connection, verbs: Verbs, newest: Sequence[Run], now: datetime
) -> tuple[SourceStatus, ...]:
    missed = {name: one.runs for name, one in source_states(connection, verbs.config).items()}
    switched = switches(connection)
    found = []
    for name, entry in verbs.config.sources.items():
        last = _last_read(newest, name)
        age = (now - last).total_seconds() / 3600 if last else None
        state, why = _source_state(name, missed.get(name, 0), last, newest, verbs.config.schedule.alarm_after)
        switch = switched.get(name)
        if switch and not switch.enabled:
            state, why = "frozen", f"{switch.actor} disabled it: {switch.reason}"
        elif not entry.enabled:
            state, why = "frozen", "the settings disable it"
        elif switch and not why and (last is None or last < datetime.fromisoformat(switch.at)):
            why = f"{switch.actor} enabled it again: {switch.reason}"
        found.append(SourceStatus(name, entry.kind, state, last, age, missed.get(name, 0), why))
    return tuple(found)


def _source_state(
    name: str, missed: int, last: datetime | None, newest: Sequence[Run], alarm_after: int
) -> tuple[str, str]:
    if not newest:
        return "new", "no sync has run yet; what people plan by hand is not counted"
    if not missed:
        return ("read", "") if last else ("new", "no sync has read it yet")
    stage = newest[0].stage("plan")
    why = stage.why if stage and stage.facts.get("sources", {}).get(name) == "failed" else newest[0].message
    return ("stale" if missed >= alarm_after else "failed"), why


def _last_read(newest: Sequence[Run], source: str) -> datetime | None:
    for run in newest:
        stage = run.stage("plan")
        if stage and stage.facts.get("sources", {}).get(source) == "read":
            return stage.started_at
    return None


def _waits(connection: sqlite3.Connection, feeds: Sequence[FeedStatus]) -> tuple[str, ...]:
    """What waits for a person: a plan, held changes of the newest plan, files."""
    found = []
    open_ = [plan for plan in plans.all_plans(connection) if plan.state == "proposed" and plan.needs_approval]
    found += [f"Plan {plan.id}: {plan.approval_why}" for plan in open_[:1]]
    newest = plans.sync_plan_after(connection, 0)
    codes = runs.held_by(connection, newest.id) if newest else {}
    held = codes.get("limit", 0) + codes.get("case", 0)
    if newest and held:
        found.append(f"Plan {newest.id} holds {held} {'record' if held == 1 else 'records'} for a decision")
    found += [f"Feed {feed.feed}: {feed.waits}" for feed in feeds if feed.waits]
    return tuple(found)


def _run_alarms(last: Run | None, late: int, unsent: int) -> list[str]:
    found = []
    if last and last.state == "failed":
        found.append(f"Run {last.id} failed with exit code {last.exit_code}: rosterkit runs {last.id}")
    if late:
        found.append(f"{late} {'run is' if late == 1 else 'runs are'} overdue: is rosterkit schedule running?")
    if unsent:
        found.append(f"{unsent} {'notice' if unsent == 1 else 'notices'} did not go out: rosterkit notify --test")
    return found


def _source_alarm(one: SourceStatus) -> str:
    return (
        f"Source {one.source} was not read in {one.missed} {'run' if one.missed == 1 else 'runs in a row'}: {one.why}"
    )
