"""The source of kind "clever-csv": the files that a district uploads to Clever, read without Clever.

A student and a teacher may have the same number, so users are in an id space for each kind. What a file does not have
as records of their own (courses, terms) is made of the columns of sections.
"""

from __future__ import annotations

import hashlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import polars as pl
from pydantic import BaseModel

from providers.clever.assemble import family_tables
from providers.clever.capabilities import CSV_CAPABILITIES
from providers.clever.cells import attributes, day, day_after, joined_key, json_list, json_text, wanted
from providers.clever.contacts import name_parts
from providers.clever.csvset import CsvFile, open_set
from providers.clever.families import family
from providers.clever.notes import PROBLEMS, Notes
from providers.clever.people import demographic_columns, link_words
from providers.clever.rules import CSV_RULES
from providers.clever.scope import schools_in_scope, students_in_scope
from providers.clever.settings import CsvSettings
from providers.clever.vocabulary import GRADES, PHONE_TYPES, RACES, SEXES, YES_NO, folded, known
from rosterkit.intake.rules import Rule
from rosterkit.sources.base import INVALID, Capabilities, Context, Coverage, Extract, Table

__all__ = ["CleverCsv"]

DISTRICT = "district"
"""The id of the district's own Org, which no file has; staff.csv may name it as a school."""

_PLACE = ("_file", "_line")
_KEPT = (
    "ell_status frl_status graduation_year home_language iep_status gifted_status section_504_status title department"
).split()


class CleverCsv:
    """Reads the CSV files of a district."""

    kind = "clever-csv"
    rules: Sequence[Rule] = CSV_RULES
    capabilities: Capabilities = CSV_CAPABILITIES
    Settings: type[BaseModel] = CsvSettings

    def extract(self, settings: CsvSettings, context: Context) -> Extract:
        """The files of the folder or zip. Raises as ``Source.extract`` says."""
        path = settings.path if settings.path.is_absolute() else context.folder / settings.path
        files = open_set(path, context.findings)
        made = _Made(files, settings, context)
        tables = [made.orgs(), *made.sections(), *made.users("student"), *made.users("teacher"), *made.users("staff")]
        tables += [*made.families(), made.student_enrollments()]
        made.report()
        digest = hashlib.sha256()
        for name, file in files.items():
            digest.update(f"{name} {file.rows.height} {file.rows.hash_rows(seed=1).sort().to_list()}\n".encode())
        return Extract(
            id=digest.hexdigest(),
            name=path.name,
            version="clever-csv",
            tables=tuple(table for table in tables if table is not None),
            findings=context.findings.frame(),
            rows_read={name: file.rows.height for name, file in files.items() if not file.absent},
        )


@dataclass(frozen=True)
class _Kind:
    file: str
    number: str
    email: str
    state_id: str
    role: str
    type: str  # of the other id in user_ids


_KINDS = {
    "student": _Kind("students", "student_number", "student_email", "state_id", "student", "sisId"),
    "teacher": _Kind("teachers", "teacher_number", "teacher_email", "state_teacher_id", "teacher", "sisId"),
    "staff": _Kind("staff", "staff_id", "staff_email", "", "", "staffId"),
}


