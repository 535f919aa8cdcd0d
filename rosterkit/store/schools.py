"""At which schools a record is, by the sourced ids of the schools: who may see only some schools sees by this.

=======================================================  ==========================================================
Org                                                      itself
Role                                                     its organisation
Course                                                   its organisation, and where classes are given in it
Class, ClassTerm, Enrollment                             the school of the class
User                                                     the organisations of its roles; of a guardian without a
                                                         school, those of the students
GuardianLink                                             where the student is
UserProfile, Demographics, UserAttributes                where the user is
AcademicSession                                          nowhere: it is of the whole district
=======================================================  ==========================================================
"""

from __future__ import annotations

import sqlite3
from collections.abc import Mapping
from pathlib import Path

import polars as pl

from rosterkit.plan.changes import Changes
from rosterkit.roster.schema import Entity, by_name, entities
from rosterkit.store.bulk import read

BETWEEN = "\x1f"
"""Stands before, between and after the sourced ids in a text of several schools."""

_USERS = (
    "select r.user_id id, r.org_id org from role r where r.status='active' union "
    "select g.guardian_id, r.org_id from guardian_link g join role r on r.user_id=g.student_id "
    "where g.status='active' and r.status='active' and r.role='student'"
)
_PLACES = {
    "Org": "select id, id org from org",
    "Course": "select id, org_id org from course union select course_id, school_id from class "
    "where course_id is not null and status='active'",
    "Role": "select id, org_id org from role",
    "Class": "select id, school_id org from class",
    "ClassTerm": "select t.id, c.school_id org from class_term t join class c on c.id=t.class_id",
    "Enrollment": "select e.id, c.school_id org from enrollment e join class c on c.id=e.class_id",
    "User": _USERS,
    "GuardianLink": "select g.id, r.org_id org from guardian_link g join role r on r.user_id=g.student_id "
    "and r.status='active'",
    **{
        name: f'select t.id, u.org from "{by_name(name).table}" t join ({_USERS}) u on u.id=t.user_id'
        for name in ("UserProfile", "Demographics", "UserAttributes")
    },
}


def schools_of_records(connection: sqlite3.Connection, entity: Entity, sourced_id: str) -> list[frozenset[str]]:
    """The schools of each stored record that a source knows by that id; [] where there is none."""
    ids = [i for (i,) in connection.execute(f'select id from "{entity.table}" where sourced_id=?', (sourced_id,))]
    if entity.name not in _PLACES:
        return [frozenset() for _ in ids]
    query = f"select o.sourced_id from ({_PLACES[entity.name]}) p join org o on o.id=p.org where p.id=?"
    return [frozenset(key for (key,) in connection.execute(query, (i,))) for i in ids]


_REFS: Mapping[str, tuple[str, ...]] = {
    "Course": ("org_id",),
    "Role": ("user_id", "org_id"),
    "Class": ("school_id", "course_id"),
    "ClassTerm": ("class_id",),
    "Enrollment": ("class_id",),
    "GuardianLink": ("guardian_id", "student_id"),
    "UserProfile": ("user_id",),
    "Demographics": ("user_id",),
    "UserAttributes": ("user_id",),
}


def schools_of_changes(path: Path, *changes: Changes) -> dict[str, pl.DataFrame]:
    """By entity: id and ``schools`` (text, with BETWEEN) of every record, stored or created by these changes."""
    rows = {entity.name: _rows(path, entity, changes) for entity in entities() if entity.name in {*_REFS, "Org"}}
    named = pl.format(f"{BETWEEN}{{}}{BETWEEN}", "sourced_id")
    orgs = rows["Org"].select("id", schools=named)
    links = rows["GuardianLink"]
    active = rows["Role"].filter("active")
    roles = active.select("org_id", id="user_id")
    of_family = (
        links.filter("active")
        .select(id="guardian_id", user="student_id")
        .join(active.filter(pl.col("role") == "student").select("org_id", user="user_id"), on="user")
    )
    users = _joined(pl.concat([roles, of_family.select("org_id", "id")]), rows["Org"])
    classes = _at(rows["Class"], "school_id", orgs)
    out = {"Org": orgs, "Class": classes, "User": users}
    given = rows["Class"].filter("active").select(org_id="school_id", id="course_id").drop_nulls()
    out["Course"] = _joined(pl.concat([rows["Course"].select("org_id", "id"), given]), rows["Org"])
    out["Role"] = _at(rows["Role"], "org_id", orgs)
    out |= {name: _at(rows[name], "class_id", classes) for name in ("ClassTerm", "Enrollment")}
    out |= {name: _at(rows[name], "user_id", users) for name in ("UserProfile", "Demographics", "UserAttributes")}
    return out | {"GuardianLink": _at(links, "student_id", users)}


def _at(rows: pl.DataFrame, column: str, of: pl.DataFrame) -> pl.DataFrame:
    """``id`` and ``schools`` of rows that are where the record in that column is."""
    return rows.select("id", _of=column).join(of.rename({"id": "_of"}), on="_of").select("id", "schools")


def _joined(rows: pl.DataFrame, orgs: pl.DataFrame) -> pl.DataFrame:
    """``id`` and ``schools`` of those who may be at several."""
    keyed = rows.join(orgs.select(org_id="id", text="sourced_id"), on="org_id").select("id", "text")
    return one_text(keyed, BETWEEN).select("id", schools=pl.format(f"{BETWEEN}{{}}{BETWEEN}", "text"))


def one_text(rows: pl.DataFrame, between: str) -> pl.DataFrame:
    """For each ``id`` its different ``text`` as one, sorted. Most have a single one, which needs no joining."""
    different = rows.unique()
    counted = different.group_by("id").agg(pl.len(), pl.col("text").first())
    several = different.join(counted.filter(pl.col("len") > 1), on="id", how="semi").sort("text")
    joined = several.group_by("id").agg(pl.col("text").str.join(between))
    return pl.concat([counted.filter(pl.col("len") == 1).select("id", "text"), joined])


def _rows(path: Path, entity: Entity, changes: tuple[Changes, ...]) -> pl.DataFrame:
    refs = _REFS.get(entity.name, ())
    schema: dict[str, type[pl.DataType]] = {"id": pl.Int64, **dict.fromkeys(refs, pl.Int64)}
    if entity.name == "Org":
        schema["sourced_id"] = pl.String
    if entity.name == "Role":
        schema["role"] = pl.String
    stored = read(path, entity.table, {**schema, "active": pl.Int64}).with_columns(pl.col("active").cast(pl.Boolean))
    created = [
        part.create[entity.name].select(*schema, active=pl.lit(value=True))
        for part in changes
        if entity.name in part.create
    ]
    every = pl.concat([stored, *created])
    return every.unique("id", keep="first") if stored.height else every
