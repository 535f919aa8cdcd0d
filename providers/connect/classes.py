"""Classes and enrollments as Connect's classrooms: filtered, named, joined and placed in schools (C5, C6, C9)."""

from __future__ import annotations

import re
from datetime import date

import polars as pl

from providers.connect.settings import ConnectSettings
from rosterkit.feeds.base import Roster
from rosterkit.feeds.csvout import one_line
from rosterkit.roster.dates import counts_on

_LIST = pl.List(pl.String)
_ENROLLED = ("student", "teacher", "proctor", "administrator")


def rooms(
    roster: Roster, schools: pl.DataFrame, at: pl.DataFrame, settings: ConnectSettings, as_of: date
) -> tuple[pl.DataFrame, pl.DataFrame]:
    """Classrooms and who is in them.

    The first: one row for each class and Connect school, ``class_id``, ``vendor_school``, ``room`` (the sourcedId in
    Connect), ``_user`` (the class's source and sourced_id), and what a title is made of. The second: ``room``,
    ``vendor_school``, ``user_id``, ``role``. ``schools``: as of ``schools.targets``; ``at``: where students are.
    """
    classes = _classes(roster, settings, as_of).collect()
    enrolled = _enrolled(roster, as_of).join(classes.lazy().select("class_id", "school_id"), on="class_id").collect()
    classes = classes.join(_teachers(roster, enrolled), on="class_id", how="left")
    students = _student_places(enrolled, schools, at, settings)
    places = _places(classes, schools, students)
    made = classes.join(places, on="class_id").with_columns(
        room=pl.when("split").then(pl.concat_str("sourced_id", "vendor_school", separator="-")).otherwise("sourced_id")
    )
    if settings.join_sections:
        made = made.with_columns(room=_joined_id())
    others = enrolled.filter(pl.col("role") != "student").join(
        places.select("class_id", "vendor_school"), on="class_id"
    )
    columns = ["class_id", "vendor_school", "user_id", "role"]
    people = pl.concat([students.with_columns(role=pl.lit("student")).select(columns), others.select(columns)])
    named = made.select("class_id", "vendor_school", "room")
    return made, people.join(named, on=["class_id", "vendor_school"]).drop("class_id")


def _classes(roster: Roster, settings: ConnectSettings, as_of: date) -> pl.LazyFrame:
    """The classes that the settings choose, with what a classroom is made of."""
    courses = roster.table("Course").select(
        pl.col("id").alias("course_id"),
        course_key="sourced_id",
        course="title",
        course_code="code",
        course_subjects="subjects",
    )
    classes = roster.table("Class").select(
        pl.col("id").alias("class_id"),
        pl.concat_str("source", "sourced_id", separator="/").alias("_user"),
        "sourced_id",
        "title",
        "code",
        "type",
        "location",
        "course_id",
        "school_id",
        pl.col("grades", "periods", "subjects").str.json_decode(_LIST),
    )
    found = classes.join(courses, on="course_id", how="left")
    if settings.classes == "homeroom":
        found = found.filter(pl.col("type") == "homeroom")
    if settings.courses:
        found = found.filter(pl.col("course_code").is_in(settings.courses))
    if settings.subjects:
        own = pl.coalesce("subjects", pl.col("course_subjects").str.json_decode(_LIST))
        found = found.filter(own.list.set_intersection(list(settings.subjects)).list.len() > 0)
    return _of_terms(roster, found, as_of) if settings.terms == "current" else found


def _of_terms(roster: Roster, classes: pl.LazyFrame, as_of: date) -> pl.LazyFrame:
    """Classes with a term that runs on that day (an end date is exclusive), and those without terms."""
    terms = roster.table("ClassTerm").select("class_id", "session_id")
    running = roster.table("AcademicSession").filter(counts_on(as_of, "start_date"))
    now = terms.join(running.select(pl.col("id").alias("session_id")), on="session_id", how="semi")
    ended = terms.join(now, on="class_id", how="anti")
    return classes.join(ended, on="class_id", how="anti")


def _enrolled(roster: Roster, as_of: date) -> pl.LazyFrame:
    rows = roster.table("Enrollment", as_of=as_of).filter(pl.col("role").is_in(_ENROLLED))
    return rows.select("class_id", "user_id", "role", "primary")


def _teachers(roster: Roster, enrolled: pl.DataFrame) -> pl.DataFrame:
    """``class_id``, ``teacher_key`` (sourced_id) and ``teacher`` (family name): the primary or first one."""
    names = roster.table("User").select(
        pl.col("id").alias("user_id"), "source", teacher_key="sourced_id", teacher="family_name"
    )
    return (
        enrolled.lazy()
        .filter(pl.col("role") == "teacher")
        .join(names, on="user_id")
        .sort(~pl.col("primary").fill_null(value=False), "source", "teacher_key")
        .group_by("class_id", maintain_order=True)
        .agg(pl.col("teacher_key", "teacher").first())
        .collect()
    )


