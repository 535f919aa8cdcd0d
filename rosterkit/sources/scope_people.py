"""Which people are in scope by their own school and grade."""

from __future__ import annotations

import polars as pl

from rosterkit.sources.base import Extract
from rosterkit.sources.scope_settings import Scope
from rosterkit.sources.scope_tables import KEY, columns, references

_ID = ["_space", "sourced_id"]
_GUARDIANS = ("guardian", "parent", "relative")


def people(extract: Extract, scope: Scope, outer_schools: pl.Series, unseen: pl.Series) -> pl.DataFrame | None:
    """_space, sourced_id, ``guardian`` (nothing but a guardian) and ``inside`` of each user; null: nobody can say.

    ``outer_schools``: ids of schools out of scope. ``unseen``: ids of organisations of which nobody can say. Who has
    roles at schools is in scope where one of these schools is.
    """
    users = columns(extract, "User", "grades", "primary_org")
    if users is None:
        return None
    users = users.join(_by_roles(extract, outer_schools, unseen), on=_ID, how="left", maintain_order="left")
    student = pl.coalesce("student", pl.col("grades").is_not_null())
    inside = pl.lit(value=True)
    if outer_schools.len() or unseen.len():
        primary = pl.col("primary_org")
        by_primary = (
            pl.when(primary.is_in(unseen.implode()))
            .then(None)
            .when(primary.is_not_null())
            .then(~primary.is_in(outer_schools.implode()))
        )
        inside &= (
            pl.when(pl.col("here"))
            .then(pl.lit(value=True))
            .when(pl.col("unseen"))
            .then(None)
            .when(pl.col("elsewhere"))
            .then(pl.lit(value=False))
            .when(pl.col("district") & ~student)
            .then(pl.lit(value=True))
            .otherwise(by_primary)
        )
    if scope.grades:
        grades = pl.col("grades").str.json_decode(pl.List(pl.String))
        inside &= ~student | grades.list.eval(pl.element().is_in(scope.grades)).list.any()
    if not scope.district_staff:
        only_district = pl.col("district") & ~pl.col("here") & ~pl.col("elsewhere") & pl.col("staff")
        inside &= ~only_district.fill_null(value=False)
    guardian = pl.col("guardian") & ~pl.col("staff") & ~pl.col("student")
    return users.select(*_ID, guardian=guardian.fill_null(value=False), inside=inside)


def _by_roles(extract: Extract, outer_schools: pl.Series, unseen: pl.Series) -> pl.DataFrame:
    """Of each user with roles: student, guardian, staff (any such role); here, elsewhere, district, unseen (where)."""
    flags = ("student", "guardian", "staff", "here", "elsewhere", "district", "unseen")
    empty = pl.DataFrame(schema=dict.fromkeys(_ID, pl.String) | dict.fromkeys(flags, pl.Boolean))
    roles, orgs = references(extract, "Role", "user", "role", "org"), columns(extract, "Org", "type")
    if roles is None:
        return empty
    schools = pl.Series("sourced_id", [], pl.String) if orgs is None else orgs.filter(type="school")["sourced_id"]
    school = pl.col("org").is_in(pl.concat([schools, outer_schools]).implode())
    outer = pl.col("org").is_in(outer_schools.implode())
    unknown = pl.col("org").is_in(unseen.implode())
    known = schools.len() > 0
    return (
        roles.drop_nulls(KEY[1])
        .group_by(_space=KEY[0], sourced_id=KEY[1])
        .agg(
            student=(pl.col("role") == "student").any(),
            guardian=pl.col("role").is_in(_GUARDIANS).any(),
            staff=(~pl.col("role").is_in(["student", *_GUARDIANS])).any(),
            here=(school & ~outer & ~unknown).any() if known else (~outer & ~unknown).any(),
            elsewhere=outer.any(),
            district=(~school & ~unknown).any() if known else pl.lit(value=False),
            unseen=unknown.any(),
        )
    )
