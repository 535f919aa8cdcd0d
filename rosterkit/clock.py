"""Clocks: the dates and times at which something is due, exactly one for each day and time, also where clocks change.

APScheduler's own CronTrigger runs 01:30 twice where clocks go back, and leaves out the day after they go forward for a
job shortly after midnight. A slot is named by what people wrote, such as "2026-11-01 01:30", so it is due once.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from zoneinfo import ZoneInfo

_FARTHEST = 370  # days
_WEEK = ("mon", "tue", "wed", "thu", "fri", "sat", "sun")
_CRON = re.compile(r"(\d{1,2}) (\d{1,2}(?:,\d{1,2})*) \* \* (\S+)")


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


def from_cron(line: str, zone: ZoneInfo) -> Clock:
    """The clock of a cron line: one minute, one or more hours, and days of the week. Raises ValueError.

    Days of a month are not taken: no vendor has such a clock.
    """
    match = _CRON.fullmatch(line.strip())
    if match is None:
        raise ValueError(
            f'"{line}" is no time in cron\'s form, such as "30 4 * * Mon-Fri": minute, hour, * *, and days of the week'
        )
    minute, hours, days = match.groups()
    try:
        times = tuple((time(int(hour), int(minute)), zone) for hour in hours.split(","))
        return Clock(times, frozenset(day for part in days.lower().split(",") for day in _days(part)))
    except ValueError:
        raise ValueError(f'"{line}" names an hour, a minute or a day that does not exist') from None


def _days(text: str) -> Iterator[int]:
    """The days (0: Monday) that a part such as ``Mon-Fri``, ``6`` or ``*`` means. Raises ValueError."""
    if text == "*":
        yield from range(7)
        return
    first, _, last = text.partition("-")
    begin, end = _day(first), _day(last or first)
    yield from (day % 7 for day in range(begin, end + 1 if end >= begin else end + 8))


def _day(text: str) -> int:
    if text.isdecimal() and int(text) <= 7:
        return (int(text) - 1) % 7
    return _WEEK.index(text[:3])


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


def between(clock: Clock, after: datetime) -> timedelta | None:
    """How long it is from the first slot after that instant to the next; None where there is none."""
    first = next_slot(clock, after)
    second = next_slot(clock, first.at) if first else None
    return second.at - first.at if first and second else None
