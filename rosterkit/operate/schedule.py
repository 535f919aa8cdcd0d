"""``rosterkit schedule``: one process that runs the jobs of a workspace at their times, and says so where it could not.

APScheduler begins the jobs; when they are due is a matter of ``operate.slots``. One worker carries out all jobs that
use the store, one after another. A slot is done once: after a restart, or where the clock is set back, a run of the
same slot is not begun again.
"""

from __future__ import annotations

import os
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

from apscheduler.executors.pool import ThreadPoolExecutor
from apscheduler.schedulers.background import BackgroundScheduler
from apscheduler.triggers.base import BaseTrigger
from apscheduler.triggers.interval import IntervalTrigger

from rosterkit.clock import Clock, next_slot
from rosterkit.config import FILE, Config
from rosterkit.errors import RosterkitError
from rosterkit.lock import SCHEDULE, lease
from rosterkit.operate.base import Stopped, Verbs
from rosterkit.operate.heartbeat import write_beat
from rosterkit.operate.logs import log
from rosterkit.operate.missed_runs import catch_up, report_alarms
from rosterkit.operate.notices import message, send
from rosterkit.operate.slots import clocks
from rosterkit.problems import sentence
from rosterkit.results import Beat

BEAT_SECONDS = 30.0
"""How often the process looks at its clock, its settings and its jobs: a clock that was set is seen this soon."""
_ALARM_MINUTES = 60


class SlotTrigger(BaseTrigger):  # type: ignore[misc] # APScheduler 3 has no types
    """The slots of a clock for APScheduler."""

    def __init__(self, clock: Clock) -> None:
        self._clock = clock

    def get_next_fire_time(self, previous_fire_time: Any, now: Any) -> datetime | None:
        """The first slot that is not before now and not the one that was."""
        after = now.astimezone(UTC) - timedelta(microseconds=1)
        if previous_fire_time is not None and previous_fire_time <= now:
            after = max(after, previous_fire_time.astimezone(UTC))
        slot = next_slot(self._clock, after)
        return slot.at if slot else None


@dataclass
class Scheduled:
    """The process as its jobs see it: how to open the workspace, and whether it is asked to end."""

    folder: Path
    open: Callable[[Callable[[], None]], Verbs]  # reads the settings anew; raises UsageError where they do not hold
    stop: threading.Event = field(default_factory=threading.Event)
    started_at: datetime = field(default_factory=lambda: datetime.now(UTC))
    running: tuple[str, float] | None = None  # the job that runs now, and since when by a clock that nobody sets
    reported: set[float] = field(default_factory=set)  # beginnings of jobs that were reported to take too long

    def go_on(self) -> None:
        """Raises Stopped where the process is asked to end."""
        if self.stop.is_set():
            raise Stopped

    def verbs(self) -> Verbs:
        """The workspace with the settings of now."""
        return self.open(self.go_on)


def serve(process: Scheduled) -> None:
    """Runs the jobs until ``stop`` is set; what runs then is ended or given up, and goes on with the next start.

    Raises Busy where another process runs the schedule, and UsageError where the settings do not hold.
    """
    with lease(process.folder, SCHEDULE):
        modified = _modified(process.folder)  # before they are read: what changes from now on is seen
        config = process.verbs().config
        scheduler = BackgroundScheduler(
            executors={"default": ThreadPoolExecutor(1)},
            # Late jobs begin too: ``operate.missed_runs`` compares with the grace, and reports what is too late. One
            # worker: jobs never run side by side, and what is due while its last run ends waits for it.
            job_defaults={"coalesce": True, "max_instances": 2, "misfire_grace_time": None},
            timezone=config.zone,
        )
        _add_jobs(scheduler, process, config)
        scheduler.add_job(_begin, args=(process,), id="begin")
        scheduler.start()
        log().info("schedule.started", jobs=sorted(clocks(config)))
        try:
            _watch(scheduler, process, modified)
        finally:
            process.stop.set()
            scheduler.shutdown(wait=True)
            log().info("schedule.ended")