class _Made:
    """The tables of one set of files."""

    def __init__(self, files: Mapping[str, CsvFile], settings: CsvSettings, context: Context) -> None:
        self._files = files
        self._settings = settings
        self._context = context
        self._notes = Notes()
        self._outside = pl.Series(dtype=pl.String)
        schools = files["schools"]
        self._schools: pl.Series | None = None
        if settings.scope.schools and not schools.absent:
            known_schools = schools.rows.select(id="school_id", sis_id="school_id", school_number="school_number")
            self._schools = schools_in_scope(known_schools, settings.scope, context.findings)

    def report(self) -> None:
        problems = pl.concat([pl.DataFrame(schema=PROBLEMS), *self._notes.frames])
        for (rule, file, column), rows in problems.group_by("rule", "_file", "column", maintain_order=True):
            self._context.findings.add_rows(str(rule), rows, file=str(file), column=str(column))

    def _table(
        self, file: CsvFile, entity: str, rows: pl.DataFrame, space: str = "", invalid: pl.DataFrame | None = None
    ) -> Table:
        keyless = rows.filter(pl.col("sourced_id").is_null())
        self._notes.add("clever.csv-no-key", keyless, key="sourced_id")
        lost = file.unreadable + keyless.height
        reason = f"{lost:,} lines of {file.name}.csv cannot be read" if lost else ""
        coverage = Coverage.PARTIAL if lost else Coverage.FULL
        unusable = pl.concat([pl.DataFrame(schema=INVALID), *self._notes.invalid.pop(f"{entity} {space}", [])])
        unusable = unusable if invalid is None else pl.concat([unusable, invalid.select(*INVALID)])
        return Table(entity, rows.drop_nulls("sourced_id").lazy(), coverage, reason, space, unusable)

    def _absent(self, file: CsvFile, entity: str, space: str = "") -> Table:
        empty = pl.LazyFrame(schema={"sourced_id": pl.String, "_file": pl.String, "_line": pl.Int64})
        return Table(entity, empty, Coverage.ABSENT, file.absent, space)

    def _attributes(self, file: CsvFile, names: Sequence[str], also: Mapping[str, pl.Expr] | None = None) -> pl.Expr:
        own = [n for n in file.rows.columns if n.startswith("ext.") or n in names]
        kept = {n: pl.col(n) for n in own if wanted(n, self._settings.attributes)}
        return attributes(kept | dict(also or {}))

    def _in_scope(self, rows: pl.DataFrame, column: str = "school_id") -> pl.DataFrame:
        return rows if self._schools is None else rows.filter(pl.col(column).is_in(self._schools.implode()))

    def orgs(self) -> Table:
        file = self._files["schools"]
        if file.absent:
            return self._absent(file, "Org")
        kept = ("state_id", "nces_id", "low_grade", "high_grade", "school_phone")
        rows = self._in_scope(file.rows).select(
            *_PLACE,
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
                "_line": [0],
                "sourced_id": [DISTRICT],
                "name": ["District"],
                "type": ["district"],
            },
            schema_overrides={"_line": pl.Int64},
        )
        return self._table(file, "Org", pl.concat([district, self._unique(rows)], how="diagonal"))

    def _unique(self, rows: pl.DataFrame) -> pl.DataFrame:
        """The first row of each id; a later one that says something else is a finding."""
        first = rows.unique("sourced_id", keep="first", maintain_order=True)
        facts = [name for name in rows.columns if name not in _PLACE]
        others = rows.unique(facts, keep="first", maintain_order=True).join(
            first, on=["sourced_id", "_line"], how="anti"
        )
        self._notes.add("clever.csv-rows-differ", others.drop_nulls("sourced_id"), key="sourced_id")
        return first

    def sections(self) -> list[Table]:
        file = self._files["sections"]
        if file.absent:
            empty = (
                ("Class", ""),
                ("ClassTerm", ""),
                ("Course", ""),
                ("AcademicSession", ""),
                ("Enrollment", "teacher"),
            )
            return [self._absent(file, entity, space) for entity, space in empty]
        grade, subject = file.column("grade"), file.column("subject")
        self._unknown(file.rows, grade, GRADES, "grade", "section_id")
        unknown = file.rows.filter(grade.is_not_null() & known(grade, GRADES).is_null())
        self._notes.unusable("Class ", unknown, column="grades", key="section_id")
        terms = [file.column(n) for n in ("term_name", "term_start", "term_end")]
        start, end = day(terms[1]), day(terms[2])
        has_term = pl.any_horizontal(t.is_not_null() for t in terms)
        parts = [pl.coalesce(t, pl.lit("")) for t in (terms[0], start, end)]
        rows = self._in_scope(file.rows).with_columns(
            _course=pl.coalesce(file.column("course_number"), file.column("course_name")),
            _term=pl.when(has_term).then(joined_key(*parts)),
            _start=start,
            _end=day_after(end, last_day=self._settings.last_day),
            _year=end.str.head(4),
        )
        homeroom = (folded(subject) == "homeroomadvisory").fill_null(value=False)
        classes = rows.select(
            *_PLACE,
            sourced_id="section_id",
            title=pl.coalesce(file.column("name"), file.column("course_name")),
            code=file.column("section_number"),
            type=pl.when(homeroom).then(pl.lit("homeroom")).otherwise(pl.lit("scheduled")),
            course="_course",
            school="school_id",
            grades=json_list(known(grade, GRADES)),
            subjects=json_list(subject),
            periods=json_list(file.column("period")),
            attributes=self._attributes(file, ()),
        )
        courses = rows.drop_nulls("_course").select(
            *_PLACE,
            sourced_id="_course",
            title=file.column("course_name"),
            code=file.column("course_number"),
            org=pl.lit(DISTRICT),
        )
        sessions = rows.drop_nulls("_term").select(
            *_PLACE,
            sourced_id="_term",
            title=terms[0],
            type=pl.lit("term"),
            start_date="_start",
            end_date="_end",
            school_year="_year",
        )
        links = rows.drop_nulls("_term").select(
            *_PLACE,
            joined_key(pl.col("section_id"), pl.col("_term")).alias("sourced_id"),
            pl.col("section_id").alias("class"),
            session="_term",
        )
        return [
            self._table(file, "Class", self._unique(classes)),
            self._table(file, "ClassTerm", links.unique("sourced_id", keep="first", maintain_order=True)),
            self._table(file, "Course", courses.unique("sourced_id", keep="first", maintain_order=True)),
            self._table(file, "AcademicSession", sessions.unique("sourced_id", keep="first", maintain_order=True)),
            self._teachers_of(file, rows),
        ]

    def _teachers_of(self, file: CsvFile, rows: pl.DataFrame) -> Table:
        """Teacher_id is the first of a section, Teacher_2_id ... Teacher_10_id stand beside it."""
        columns = ["teacher_id", *(f"teacher_{n}_id" for n in range(2, 11))]
        there = [column for column in columns if column in rows.columns]
        self._notes.add(
            "clever.section-without-teacher",
            rows.filter(pl.all_horizontal(pl.col(there).is_null())),
            key="section_id",
        )
        taught = [
            rows.drop_nulls(column).select(
                *_PLACE, "section_id", "school_id", user=column, primary=pl.lit(column == "teacher_id")
            )
            for column in there
        ]
        return self._table(file, "Enrollment", _enrolled(pl.concat(taught), "teacher"), "teacher")

    def student_enrollments(self) -> Table:
        file = self._files["enrollments"]
        if file.absent:
            return self._absent(file, "Enrollment", "student")
        rows = self._in_scope(file.rows).filter(~pl.col("student_id").is_in(self._outside.implode()))
        rows = rows.with_columns(user="student_id", primary=pl.lit(None, pl.Boolean))
        return self._table(file, "Enrollment", _enrolled(rows, "student"), "student")

    def _unknown(self, rows: pl.DataFrame, value: pl.Expr, words: dict[str, str], column: str, key: str) -> None:
        strange = rows.filter(value.is_not_null() & known(value, words).is_null()).with_columns(v=value)
        shown = None if column in ("race", "gender") else "v"
        self._notes.add("clever.unknown-value", strange, column=column, key=key, value=shown)

    def users(self, space: str) -> list[Table]:
        """User, Role and (of students, where asked) Demographics of one kind of people."""
        kind = _KINDS[space]
        file = self._files[kind.file]
        demographics = space == "student" and self._context.demographics
        if file.absent:
            entities = ("User", "Role", "Demographics") if demographics else ("User", "Role")
            return [self._absent(file, entity, space) for entity in entities]
        key = f"{space}_id"
        grade = file.column("grade")
        if space == "student":
            self._unknown(file.rows, grade, GRADES, "grade", key)
            unknown = file.rows.filter(grade.is_not_null() & known(grade, GRADES).is_null())
            self._notes.unusable("User student", unknown, column="grades", key=key)
        email = file.column(kind.email)
        self._notes.add(
            "clever.email-unusable", file.rows.filter(~email.str.contains(".@.")), column=kind.email, key=key
        )
        other_id = pl.concat_str(pl.lit(f"{{{kind.type}:"), pl.col(key), pl.lit("}"))
        rows = file.rows.select(
            *_PLACE,
            sourced_id=key,
            given_name="first_name",
            middle_name=file.column("middle_name"),
            family_name="last_name",
            username=file.column("username"),
            email=email,
            identifier=file.column(kind.number),
            state_id=file.column(kind.state_id),
            grades=json_list(known(grade, GRADES)),
            enabled=pl.lit(value=True),
            user_ids=pl.concat_str(pl.lit("["), json_text(other_id), pl.lit("]")),
            attributes=self._attributes(file, _KEPT),
        )
        at = file.rows.group_by(key, maintain_order=True).agg(
            schools=pl.col("school_id")
            .drop_nulls()
            .filter(pl.col("school_id").drop_nulls() != DISTRICT)
            .unique(maintain_order=True),
            grade=known(grade, GRADES).drop_nulls().first(),
        )
        people = self._unique(rows).join(at, left_on="sourced_id", right_on=key, how="left", maintain_order="left")
        people = people.with_columns(student=pl.lit(space == "student"), primary_org=pl.col("schools").list.first())
        kept = students_in_scope(people, self._schools, self._settings.scope)
        if space == "student":
            self._outside = kept.out["sourced_id"]
        protected = kept.undecided.select("sourced_id", *_PLACE, column=pl.lit(None, pl.String))
        present = [n for n in people.columns if n not in ("schools", "grade", "student")]
        missing = {"middle_name", "username", "state_id", "grades", "identifier", "email"} - self._present(file, kind)
        made = [
            self._table(file, "User", kept.rows.select(n for n in present if n not in missing), space, protected),
            self._roles(file, kept.rows, space),
        ]
        if demographics:
            made.append(self._demographics(file, kept.rows))
        return made

    def _present(self, file: CsvFile, kind: _Kind) -> set[str]:
        """Which columns of User the file has: what is stored of the others stays."""
        columns = {"middle_name": "middle_name", "username": "username", "grades": "grade", "email": kind.email}
        columns |= {"state_id": kind.state_id, "identifier": kind.number}
        return {column for column, header in columns.items() if header in file.rows.columns}

    def _roles(self, file: CsvFile, people: pl.DataFrame, space: str) -> Table:
        everywhere = pl.lit([DISTRICT], pl.List(pl.String)) if space == "staff" else None
        role = _KINDS[space].role or self._settings.staff_role
        at = pl.when(pl.col("schools").list.len() > 0).then("schools").otherwise(everywhere)
        rows = people.select(*_PLACE, user="sourced_id", org=at)
        self._notes.add("clever.no-school", rows.filter(pl.col("org").is_null()), key="user")
        first = pl.int_range(pl.len()).over("user") == 0
        rows = (
            rows.explode("org")
            .drop_nulls("org")
            .with_columns(
                sourced_id=joined_key(pl.col("user"), pl.lit(role), pl.col("org")),
                role=pl.lit(role),
                type=pl.when(first).then(pl.lit("primary")).otherwise(pl.lit("secondary")),
                _space_user=pl.lit(space),
            )
        )
        return self._table(file, "Role", self._in_scope(rows, "org") if space != "staff" else rows, space)

    def _demographics(self, file: CsvFile, people: pl.DataFrame) -> Table:
        rows = file.rows.unique("student_id", keep="first", maintain_order=True).join(
            people, left_on="student_id", right_on="sourced_id", how="semi"
        )
        born, race = file.column("dob"), file.column("race")
        sex, hispanic = file.column("gender"), file.column("hispanic_latino")
        strange = rows.filter(born.is_not_null() & day(born).is_null())
        self._notes.add("clever.date-unreadable", strange, column="dob", key="student_id")
        self._notes.unusable("Demographics student", strange, column="birth_date", key="student_id")
        self._unknown(rows, race, RACES, "race", "student_id")
        self._unknown(rows, sex, SEXES, "gender", "student_id")
        self._unknown(rows, hispanic, YES_NO, "hispanic_latino", "student_id")
        made = rows.select(
            *_PLACE,
            sourced_id="student_id",
            user="student_id",
            _space_user=pl.lit("student"),
            birth_date=day(born),
            **demographic_columns(sex, race, hispanic),
        )
        return self._table(file, "Demographics", made, "student")

    def families(self) -> tuple[Table, Table, Table]:
        """Contacts: one in each row of students.csv, so several rows have the same student."""
        file = self._files["students"]
        if file.absent or not {"contact_name", "contact_type"} <= set(file.rows.columns):
            none = CsvFile("students", absent=file.absent or "students.csv has no columns for contacts")
            return (
                self._absent(none, "User", "contact"),
                self._absent(none, "Role", "contact"),
                self._absent(none, "GuardianLink"),
            )
        named = pl.col("contact_name").is_not_null()
        stated = pl.any_horizontal(pl.col("^contact_.*$").is_not_null())
        rows = file.rows.drop_nulls("student_id")
        half = rows.filter(stated & ~(named & pl.col("contact_type").is_not_null()))
        self._notes.add("clever.csv-contact-incomplete", half, key="student_id")
        rows = rows.filter(named).with_columns(record=pl.concat_str(pl.lit("line "), pl.col("_line")))
        many = rows.group_by("student_id").agg(pl.col("record").n_unique(), *(pl.col(c).first() for c in _PLACE))
        self._notes.add("clever.csv-many-contacts", many.filter(pl.col("record") > 5), key="student_id")
        phone_type = file.column("contact_phone_type")
        self._unknown(rows, phone_type, PHONE_TYPES, "contact_phone_type", "record")
        contacts = rows.select(
            *_PLACE,
            "record",
            own_id=file.column("contact_sis_id"),
            sis_id=file.column("contact_sis_id"),
            district=pl.lit(DISTRICT),
            full_name="contact_name",
            **name_parts(pl.col("contact_name")),
            email=file.column("contact_email"),
            number=file.column("contact_phone"),
            number_type=known(phone_type, PHONE_TYPES),
            _modified_at=pl.lit(None, pl.String),
        )
        self._notes.add("clever.contact-without-id", contacts.filter(pl.col("own_id").is_null()), key="record")
        self._notes.add(
            "clever.contact-without-given-name", contacts.filter(pl.col("given_name").is_null()), key="record"
        )
        links = rows.select(
            *_PLACE,
            "record",
            student="student_id",
            relationship=file.column("contact_relationship"),
            type="contact_type",
        )
        found = family(
            contacts,
            link_words(links, self._notes),
            self._outside,
            self._settings.scope,
            self._context.findings,
            district=DISTRICT,
            keep_full_name="full_name" in self._settings.attributes,
        )
        coverage = Coverage.PARTIAL if file.unreadable else Coverage.FULL
        if contacts.is_empty():
            none = CsvFile("students", absent="students.csv names no contact")
            return (
                self._absent(none, "User", "contact"),
                self._absent(none, "Role", "contact"),
                self._absent(none, "GuardianLink"),
            )
        reason = f"{file.unreadable:,} lines of students.csv cannot be read" if file.unreadable else ""
        return family_tables(found, coverage, reason, pl.DataFrame(schema=INVALID), student_space="student")


def _enrolled(rows: pl.DataFrame, role: str) -> pl.DataFrame:
    made = rows.select(
        *_PLACE,
        joined_key(pl.col("section_id"), pl.col("user"), pl.lit(role)).alias("sourced_id"),
        pl.col("section_id").alias("class"),
        "user",
        "primary",
        _space_user=pl.lit(role),
        school="school_id",
        role=pl.lit(role),
    )
    return made.unique("sourced_id", keep="first", maintain_order=True)
