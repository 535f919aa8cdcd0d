"""How many records are active, by unit of the limits.

A record counts at its school; where it names none, or an org that is no school, at the district (school 0). What
belongs to a person counts at every school of the person's active roles (docs/how-the-road-works.md, Limits).
"""

from __future__ import annotations

import sqlite3
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

    def __init__(
        self, path: Path, connection: sqlite3.Connection, origin: str, known: Mapping[str, pl.DataFrame]
    ) -> None:
        self.counts = dict(known)  # what was counted (plan.snapshot)
        self._path = path
        self._connection = connection
        self._origin = origin

    def of(self, entity: Entity) -> pl.DataFrame:
        """The census of an entity: CENSUS."""
        if entity.name in PEOPLE:
            return self._kept(entity.name, lambda: self._through_people(entity))
        role = "e.role" if entity.name in ("Role", "Enrollment") else "''"
        place = f"e.{PLACE[entity.name]}" if entity.name in PLACE else "null"
        counts = self._kept(entity.name, lambda: self._by_place(entity, role, place))
        counted = counts.select("role", "base", school_id=self._placed("place"))
        return shaped(*(counted.group_by(by).agg(pl.col("base").sum()) for by in (["role", "school_id"], ["role"])))

    def by_class(self) -> pl.DataFrame:
        """How many enrollments are active: CLASS_CENSUS."""
        counts = self._kept(BY_CLASS, lambda: self._by_place(by_name("Enrollment"), "e.role", "e.class_id"))
        return counts.select("role", "base", class_id="place").select(list(CLASS_CENSUS))

    def _kept(self, name: str, count: Callable[[], pl.DataFrame]) -> pl.DataFrame:
        if name not in self.counts:
            self.counts[name] = count()
        return self.counts[name]

    def _through_people(self, entity: Entity) -> pl.DataFrame:
        people = read(self._path, entity.table, {PEOPLE[entity.name]: pl.Int64}, _ACTIVE, (self._origin,)).to_series()
        rows = people.alias("person_id").to_frame().with_columns(base=pl.lit(1))
        return people_census(entity.name, rows, self._seats)

    def _by_place(self, entity: Entity, role: str, place: str) -> pl.DataFrame:
        """COUNTS of the entity by that place, be it a school or not."""
        join = ""
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
