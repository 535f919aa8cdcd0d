"""Which schools of Connect people and classes belong to (C9, C19, C33)."""

from __future__ import annotations

from datetime import date

import polars as pl

from providers.connect.settings import ConnectSettings
from rosterkit.feeds.base import Roster
from rosterkit.feeds.people import current_roles
from rosterkit.feeds.selection import schools_of_vendor

WHERE = "feeds.connect"
"""The table of the settings, as messages name it."""


def _own(settings: ConnectSettings) -> tuple[str, ...]:
    return ("sourced_id",) if settings.school_id == "sourced_id" else ("identifier", "sourced_id")


def targets(roster: Roster, settings: ConnectSettings) -> pl.DataFrame:
    """The Connect schools of each school: ``school_id``, ``vendor_school``, ``split`` (it is several in Connect)."""
    orgs = roster.table("Org").filter(pl.col("type") == "school")
    own = orgs.select(pl.col("id").alias("school_id"), "sourced_id", "identifier", own=pl.coalesce(*_own(settings)))
    rules = [(school, rule.to) for rule in settings.school_rules for school in rule.schools]
    named = pl.LazyFrame(rules, schema={"_named": pl.String, "to": pl.String}, orient="row").unique()
    by_id = own.join(named, left_on="sourced_id", right_on="_named").select("school_id", "to")
    by_number = own.join(named, left_on="identifier", right_on="_named").select("school_id", "to")
    ruled = pl.concat([by_id, by_number]).unique()
    return (
        own.join(ruled, on="school_id", how="left")
        .select("school_id", vendor_school=pl.coalesce("to", "own"))
        .with_columns(split=pl.col("vendor_school").n_unique().over("school_id") > 1)
        .sort("school_id", "vendor_school")
        .collect()
    )


def split_schools(settings: ConnectSettings) -> list[set[str]]:
    """The Connect schools that share one school of the roster: a student can be in one of each set only."""
    by_school: dict[str, set[str]] = {}
    for rule in settings.school_rules:
        for school in rule.schools:
            by_school.setdefault(school, set()).add(rule.to)
    return [schools for schools in by_school.values() if len(schools) > 1]


def student_schools(
    roster: Roster, students: pl.DataFrame, settings: ConnectSettings, as_of: date
) -> tuple[pl.DataFrame, pl.DataFrame, pl.DataFrame]:
    """Where students are (``id``, ``school_id``, ``vendor_school``), who has no rule (C9), and no primary school (C33).

    ``students``: ``id``, ``_user``, ``grade``, ``school_ids`` (List). The second and third are rows of ``students``.
    Raises UsageError where two of ``school_rules`` claim one school and grade.
    """
    at = students.select("id", "_user", "grade", school_id="school_ids").explode("school_id").drop_nulls("school_id")
    undecided = students.clear()
    if settings.schools == "primary":
        primary = _primary(roster, students, as_of)
        several = students.filter(pl.col("school_ids").list.len() > 1)
        undecided = several.join(primary, on="id", how="anti")
        at = pl.concat(
            [
                at.join(several, on="id", how="anti"),
                at.join(primary, on=["id", "school_id"], how="semi").join(several, on="id", how="semi"),
            ]
        )
    placed = schools_of_vendor(
        at.lazy(), roster.table("Org"), settings.school_rules, where=f"{WHERE}.school_rules", own=_own(settings)
    ).collect()
    lost = placed.filter(pl.col("vendor_school").is_null())
    return (
        placed.drop_nulls("vendor_school").select("id", "school_id", "vendor_school").unique(),
        students.join(lost, on="id", how="semi"),
        undecided,
    )


def _primary(roster: Roster, students: pl.DataFrame, as_of: date) -> pl.DataFrame:
    """``id`` and ``school_id`` of those whose primary school is stated: by the record, or by one primary role alone."""
    schools = roster.table("Org").filter(pl.col("type") == "school").select(pl.col("id").alias("school_id"))
    users = roster.table("User").select("id", school_id="primary_org_id").join(schools, on="school_id", how="semi")
    roles = (
        current_roles(roster, as_of)
        .filter(pl.col("type") == "primary")
        .select("id", pl.col("org_id").alias("school_id"))
        .join(schools, on="school_id", how="semi")
        .unique()
        .filter(pl.len().over("id") == 1)
    )
    stated = pl.concat([users, roles.join(users, on="id", how="anti")])
    return stated.join(students.lazy().select("id"), on="id", how="semi").collect()


def people_schools(schools: pl.DataFrame, users: pl.DataFrame) -> pl.DataFrame:
    """The Connect schools of staff: ``id``, ``vendor_school``. ``users``: ``id``, ``school_ids`` (List)."""
    at = users.select("id", school_id="school_ids").explode("school_id").drop_nulls("school_id")
    return at.join(schools, on="school_id").select("id", "vendor_school").unique()
