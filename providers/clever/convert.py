"""From Clever's records to canonical rows: pure functions of the records, one for each resource.

A function's result depends on nothing but the raw records (``records.RAW``) and ``Reading``. What needs several
records at once, such as who a contact is or what is in scope, happens later (``assemble``).
"""

from __future__ import annotations

import polars as pl

from providers.clever.cells import attributes, day, day_after, joined_key, json_list
from providers.clever.conversion import PLACE, Converted, Notes, Reading, changed, own_fields
from providers.clever.people import users
from providers.clever.records import decoded, text
from providers.clever.vocabulary import GRADES, SUBJECTS, folded, known
from rosterkit.sources.keys import plain_id

_ENTITIES = {
    "districts": ("Org",),
    "schools": ("Org",),
    "terms": ("AcademicSession",),
    "courses": ("Course",),
    "sections": ("Class",),
    "users": ("User", "contact"),
}
"""What is unknown where a record of that resource cannot be read."""


def converted(resource: str, raw: pl.DataFrame, reading: Reading) -> Converted:
    """The canonical rows of the records of that resource."""
    notes = Notes()
    records, unreadable = decoded(raw, resource)
    records = records.with_columns(plain_id(pl.col("id")).alias("id"))
    unreadable = unreadable.with_columns(id=plain_id(pl.col("record").str.json_path_match("$.id")))
    notes.add("clever.record-unreadable", unreadable)
    for entity in _ENTITIES[resource]:
        notes.unusable(entity, unreadable)
    keyless = records.filter(pl.col("id").is_null())
    notes.add("clever.record-without-id", keyless)
    lost = keyless.height + unreadable["id"].null_count()
    records = records.drop_nulls("id")
    make = {
        "districts": _districts,
        "schools": _schools,
        "terms": _terms,
        "courses": _courses,
        "sections": _sections,
        "users": users,
    }[resource]
    return notes.converted(make(records, reading, notes), lost)


def _districts(records: pl.DataFrame, _: Reading, _notes: Notes) -> dict[str, pl.DataFrame]:
    rows = records.select(
        *PLACE,
        sourced_id="id",
        name=text(pl.col("name")),
        type=pl.lit("district"),
        identifier=text(pl.col("nces_id")),
        parent=pl.lit(None, pl.String),
        attributes=attributes({"mdr_number": text(pl.col("mdr_number"))}),
        _modified_at=pl.lit(None, pl.String),
    )
    return {"Org": rows, "district": records.select("id", text(pl.col("state")), text(pl.col("sis_type")))}


def _schools(records: pl.DataFrame, reading: Reading, notes: Notes) -> dict[str, pl.DataFrame]:
    kept = ("high_grade", "low_grade", "mdr_number", "nces_id", "phone", "sis_id", "state_id")
    for column in ("low_grade", "high_grade"):
        unknown = records.filter(text(pl.col(column)).is_not_null() & known(pl.col(column), GRADES).is_null())
        notes.add("clever.unknown-value", unknown, column=column, value=column)
    rows = records.select(
        *PLACE,
        sourced_id="id",
        name=text(pl.col("name")),
        type=pl.lit("school"),
        identifier=text(pl.col("school_number")),
        parent=pl.lit(None, pl.String),  # the district, which is known only when both are read
        attributes=attributes({n: text(pl.col(n)) for n in kept}, own_fields(records, ("$.ext",), reading)),
        _modified_at=changed(),
    )
    return {"Org": rows}


def _terms(records: pl.DataFrame, reading: Reading, notes: Notes) -> dict[str, pl.DataFrame]:
    dated = records.with_columns(start=day(text(pl.col("start_date"))), end=day(text(pl.col("end_date"))))
    for column, read in (("start_date", "start"), ("end_date", "end")):
        unreadable = dated.filter(text(pl.col(column)).is_not_null() & pl.col(read).is_null())
        notes.add("clever.date-unreadable", unreadable, column=column, value=column)
        notes.unusable("AcademicSession", unreadable, column=column)
    undated = dated.filter(text(pl.col("start_date")).is_null() | text(pl.col("end_date")).is_null())
    notes.add("clever.term-without-dates", undated)
    rows = dated.select(
        *PLACE,
        sourced_id="id",
        title=text(pl.col("name")),
        type=pl.lit("term"),
        start_date="start",
        end_date=day_after(pl.col("end"), last_day=reading.last_day),
        parent=pl.lit(None, pl.String),
        school_year=pl.col("end").str.head(4),
    )
    return {"AcademicSession": rows}


