"""The grace of people who disappear: nobody is archived because one file lacks them once.

What refers to somebody in grace, and disappeared as well, stays as long (``plan.propagation``).
"""

from __future__ import annotations

import polars as pl

from rosterkit.plan.ids import among
from rosterkit.plan.plan_day import PlanDay, waited
from rosterkit.plan.records import Records, set_hold
from rosterkit.plan.snapshot import Snapshot

__all__ = ["absent_people", "hold_in_grace"]


def absent_people(records: Records, snapshot: Snapshot) -> pl.DataFrame:
    """node, id, key and ``roles`` (a sorted list) of the people whom a full table lacks."""
    gone = (pl.col("entity") == "User") & (pl.col("action") == "archive") & (pl.col("cause") == "absent")
    unread = (pl.col("hold") == "protected").fill_null(value=False)
    people = records.states.lazy().filter(gone.fill_null(value=False) & ~unread).select("node", "id", "key").collect()
    if people.is_empty():
        return people.with_columns(roles=pl.lit(None, pl.List(pl.String)))
    roles = (
        snapshot.roles_of(people["id"]).group_by(id="user_id").agg(roles=pl.col("role").drop_nulls().unique().sort())
    )
    return people.join(roles, on="id", how="left", maintain_order="left")


def hold_in_grace(
    records: Records, people: pl.DataFrame, plan_day: PlanDay | None, exempt: pl.Series, approved: pl.Series
) -> Records:
    """Holds the archives of people (``absent_people``) who have not been gone for long enough.

    ``exempt``: nodes that were expected to leave. ``approved``: nodes whose archive a person approved.
    """
    if plan_day is None or plan_day.now or people.is_empty():
        return records
    found = people.filter(~among(pl.col("node"), exempt) & ~among(pl.col("node"), approved))
    needed = [plan_day.grace.of(frozenset(roles or ())) for roles in found["roles"].to_list()]
    each = found.select("node", "key").with_columns(needed=pl.Series(needed, dtype=pl.Int64))
    rows = each.join(waited(plan_day), on="key", how="left").with_columns(pl.col("days").fill_null(0))
    waiting = rows.filter(pl.col("days") < pl.col("needed"))
    reason = pl.format(
        "it is archived once it was gone on {} school days before: this is day {}", "needed", pl.col("days") + 1
    )
    return set_hold(records, waiting.select("node", reason=reason), "grace")
