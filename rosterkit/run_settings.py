"""The settings of runs without a person: when they are, when they are not, and who is notified."""

from __future__ import annotations

import re
from collections.abc import Sequence
from datetime import date, time
from functools import cache
from typing import Annotated, Literal, Self
from zoneinfo import ZoneInfo, available_timezones

from pydantic import AfterValidator, BaseModel, ConfigDict, Field, model_validator

from rosterkit.transport.secrets import SecretReference

Day = Literal["mon", "tue", "wed", "thu", "fri", "sat", "sun"]
DAYS: tuple[Day, ...] = ("mon", "tue", "wed", "thu", "fri", "sat", "sun")

Kind = Literal["held", "failed", "stale", "first", "overdue", "missed", "recovered"]
KINDS: dict[Kind, str] = {
    "held": "Something waits for a person: a plan, held changes, or a file.",
    "failed": "A stage of a run failed, or a file was refused.",
    "stale": "A source or a feed had no good run for too long.",
    "first": "The first file of a feed waits for approval.",
    "overdue": "An announced change did not come.",
    "missed": "A run did not take place at its time.",
    "recovered": "A source that could not be read is read again.",
}
"""What a notice can be about."""

_CLOCK = re.compile(r"([01]\d|2[0-3]):([0-5]\d)(?: (\S+))?")


@cache
def zones() -> frozenset[str]:
    """The names of time zones; looked up once, as that goes through hundreds of files."""
    return frozenset(available_timezones())


def time_of(text: str) -> tuple[time, ZoneInfo | None]:
    """The time that ``HH:MM`` or ``HH:MM ZONE`` means, and its zone where it names one."""
    match = _CLOCK.fullmatch(text)
    if match is None:
        raise ValueError(f'"{text}" is no time of day; write it as "03:00" or "03:00 America/Chicago"')
    hour, minute, zone = match.groups()
    if zone and zone not in zones():
        raise ValueError(f'"{zone}" is not an IANA time zone, such as America/Chicago')
    return time(int(hour), int(minute)), ZoneInfo(zone) if zone else None


def _is_a_time(text: str) -> str:
    time_of(text)
    return text


TimeOfDay = Annotated[str, AfterValidator(_is_a_time)]
"""``HH:MM`` in the district's zone, or ``HH:MM ZONE``."""


class _Settings(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid", strict=True)


class ScheduleSettings(_Settings):
    """``[schedule]``: when ``rosterkit schedule`` runs, and when a run that is late or missing is reported."""

    sync: tuple[TimeOfDay, ...] = Field(
        default=("03:00",),
        strict=False,
        description="The times of day of the sync, in the district's zone. `03:00 America/Chicago` names another zone.",
    )
    days: tuple[Day, ...] = Field(default=DAYS, strict=False, description="The days of the week on which it runs.")
    grace_minutes: int = Field(
        default=120,
        ge=1,
        le=1440,
        description="A run that could not begin on time begins up to this many minutes later. After that it is "
        "reported as missed.",
    )
    alarm_after: int = Field(
        default=2,
        ge=1,
        le=30,
        description="A source that could not be read, or a feed that was not sent, in this many runs in a row is "
        "stale: people are notified.",
    )
    resume_hours: int = Field(
        default=12,
        ge=1,
        le=72,
        description="A run that was interrupted goes on where it stopped for this many hours. After that a new run "
        "begins.",
    )
    longest_hours: int = Field(
        default=6, ge=1, le=48, description="A run that takes longer than this many hours is reported as failed."
    )


class NoticeSettings(_Settings):
    """``[notices]``: who is notified, and of what."""

    to: tuple[SecretReference, ...] = Field(
        default=(),
        strict=False,
        description="References to the addresses that get notices, as Apprise writes them: `mailto://…` for mail, "
        "`msteams://…`, `slack://…`, `jsons://…` for a webhook (docs/notices.md). An address holds passwords, so it is "
        "never written here: use `env:NAME`, `file:/path` or `keyring:service/name`.",
    )
    kinds: tuple[Kind, ...] = Field(
        default=tuple(KINDS),
        strict=False,
        description="What people are notified of: `held`, `failed`, `stale`, `first`, `overdue`, `missed`, "
        "`recovered`.",
    )
    district: str = Field(
        default="", max_length=80, description="The district's name as the subject of a notice shows it."
    )
    link: str = Field(
        default="",
        max_length=500,
        description="Where people look when they get a notice, such as the address of the review page. Left empty, a "
        "notice shows the command to type.",
    )


class Window(_Settings):
    """``[[windows]]``: days on which a sync does less."""

    kind: Literal["blackout", "additions"]
    first: date = Field(strict=False)
    last: date = Field(strict=False)
    reason: str = Field(min_length=1, max_length=200)

    @model_validator(mode="after")
    def _is_in_order(self) -> Self:
        if self.last < self.first:
            raise ValueError(f"last ({self.last}) comes before first ({self.first})")
        return self

    def covers(self, day: date) -> bool:
        """Whether it is on, on that day of the district."""
        return self.first <= day <= self.last

    def __str__(self) -> str:
        what = "blackout" if self.kind == "blackout" else "additions only"
        return f"{what} until {self.last}: {self.reason}"

    @staticmethod
    def on(windows: Sequence[Window], day: date, kind: str) -> Window | None:
        """The window of that kind that is on, if one is."""
        return next((window for window in windows if window.kind == kind and window.covers(day)), None)
