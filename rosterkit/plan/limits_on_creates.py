"""Limits on what comes, and on what comes while as much leaves: pure functions over counts."""

from __future__ import annotations

import polars as pl

from rosterkit.plan.limits import Limits

__all__ = ["overcrowded", "reissued", "too_many_created", "zero_stripped"]


def too_many_created(groups: pl.DataFrame, base: pl.DataFrame, limits: Limits) -> pl.DataFrame:
    """The records that come and are too many: node and reason. ``groups``: limits.GROUPS of one entity, of which
    ``added`` counts; ``base``: snapshot.GROUP_COUNTS. A role of which none was there before is a first load."""
    coming = groups.lazy().filter("added")
    in_all = base.lazy().filter(pl.col("school_id").is_null() & (pl.col("base") > 0)).drop("school_id")
    by_school = base.lazy().filter(pl.col("school_id").is_not_null())
    known = coming.join(in_all.select("role"), on="role", how="semi")
    parts = []
    for by, counts, percent, minimum, place in (
        (["role"], in_all, limits.max_created_overall_percent, limits.min_created_overall, "over all, {}"),
        (["role", "school_id"], by_school, limits.max_created_percent, limits.min_created, "at this school, {}"),
    ):
        found = known.unique(["node", *by]).group_by(by).len("count").join(counts, on=by, how="left")
        found = found.with_columns(pl.col("base").fill_null(0))
        share = (pl.col("base") * percent / 100).floor()
        over = found.filter((pl.col("count") > share) & (pl.col("count") > minimum))
        text = f"{{}} would come to {{}}, above the limit of {percent:g} % and {minimum}"
        reasons = over.select(*by, reason=pl.format(place, pl.format(text, "count", "base")))
        parts.append(known.join(reasons, on=by).select("node", "reason"))
    return pl.concat(parts).unique("node", keep="first", maintain_order=True).collect()


def reissued(groups: pl.DataFrame, base: pl.DataFrame, limits: Limits) -> pl.DataFrame:
    """Where many come and many leave, both: node and reason. Counted over all, by role."""
    in_all = base.lazy().filter(pl.col("school_id").is_null()).drop("school_id")
    once = groups.lazy().unique(["node", "role"])
    counts = once.group_by("role").agg(pl.col("removed", "added").cast(pl.Int64).sum())
    share = (pl.col("base").fill_null(0) * limits.max_reissued_percent / 100).floor()
    both = pl.min_horizontal("removed", "added")
    over = counts.join(in_all, on="role", how="left").filter((both > share) & (both > limits.min_reissued))
    text = f"{{}} would leave and {{}} would come, above the limit of {limits.max_reissued_percent:g} % and "
    text += f"{limits.min_reissued} for both together"
    reasons = over.select("role", reason=pl.format("over all, " + text, "removed", "added"))
    return once.join(reasons, on="role").select("node", "reason").unique("node").collect()


def zero_stripped(coming: pl.DataFrame, others: pl.DataFrame, base: int, limits: Limits) -> pl.DataFrame:
    """Of records that come (node, key), those whose id is that of another (key) but for leading zeros: node, reason."""

    def stripped(frame: pl.DataFrame) -> pl.LazyFrame:
        place, own = pl.col("key").str.extract(r"^([^/]*/[^/]*/)"), pl.col("key").str.extract(r"^[^/]*/[^/]*/(.*)$")
        return frame.lazy().with_columns(_stripped=place + own.str.strip_chars_start("0"))

    met = stripped(coming).join(stripped(others), on="_stripped", suffix="_other")
    alike = met.filter(pl.col("key") != pl.col("key_other")).select("node").unique().collect()
    if alike.height <= max(int(base * limits.max_shape_percent / 100), limits.min_shape):
        return pl.DataFrame(schema={"node": pl.Int64, "reason": pl.String})
    reason = f"the ids of {alike.height} that would come are those of others but for leading zeros"
    return alike.with_columns(reason=pl.lit(reason))


def overcrowded(links: pl.DataFrame, before: pl.DataFrame, students: int, limits: Limits) -> pl.DataFrame:
    """Of guardian links that come (node, student_id), those of too many students with too many: node and reason.

    ``before``: student_id and how many links of each of these students stay (``base``).
    """
    counts = links.lazy().group_by("student_id").len("count").join(before.lazy(), on="student_id", how="left")
    many = counts.filter(pl.col("count") + pl.col("base").fill_null(0) > limits.max_guardians).collect()
    if many.height <= max(int(students * limits.max_shape_percent / 100), limits.min_shape):
        return pl.DataFrame(schema={"node": pl.Int64, "reason": pl.String})
    reason = f"{many.height} of {students} students would have more than {limits.max_guardians} guardians"
    mine = links.lazy().join(many.lazy(), on="student_id", how="semi").select("node", reason=pl.lit(reason))
    return mine.collect()
