"""In which units a record counts for the limits: (role, school), school 0 being the district."""

from __future__ import annotations

from collections.abc import Mapping

import polars as pl

from rosterkit.plan.limits import PEOPLE, PLACE, UNITS
from rosterkit.plan.snapshot import Snapshot
from rosterkit.roster.schema import Entity
from rosterkit.roster.vocabulary import is_school

__all__ = ["units"]

_FLAGS = ("id", "active", "vanished", "added")
Judged = Mapping[str, pl.DataFrame]


def _value(name: str) -> pl.Expr:
    """Of what is active, the stored value; of what is to be, the stored one before the proposed one."""
    stored, new = pl.col(f"s.{name}"), pl.col(name)
    return pl.when("active").then(stored).otherwise(pl.coalesce(stored, new))


def _schools(judged: Judged) -> pl.Series:
    """Ids of the orgs that are schools; every other org counts as the district."""
    return judged["Org"].filter(is_school(pl.coalesce("s.type", "type")))["id"]


def _of_people(people: pl.Series, judged: Judged, snapshot: Snapshot) -> pl.DataFrame:
    """user_id, role, school_id, active: the active roles of these persons, and those that are proposed."""
    stored = snapshot.roles_of(people).with_columns(active=pl.lit(value=True))
    coming = judged["Role"].filter(pl.col("action").is_not_null() & ~pl.col("active"))
    proposed = coming.select(
        user_id=_value("user_id"), role=_value("role"), org_id=_value("org_id"), active=pl.lit(value=False)
    )
    proposed = proposed.filter(pl.col("user_id").is_in(people.implode()))
    org = pl.col("org_id")
    school = pl.when(org.is_in(_schools(judged).implode())).then(org).otherwise(0)
    return pl.concat([stored, proposed]).select("user_id", "role", "active", school_id=school).unique()


def _through(rows: pl.DataFrame, person: str, judged: Judged, snapshot: Snapshot) -> pl.DataFrame:
    """Units of records that count where a person does: at active roles; what is new, and has none, at proposed ones."""
    named = rows.select(*_FLAGS, user_id=pl.col("id") if person == "id" else _value(person))
    roles = _of_people(named["user_id"].drop_nulls().unique(), judged, snapshot)
    has_stored = roles.filter("active").select("user_id").unique().with_columns(seated=pl.lit(value=True))
    named = named.join(has_stored, on="user_id", how="left").with_columns(pl.col("seated").fill_null(value=False))
    by_stored = named.filter(pl.col("active") | pl.col("seated")).join(
        roles.filter("active").drop("active"), on="user_id", how="left"
    )
    by_proposed = named.filter(~pl.col("active") & ~pl.col("seated")).join(
        roles.filter(~pl.col("active")).drop("active"), on="user_id", how="left"
    )
    return pl.concat([by_stored, by_proposed])


def units(
    entity: Entity, rows: pl.DataFrame, judged: Judged, context: Mapping[str, pl.DataFrame], snapshot: Snapshot
) -> pl.DataFrame:
    """The units of judged rows that vanish or come: a UNITS frame, several rows where at several schools.

    ``judged`` has every org; a class that these rows refer to is there or in ``context``.
    """
    name = entity.name
    if name in PEOPLE:
        out = _through(rows, PEOPLE[name], judged, snapshot)
    elif name == "ClassTerm":
        classes = judged["Class"].select(class_id="id", school_id=_value("school_id"))
        if "Class" in context:
            classes = pl.concat([classes, context["Class"].select(class_id="id", school_id="school_id")])
        out = rows.select(*_FLAGS, class_id=_value("class_id")).join(classes, on="class_id", how="left")
    else:
        place = PLACE.get(name)
        role = _value("role") if name in ("Role", "Enrollment") else pl.lit("")
        out = rows.select(*_FLAGS, role=role, school_id=_value(place) if place else pl.lit(0, pl.Int64))
    role = pl.col("role").fill_null("") if name in ("User", "Role", "Enrollment") else pl.lit("")
    school = pl.col("school_id")
    at_school = school.is_in(_schools(judged).implode())
    told = out.with_columns(role.alias("role"), school_id=pl.when(at_school).then(school).otherwise(0).cast(pl.Int64))
    return told.select(list(UNITS)).unique()
