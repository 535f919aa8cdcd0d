"""Which records of a district are in scope, and which cannot be decided and are protected."""

from __future__ import annotations

from dataclasses import dataclass

import polars as pl

from providers.clever.settings import Scope
from rosterkit.sources.findings import Findings

__all__ = ["Kept", "schools_in_scope", "students_in_scope", "types_in_scope"]


@dataclass(frozen=True)
class Kept:
    """Rows in scope, rows out of scope, and rows of which nobody can say."""

    rows: pl.DataFrame
    out: pl.DataFrame
    undecided: pl.DataFrame


def _split(frame: pl.DataFrame, inside: pl.Expr) -> Kept:
    """By a truth value that is null where it cannot be decided."""
    marked = frame.with_columns(_inside=inside)
    parts = (
        marked.filter(pl.col("_inside")),
        marked.filter(~pl.col("_inside")),
        marked.filter(pl.col("_inside").is_null()),
    )
    return Kept(*(part.drop("_inside") for part in parts))


def schools_in_scope(schools: pl.DataFrame, scope: Scope, findings: Findings) -> pl.Series | None:
    """The Clever ids of the schools in scope, or None where all are.

    ``schools``: id, sis_id, school_number. A school that the settings name and Clever does not have is a finding.
    """
    if not scope.schools:
        return None
    names = pl.concat([schools.select("id", name=column) for column in ("id", "sis_id", "school_number")])
    found = names.filter(pl.col("name").is_in(scope.schools))
    for name in sorted(set(scope.schools) - set(found["name"])):
        findings.add("clever.scope-school-unknown", value=name, file="schools")
    return found["id"].unique(maintain_order=True)


def students_in_scope(users: pl.DataFrame, schools: pl.Series | None, scope: Scope) -> Kept:
    """Users by school and, for students, by grade. ``users`` has schools (list), student (Boolean) and grade.

    Who has no school at all belongs to the district and is in scope, unless it is a student.
    """
    inside = pl.lit(value=True)
    if schools is not None:
        at = pl.col("schools").list.eval(pl.element().is_in(schools.implode())).list.any()
        inside = pl.when(pl.col("schools").list.len() > 0).then(at).otherwise(~pl.col("student"))
    if scope.grades:
        graded = ~pl.col("student") | pl.col("grade").is_in(scope.grades)
        inside &= graded  # null where a student's grade is blank or unknown
    return _split(users, inside)


def types_in_scope(links: pl.DataFrame, scope: Scope) -> Kept:
    """Links of contacts by their type; ``type_key`` is the type folded."""
    actions = scope.action_of_type()
    action = pl.col("type_key").replace_strict(
        list(actions), [a == "guardian" for a in actions.values()], default=None, return_dtype=pl.Boolean
    )
    return _split(links, action)
