"""Limits on what vanishes: judged before anything is written, they hold archives.

Both a share and a floor must be passed. A unit is (entity, role, school); people at several schools count in each,
those with none at the district (school 0). What follows from an archived parent counts at the parent.

How many there are is counted by the store (a *census*); who vanishes and who comes is told record by record.
"""

from __future__ import annotations

import polars as pl
from pydantic import BaseModel, ConfigDict, Field

__all__ = [
    "CENSUS",
    "CLASS_CENSUS",
    "PEOPLE",
    "PLACE",
    "UNITS",
    "Limits",
    "halved_classes",
    "people_census",
    "shaped",
    "trips",
]

UNITS: dict[str, type[pl.DataType]] = {
    "id": pl.Int64,
    "role": pl.String,  # "" where the entity has none
    "school_id": pl.Int64,  # 0 = the district
    "vanished": pl.Boolean,  # proposed to be archived, and counted here
    "added": pl.Boolean,  # proposed to be created or restored
}
"""One row for each record that vanishes or comes, and each unit that it counts in."""

CENSUS: dict[str, type[pl.DataType]] = {
    "role": pl.String,
    "school_id": pl.Int64,  # 0 = the district; null = over all, where who is at two schools counts once
    "base": pl.Int64,
}
"""How many records of an entity are active at the base revision, by unit."""

PLACE = {"Role": "org_id", "Course": "org_id", "Class": "school_id", "Enrollment": "school_id"}
"""The entities that say themselves where they count, and the column that does."""

PEOPLE = {"User": "id", "UserProfile": "user_id", "Demographics": "user_id", "GuardianLink": "student_id"}
"""The entities that count where a person does, and the column that says who that is."""

CLASS_CENSUS: dict[str, type[pl.DataType]] = {"class_id": pl.Int64, "role": pl.String, "base": pl.Int64}
"""How many enrollments are active at the base revision, by class and role."""


class Limits(BaseModel):
    """How much may be removed in one run before it is held for a person."""

    model_config = ConfigDict(frozen=True, extra="forbid", strict=True, allow_inf_nan=False)

    vanished_percent: float = Field(
        default=5,
        ge=0,
        le=100,
        description="Archives are held where more than this percentage of a group (entity, role, school) is removed, "
        "and more than `vanished_floor` records are.",
    )
    vanished_floor: int = Field(default=5, ge=0, description="Always allow up to this many removals per group.")
    vanished_overall_percent: float = Field(
        default=5,
        ge=0,
        le=100,
        description="The same over the whole district: archives of that entity and role are then held everywhere.",
    )
    vanished_overall_floor: int = Field(
        default=25, ge=0, description="Always allow up to this many removals over the district."
    )
    halved_from: int = Field(
        default=5,
        ge=0,
        description="A group of at least this many that falls to none, or to less than half, is held; the same holds "
        "for the enrollments of a class that stays.",
    )


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


def _counts(units: pl.DataFrame, by: list[str], census: pl.DataFrame) -> pl.DataFrame:
    once = units.unique(["id", *by])
    changes = once.group_by(by).agg(pl.col("vanished", "added").cast(pl.Int64).sum())
    losing = changes.filter(pl.col("vanished") > 0)
    return losing.join(census, on=by, how="left").with_columns(pl.col("base").fill_null(0))


def trips(units: pl.DataFrame, census: pl.DataFrame, limits: Limits) -> pl.DataFrame:
    """The records that a limit holds: columns id, why (one row each), judged by unit and over all."""
    by_school = census.drop_nulls("school_id")
    in_all = census.filter(pl.col("school_id").is_null()).drop("school_id")
    by_unit = _tripped(
        _counts(units, ["role", "school_id"], by_school),
        limits.vanished_percent,
        limits.vanished_floor,
        limits.halved_from,
    )
    over_all = _tripped(
        _counts(units, ["role"], in_all),
        limits.vanished_overall_percent,
        limits.vanished_overall_floor,
        limits.halved_from,
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


def halved_classes(members: pl.DataFrame, census: pl.DataFrame, limits: Limits) -> pl.DataFrame:
    """Of classes that stay, the enrollments held because the class would fall to less than half.

    ``members``: id, class_id, role, vanished, added of the enrollments that vanish or come. Returns id, why.
    """
    low = _tripped(_counts(members, ["class_id", "role"], census), 100, 1 << 62, limits.halved_from)
    return (
        members.filter("vanished")
        .join(low.select("class_id", "role", why=pl.format("in this class, {}", "why")), on=["class_id", "role"])
        .select("id", "why")
    )


def people_census(entity: str, rows: pl.DataFrame, seats: pl.DataFrame) -> pl.DataFrame:
    """CENSUS of records that count where a person does: by unit once for each of the person's, over all for each role.

    ``rows``: user_id and ``base``, how many records that person has; ``seats``: user_id, role, school_id.
    """
    by = ["role", "school_id"] if entity == "User" else ["school_id"]
    units = seats.select("user_id", *by).unique()
    roles = units.select("user_id", *by[:-1]).unique()
    counted = rows.join(units, on="user_id", how="left").group_by(by).agg(pl.col("base").sum())
    over_all = rows.join(roles, on="user_id", how="left").group_by(by[:-1] or pl.lit("").alias("role"))
    return shaped(counted.with_columns(pl.col("school_id").fill_null(0)), over_all.agg(pl.col("base").sum()))


def shaped(by_unit: pl.DataFrame, over_all: pl.DataFrame) -> pl.DataFrame:
    """CENSUS of both."""
    frames = [by_unit, over_all.with_columns(school_id=pl.lit(None, pl.Int64))]
    whole = [f if "role" in f.columns else f.with_columns(role=pl.lit("")) for f in frames]
    told = pl.concat([f.select(pl.col(c).cast(t) for c, t in CENSUS.items()) for f in whole])
    return told.with_columns(pl.col("role").fill_null(""))
