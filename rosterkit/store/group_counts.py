"""How many records are active, by group of the limits.

A record counts at its school; where it names none, or an org that is no school, at the district (school 0). What
belongs to a person counts at every school of the person's active roles (docs/architecture.md, Limits).
"""

from __future__ import annotations

from collections.abc import Callable
from functools import cached_property

import polars as pl

from rosterkit.plan.limits import PEOPLE, PLACE
from rosterkit.plan.snapshot import GROUP_COUNTS
from rosterkit.roster.schema import Entity
from rosterkit.roster.vocabulary import is_school

Shape = dict[str, type[pl.DataType]]
Read = Callable[[str, Shape, str], pl.DataFrame]
"""Reads these columns of a table, of the rows where the condition holds."""

_ACTIVE = "status='active'"
_NO_ROLE = pl.lit("").alias("role")
_OVER_ALL = pl.lit(None, pl.Int64).alias("school_id")
_COUNT = pl.len().cast(pl.Int64).alias("base")


class GroupCounts:
    """Counts the active records; what several counts need is read once. SQLite itself counts in ten times as long."""

    def __init__(self, read: Read) -> None:
        self._read = read
        self._known: dict[str, pl.DataFrame] = {}

    def of(self, entity: Entity) -> pl.DataFrame:
        """GROUP_COUNTS of an entity."""
        if entity.name not in self._known:
            self._known[entity.name] = self._counted(entity)
        return self._known[entity.name]

    def _counted(self, entity: Entity) -> pl.DataFrame:
        if entity.name == "User":
            return self._users()
        if entity.name in PEOPLE:
            return self._through_people(entity)
        by_group = self._placed_rows(entity).group_by("role", "school_id").agg(_COUNT)
        return _shaped(by_group, by_group.group_by("role").agg(pl.col("base").sum()))

    def _users(self) -> pl.DataFrame:
        """By group once for each of a person's, and over all once for each of their roles."""
        people = self._read("user", {"id": pl.Int64}, _ACTIVE).lazy().rename({"id": "user_id"})
        roles = self._roles.lazy().unique()
        groups = people.join(roles, on="user_id", how="left").group_by("role", "school_id").agg(_COUNT)
        once = people.join(roles.select("user_id", "role").unique(), on="user_id", how="left")
        return _shaped(groups, once.group_by("role").agg(_COUNT))

    def _through_people(self, entity: Entity) -> pl.DataFrame:
        """By group once for each of a person's schools."""
        person = PEOPLE[entity.name]
        rows = self._read(entity.table, {person: pl.Int64}, _ACTIVE).lazy().rename({person: "user_id"})
        placed = rows.join(self._schools_of.lazy(), on="user_id", how="left")
        return _shaped(placed.group_by("school_id").agg(_COUNT, _NO_ROLE), rows.select(_COUNT, _NO_ROLE))

    def _placed_rows(self, entity: Entity) -> pl.LazyFrame:
        """``role`` and ``school_id`` of each record."""
        if entity.name == "Role":
            return self._roles.lazy()
        column = "class_id" if entity.name == "ClassTerm" else PLACE.get(entity.name, "id")
        wanted: Shape = {column: pl.Int64} | ({"role": pl.String} if entity.name == "Enrollment" else {})
        rows = self._read(entity.table, wanted, _ACTIVE).lazy()
        if entity.name == "ClassTerm":  # it counts at the school of its class
            classes = self._read("class", {"id": pl.Int64, "school_id": pl.Int64}, "1").lazy()
            rows, column = rows.join(classes, left_on=column, right_on="id", how="left"), "school_id"
        place = pl.lit(0, pl.Int64) if column == "id" else self._placed(column)
        role = pl.col("role") if "role" in wanted else _NO_ROLE
        return rows.with_columns(role, place.alias("school_id"))  # not select: of literals alone it makes one row

    def _placed(self, column: str) -> pl.Expr:
        return pl.when(pl.col(column).is_in(self._schools.implode())).then(column).otherwise(0)

    @cached_property
    def _schools(self) -> pl.Series:
        orgs = self._read("org", {"id": pl.Int64, "type": pl.String}, "1")
        return orgs.filter(is_school(pl.col("type")))["id"]

    @cached_property
    def _roles(self) -> pl.DataFrame:
        """user_id, role and school_id of every active role."""
        roles = self._read("role", {"user_id": pl.Int64, "role": pl.String, "org_id": pl.Int64}, _ACTIVE)
        return roles.select("user_id", "role", school_id=self._placed("org_id"))

    @cached_property
    def _schools_of(self) -> pl.DataFrame:
        return self._roles.lazy().select("user_id", "school_id").unique().collect()


def _shaped(by_group: pl.LazyFrame, over_all: pl.LazyFrame) -> pl.DataFrame:
    """GROUP_COUNTS of these counts: ``base`` by role and school, and by role alone."""
    none = {"role": pl.col("role").fill_null(""), "base": pl.col("base")}
    parts = [
        by_group.select(school_id=pl.col("school_id").fill_null(0), **none),
        over_all.select(_OVER_ALL, **none),
    ]
    every = pl.concat(part.group_by("role", "school_id").agg(pl.col("base").sum()) for part in parts)
    return every.select(pl.col(c).cast(t) for c, t in GROUP_COUNTS.items()).collect()
