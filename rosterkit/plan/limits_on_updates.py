"""Limits on what is changed, field by field: pure functions over the changes and how many records there are."""

from __future__ import annotations

import polars as pl

from rosterkit.plan.field_kinds import CLEARED, percents
from rosterkit.plan.limits import Limits, one_reason

CHANGED: dict[str, type[pl.DataType]] = {
    "node": pl.Int64,
    "field": pl.String,  # a label
    "kind": pl.String,  # of field_kinds
    "role": pl.String,  # "" where the entity has none
    "school_id": pl.Int64,  # 0 = the district
}
"""One row for each changed field of a record, each kind that it counts as, and each group that the record counts in."""

_NOTHING = pl.DataFrame(schema={"node": pl.Int64, "field": pl.String, "reason": pl.String})

OFF = 100
"""A limit of so many percent holds nothing, and what goes with it is off too."""

_SCHOOL = ("role", "school_id")
_SMALL = "at this school, {}"
_ALL = "over all, {}"


def may_exceed(fields: pl.DataFrame, limits: Limits) -> bool:
    """Whether so many records change (node, field) that a limit could be passed: else nothing need be counted."""
    smallest = min(limits.min_changed, limits.min_changed_overall)
    most = fields.lazy().group_by("field").len().select(pl.col("len").max()).collect().item()
    return bool(most is not None and most > smallest)


def _counted(rows: pl.LazyFrame, by: tuple[str, ...], base: pl.LazyFrame, limits: Limits) -> pl.LazyFrame:
    """field, kind and group that are over the limit, with the sentence that says so."""
    minimum = limits.min_changed if "school_id" in by else limits.min_changed_overall
    counts = rows.unique(["node", "field", "kind", *by]).group_by("field", "kind", *by).len("count")
    many = counts.filter(pl.col("count") > minimum).join(base, on=list(by), how="left")
    shares = many.join(percents(limits).lazy(), on="kind").with_columns(pl.col("base").fill_null(0))
    over = shares.filter(pl.col("count") > (pl.col("base") * pl.col("percent") / 100).floor())
    change = pl.when(pl.col("kind") == CLEARED).then(pl.lit("lose")).otherwise(pl.lit("change"))
    said = pl.format(
        "{} of {} would {} their {}, above the limit of {} % and {}",
        *("count", "base", change, "field", pl.col("percent").cast(pl.Int64), pl.lit(minimum)),
    )
    place = _SMALL if "school_id" in by else _ALL
    return over.select("field", "kind", *by, "count", reason=pl.format(place, said))


def over_the_limit(rows: pl.DataFrame, base: pl.DataFrame, limits: Limits) -> pl.DataFrame:
    """The fields that a limit holds: node, field and reason, one row each. ``rows``: CHANGED of one entity.

    What is too much over all, in any role, is held everywhere. ``base``: snapshot.GROUP_COUNTS.
    """
    lazy, by_school = rows.lazy(), base.lazy().filter(pl.col("school_id").is_not_null())
    in_all = base.lazy().filter(pl.col("school_id").is_null()).drop("school_id")
    largest = pl.col("reason").sort_by("count", "role", "kind", descending=[True, False, False]).first()
    everywhere = _counted(lazy, ("role",), in_all, limits).group_by("field").agg(largest)
    here = lazy.join(_counted(lazy, _SCHOOL, by_school, limits), on=["field", "kind", *_SCHOOL])
    # A record may count in several groups: the largest is named.
    largest = (
        pl.col("reason").sort_by("count", "role", "school_id", "kind", descending=[True, False, False, False]).first()
    )
    parts = here.group_by("node", "field").agg(largest)
    return one_reason(lazy.join(everywhere, on="field"), parts, of=("node", "field")).collect()


def restructured(parents: pl.Series, orgs: int, limits: Limits) -> pl.DataFrame:
    """Orgs (nodes) that get another parent, where so many do that the district has another structure: node, field and
    reason. Districts have few orgs, so more than half of them are too many, and at least two.
    """
    if parents.len() < 2 or parents.len() * 2 <= orgs or limits.max_changed_links_percent == OFF:
        return _NOTHING
    reason = f"{parents.len()} of {orgs} orgs would get another parent, above the limit of one half"
    return parents.alias("node").to_frame().with_columns(field=pl.lit("parent"), reason=pl.lit(reason))


def renamed(people: pl.DataFrame, limits: Limits) -> pl.DataFrame:
    """Of people whose names both change (node, role), those that are too many over all: node and reason.

    So many at one school are as many over all.
    """
    once = people.lazy().select("node", "role").unique()
    over = once.group_by("role").len("count").filter(pl.col("count") > limits.max_renamed_people)
    said = f"both names would change at {{}} people, above the limit of {limits.max_renamed_people}"
    return one_reason(
        once.join(over.select("role", reason=pl.format(_ALL, pl.format(said, "count"))), on="role")
    ).collect()
