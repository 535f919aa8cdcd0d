"""Classes and enrollments for Edlio, in files of their own (A5)."""

from __future__ import annotations

from datetime import date

import polars as pl

from providers.edlio.settings import EdlioSettings
from rosterkit.feeds.base import Roster
from rosterkit.feeds.csvout import one_line

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
    rows = roster.table("Enrollment", as_of=as_of).filter(pl.col("role").is_in(_ENROLLED))
    room, person = settings.header("Classroom ID"), settings.header("Person ID")
    uid = persons[settings.header("Unique ID")]
    places, people = (_numbered(classes["_id"], classes[room]), _numbered(persons["_id"], uid))
    known = (
        rows.join(places.lazy().rename({"_id": "class_id", "_place": "_class"}), on="class_id", how="left")
        .join(people.lazy().rename({"_id": "user_id", "_place": "_person"}), on="user_id", how="left")
        .select("_class", "_person")
        .collect()
    )
    sent = known.drop_nulls()
    ordered = sent.unique().sort("_class", "_person")
    texts = [
        classes[room].unique().sort().gather(ordered["_class"]).alias(room),
        uid.unique().sort().gather(ordered["_person"]).alias(person),
    ]
    return pl.DataFrame(texts), known.height - sent.height


def _numbered(ids: pl.Series, texts: pl.Series) -> pl.DataFrame:
    """``_id`` and ``_place``: the place of its text among all texts in order; numbers are compared faster."""
    return pl.DataFrame([ids.alias("_id"), (texts.rank("dense") - 1).alias("_place")])
