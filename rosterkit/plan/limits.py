"""Limits on what vanishes: judged before anything is written, they hold archives.

Both a share and a floor must be passed. A unit is (entity, role, school); people at several schools count in each,
those with none at the district (school 0). What follows from an archived parent counts at the parent.
"""

from __future__ import annotations

from dataclasses import dataclass

import polars as pl

__all__ = ["UNITS", "Limits", "halved_classes", "trips"]

UNITS: dict[str, type[pl.DataType]] = {
    "id": pl.Int64,
    "role": pl.String,  # "" where the entity has none
    "school_id": pl.Int64,  # 0 = the district
    "base": pl.Boolean,  # active at the base revision
    "vanished": pl.Boolean,  # proposed to be archived, and counted here
    "added": pl.Boolean,  # proposed to be created or restored
}
"""One row for each record and unit that it counts in."""


@dataclass(frozen=True)
class Limits:
    """Every number is a setting (docs/settings.md)."""

    vanished_percent: float = 5
    vanished_floor: int = 5
    vanished_overall_percent: float = 5
    vanished_overall_floor: int = 25
    halved_from: int = 5


def _tripped(counts: pl.DataFrame, percent: float, floor: int, halved_from: int) -> pl.DataFrame:
    """Of frames with base, vanished, added: those over a limit, with the sentence that says which."""
    share = (pl.col("base") * percent / 100).floor()
    left = pl.col("base") - pl.col("vanished") + pl.col("added")
    many = (pl.col("vanished") > share) & (pl.col("vanished") > floor)
    halved = (pl.col("vanished") > 0) & (pl.col("base") >= halved_from) & (left * 2 < pl.col("base"))
    said = pl.format("{} of {} would vanish", "vanished", "base")
    return counts.filter(many | halved).with_columns(
        why=pl.when(left == 0)
        .then(pl.format("{}, which leaves none: the file may be incomplete", said))
        .when(halved)
        .then(pl.format("{}, which leaves less than half: the file may be cut short", said))
        .otherwise(pl.format("{}, above the limit of {} % and {}", said, pl.lit(f"{percent:g}"), pl.lit(floor)))
    )


def _counts(units: pl.DataFrame, by: list[str]) -> pl.DataFrame:
    once = units.unique(["id", *by]) if by else units.unique("id")
    grouped = once.group_by(by) if by else once.group_by(pl.lit(0).alias("all"))
    return grouped.agg(pl.col("base", "vanished", "added").cast(pl.Int64).sum()).filter(pl.col("vanished") > 0)


def trips(units: pl.DataFrame, limits: Limits) -> pl.DataFrame:
    """The records that a limit holds: columns id, why (one row each), judged by unit and over all."""
    by_unit = _tripped(
        _counts(units, ["role", "school_id"]), limits.vanished_percent, limits.vanished_floor, limits.halved_from
    )
    over_all = _tripped(
        _counts(units, ["role"]), limits.vanished_overall_percent, limits.vanished_overall_floor, limits.halved_from
    )
    vanished = units.filter("vanished")
    held = pl.concat(
        [
            vanished.join(over_all.select("role", why=pl.format("over all, {}", "why")), on="role"),
            vanished.join(
                by_unit.select("role", "school_id", why=pl.format("at this school, {}", "why")),
                on=["role", "school_id"],
            ),
        ],
        how="diagonal",
    )
    return held.select("id", "why").unique("id", keep="first", maintain_order=True)


def halved_classes(members: pl.DataFrame, limits: Limits) -> pl.DataFrame:
    """Of classes that stay, the enrollments held because the class would fall to less than half.

    ``members``: id, class_id, role, base, vanished, added. Returns id, why.
    """
    counts = members.group_by("class_id", "role").agg(pl.col("base", "vanished", "added").cast(pl.Int64).sum())
    low = _tripped(counts.filter(pl.col("vanished") > 0), 100, 1 << 62, limits.halved_from)
    return (
        members.filter("vanished")
        .join(low.select("class_id", "role", why=pl.format("in this class, {}", "why")), on=["class_id", "role"])
        .select("id", "why")
    )
