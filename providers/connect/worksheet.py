"""Worksheets for a start in mid-year: which students and classrooms in Connect are which of the roster (C32).

A person confirms each line before anything is merged in Connect. The frames hold personal data: they are for that
person, and never for a log.
"""

from __future__ import annotations

import polars as pl

from rosterkit.errors import UsageError
from rosterkit.feeds.csvout import PROBLEMS, CsvTable

STUDENTS = ("id", "student_number", "email", "given_name", "family_name", "grade")
"""The columns of the list of students that exist in Connect, all texts."""

CLASSROOMS = ("id", "title", "school")
"""The columns of the list of classrooms that exist in Connect, all texts; ``school`` is the School ID."""

_WAYS = {
    "student number": ("student_number",),
    "e-mail": ("email",),
    "name and grade": ("given_name", "family_name", "grade"),
}


def list_in_connect(table: CsvTable) -> tuple[tuple[str, ...], pl.DataFrame]:
    """STUDENTS or CLASSROOMS, and those columns of the list, in its order.

    Raises UsageError, with file, line and what to do, where it is neither, cannot be read, or an id is not one.
    """
    for code, line, detail in table.problems.select("code", "_line", "detail").iter_rows():
        if code not in {"bom", "no-last-line-end"}:
            where = f"{table.name}, line {line}" if line else table.name
            raise UsageError(f"{where}: {PROBLEMS[code]}{f' ({detail})' if detail else ''}. Export the list again.")
    columns = next((names for names in (STUDENTS, CLASSROOMS) if set(names) <= set(table.header)), None)
    if columns is None:
        raise UsageError(
            f"{table.name} has the columns {', '.join(table.header) or 'none'}. A list of students has "
            f"{', '.join(STUDENTS)}; a list of classrooms has {', '.join(CLASSROOMS)}. Rename its columns to these."
        )
    no_id = table.rows.filter(pl.col("id").is_null() | pl.col("id").is_duplicated())
    if not no_id.is_empty():
        raise UsageError(f"{table.name}, line {no_id['_line'][0]}: the id is blank, or another line has it too.")
    return columns, table.rows.select(columns)


def student_worksheet(existing: pl.DataFrame, students: pl.DataFrame) -> pl.DataFrame:
    """Who each student in Connect is in the roster: STUDENTS, ``sourcedId``, ``roster_name``, ``by``, ``candidates``.

    By student number, else by e-mail, else by name and grade, each in any case of letters. A student is matched once.
    Where several fit, ``sourcedId`` is blank and ``candidates`` says how many; where none fits, ``by`` is blank.
    ``students`` of the roster: ``sourcedId`` and STUDENTS without ``id``.
    """
    left, known, found = existing, students, []
    for way, columns in _WAYS.items():
        matched = _matched(left, known, columns).with_columns(by=pl.lit(way))
        found.append(matched)
        left = left.join(matched, on="id", how="anti")
        known = known.join(matched, on="sourcedId", how="anti")
    name = pl.concat_str("given_name", "family_name", separator=" ", ignore_nulls=True)
    named = pl.concat(found).join(students.select("sourcedId", roster_name=name), on="sourcedId", how="left")
    return _beside(existing, named, "sourcedId", "roster_name", "by")


def classroom_worksheet(existing: pl.DataFrame, classes: pl.DataFrame) -> pl.DataFrame:
    """Which class each classroom in Connect may be: CLASSROOMS, ``sourcedId``, ``candidates``; by title and school.

    ``classes`` are the rows of classes.csv. With the proposed id as external source, the sync takes the classroom over.
    """
    known = classes.select("sourcedId", "title", school="schoolSourcedId")
    return _beside(existing, _matched(existing, known, ("title", "school")), "sourcedId")


def _beside(existing: pl.DataFrame, found: pl.DataFrame, *columns: str) -> pl.DataFrame:
    """The list as it came, and what was found beside it."""
    both = existing.join(found, on="id", how="left", maintain_order="left")
    return both.select(*existing.columns, *columns, pl.col("candidates").fill_null(0))


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