def _student_places(
    enrolled: pl.DataFrame, schools: pl.DataFrame, at: pl.DataFrame, settings: ConnectSettings
) -> pl.DataFrame:
    """``class_id``, ``user_id``, ``vendor_school``: where each student of a class is, for the class's school.

    One row for each enrollment: a student may have several in a class.

    A student of several schools who is sent with the primary one only has no classes elsewhere (C33). A student who
    takes a class at a school that is not theirs stays in it; where that school is several, nobody can tell which.
    """
    students = enrolled.filter(pl.col("role") == "student").select("class_id", "user_id", "school_id")
    own = students.join(at.rename({"id": "user_id"}), on=["user_id", "school_id"], how="left")
    if settings.schools == "primary":
        return own.drop_nulls("vendor_school").drop("school_id")
    single = schools.filter(~pl.col("split")).select("school_id", other="vendor_school")
    known = own.join(at.select(user_id="id").unique(), on="user_id", how="semi")
    placed = known.join(single, on="school_id", how="left").with_columns(
        vendor_school=pl.coalesce("vendor_school", "other")
    )
    return placed.drop_nulls("vendor_school").select("class_id", "user_id", "vendor_school")


def _places(classes: pl.DataFrame, schools: pl.DataFrame, students: pl.DataFrame) -> pl.DataFrame:
    """The Connect schools of each class: ``class_id``, ``vendor_school``, ``split``; ``students``: where those are.

    A class of a school that is several in Connect is in each school where it has students; without students in all.
    """
    every = classes.select("class_id", "school_id").join(schools, on="school_id").drop("school_id")
    peopled = students.select("class_id", "vendor_school").unique()
    empty = pl.col("split") & pl.col("class_id").is_in(peopled["class_id"].implode())
    return pl.concat(
        [every.filter(~empty), every.filter(empty).join(peopled, on=["class_id", "vendor_school"], how="semi")]
    )


def _joined_id() -> pl.Expr:
    """One id for the sections of one teacher and course at one school; a section without either keeps its own (C5)."""
    whose = pl.concat_str("course_key", "teacher_key", "vendor_school", separator="-")
    return pl.when(whose.is_not_null()).then(whose).otherwise("room")


def class_rows(made: pl.DataFrame, settings: ConnectSettings) -> pl.DataFrame:
    """The rows of classes.csv, one for each room, with ``_user``; of joined sections the first by id names it."""
    blank = {name: pl.col(name).fill_null("") for name in ("title", "code", "location", "teacher")}
    fields = {**blank, "course": pl.coalesce("course", "title").fill_null("")}
    names = re.findall(r"\{(\w+)\}", settings.title)
    text = pl.format(re.sub(r"\{\w+\}", "{}", settings.title), *(fields[name] for name in names))
    titled = made.with_columns(_title=one_line(text))
    return (
        titled.sort("sourced_id")
        .group_by("room", "vendor_school", maintain_order=True)
        .agg(
            pl.col("_user").first(),
            pl.col("_title").first(),
            pl.col("location").drop_nulls().first(),
            pl.col("grades").explode().drop_nulls().unique().sort().replace(settings.grade_codes).str.join(","),
            pl.col("periods").explode().drop_nulls().unique().sort().str.join(","),
        )
        .select(
            "_user",
            sourcedId="room",
            title=_blank_is_null("_title"),
            grades=_blank_is_null("grades"),
            location=one_line(pl.col("location")),
            schoolSourcedId="vendor_school",
            periods=_blank_is_null("periods"),
        )
    )


def _blank_is_null(column: str) -> pl.Expr:
    return pl.when(pl.col(column) != "").then(pl.col(column))


def enrollment_rows(people: pl.DataFrame, classes: pl.DataFrame, users: pl.DataFrame) -> pl.DataFrame:
    """The rows of enrollments.csv, sorted, of the classes (sourcedId) and users (``id``, sourcedId) that are sent."""
    known = users.select(user_id="id", userSourcedId=pl.col("sourcedId").cast(_among(users["sourcedId"])))
    return (
        people.select(
            "user_id",
            classSourcedId=pl.col("room").cast(_among(classes["sourcedId"]), strict=False),
            schoolSourcedId=pl.col("vendor_school").cast(_among(people["vendor_school"])),
            role=pl.col("role").cast(_among(people["role"])),
        )
        .drop_nulls("classSourcedId")
        .join(known, on="user_id")
        .select("classSourcedId", "schoolSourcedId", "userSourcedId", "role")
        .unique()
        .sort("classSourcedId", "userSourcedId", "role", "schoolSourcedId")
        .cast(pl.String)
    )


def _among(values: pl.Series) -> pl.Enum:
    """The values as numbers in their order: a million rows are compared and sorted by them, and not by their texts."""
    return pl.Enum(values.drop_nulls().unique().sort())
