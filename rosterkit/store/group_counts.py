"""How many records are active, by group of the limits.

A record counts at its school; where it names none, or an org that is no school, at the district (school 0). What
belongs to a person counts at every school of the person's active roles (docs/architecture.md, Limits).
"""

from __future__ import annotations

from functools import cached_property
from pathlib import Path

import polars as pl

from rosterkit.plan.limits import PEOPLE, PLACE
from rosterkit.plan.snapshot import GROUP_COUNTS
from rosterkit.roster.schema import Entity
from rosterkit.roster.vocabulary import is_school
from rosterkit.store.bulk import read

__all__ = ["GroupCounts"]

_ACTIVE = "status='active'"
_ONE = pl.lit(1, pl.Int64)


class GroupCounts:
    """Counts the active records; what several counts need is read once."""

    def __init__(self, path: Path) -> None:
        self._path = path

    def of(self, entity: Entity) -> pl.DataFrame:
        """GROUP_COUNTS of an entity."""
        if entity.name in PEOPLE:
            return self._through_people(entity)
        rows = self._placed_rows(entity).with_columns(school_id=self._placed("place"), base=_ONE)
        return _shaped(rows, rows)

    def by_class(self, classes: pl.Series) -> pl.DataFrame:
        """How many enrollments are active in each of these classes: class_id, role, base."""
        schema: dict[str, type[pl.DataType]] = {"class_id": pl.Int64, "role": pl.String}
        rows = read(self._path, "enrollment", schema, _ACTIVE).lazy()
        counted = rows.filter(pl.col("class_id").is_in(classes.implode())).group_by("class_id", "role")
        return counted.agg(base=pl.len().cast(pl.Int64)).collect()

    def _through_people(self, entity: Entity) -> pl.DataFrame:
        """By group once for each of a person's, and over all once for each of their roles."""
        people = read(self._path, entity.table, {PEOPLE[entity.name]: pl.Int64}, _ACTIVE).to_series()
        rows = people.alias("user_id").to_frame().lazy().with_columns(base=_ONE)
        by = ["role"] if entity.name == "User" else []
        groups = self._roles.lazy().select("user_id", *by, "school_id").unique()
        roles = groups.select("user_id", *by).unique()
        return _shaped(rows.join(groups, on="user_id", how="left"), rows.join(roles, on="user_id", how="left"))

    def _placed_rows(self, entity: Entity) -> pl.LazyFrame:
        """``role`` and ``place``, be it a school or not, of each record. Counting in SQLite takes ten times as long."""
        wanted: dict[str, type[pl.DataType]] = {"id": pl.Int64}
        if entity.name in ("Role", "Enrollment"):
            wanted["role"] = pl.String
        column = "class_id" if entity.name == "ClassTerm" else PLACE.get(entity.name)
        if column:
            wanted[column] = pl.Int64
        rows = read(self._path, entity.table, wanted, _ACTIVE).lazy()
        if entity.name == "ClassTerm":  # it counts at the school of its class
            classes = read(self._path, "class", {"id": pl.Int64, "school_id": pl.Int64}).lazy()
            rows = rows.join(classes, left_on="class_id", right_on="id", how="left")
            column = "school_id"
        return rows.with_columns(
            role=pl.col("role") if "role" in wanted else pl.lit(""),
            place=pl.col(column).fill_null(0) if column else pl.lit(0, pl.Int64),
        )

    def _placed(self, column: str) -> pl.Expr:
        return pl.when(pl.col(column).is_in(self._schools.implode())).then(column).otherwise(0)

    @cached_property
    def _schools(self) -> pl.Series:
        orgs = read(self._path, "org", {"id": pl.Int64, "type": pl.String})
        return orgs.filter(is_school(pl.col("type")))["id"]

    @cached_property
    def _roles(self) -> pl.DataFrame:
        schema: dict[str, type[pl.DataType]] = {"user_id": pl.Int64, "role": pl.String, "org_id": pl.Int64}
        roles = read(self._path, "role", schema, _ACTIVE)
        return roles.select("user_id", "role", school_id=self._placed("org_id"))


def _shaped(by_group: pl.LazyFrame, over_all: pl.LazyFrame) -> pl.DataFrame:
    """GROUP_COUNTS of these rows: ``base`` summed by role and school, and by role alone."""
    no_role = pl.lit("").alias("role")
    names = over_all.collect_schema().names()
    by = [pl.col("role").fill_null("")] if "role" in names else [no_role]
    school = pl.col("school_id").fill_null(0)
    parts = [
        by_group.group_by(*by, school).agg(pl.col("base").sum()),
        over_all.group_by(by).agg(pl.col("base").sum()).with_columns(school_id=pl.lit(None, pl.Int64)),
    ]
    return pl.concat(part.select(pl.col(c).cast(t) for c, t in GROUP_COUNTS.items()) for part in parts).collect()
