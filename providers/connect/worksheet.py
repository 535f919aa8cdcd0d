"""Worksheets for a start in mid-year: which students and classrooms in Connect are which of the roster (C32).

A person confirms each line before anything is merged in Connect. The frames hold personal data: they are for that
person, and never for a log.
"""

from __future__ import annotations

import polars as pl

from rosterkit.feeds.base import Roster

__all__ = ["CLASSROOMS", "STUDENTS", "classroom_ids", "student_matches"]

STUDENTS = ("id", "student_number", "email", "given_name", "family_name", "grade")
"""The columns of the list of students that exist in Connect, all texts."""

CLASSROOMS = ("id", "title", "school")
"""The columns of the list of classrooms that exist in Connect, all texts; ``school`` is the School ID."""

_WAYS = {
    "student number": ("student_number",),
    "e-mail": ("email",),
    "name and grade": ("given_name", "family_name", "grade"),
}


def student_matches(existing: pl.DataFrame, roster: Roster) -> pl.DataFrame:
    """Which student in Connect is which of the roster: ``id``, ``sourcedId``, ``by``, ``candidates``.

    By student number, else by e-mail, else by name and grade, each in any case of letters. A student is matched once.
    Where several fit, ``sourcedId`` is blank and ``candidates`` says how many; where none fits, ``by`` is blank.
    """
    students = roster.table("Role").filter(pl.col("role") == "student").select(pl.col("user_id").alias("id")).unique()
    grade = pl.col("grades").str.json_decode(pl.List(pl.String)).list.last()
    known = (
        roster.table("User")
        .join(students, on="id", how="semi")
        .select("given_name", "family_name", "email", sourcedId="sourced_id", student_number="identifier", grade=grade)
        .collect()
    )
    left, found = existing.select(STUDENTS), []
    for way, columns in _WAYS.items():
        matched = _matched(left, known, columns).with_columns(by=pl.lit(way))
        found.append(matched)
        left = left.join(matched, on="id", how="anti")
        known = known.join(matched, on="sourcedId", how="anti")
    nobody = left.select("id", sourcedId=pl.lit(None, pl.String), candidates=pl.lit(0, pl.UInt32), by=pl.lit(""))
    return pl.concat([*found, nobody], how="diagonal").select("id", "sourcedId", "by", "candidates").sort("id")


def classroom_ids(existing: pl.DataFrame, classes: pl.DataFrame) -> pl.DataFrame:
    """Which class each classroom in Connect may be: ``id``, ``sourcedId``, ``candidates``; by title and school.

    ``classes`` are the rows of classes.csv. With the proposed id as external source, the sync takes the classroom over.
    """
    known = classes.select("sourcedId", "title", school="schoolSourcedId")
    found = _matched(existing.select(CLASSROOMS), known, ("title", "school"))
    return (
        existing.select("id")
        .join(found, on="id", how="left")
        .select("id", "sourcedId", pl.col("candidates").fill_null(0))
        .sort("id")
    )


def _matched(left: pl.DataFrame, known: pl.DataFrame, columns: tuple[str, ...]) -> pl.DataFrame:
    """``id``, ``sourcedId`` (null where several fit, on either side) and ``candidates``, of those for whom one fits."""
    key = pl.concat_str([pl.col(name).str.strip_chars().str.to_lowercase() for name in columns], separator="\n")
    here = left.select("id", key=key).drop_nulls()
    there = known.select("sourcedId", key=key).drop_nulls()
    pairs = here.join(there, on="key").with_columns(shared=pl.col("id").n_unique().over("key"))
    one = (pl.len() == 1) & (pl.col("shared").first() == 1)
    return pairs.group_by("id").agg(
        pl.when(one).then(pl.col("sourcedId").first()).alias("sourcedId"),
        pl.max_horizontal(pl.len(), pl.col("shared").first()).cast(pl.UInt32).alias("candidates"),
    )
