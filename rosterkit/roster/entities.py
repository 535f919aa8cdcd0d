"""The canonical roster, declared once: SQLModel tables, from which frames, SQL and docs are made.

Each row comes from one source record. Integer ``id`` carries every foreign key and is never reused; ``sourced_id`` is
the text by which its source knows the record, unique per (source, id_space). Rows are archived, never deleted.

Code that handles whole tables does not import this module (it costs 0.3 s), but ``rosterkit.roster.schema``, whose
``_columns.py`` is generated from here by ``python -m rosterkit.roster.generate``.
"""

from __future__ import annotations

from datetime import date
from typing import Any

from sqlalchemy import BigInteger, UniqueConstraint
from sqlmodel import JSON, Field, SQLModel


def _to(table: str, **kwargs: Any) -> Any:
    return Field(foreign_key=f"{table}.id", index=True, **kwargs)


def _integer() -> Any:
    return Field(default=None, sa_type=BigInteger)


def _json() -> Any:
    return Field(default=None, sa_type=JSON)


def _key() -> tuple[UniqueConstraint]:
    return (UniqueConstraint("source", "id_space", "sourced_id"),)


class Record(SQLModel):
    """The bookkeeping of every canonical row."""

    id: int | None = Field(default=None, primary_key=True)
    source: str  # a source's name, "manual" or "joined"
    id_space: str = ""  # what the source declares; OneRoster has one per file
    sourced_id: str
    status: str = "active"  # active | archived
    created_revision: int  # revision
    updated_revision: int  # revision
    import_id: str | None = None  # the extract (Extract.id) that last changed it
    source_file: str | None = None
    source_line: int | None = None
    modified_at: str | None = None  # when the source last changed it, as it says, UTC, milliseconds
    fingerprint_high: int | None = _integer()  # of the row as delivered (plan/fingerprint.py); null: compare it whole
    fingerprint_low: int | None = _integer()


class Org(Record, table=True):
    __tablename__ = "org"
    __table_args__ = _key()
    name: str | None = None
    type: str | None = None
    identifier: str | None = None
    parent_id: int | None = _to("org", default=None)
    attributes: dict[str, str] | None = _json()


class AcademicSession(Record, table=True):
    __tablename__ = "academic_session"
    __table_args__ = _key()
    title: str | None = None
    type: str | None = None
    start_date: date | None = None
    end_date: date | None = None  # exclusive
    parent_id: int | None = _to("academic_session", default=None)
    school_year: str | None = None  # YYYY, the year in which the school year ends
    attributes: dict[str, str] | None = _json()


class Course(Record, table=True):
    __tablename__ = "course"
    __table_args__ = _key()
    title: str | None = None
    code: str | None = None
    org_id: int | None = _to("org", default=None)
    school_year_id: int | None = _to("academic_session", default=None)
    grades: list[str] | None = _json()  # a sorted set
    subjects: list[str] | None = _json()  # in source order, paired with subject_codes
    subject_codes: list[str] | None = _json()
    attributes: dict[str, str] | None = _json()


class Class(Record, table=True):
    __tablename__ = "class"
    __table_args__ = _key()
    title: str | None = None
    code: str | None = None
    type: str | None = None  # homeroom | scheduled
    course_id: int | None = _to("course", default=None, sa_column_kwargs={"info": {"needed": True}})
    school_id: int = _to("org")
    grades: list[str] | None = _json()  # a sorted set
    subjects: list[str] | None = _json()
    subject_codes: list[str] | None = _json()
    periods: list[str] | None = _json()
    location: str | None = None
    attributes: dict[str, str] | None = _json()


class ClassTerm(Record, table=True):
    """One of the terms that a class meets in, as the class's record lists it."""

    __tablename__ = "class_term"
    __table_args__ = _key()
    class_id: int = _to("class")
    session_id: int = _to("academic_session")


