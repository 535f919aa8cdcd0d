"""Students, teachers, staff and contacts of the CSV files, each kind in an id space of its own."""

from __future__ import annotations

from dataclasses import dataclass

import polars as pl

from providers.clever.assemble import family_tables
from providers.clever.cells import day, joined_key, json_list, json_text
from providers.clever.contacts import name_parts
from providers.clever.conversion import PLACE
from providers.clever.csvset import CsvFile
from providers.clever.csvtables import DISTRICT, CsvTables
from providers.clever.families import family
from providers.clever.people import demographic_columns, link_words
from providers.clever.vocabulary import GRADES, PHONE_TYPES, RACES, SEXES, YES_NO, known
from rosterkit.sources.base import INVALID, Coverage, Table

_KEPT = (
    "department",
    "ell_status",
    "frl_status",
    "gifted_status",
    "graduation_year",
    "home_language",
    "iep_status",
    "section_504_status",
    "title",
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


def people(made: CsvTables, space: str) -> list[Table]:
    """User, Role and (of students, where asked) Demographics of one kind of people."""
    kind = _KINDS[space]
    file = made.files[kind.file]
    demographics = space == "student" and made.context.demographics
    if file.absent:
        entities = ("User", "Role", "Demographics") if demographics else ("User", "Role")
        return [made.absent(file, entity, space) for entity in entities]
    key = f"{space}_id"
    grade = file.column("grade")
    if space == "student":
        made.unknown(file.rows, grade, GRADES, "grade", key)
        unknown = file.rows.filter(grade.is_not_null() & known(grade, GRADES).is_null())
        made.notes.unusable("User student", unknown, column="grades", key=key)
    email = file.column(kind.email)
    made.notes.add("clever.email-unusable", file.rows.filter(~email.str.contains(".@.")), column=kind.email, key=key)
    other_id = pl.concat_str(pl.lit(f"{{{kind.type}:"), pl.col(key), pl.lit("}"))
    rows = file.rows.select(
        *PLACE,
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
        attributes=made.kept_attributes(file, _KEPT),
    )
    at = file.rows.group_by(key, maintain_order=True).agg(
        schools=pl.col("school_id")
        .drop_nulls()
        .filter(pl.col("school_id").drop_nulls() != DISTRICT)
        .unique(maintain_order=True),
    )
    people = made.unique(rows).join(at, left_on="sourced_id", right_on=key, how="left", maintain_order="left")
    people = people.with_columns(primary_org=pl.col("schools").list.first())
    missing = {"middle_name", "username", "state_id", "grades", "identifier", "email"} - _present(file, kind)
    found = [
        made.table(file, "User", people.drop("schools", *missing), space),
        _roles(made, file, people, space),
    ]
    if demographics:
        found.append(_demographics(made, file, people))
    return found


def _present(file: CsvFile, kind: _Kind) -> set[str]:
    """Which columns of User the file has: what is stored of the others stays."""
    columns = {"middle_name": "middle_name", "username": "username", "grades": "grade", "email": kind.email}
    columns |= {"state_id": kind.state_id, "identifier": kind.number}
    return {column for column, header in columns.items() if header in file.rows.columns}


def _roles(made: CsvTables, file: CsvFile, people: pl.DataFrame, space: str) -> Table:
    everywhere = pl.lit([DISTRICT], pl.List(pl.String)) if space == "staff" else None
    role = _KINDS[space].role or made.settings.staff_role
    at = pl.when(pl.col("schools").list.len() > 0).then("schools").otherwise(everywhere)
    rows = people.select(*PLACE, user="sourced_id", org=at)
    made.notes.add("clever.no-school", rows.filter(pl.col("org").is_null()), key="user")
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
    return made.table(file, "Role", rows, space)


def _demographics(made: CsvTables, file: CsvFile, people: pl.DataFrame) -> Table:
    rows = file.rows.unique("student_id", keep="first", maintain_order=True).join(
        people, left_on="student_id", right_on="sourced_id", how="semi"
    )
    born, race = file.column("dob"), file.column("race")
    sex, hispanic = file.column("gender"), file.column("hispanic_latino")
    strange = rows.filter(born.is_not_null() & day(born).is_null())
    made.notes.add("clever.date-unreadable", strange, column="dob", key="student_id")
    made.notes.unusable("Demographics student", strange, column="birth_date", key="student_id")
    made.unknown(rows, race, RACES, "race", "student_id")
    made.unknown(rows, sex, SEXES, "gender", "student_id")
    made.unknown(rows, hispanic, YES_NO, "hispanic_latino", "student_id")
    facts = rows.select(
        *PLACE,
        sourced_id="student_id",
        user="student_id",
        _space_user=pl.lit("student"),
        birth_date=day(born),
        **demographic_columns(sex, race, hispanic),
    )
    return made.table(file, "Demographics", facts, "student")


def families(made: CsvTables) -> tuple[Table, Table, Table]:
    """Contacts: one in each row of students.csv, so several rows have the same student."""
    file = made.files["students"]
    if file.absent or not {"contact_name", "contact_type"} <= set(file.rows.columns):
        none = CsvFile("students", absent=file.absent or "students.csv has no columns for contacts")
        return (
            made.absent(none, "User", "contact"),
            made.absent(none, "Role", "contact"),
            made.absent(none, "GuardianLink"),
        )
    named = pl.col("contact_name").is_not_null()
    stated = pl.any_horizontal(pl.col("^contact_.*$").is_not_null())
    rows = file.rows.drop_nulls("student_id")
    half = rows.filter(stated & ~(named & pl.col("contact_type").is_not_null()))
    made.notes.add("clever.csv-contact-incomplete", half, key="student_id")
    rows = rows.filter(named).with_columns(record=pl.concat_str(pl.lit("line "), pl.col("_line")))
    many = rows.group_by("student_id").agg(pl.col("record").n_unique(), *(pl.col(c).first() for c in PLACE))
    made.notes.add("clever.csv-many-contacts", many.filter(pl.col("record") > 5), key="student_id")
    phone_type = file.column("contact_phone_type")
    made.unknown(rows, phone_type, PHONE_TYPES, "contact_phone_type", "record")
    contacts = rows.select(
        *PLACE,
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
    made.notes.add(
        "clever.email-unusable",
        contacts.filter(~pl.col("email").str.contains(".@.")),
        column="contact_email",
        key="record",
    )
    made.notes.add("clever.contact-without-id", contacts.filter(pl.col("own_id").is_null()), key="record")
    made.notes.add("clever.contact-without-given-name", contacts.filter(pl.col("given_name").is_null()), key="record")
    links = rows.select(
        *PLACE,
        "record",
        student="student_id",
        relationship=file.column("contact_relationship"),
        type="contact_type",
    )
    found = family(
        contacts,
        link_words(links, made.notes),
        made.settings.scope,
        made.context.findings,
        district=DISTRICT,
        keep_full_name="full_name" in made.settings.attributes,
    )
    coverage = Coverage.PARTIAL if file.unreadable else Coverage.FULL
    if contacts.is_empty():
        none = CsvFile("students", absent="students.csv names no contact")
        return (
            made.absent(none, "User", "contact"),
            made.absent(none, "Role", "contact"),
            made.absent(none, "GuardianLink"),
        )
    reason = f"{file.unreadable:,} lines of students.csv cannot be read" if file.unreadable else ""
    return family_tables(found, coverage, reason, pl.DataFrame(schema=INVALID), student_space="student")
