"""How many records are active, by unit of the limits.

A record counts at its school; where it names none, or an org that is no school, at the district (school 0). What
belongs to a person counts at every school of the person's active roles (docs/how-the-road-works.md, Limits).
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from functools import cached_property
from pathlib import Path

import polars as pl

from rosterkit.model.schema import Entity, by_name
from rosterkit.model.vocabulary import is_school
from rosterkit.plan.limits import BY_CLASS, CLASS_CENSUS, COUNTS, PEOPLE, PLACE, people_census, shaped
from rosterkit.store.bulk import read

__all__ = ["Census"]

_ACTIVE = "+origin=? and status='active'"  # the plus: reading the table is faster than walking the index of origins


class Census:
    """Counts the records of one origin; what several counts need is read once."""

    def __init__(self, path: Path, origin: str, known: Mapping[str, pl.DataFrame]) -> None:
        self.counts = dict(known)  # what was counted (plan.snapshot)
        self._path = path
        self._origin = origin

    def of(self, entity: Entity) -> pl.DataFrame:
        """The census of an entity: CENSUS."""
        if entity.name in PEOPLE:
            return self._kept(entity.name, lambda: self._through_people(entity))
        counts = self._kept(entity.name, lambda: self._by_place(entity, PLACE.get(entity.name)))
        counted = counts.select("role", "base", school_id=self._placed("place"))
        return shaped(*(counted.group_by(by).agg(pl.col("base").sum()) for by in (["role", "school_id"], ["role"])))

    def by_class(self) -> pl.DataFrame:
        """How many enrollments are active: CLASS_CENSUS."""
        counts = self._kept(BY_CLASS, lambda: self._by_place(by_name("Enrollment"), "class_id"))
        return counts.select("role", "base", class_id="place").select(list(CLASS_CENSUS))

    def _kept(self, name: str, count: Callable[[], pl.DataFrame]) -> pl.DataFrame:
        if name not in self.counts:
            self.counts[name] = count()
        return self.counts[name]

    def _through_people(self, entity: Entity) -> pl.DataFrame:
        people = read(self._path, entity.table, {PEOPLE[entity.name]: pl.Int64}, _ACTIVE, (self._origin,)).to_series()
        rows = people.alias("person_id").to_frame().with_columns(base=pl.lit(1))
        return people_census(entity.name, rows, self._seats)

    def _by_place(self, entity: Entity, place: str | None) -> pl.DataFrame:
        """COUNTS of the entity by that place, be it a school or not. Counting in SQLite takes ten times as long."""
        with_role = entity.name in ("Role", "Enrollment")
        asked: dict[str, type[pl.DataType]] = {"role": pl.String} if with_role else {}
        if place or entity.name == "ClassTerm":
            asked[place or "class_id"] = pl.Int64
        rows = read(self._path, entity.table, asked or {"id": pl.Int64}, _ACTIVE, (self._origin,))
        if entity.name == "ClassTerm":  # it counts at the school of its class
            classes = read(self._path, "class", {"id": pl.Int64, "school_id": pl.Int64})
            rows = rows.join(classes, left_on="class_id", right_on="id", how="left").rename({"school_id": "place"})
        elif place:
            rows = rows.rename({place: "place"})
        else:
            rows = rows.with_columns(place=pl.lit(0, pl.Int64))
        role = pl.col("role") if with_role else pl.lit("").alias("role")
        told = rows.select(role, pl.col("place").fill_null(0))
        return told.group_by("role", "place").agg(base=pl.len().cast(pl.Int64)).select(list(COUNTS))

    def _placed(self, column: str) -> pl.Expr:
        return pl.when(pl.col(column).is_in(self._schools.implode())).then(column).otherwise(0)

    @cached_property
    def _schools(self) -> pl.Series:
        orgs = read(self._path, "org", {"id": pl.Int64, "type": pl.String})
        return orgs.filter(is_school(pl.col("type")))["id"]

    @cached_property
    def _seats(self) -> pl.DataFrame:
        schema: dict[str, type[pl.DataType]] = {"person_id": pl.Int64, "role": pl.String, "org_id": pl.Int64}
        roles = read(self._path, "role", schema, _ACTIVE, (self._origin,))
        return roles.select("person_id", "role", school_id=self._placed("org_id"))
