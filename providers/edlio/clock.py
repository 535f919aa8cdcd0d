"""When Edlio reads, and when a file must be there (A9).

Edlio processes every day at about 00:15 in Chicago. A file may come at any time; one that comes later counts for the
next day. "About" has no upper bound, so files are sent until 23:30 by default. All functions take and give aware
datetimes; they are right on the days on which Chicago changes its clocks.
"""

from __future__ import annotations

from datetime import UTC, date, datetime, time, timedelta
from zoneinfo import ZoneInfo

__all__ = ["PROCESSED", "SEND_BY", "ZONE", "finish_in_time", "next_send", "processing_date"]

ZONE = ZoneInfo("America/Chicago")
PROCESSED = time(0, 15)
SEND_BY = time(23, 30)


def next_send(now: datetime, send_by: time = SEND_BY) -> datetime:
    """The next time at which the clock in Chicago shows ``send_by``, after ``now``; in Chicago's zone.

    A time that the clock skips in spring is taken as the moment an hour later on the new clock; of a time that it
    shows twice in autumn the first is taken.
    """
    day = now.astimezone(ZONE).date()
    at = _moment(day, send_by)
    return at if at > now.astimezone(UTC) else _moment(day + timedelta(days=1), send_by)


def processing_date(finished: datetime) -> date:
    """The date, in Chicago, on which Edlio processes a file whose upload has finished at that time."""
    local = finished.astimezone(ZONE)
    return local.date() if local.time() < PROCESSED else local.date() + timedelta(days=1)


def finish_in_time(started: datetime, finished: datetime) -> bool:
    """Whether an upload ended before the processing that it was started for."""
    return processing_date(started) == processing_date(finished)


def _moment(day: date, at: time) -> datetime:
    """That time on that day; through UTC, so that a skipped time becomes one that exists."""
    return datetime.combine(day, at, ZONE).astimezone(UTC).astimezone(ZONE)
