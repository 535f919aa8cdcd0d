"""Slots: the dates and times at which a job is due, exactly one for each day and time, also where clocks change.

APScheduler's own CronTrigger runs 01:30 twice where clocks go back, and leaves out the day after they go forward for a
job shortly after midnight. A slot is named by what people wrote, such as "2026-11-01 01:30", so it is due once.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from zoneinfo import ZoneInfo

from rosterkit.config import Config
from rosterkit.run_settings import DAYS, time_of

__all__ = ["SYNC", "Clock", "Slot", "clocks", "due", "next_slot", "own_feeds"]

SYNC = "sync"
_FARTHEST = 370  # days


@dataclass(frozen=True, order=True)
class Slot:
    """One time at which a job is due: the instant in UTC, and its name in the zone of the job."""

    at: datetime
    name: str


@dataclass(frozen=True)
class Clock:
    """When a job is due: times of day, each with its zone, on days of the week (0: Monday)."""

    times: tuple[tuple[time, ZoneInfo], ...]
    days: frozenset[int]

    def on(self, day: date) -> Iterator[Slot]:
        """The slots of a day, each by the calendar of its own zone."""
        if day.weekday() not in self.days:
            return
        for at, zone in self.times:
            # Of an hour that comes twice, the first; of one that is left out, as long after midnight as it would be.
            moment = datetime.combine(day, at, tzinfo=zone).astimezone(UTC)
            yield Slot(moment, f"{day} {at:%H:%M}")


def clocks(config: Config) -> dict[str, Clock]:
    """The jobs of a workspace and when they are due: the sync, and each feed that has times of its own."""
    days = frozenset(DAYS.index(day) for day in config.schedule.days)
    found = {SYNC: _clock(config.schedule.sync, config.zone, days)}
    for name, entry in config.feeds.items():
        if entry.times:
            found[f"feed {name}"] = _clock(entry.times, config.zone, days)
    return found


def own_feeds(config: Config, job: str) -> list[str]:
    """The feeds that a job sends: a sync those without times of their own."""
    if job != SYNC:
        return [job.removeprefix("feed ")]
    return [name for name, entry in config.feeds.items() if not entry.times]


def _clock(times: Sequence[str], zone: ZoneInfo, days: frozenset[int]) -> Clock:
    read = (time_of(text) for text in times)
    return Clock(tuple((at, own or zone) for at, own in read), days)


def due(clock: Clock, after: datetime, until: datetime) -> list[Slot]:
    """The slots after one instant, up to and with another, in order."""
    day, last = after.date() - timedelta(days=1), until.date() + timedelta(days=1)
    found: list[Slot] = []
    while day <= last:
        found += [slot for slot in clock.on(day) if after < slot.at <= until]
        day += timedelta(days=1)
    return sorted(found)


def next_slot(clock: Clock, after: datetime) -> Slot | None:
    """The first slot after that instant; None where the clock has none."""
    for days in range(-1, _FARTHEST):
        coming = [slot for slot in clock.on(after.date() + timedelta(days=days)) if slot.at > after]
        # A slot of the next day may come first where two zones are far apart.
        if coming:
            tomorrow = clock.on(after.date() + timedelta(days=days + 1))
            return min([*coming, *(slot for slot in tomorrow if slot.at > after)])
    return None