def _add_jobs(scheduler: Any, process: Scheduled, config: Config) -> None:
    wanted = clocks(config)
    for job in scheduler.get_jobs():
        if job.id not in wanted:
            job.remove()
    for job, clock in wanted.items():
        scheduler.add_job(_run_due, SlotTrigger(clock), (process, job), id=job, replace_existing=True)
    scheduler.add_job(_alarms, IntervalTrigger(minutes=_ALARM_MINUTES), (process,), id="alarms", replace_existing=True)


def _watch(scheduler: Any, process: Scheduled, modified: float) -> None:
    """Until it is asked to end: gives signs of life, takes over changed settings, reports a job that takes too long."""
    problem = ""
    while True:
        if _modified(process.folder) != modified:
            modified, problem = _modified(process.folder), _changed(scheduler, process)
        coming = {job.id: job.next_run_time for job in scheduler.get_jobs() if job.next_run_time and job.id != "alarms"}
        running = process.running
        now = datetime.now(UTC)
        write_beat(
            process.folder,
            Beat(os.getpid(), process.started_at, now, coming, running[0] if running else "", problem),
        )
        if running:
            _report_long(process, *running)
        if process.stop.wait(BEAT_SECONDS):
            return
        scheduler.wakeup()  # it waits by a clock that does not notice when the time is set


def _modified(folder: Path) -> float:
    try:
        return (folder / FILE).stat().st_mtime
    except OSError:
        return 0.0


def _changed(scheduler: Any, process: Scheduled) -> str:
    """Takes over the times of changed settings; returns why it cannot, "" where it can."""
    try:
        _add_jobs(scheduler, process, process.verbs().config)
    except (RosterkitError, OSError) as problem:
        text = sentence(problem)[1]
        log().error("schedule.settings", problem=text)
        return text
    log().info("schedule.settings", problem="")
    return ""


def _report_long(process: Scheduled, job: str, since: float) -> None:
    """One notice for a job that takes longer than the settings allow; beside the store, which the job may hold."""
    try:
        verbs = process.open(lambda: None)
    except (RosterkitError, OSError):
        return
    hours = verbs.config.schedule.longest_hours
    if since in process.reported or time.monotonic() - since < hours * 3600:
        return
    process.reported.add(since)
    text = f"The job {job} has been running for more than {hours} hours."
    what = message(verbs.config, verbs.folder, [("failed", text)])
    if what:
        send(verbs.config, verbs.folder, what)


def _begin(process: Scheduled) -> None:
    """The first job of a process: goes on with what was interrupted, and with what is late and not too late."""
    _carry_out(process, "begin", lambda verbs: catch_up(verbs, _in_order(verbs.config), started=True))


def _run_due(process: Scheduled, job: str) -> None:
    _carry_out(process, job, lambda verbs: catch_up(verbs, [job]))


def _alarms(process: Scheduled) -> None:
    _carry_out(process, "alarms", report_alarms)


def _in_order(config: Config) -> list[str]:
    """The sync before the feeds: they then send what it brought."""
    return list(clocks(config))


def _carry_out(process: Scheduled, job: str, work: Callable[[Verbs], None]) -> None:
    """Carries out a job; whatever it raises is logged and reported, and the process goes on."""
    process.running = (job, time.monotonic())
    try:
        process.go_on()
        work(process.verbs())
    except Stopped:
        log().info("job.stopped", job=job)
    except Exception as problem:  # noqa: BLE001 - the schedule must outlive every fault of a job
        code, text = sentence(problem)
        log().error("job.failed", job=job, exit=code, problem=text)
        _report_failed(process, job, text)
    finally:
        process.running = None


def _report_failed(process: Scheduled, job: str, why: str) -> None:
    """A notice beside the store, for a run that could not even begin."""
    try:
        verbs = process.open(lambda: None)
    except (RosterkitError, OSError):
        return
    what = message(verbs.config, verbs.folder, [("failed", f"The job {job} could not run. {why}")])
    if what:
        send(verbs.config, verbs.folder, what)
