"""How many records are active, by unit of the limits.

A record counts at its school; where it names none, or an org that is no school, at the district (school 0). What
belongs to a person counts at every school of the person's active roles (docs/how-the-road-works.md, Limits).
"""

from __future__ import annotations

import sqlite3
from collections.abc import Mapping
from functools import cached_property
from pathlib import Path

import polars as pl

from rosterkit.model.schema import Entity
from rosterkit.model.vocabulary import is_school
from rosterkit.plan.limits import CENSUS, COUNTS, PLACE
from rosterkit.store.bulk import read

__all__ = ["Census"]

_PEOPLE = {"Person": "id", "UserProfile": "person_id", "Demographics": "person_id", "GuardianStatement": "student_id"}
_ACTIVE = "+origin=? and status='active'"  # the plus: reading the table is faster than walking the index of origins


class Census:
    """Counts the records of one origin; what several counts need is read once."""

    def __init__(
        self, path: Path, connection: sqlite3.Connection, origin: str, known: Mapping[str, pl.DataFrame]
    ) -> None:
        self.places = dict(known)  # by entity COUNTS by place, as far as they are known
        self._path = path
        self._connection = connection
        self._origin = origin

    def of(self, entity: Entity) -> pl.DataFrame:
        """The census of an entity: CENSUS."""
        return self._through_people(entity) if entity.name in _PEOPLE else self._by_place(entity)

    def _through_people(self, entity: Entity) -> pl.DataFrame:
        """Who has several roles counts in each unit once, and over all once for each role."""
        people = read(self._path, entity.table, {_PEOPLE[entity.name]: pl.Int64}, _ACTIVE, (self._origin,)).to_series()
        by = ["role", "school_id"] if entity.name == "Person" else ["school_id"]
        units = self._seats.select("person_id", *by).unique()
        roles = units.select("person_id", *by[:-1]).unique()
        rows = people.alias("person_id").to_frame()
        counted = rows.join(units, on="person_id", how="left").group_by(by).agg(base=pl.len())
        over_all = rows.join(roles, on="person_id", how="left").group_by(by[:-1] or pl.lit("").alias("role"))
        return _shaped(counted.with_columns(pl.col("school_id").fill_null(0)), over_all.agg(base=pl.len()))

    def _by_place(self, entity: Entity) -> pl.DataFrame:
        if entity.name not in self.places:
            self.places[entity.name] = self._counted(entity)
        counted = self.places[entity.name].select("role", "base", school_id=self._placed("place"))
        sums = [counted.group_by(by).agg(pl.col("base").sum()) for by in (["role", "school_id"], ["role"])]
        return _shaped(*sums)

    def _counted(self, entity: Entity) -> pl.DataFrame:
        """COUNTS of the entity, by its own place, be that a school or not."""
        role = "e.role" if entity.name in ("Role", "Enrollment") else "''"
        place, join = f"e.{PLACE[entity.name]}" if entity.name in PLACE else "null", ""
        if entity.name == "ClassTerm":
            place, join = "c.school_id", "join class c on c.id=e.class_id"
        statement = (
            f'select {role} as role, coalesce({place},0) as place, count(*) as base from "{entity.table}" e {join} '
            "where +e.origin=? and e.status='active' group by 1, 2"
        )
        found = self._connection.execute(statement, (self._origin,)).fetchall()
        return pl.DataFrame(found, schema=COUNTS, orient="row")

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


def _shaped(by_unit: pl.DataFrame, over_all: pl.DataFrame) -> pl.DataFrame:
    frames = [by_unit, over_all.with_columns(school_id=pl.lit(None, pl.Int64))]
    whole = [f if "role" in f.columns else f.with_columns(role=pl.lit("")) for f in frames]
    told = pl.concat([f.select(pl.col(c).cast(t) for c, t in CENSUS.items()) for f in whole])
    return told.with_columns(pl.col("role").fill_null(""))
