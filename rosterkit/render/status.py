"""The status of a workspace for people at a terminal, as JSON, and as text for Prometheus."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import asdict
from datetime import datetime, tzinfo
from typing import Any

from rich.console import Console

from rosterkit.render.labels import moment
from rosterkit.render.tables import table, text
from rosterkit.results import FeedStatus, Status


def status(console: Console, now: Status, zone: tzinfo) -> None:
    """What is wrong first, then what waits, then sources, feeds and what comes next."""
    console.print(text("Look at it:" if now.exit_code else "All is well.", "bold"))
    for title, sentences in (("Alarms", now.alarms), ("Waits for a person", now.waits)):
        if sentences:
            console.print(table(title, ["what"], [(sentence,) for sentence in sentences]))
    console.print(text(f"Last run of the sync: {_last(now, zone)}"))
    console.print(text(f"Schedule: {_schedule(now, zone)}"))
    if now.window:
        console.print(text(f"Window: {now.window}"))
    sources = [
        (s.source, s.kind, s.state, _at(s.last_read, zone), _age(s.age_hours), s.why or "–") for s in now.sources
    ]
    if sources:
        console.print(table("Sources", ["source", "kind", "state", "last read", "age", "why"], sources))
    feeds = [
        (f.feed, f.kind, f.state or "new", _at(f.last_at, zone), _age(f.age_hours), f.why or "–") for f in now.feeds
    ]
    if feeds:
        console.print(table("Feeds", ["feed", "kind", "state", "last arrived", "age", "why"], feeds))


def _last(now: Status, zone: tzinfo) -> str:
    if now.last_run is None:
        return "there was none yet."
    state = "done, and somebody should look" if now.last_run.state == "look" else now.last_run.state
    last = f"run {now.last_run.id} at {moment(now.last_run.started_at, zone)}: {state}"
    if now.last_good is None:
        return f"{last}; none was good yet."
    if now.last_good.id == now.last_run.id:
        return f"{last}."
    return f"{last}; the last good one is run {now.last_good.id} ({moment(now.last_good.started_at, zone)})."


def _schedule(now: Status, zone: tzinfo) -> str:
    if not now.scheduled or now.beat is None:
        return "no process runs it (rosterkit schedule, or cron and the like)."
    coming = ", ".join(f"{job} at {moment(at, zone)}" for job, at in sorted(now.beat.next.items()))
    runs = f"{now.beat.running} runs now; " if now.beat.running else ""
    return f"process {now.beat.pid} runs it; {runs}next: {coming or 'nothing'}."


def _at(at: datetime | None, zone: tzinfo) -> str:
    return moment(at, zone) if at else "never"


def _age(hours: float | None) -> str:
    return "–" if hours is None else f"{hours:.1f} h" if hours < 48 else f"{hours / 24:.1f} days"


def status_facts(now: Status) -> dict[str, Any]:
    """The status as JSON has it."""
    return {
        "at": now.at,
        "exit_code": now.exit_code,
        "mode": now.mode,
        "window": now.window,
        "alarms": list(now.alarms),
        "waits": list(now.waits),
        "last_run": now.last_run.id if now.last_run else None,
        "last_run_state": now.last_run.state if now.last_run else "",
        "last_run_at": now.last_run.started_at if now.last_run else None,
        "last_good": now.last_good.id if now.last_good else None,
        "last_good_at": now.last_good.started_at if now.last_good else None,
        "scheduled": now.scheduled,
        "next": dict(now.beat.next) if now.beat and now.scheduled else {},
        "sources": [asdict(one) for one in now.sources],
        "feeds": [_feed(one) for one in now.feeds],
    }


def _feed(one: FeedStatus) -> dict[str, Any]:
    names = ("feed", "kind", "state", "why", "last_at", "age_hours", "next_at", "waits")
    return {name: getattr(one, name) for name in names}


def prometheus(now: Status) -> str:
    """The status in the text format of Prometheus, for the textfile collector of its node exporter."""
    from prometheus_client import CollectorRegistry, Gauge, generate_latest  # noqa: PLC0415 - needed only here

    registry = CollectorRegistry()

    def gauge(name: str, meaning: str, values: Iterable[tuple[dict[str, str], float | None]]) -> None:
        known = list(values)
        made = Gauge(f"rosterkit_{name}", meaning, list(known[0][0]) if known else [], registry=registry)
        for labels, value in known:
            if value is not None:
                (made.labels(**labels) if labels else made).set(value)

    gauge("alarms", "Alarms that somebody should look at.", [({}, len(now.alarms))])
    gauge("waiting", "What waits for a person.", [({}, len(now.waits))])
    gauge("schedule_alive", "1 where a process runs the schedule.", [({}, int(now.scheduled))])
    gauge("last_run_exit_code", "The exit code of the last sync.", [({}, _code(now))])
    gauge("last_good_run_timestamp_seconds", "When the last good sync began.", [({}, _stamp(now))])
    gauge(
        "source_age_seconds",
        "Since a source was last read.",
        [_labelled("source", s.source, s.age_hours) for s in now.sources],
    )
    gauge(
        "source_missed_runs",
        "Runs in a row in which a source was not read.",
        [({"source": s.source}, s.missed) for s in now.sources],
    )
    gauge(
        "source_frozen",
        "1 where nobody reads the source.",
        [({"source": s.source}, int(s.state == "frozen")) for s in now.sources],
    )
    gauge(
        "feed_age_seconds",
        "Since a file of a feed last arrived.",
        [_labelled("feed", f.feed, f.age_hours) for f in now.feeds],
    )
    gauge("feed_waiting", "1 where a file waits.", [({"feed": f.feed}, int(bool(f.waits))) for f in now.feeds])
    return generate_latest(registry).decode()


def _code(now: Status) -> int | None:
    return now.last_run.exit_code if now.last_run else None


def _stamp(now: Status) -> float | None:
    return now.last_good.started_at.timestamp() if now.last_good else None


def _labelled(label: str, name: str, hours: float | None) -> tuple[dict[str, str], float | None]:
    return {label: name}, None if hours is None else hours * 3600
