"""How many records are active, by unit of the limits.

A record counts at its school; where it names none, or an org that is no school, at the district (school 0). What
belongs to a person counts at every school of the person's active roles (docs/how-the-road-works.md, Limits).
"""

from __future__ import annotations

from functools import cached_property
from pathlib import Path

import polars as pl

from rosterkit.plan.limits import CLASS_CENSUS, PEOPLE, PLACE, people_census, shaped
from rosterkit.roster.schema import Entity
from rosterkit.roster.vocabulary import is_school
from rosterkit.store.bulk import read

__all__ = ["Census"]

_ACTIVE = "+origin=? and status='active'"  # the plus: reading the table is faster than walking the index of origins


class Census:
    """Counts the records of one origin; what several counts need is read once."""

    def __init__(self, path: Path, origin: str) -> None:
        self._path = path
        self._origin = origin

    def of(self, entity: Entity) -> pl.DataFrame:
        """The census of an entity: CENSUS."""
        if entity.name in PEOPLE:
            return self._through_people(entity)
        rows = self._placed_rows(entity).with_columns(school_id=self._placed("place"), base=pl.lit(1, pl.Int64))
        return shaped(*(rows.group_by(by).agg(pl.col("base").sum()) for by in (["role", "school_id"], ["role"])))

    def by_class(self, classes: pl.Series) -> pl.DataFrame:
        """How many enrollments are active in each of these classes: CLASS_CENSUS."""
        schema: dict[str, type[pl.DataType]] = {"class_id": pl.Int64, "role": pl.String}
        rows = read(self._path, "enrollment", schema, _ACTIVE, (self._origin,))
        counted = rows.filter(pl.col("class_id").is_in(classes.implode())).group_by("class_id", "role")
        return counted.agg(base=pl.len().cast(pl.Int64)).select(list(CLASS_CENSUS))

    def _through_people(self, entity: Entity) -> pl.DataFrame:
        people = read(self._path, entity.table, {PEOPLE[entity.name]: pl.Int64}, _ACTIVE, (self._origin,)).to_series()
        rows = people.alias("user_id").to_frame().with_columns(base=pl.lit(1))
        return people_census(entity.name, rows, self._seats)

    def _placed_rows(self, entity: Entity) -> pl.DataFrame:
        """``role`` and ``place``, be it a school or not, of each record. Counting in SQLite takes ten times as long."""
        asked: dict[str, type[pl.DataType]] = {"id": pl.Int64}
        if entity.name in ("Role", "Enrollment"):
            asked["role"] = pl.String
        column = "class_id" if entity.name == "ClassTerm" else PLACE.get(entity.name)
        if column:
            asked[column] = pl.Int64
        rows = read(self._path, entity.table, asked, _ACTIVE, (self._origin,))
        if entity.name == "ClassTerm":  # it counts at the school of its class
            classes = read(self._path, "class", {"id": pl.Int64, "school_id": pl.Int64})
            rows = rows.join(classes, left_on="class_id", right_on="id", how="left")
            column = "school_id"
        return rows.with_columns(
            role=pl.col("role") if "role" in asked else pl.lit(""),
            place=pl.col(column).fill_null(0) if column else pl.lit(0, pl.Int64),
        )

    def _placed(self, column: str) -> pl.Expr:
        return pl.when(pl.col(column).is_in(self._schools.implode())).then(column).otherwise(0)

    @cached_property
    def _schools(self) -> pl.Series:
        orgs = read(self._path, "org", {"id": pl.Int64, "type": pl.String})
        return orgs.filter(is_school(pl.col("type")))["id"]

    @cached_property
    def _seats(self) -> pl.DataFrame:
        schema: dict[str, type[pl.DataType]] = {"user_id": pl.Int64, "role": pl.String, "org_id": pl.Int64}
        roles = read(self._path, "role", schema, _ACTIVE, (self._origin,))
        return roles.select("user_id", "role", school_id=self._placed("org_id"))
