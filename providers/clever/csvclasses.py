"""Schools, sections and enrollments of the CSV files; terms and courses are made of the columns of sections."""

from __future__ import annotations

import polars as pl

from providers.clever.cells import attributes, day, day_after, joined_key, json_list
from providers.clever.conversion import PLACE
from providers.clever.csvset import CsvFile
from providers.clever.csvtables import DISTRICT, CsvTables
from providers.clever.vocabulary import GRADES, folded, known
from rosterkit.sources.base import Table


def orgs(made: CsvTables) -> Table:
    file = made.files["schools"]
    if file.absent:
        return made.absent(file, "Org")
    kept = ("state_id", "nces_id", "low_grade", "high_grade", "school_phone")
    rows = file.rows.select(
        *PLACE,
        sourced_id="school_id",
        name="school_name",
        type=pl.lit("school"),
        identifier="school_number",
        parent=pl.lit(DISTRICT),
        attributes=attributes({n: file.column(n) for n in kept}),
    )
    district = pl.DataFrame(
        {
            "_file": ["schools.csv"],
            "_line": [1],  # the header: no row names the district
            "sourced_id": [DISTRICT],
            "name": ["District"],
            "type": ["district"],
        },
        schema_overrides={"_line": pl.Int64},
    )
    return made.table(file, "Org", pl.concat([district, made.unique(rows)], how="diagonal"))


def sections(made: CsvTables) -> list[Table]:
    file = made.files["sections"]
    if file.absent:
        empty = (
            ("Class", ""),
            ("ClassTerm", ""),
            ("Course", ""),
            ("AcademicSession", ""),
            ("Enrollment", "teacher"),
        )
        return [made.absent(file, entity, space) for entity, space in empty]
    grade, subject = file.column("grade"), file.column("subject")
    made.unknown(file.rows, grade, GRADES, "grade", "section_id")
    unknown = file.rows.filter(grade.is_not_null() & known(grade, GRADES).is_null())
    made.notes.unusable("Class ", unknown, column="grades", key="section_id")
    terms = [file.column(n) for n in ("term_name", "term_start", "term_end")]
    start, end = day(terms[1]), day(terms[2])
    has_term = pl.any_horizontal(t.is_not_null() for t in terms)
    parts = [pl.coalesce(t, pl.lit("")) for t in (terms[0], start, end)]
    rows = file.rows.with_columns(
        _course=pl.coalesce(file.column("course_number"), file.column("course_name")),
        _term=pl.when(has_term).then(joined_key(*parts)),
        _start=start,
        _end=day_after(end, last_day=made.settings.last_day),
        _year=end.str.head(4),
    )
    homeroom = (folded(subject) == "homeroomadvisory").fill_null(value=False)
    classes = rows.select(
        *PLACE,
        sourced_id="section_id",
        title=pl.coalesce(file.column("name"), file.column("course_name")),
        code=file.column("section_number"),
        type=pl.when(homeroom).then(pl.lit("homeroom")).otherwise(pl.lit("scheduled")),
        course="_course",
        school="school_id",
        grades=json_list(known(grade, GRADES)),
        subjects=json_list(subject),
        periods=json_list(file.column("period")),
        attributes=made.kept_attributes(file, ()),
    )
    courses = rows.drop_nulls("_course").select(
        *PLACE,
        sourced_id="_course",
        title=file.column("course_name"),
        code=file.column("course_number"),
        org=pl.lit(DISTRICT),
    )
    sessions = rows.drop_nulls("_term").select(
        *PLACE,
        sourced_id="_term",
        title=terms[0],
        type=pl.lit("term"),
        start_date="_start",
        end_date="_end",
        school_year="_year",
    )
    links = rows.drop_nulls("_term").select(
        *PLACE,
        joined_key(pl.col("section_id"), pl.col("_term")).alias("sourced_id"),
        pl.col("section_id").alias("class"),
        session="_term",
    )
    return [
        made.table(file, "Class", made.unique(classes)),
        made.table(file, "ClassTerm", links.unique("sourced_id", keep="first", maintain_order=True)),
        made.table(file, "Course", courses.unique("sourced_id", keep="first", maintain_order=True)),
        made.table(file, "AcademicSession", sessions.unique("sourced_id", keep="first", maintain_order=True)),
        _teachers_of(made, file, rows),
    ]


def _teachers_of(made: CsvTables, file: CsvFile, rows: pl.DataFrame) -> Table:
    """Teacher_id is the first of a section, Teacher_2_id ... Teacher_10_id stand beside it."""
    columns = ["teacher_id", *(f"teacher_{n}_id" for n in range(2, 11))]
    there = [column for column in columns if column in rows.columns]
    made.notes.add(
        "clever.section-without-teacher",
        rows.filter(pl.all_horizontal(pl.col(there).is_null())),
        key="section_id",
    )
    taught = [
        rows.drop_nulls(column).select(
            *PLACE, "section_id", "school_id", user=column, primary=pl.lit(column == "teacher_id")
        )
        for column in there
    ]
    return made.table(file, "Enrollment", _enrolled(pl.concat(taught), "teacher"), "teacher")


def student_enrollments(made: CsvTables) -> Table:
    file = made.files["enrollments"]
    if file.absent:
        return made.absent(file, "Enrollment", "student")
    rows = file.rows.with_columns(user="student_id", primary=pl.lit(None, pl.Boolean))
    return made.table(file, "Enrollment", _enrolled(rows, "student"), "student")


def _enrolled(rows: pl.DataFrame, role: str) -> pl.DataFrame:
    made = rows.select(
        *PLACE,
        joined_key(pl.col("section_id"), pl.col("user"), pl.lit(role)).alias("sourced_id"),
        pl.col("section_id").alias("class"),
        "user",
        "primary",
        _space_user=pl.lit(role),
        school="school_id",
        role=pl.lit(role),
    )
    return made.unique("sourced_id", keep="first", maintain_order=True)
