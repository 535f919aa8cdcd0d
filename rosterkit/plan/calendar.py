"""The school calendar, the grace of people who disappear, and the turn of the school year: their settings."""

from __future__ import annotations

from datetime import date, timedelta
from typing import Annotated, Literal

from pydantic import AfterValidator, BaseModel, ConfigDict, Field

from rosterkit.plan.policy import GUARDIAN_ROLES

Weekday = Literal["monday", "tuesday", "wednesday", "thursday", "friday", "saturday", "sunday"]
_WEEKDAYS: tuple[Weekday, ...] = ("monday", "tuesday", "wednesday", "thursday", "friday", "saturday", "sunday")
_LONGEST = 60  # days
_SPAN = "/"


def _span(text: str) -> tuple[date, date]:
    first, _, last = text.partition(_SPAN)
    return date.fromisoformat(first), date.fromisoformat(last or first)


def _is_a_span(text: str) -> str:
    try:
        first, last = _span(text)
    except ValueError:
        raise ValueError(f'"{text}" is no day such as 2026-11-26, and no span such as 2026-12-21/2027-01-01') from None
    if last < first:
        raise ValueError(f'"{text}" ends before it begins')
    return text


def _is_a_day(text: str) -> str:
    try:
        return date.fromisoformat(text).isoformat() if text else ""
    except ValueError:
        raise ValueError(f'"{text}" is no day such as 2027-08-01') from None


_Days = Annotated[str, AfterValidator(_is_a_span)]


class CalendarSettings(BaseModel):
    """``[calendar]``: which days are school days."""

    model_config = ConfigDict(frozen=True, extra="forbid", strict=True)

    school_days: tuple[Weekday, ...] = Field(
        default=_WEEKDAYS[:5], strict=False, description="The days of the week on which there is school."
    )
    holidays: tuple[_Days, ...] = Field(
        default=(),
        strict=False,
        description="Days without school: a day such as `2026-11-26`, or the first and the last day of a span, such as "
        "`2026-12-21/2027-01-01`.",
    )

    def is_school_day(self, day: date) -> bool:
        """Whether there is school on that day."""
        off = any(first <= day <= last for first, last in map(_span, self.holidays))
        return _WEEKDAYS[day.weekday()] in self.school_days and not off

    def first_of(self, days: int, last: date) -> date:
        """The first of so many school days up to ``last``; at most a year before it."""
        day = last
        for _ in range(366):
            days -= self.is_school_day(day)
            if days <= 0:
                break
            day -= timedelta(days=1)
        return day


class GraceSettings(BaseModel):
    """``[grace]``: how long a person who disappears stays."""

    model_config = ConfigDict(frozen=True, extra="forbid", strict=True)

    students: int = Field(
        default=3,
        ge=0,
        le=_LONGEST,
        description="A student who is no longer in a full file is archived once that was so on this many school days "
        "before. A second run on one day, and a run in which the file was absent or partial, do not count.",
    )
    guardians: int = Field(default=3, ge=0, le=_LONGEST, description="The same for guardians.")
    staff: int = Field(
        default=0, ge=0, le=_LONGEST, description="The same for staff, and for everybody who has a role of staff."
    )

    def of(self, roles: frozenset[str]) -> int:
        """The days of a person with these roles; somebody without a role counts as a student."""
        if roles - {"student", *GUARDIAN_ROLES}:
            return self.staff
        return self.guardians if roles and "student" not in roles else self.students


class RolloverSettings(BaseModel):
    """``[rollover]``: the turn of a term and of the school year."""

    model_config = ConfigDict(frozen=True, extra="forbid", strict=True)

    close_ended: bool = Field(
        default=True,
        description="Whether sessions that are over close, with the classes, enrollments and courses that end with "
        "them, also while the source still lists them. No limit counts them.",
    )
    release_date: Annotated[str, AfterValidator(_is_a_day)] = Field(
        default="",
        description="New classes of the next school year are held until this day, such as `2027-08-01`, with their "
        "enrollments. Left empty, they come as they are delivered.",
    )
    settling_days: int = Field(
        default=14,
        ge=0,
        le=_LONGEST,
        description="New classes and enrollments of a session that has not begun, or began within this many days, are "
        "not counted by the limits on what is created.",
    )
