"""The day of a plan: what planning knows beside the stored roster and what was delivered."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date

import polars as pl

from rosterkit.plan.calendar import CalendarSettings, GraceSettings, RolloverSettings
from rosterkit.plan.expectations import Expectation
from rosterkit.plan.ids import NO_IDS
from rosterkit.plan.limits import Limits
from rosterkit.plan.records import ENTITY, Records

ABSENCES: dict[str, type[pl.DataType]] = {
    "entity": pl.String,
    "key": pl.String,
    "role": pl.String,  # roles of a person are separated by commas; "" where the entity has none
    "day": pl.String,  # YYYY-MM-DD
    "active": pl.Boolean,  # whether the record is active still
}
"""The records that disappeared in earlier runs: one row for each day on which a run saw that a record was gone."""


def _none() -> pl.DataFrame:
    return pl.DataFrame(schema=ABSENCES)


@dataclass(frozen=True)
class PlanDay:
    """``ended``, by entity: ids of stored records that end by ``as_of`` with their term. ``now``: without grace.
    ``promotes``: the rise of grades by one was asked for.
    """

    as_of: date
    calendar: CalendarSettings = field(default_factory=CalendarSettings)
    grace: GraceSettings = field(default_factory=GraceSettings)
    rollover: RolloverSettings = field(default_factory=RolloverSettings)
    absences: pl.DataFrame = field(default_factory=_none)
    expectations: tuple[Expectation, ...] = ()
    ended: Mapping[str, pl.Series] = field(default_factory=dict)
    over: bool = False  # whether any session that is known is over
    school_year: str = ""  # in progress: the last one that began
    now: bool = False
    promotes: bool = False

    def known_absent(self) -> pl.DataFrame:
        """Entity and key of active records that had disappeared before: they are looked at in each run."""
        active = self.absences.lazy().filter("active")
        return active.select("entity", "key").unique(maintain_order=True).collect()


@dataclass(frozen=True)
class Week:
    """What disappeared before this day.

    ``earlier``: nodes of records that did and are active still: they were counted then. ``counts``: entity, role,
    ``gone`` and ``archived`` of the last school days, by ``Limits.week_days``.
    """

    earlier: pl.Series
    counts: pl.DataFrame


_COUNTS: dict[str, type[pl.DataType]] = {
    "entity": pl.String,
    "role": pl.String,
    "gone": pl.Int64,
    "archived": pl.Int64,
}
NO_WEEK = Week(NO_IDS, pl.DataFrame(schema=_COUNTS))


def week_of(records: Records, plan_day: PlanDay | None, limits: Limits) -> Week:
    """What disappeared before the day of the plan."""
    if plan_day is None or plan_day.absences.is_empty():
        return NO_WEEK
    today = plan_day.as_of.isoformat()
    first = {"role": pl.col("role").first(), "active": pl.col("active").first(), "day": pl.col("day").min()}
    absences = plan_day.absences.lazy().group_by("entity", "key").agg(**first)
    before = absences.filter(pl.col("day") < today).collect().lazy()
    named = before.filter("active").select(pl.col("entity").cast(ENTITY), "key")
    nodes = records.states.lazy().select("node", "entity", "key").join(named, on=["entity", "key"], how="semi")
    since = plan_day.calendar.first_of(limits.week_days, plan_day.as_of).isoformat()
    lately = before.filter(pl.col("day") >= since).with_columns(pl.col("role").str.split(",")).explode("role")
    counts = lately.group_by("entity", "role").agg(
        gone=pl.len().cast(pl.Int64), archived=(~pl.col("active")).sum().cast(pl.Int64)
    )
    return Week(nodes.select("node").collect().to_series(), counts.collect())


def waited(plan_day: PlanDay) -> pl.DataFrame:
    """Key and ``days`` of people who disappeared: on how many school days before this one a run saw so."""
    today = plan_day.as_of.isoformat()
    mine = plan_day.absences.filter((pl.col("entity") == "User") & (pl.col("day") < today)).select("key", "day")
    days = mine["day"].unique().to_list()
    school = [day for day in days if plan_day.calendar.is_school_day(date.fromisoformat(day))]
    return mine.unique().group_by("key").agg(days=pl.col("day").is_in(school).sum().cast(pl.Int64))
