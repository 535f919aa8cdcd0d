"""Classes and enrollments for Edlio, in files of their own (A5)."""

from __future__ import annotations

from datetime import date

import polars as pl

from providers.edlio.settings import EdlioSettings
from rosterkit.feeds.base import Roster
from rosterkit.feeds.csvout import one_line

__all__ = ["classrooms", "enrollments"]

_ENROLLED = ("student", "teacher")


def classrooms(roster: Roster, settings: EdlioSettings) -> pl.DataFrame:
    """The columns of the file of classes under the district's headers, and ``_user`` and ``_id`` of the class."""
    orgs = roster.table("Org").select(pl.col("id").alias("school_id"), pl.col(settings.organization_id).alias("_org"))
    cells = {
        "Classroom ID": pl.col("sourced_id"),
        "Classroom Name": one_line(pl.col("title")),
        "Classroom Description": pl.lit(None, pl.String),
        "Organization ID": pl.col("_org"),
    }
    return (
        roster.table("Class")
        .join(orgs, on="school_id", how="left")
        .select(
            pl.concat_str("source", "sourced_id", separator="/").alias("_user"),
            pl.col("id").alias("_id"),
            *(cell.alias(settings.header(name)) for name, cell in cells.items()),
        )
        .collect()
    )


def enrollments(
    roster: Roster, classes: pl.DataFrame, persons: pl.DataFrame, settings: EdlioSettings, as_of: date
) -> tuple[pl.DataFrame, int]:
    """The rows of those classes and persons (``_id``, Unique ID), sorted, and how many others there would be."""
    today = as_of.isoformat()
    begun = pl.col("begin_date").is_null() | (pl.col("begin_date") <= today)
    lasting = pl.col("end_date").is_null() | (pl.col("end_date") > today)
    rows = roster.table("Enrollment").filter(pl.col("role").is_in(_ENROLLED) & begun & lasting)
    room, person = settings.header("Classroom ID"), settings.header("Person ID")
    known = (
        rows.join(classes.lazy().select(pl.col("_id").alias("class_id"), room), on="class_id", how="left")
        .join(
            persons.lazy().select(pl.col("_id").alias("user_id"), pl.col(settings.header("Unique ID")).alias(person)),
            on="user_id",
            how="left",
        )
        .select(room, person)
        .collect()
    )
    sent = known.drop_nulls()
    return sent.unique().sort(room, person), known.height - sent.height