def _courses(records: pl.DataFrame, _: Reading, _notes: Notes) -> dict[str, pl.DataFrame]:
    rows = records.select(*PLACE, sourced_id="id", title=text(pl.col("name")), code=text(pl.col("number")))
    return {"Course": rows}


def _sections(records: pl.DataFrame, reading: Reading, notes: Notes) -> dict[str, pl.DataFrame]:
    homeless = records.filter(text(pl.col("school")).is_null())
    notes.add("clever.section-without-school", homeless)
    notes.unusable("Class", homeless)
    records = records.filter(text(pl.col("school")).is_not_null())
    grade, subject = text(pl.col("grade")), text(pl.col("subject"))
    unknown = records.filter(grade.is_not_null() & known(grade, GRADES).is_null())
    notes.add("clever.unknown-value", unknown, column="grade", value="grade")
    notes.unusable("Class", unknown, column="grades")
    strange = records.filter(subject.is_not_null() & known(subject, SUBJECTS).is_null())
    notes.add("clever.unknown-value", strange, column="subject", value="subject")
    teachers = pl.concat_list(text(pl.col("teacher")), pl.col("teachers").fill_null([])).list.drop_nulls()
    records = records.with_columns(teachers.list.unique(maintain_order=True).alias("teachers"))
    notes.add("clever.section-without-teacher", records.filter(pl.col("teachers").list.len() == 0))
    homeroom = (folded(subject) == "homeroomadvisory").fill_null(value=False)
    rows = records.select(
        *PLACE,
        sourced_id="id",
        title=text(pl.col("name")),
        code=text(pl.col("section_number")),
        type=pl.when(homeroom).then(pl.lit("homeroom")).otherwise(pl.lit("scheduled")),
        course=text(pl.col("course")),
        school=text(pl.col("school")),
        grades=json_list(known(grade, GRADES)),
        subjects=json_list(subject),
        periods=json_list(text(pl.col("period"))),
        attributes=attributes({"sis_id": text(pl.col("sis_id"))}, own_fields(records, ("$.ext",), reading)),
        _modified_at=changed(),
    )
    lists = records.select(
        *PLACE,
        text(pl.col("school")),
        text(pl.col("teacher")),
        "teachers",
        sourced_id="id",
        term=text(pl.col("term_id")),
        students=pl.col("students").list.drop_nulls().list.unique(maintain_order=True),
    )
    return {"Class": rows, "section": lists}


def enrollments(lists: pl.LazyFrame) -> pl.LazyFrame:
    """Rows of Enrollment: the students and teachers whom sections list."""
    shared = ("_file", "_line", "sourced_id", "school", "teacher")
    listed = [
        lists.select(*shared, user=people, role=pl.lit(role), primary=primary).explode("user").drop_nulls("user")
        for people, role, primary in (
            ("students", "student", pl.lit(None, pl.Boolean)),
            ("teachers", "teacher", pl.lit(None, pl.Boolean)),
        )
    ]
    taught = listed[1].with_columns(primary=pl.col("user").eq_missing("teacher"))
    return (
        pl.concat([listed[0], taught])
        .select(
            *PLACE,
            joined_key(pl.col("sourced_id"), pl.col("user"), pl.col("role")).alias("key"),
            pl.col("sourced_id").alias("class"),
            "user",
            "school",
            "role",
            "primary",
        )
        .rename({"key": "sourced_id"})
    )


def class_terms(lists: pl.LazyFrame) -> pl.LazyFrame:
    """Rows of ClassTerm: the one term that a section may have."""
    return (
        lists.drop_nulls("term")
        .select(
            *PLACE,
            joined_key(pl.col("sourced_id"), pl.col("term")).alias("key"),
            pl.col("sourced_id").alias("class"),
            session="term",
        )
        .rename({"key": "sourced_id"})
    )
