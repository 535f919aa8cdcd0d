"""The clock of a vendor: when it is to have a file, written as cron, in its own zone."""

from __future__ import annotations

import re
from datetime import datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

__all__ = ["between", "next_time", "problem"]

_DAYS = ("sun", "mon", "tue", "wed", "thu", "fri", "sat", "sun")


def next_time(cron: str, zone: ZoneInfo, after: datetime) -> datetime | None:
    """The first time of the cron line after a moment, in that zone; None where the line is "" or names no time."""
    if not cron:
        return None
    found = _trigger(cron, zone).get_next_fire_time(None, after.astimezone(zone) + timedelta(microseconds=1))
    return found if isinstance(found, datetime) else None


def between(cron: str, zone: ZoneInfo, after: datetime) -> timedelta | None:
    """How long it is from one time to the next, after that moment; None as above."""
    first = next_time(cron, zone, after)
    second = next_time(cron, zone, first) if first else None
    return second - first if first and second else None


def problem(cron: str) -> str:
    """What is wrong with a cron line, as a sentence; "" where nothing is."""
    try:
        _trigger(cron, ZoneInfo("UTC"))
    except ValueError:
        return f'"{cron}" is not a time in cron\'s form, such as "30 4 * * Mon-Fri": minute, hour, day, month, weekday'
    return ""


def _trigger(cron: str, zone: ZoneInfo) -> Any:
    from apscheduler.triggers.cron import CronTrigger  # noqa: PLC0415 - costs 60 ms, and few verbs need it

    *times, weekday = cron.split()
    named = re.sub(r"\b[0-7]\b", lambda day: _DAYS[int(day[0])], weekday)  # cron counts from Sunday, the library not
    return CronTrigger.from_crontab(" ".join([*times, named]), timezone=zone)