class User(Record, table=True):
    """One source record of a human."""

    __tablename__ = "user"
    __table_args__ = _key()
    given_name: str | None = None
    middle_name: str | None = None
    family_name: str | None = None
    preferred_given_name: str | None = None
    preferred_middle_name: str | None = None
    preferred_family_name: str | None = None
    pronouns: str | None = None
    username: str | None = Field(default=None, index=True)
    email: str | None = None
    sms: str | None = None
    phone: str | None = None
    identifier: str | None = None  # student or staff number
    state_id: str | None = None
    grades: list[str] | None = _json()  # a sorted set
    primary_org_id: int | None = _to("org", default=None)
    enabled: bool | None = None  # as the source has it; not rosterkit's own switch
    language: str | None = None
    user_ids: list[str] | None = _json()  # "{Type:Id}", a sorted set
    user_master_identifier: str | None = None
    attributes: dict[str, str] | None = _json()
    exit_reason: str | None = None
    exit_date: date | None = None


class UserAttributes(Record, table=True):
    """What another source says of a user: a program, a card number."""

    __tablename__ = "user_attributes"
    __table_args__ = _key()
    user_id: int = _to("user")
    attributes: dict[str, str] | None = _json()


class UserProfile(Record, table=True):
    __tablename__ = "user_profile"
    __table_args__ = _key()
    user_id: int = _to("user")
    profile_type: str | None = None
    vendor_id: str | None = None
    application_id: str | None = None
    description: str | None = None
    credential_type: str | None = None
    username: str | None = None
    attributes: dict[str, str] | None = _json()


class Role(Record, table=True):
    """What a person is at an organisation; 1.1 states it in the person's own row."""

    __tablename__ = "role"
    __table_args__ = _key()
    user_id: int = _to("user")
    org_id: int = _to("org")
    role: str
    type: str | None = None  # primary | secondary
    begin_date: date | None = None
    end_date: date | None = None  # exclusive
    user_profile_id: int | None = _to("user_profile", default=None)
    attributes: dict[str, str] | None = _json()


class Enrollment(Record, table=True):
    __tablename__ = "enrollment"
    __table_args__ = _key()
    class_id: int = _to("class")
    user_id: int = _to("user")
    school_id: int | None = _to("org", default=None)
    role: str
    primary: bool | None = None
    begin_date: date | None = None
    end_date: date | None = None  # exclusive
    attributes: dict[str, str] | None = _json()


class GuardianLink(Record, table=True):
    """That a guardian is this student's, as one side asserts it; a link is active while one assertion is."""

    __tablename__ = "guardian_link"
    __table_args__ = _key()
    asserted_by: str  # student | guardian | file
    guardian_id: int = _to("user")
    student_id: int = _to("user")
    relationship: str | None = None
    type: str | None = None
    priority: str | None = None


class Demographics(Record, table=True):
    """Read and stored only when the workspace asks for it."""

    __tablename__ = "demographics"
    __table_args__ = _key()
    user_id: int = _to("user")
    birth_date: date | None = None
    sex: str | None = None
    american_indian_or_alaska_native: bool | None = None
    asian: bool | None = None
    black_or_african_american: bool | None = None
    native_hawaiian_or_other_pacific_islander: bool | None = None
    white: bool | None = None
    demographic_race_two_or_more_races: bool | None = None
    hispanic_or_latino_ethnicity: bool | None = None
    country_of_birth_code: str | None = None
    state_of_birth_abbreviation: str | None = None
    city_of_birth: str | None = None
    public_school_residence_status: str | None = None
    attributes: dict[str, str] | None = _json()


CANONICAL: tuple[type[Record], ...] = (
    Org,
    AcademicSession,
    Course,
    Class,
    ClassTerm,
    User,
    UserAttributes,
    UserProfile,
    Role,
    Enrollment,
    GuardianLink,
    Demographics,
)
"""Every canonical table, parents before what references them."""
