"""In which units a record counts for the limits: (role, school), school 0 being the district."""

from __future__ import annotations

import polars as pl

from rosterkit.model.schema import Entity
from rosterkit.model.vocabulary import is_school
from rosterkit.plan.limits import UNITS

__all__ = ["units"]

_FLAGS = ("id", "base", "vanished", "added")


def _value(name: str) -> pl.Expr:
    return pl.coalesce(f"s.{name}", name)


def _schools(judged: dict[str, pl.DataFrame]) -> pl.Series:
    """Ids of the orgs that are schools; every other org counts as the district."""
    orgs = judged["Org"]
    return orgs.filter(is_school(_value("type")))["id"]


def _of_people(judged: dict[str, pl.DataFrame], schools: pl.Series) -> pl.DataFrame:
    """person_id, role, school_id of every stored or proposed role."""
    roles = judged["Role"].filter(pl.col("active") | pl.col("action").is_not_null())
    org = _value("org_id")
    return roles.select(
        person_id=_value("person_id"),
        role=_value("role"),
        school_id=pl.when(org.is_in(schools.implode())).then(org).otherwise(0),
    ).unique()


def _through(rows: pl.DataFrame, person: str, people: pl.DataFrame) -> pl.DataFrame:
    """Units of records that count where a person counts."""
    who = people.select("person_id", "school_id").unique()
    return rows.select(*_FLAGS, person_id=_value(person)).join(who, on="person_id", how="left")


def units(entity: Entity, rows: pl.DataFrame, judged: dict[str, pl.DataFrame]) -> pl.DataFrame:
    """The units of judged rows with base, vanished and added: a UNITS frame, several rows where at several schools."""
    schools = _schools(judged)
    name = entity.name
    if name == "Person":
        out = rows.select(*_FLAGS, person_id="id").join(_of_people(judged, schools), on="person_id", how="left")
    elif name in ("UserProfile", "Demographics"):
        out = _through(rows, "person_id", _of_people(judged, schools))
    elif name == "GuardianStatement":
        out = _through(rows, "student_id", _of_people(judged, schools))
    elif name == "ClassTerm":
        classes = judged["Class"].select(class_id="id", school_id=_value("school_id"))
        out = rows.select(*_FLAGS, class_id=_value("class_id")).join(classes, on="class_id", how="left")
    else:
        place = {"Role": "org_id", "Course": "org_id", "Class": "school_id", "Enrollment": "school_id"}.get(name)
        role = _value("role") if name in ("Role", "Enrollment") else pl.lit("")
        out = rows.select(*_FLAGS, role=role, school_id=_value(place) if place else pl.lit(0, pl.Int64))
    if "role" not in out.columns:
        out = out.with_columns(role=pl.lit(""))
    school = pl.col("school_id")
    return out.select(
        "id",
        pl.col("role").fill_null(""),
        school_id=pl.when(school.is_in(schools.implode())).then(school).otherwise(0).cast(pl.Int64),
        base="base",
        vanished="vanished",
        added="added",
    ).select(list(UNITS))
