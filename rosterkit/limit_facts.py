"""What the limits of a run are: the settings with the overrides that count, and the day with what is known of it."""

from __future__ import annotations

import sqlite3
from collections.abc import Sequence
from datetime import date

from rosterkit.config import Config
from rosterkit.plan.limits import Limits
from rosterkit.plan.plan_day import PlanDay
from rosterkit.store import expectations, term_ends
from rosterkit.store.absences import absences
from rosterkit.store.overrides import Override


def occasion_of(
    connection: sqlite3.Connection, config: Config, as_of: date, *, now: bool = False, promotes: bool = False
) -> PlanDay:
    """The day of a plan. ``now``: nobody has a grace. ``promotes``: the rise of grades was asked for."""
    return PlanDay(
        as_of=as_of,
        calendar=config.calendar,
        grace=config.grace,
        rollover=config.rollover,
        absences=absences(connection),
        expectations=tuple(one.expectation for one in expectations.expectations(connection)),
        ended=term_ends.ended(connection, as_of) if config.rollover.close_ended else {},
        over=term_ends.any_over(connection, as_of),
        school_year=term_ends.school_year(connection, as_of),
        now=now,
        promotes=promotes,
    )


def limits_with(limits: Limits, some: Sequence[Override]) -> Limits:
    """The limits with the values of overrides."""
    return Limits.model_validate(limits.model_dump() | {one.setting: one.value for one in some}) if some else limits


def override_notes(limits: Limits, some: Sequence[Override]) -> list[str]:
    """A sentence for each override, for the notes of a plan."""
    return [
        f"The limit {one.setting} is {one.value} instead of {getattr(limits, one.setting)}: {one.actor} set it "
        f"{'for one plan' if one.once else f'until {one.until}'} ({one.reason})."
        for one in some
    ]
