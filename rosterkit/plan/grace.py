"""The grace of people who disappear: nobody is archived because one file lacks them once.

What refers to somebody in grace, and disappeared as well, stays as long (``plan.propagation``); and it stays where a
later file of people is cut short or missing, so that nobody can tell whether the person is still gone.
"""

from __future__ import annotations

import polars as pl

from rosterkit.plan.ids import among
from rosterkit.plan.plan_day import PlanDay, waited
from rosterkit.plan.records import Records, leaves, links, set_hold
from rosterkit.plan.snapshot import Snapshot


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


_UNKNOWN = "its person disappeared in an earlier run, and this file does not show whether the person is still gone"


def hold_of_unknown(records: Records, plan_day: PlanDay | None, exempt: pl.Series) -> Records:
    """Holds the archives, by absence, of what belongs to people who had disappeared and whose table is not full now.

    ``exempt``: nodes that were expected to leave, or whose archive a person approved.
    """
    if plan_day is None or plan_day.absences.is_empty():
        return records
    earlier = plan_day.known_absent().filter(pl.col("entity") == "User")
    neither = pl.col("active") & ~pl.col("present") & pl.col("action").is_null()
    known = (pl.col("entity") == "User") & pl.col("key").is_in(earlier["key"].implode())
    people = records.states.lazy().filter(known & neither).select("node", "id").collect()
    if people.is_empty():
        return records
    own = links(records, to={"User": people["id"]}).filter(pl.col("required") & among(pl.col("old"), people["node"]))
    gone = leaves() & (pl.col("cause") == "absent").fill_null(value=False) & among(pl.col("node"), own["node"])
    found = records.states.filter(gone & ~among(pl.col("node"), exempt)).select("node", reason=pl.lit(_UNKNOWN))
    return set_hold(records, found, "grace")
