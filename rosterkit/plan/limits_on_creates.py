"""Limits on what comes, and on what comes while as much leaves: pure functions over counts."""

from __future__ import annotations

import polars as pl

from rosterkit.plan.limits import Limits, one_reason

_ALL = 100  # percent: the limit is off

_NOTHING = pl.DataFrame(schema={"node": pl.Int64, "reason": pl.String})
_NONE_ALLOWED = pl.DataFrame(schema={"school_id": pl.Int64, "allowed": pl.Int64})


def too_many_created(
    groups: pl.DataFrame, base: pl.DataFrame, limits: Limits, allowed: pl.DataFrame | None = None
) -> pl.DataFrame:
    """The records that come and are too many: node and reason. Too many over all, in any role, is held everywhere.

    ``groups``: limits.GROUPS of one entity, of which ``added`` counts; ``base``: snapshot.GROUP_COUNTS. A role of which
    none was there before is a first load.
    """
    if _at_most(groups, "added", min(limits.min_created, limits.min_created_overall)):
        return _NOTHING
    coming = groups.lazy().filter("added")
    in_all = base.lazy().filter(pl.col("school_id").is_null() & (pl.col("base") > 0)).drop("school_id")
    by_school = base.lazy().filter(pl.col("school_id").is_not_null())
    known = coming.join(in_all.select("role"), on="role")
    free = (_NONE_ALLOWED if allowed is None else allowed).lazy()
    in_sum = free.select(pl.col("allowed").sum(), role=pl.lit("student"))
    over_all = _created_over(
        known, ["role"], in_all, limits.max_created_overall_percent, limits.min_created_overall, in_sum
    )
    most = over_all.sort("count", "role", descending=[True, False]).head(1)
    everywhere = most.select(reason=pl.format("over all, {}", "reason"))
    anywhere = free.filter(pl.col("school_id").is_null()).select(anywhere=pl.col("allowed").sum())
    schools = known.select("school_id").unique().join(free, on="school_id", how="left").join(anywhere, how="cross")
    every = pl.col("allowed").fill_null(0) + pl.col("anywhere")
    at_school = schools.select("school_id", role=pl.lit("student"), allowed=every)
    here = _created_over(
        known, ["role", "school_id"], by_school, limits.max_created_percent, limits.min_created, at_school
    )
    reasons = here.select("role", "school_id", reason=pl.format("at this school, {}", "reason"))
    parts = [known.join(everywhere, how="cross"), known.join(reasons, on=["role", "school_id"])]
    return one_reason(*parts).collect()


def _at_most(groups: pl.DataFrame, flag: str, count: int) -> bool:
    """Whether no more than that many records have the flag; each has a row for every group that it counts in."""
    return groups["node"].filter(groups[flag]).n_unique() <= count


def _created_over(
    known: pl.LazyFrame, by: list[str], base: pl.LazyFrame, percent: float, minimum: int, allowed: pl.LazyFrame
) -> pl.LazyFrame:
    """Group, count and the sentence that says how many come, beside those that were announced."""
    found = known.unique(["node", *by]).group_by(by).len("count").join(base, on=by, how="left")
    found = found.join(allowed, on=by, how="left").with_columns(
        pl.col("base").fill_null(0), count=pl.col("count").cast(pl.Int64) - pl.col("allowed").fill_null(0)
    )
    over = found.filter((pl.col("count") > (pl.col("base") * percent / 100).floor()) & (pl.col("count") > minimum))
    text = f"{{}} would come to {{}}, above the limit of {percent:g} % and {minimum}"
    return over.select(*by, "count", reason=pl.format(text, "count", "base"))


def reissued(groups: pl.DataFrame, base: pl.DataFrame, limits: Limits) -> pl.DataFrame:
    """Where many come and many leave, both: node and reason. Counted over all, by role.

    So is the complete exchange of a few, at least two: everything leaves, and others come. What is re-linked, which is
    removed and added, counts where many are, and is no exchange.
    """
    few = min(limits.min_reissued, 1)
    if _at_most(groups, "added", few) or _at_most(groups, "removed", few):
        return _NOTHING
    in_all = base.lazy().filter(pl.col("school_id").is_null()).drop("school_id")
    once = groups.lazy().unique(["node", "role"])
    anew = (pl.col("removed") & pl.col("added")).cast(pl.Int64).sum()
    counts = once.group_by("role").agg(pl.col("removed", "added").cast(pl.Int64).sum(), anew=anew)
    known = counts.join(in_all, on="role", how="left").with_columns(pl.col("base").fill_null(0))
    share = (pl.col("base") * limits.max_reissued_percent / 100).floor()
    both = pl.min_horizontal("removed", "added")
    others = (pl.col("anew") == 0) & (pl.col("removed") == pl.col("base")) & (both > 1)
    exchanged = others & (pl.lit(limits.max_reissued_percent) < _ALL)
    over = known.filter(((both > share) & (both > limits.min_reissued)) | exchanged)
    text = f"{{}} would leave and {{}} would come, above the limit of {limits.max_reissued_percent:g} % and "
    text += f"{limits.min_reissued} for both together"
    reasons = over.select("role", reason=pl.format("over all, " + text, "removed", "added"))
    return one_reason(once.join(reasons, on="role")).collect()


def zero_stripped(coming: pl.DataFrame, others: pl.DataFrame, base: int, limits: Limits) -> pl.DataFrame:
    """Records whose ids are alike but for leading zeros, where so many of those come: node and reason.

    ``coming`` and ``others``: node and key of the records that come, and of those that would leave.
    """
    if min(coming.height, others.height) == 0 or coming.height <= limits.min_shape:
        return _NOTHING

    def stripped(frame: pl.DataFrame) -> pl.LazyFrame:
        place, own = pl.col("key").str.extract(r"^([^/]*/[^/]*/)"), pl.col("key").str.extract(r"^[^/]*/[^/]*/(.*)$")
        return frame.lazy().with_columns(_stripped=place + own.str.replace_all("(^|:)0+", "$1"))

    met = stripped(coming).join(stripped(others), on="_stripped", suffix="_other")
    alike = met.filter(pl.col("key") != pl.col("key_other")).select("node", "node_other").collect()
    count = alike["node"].n_unique()
    if count <= max(int(base * limits.max_shape_percent / 100), limits.min_shape):
        return _NOTHING
    reason = f"the ids of {count} that would come are those of others but for leading zeros"
    nodes = pl.concat([alike["node"], alike["node_other"]]).unique()
    return nodes.to_frame().with_columns(reason=pl.lit(reason))


def overcrowded(links: pl.DataFrame, before: pl.DataFrame, students: int, limits: Limits) -> pl.DataFrame:
    """Of guardian links that come (node, student_id), those of too many students with too many: node and reason.

    ``before``: student_id and how many links of each of these students stay (``base``).
    """
    counts = links.lazy().group_by("student_id").len("count").join(before.lazy(), on="student_id", how="left")
    many = counts.filter(pl.col("count") + pl.col("base").fill_null(0) > limits.max_guardians).collect()
    if many.height <= max(int(students * limits.max_shape_percent / 100), limits.min_shape):
        return _NOTHING
    reason = f"{many.height} of {students} students would have more than {limits.max_guardians} guardians"
    mine = links.lazy().join(many.lazy(), on="student_id").select("node", reason=pl.lit(reason))
    return mine.collect()
