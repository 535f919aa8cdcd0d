"""What Clever says its answers look like, written from its swagger-api v3.1.yml and not from our code."""

from __future__ import annotations

from typing import Annotated, Any, Literal

from pydantic import Field, StringConstraints, TypeAdapter, create_model
from schema_base import Day, Shape, Time

__all__ = ["CLEVER"]

Id = Annotated[str, StringConstraints(pattern=r"^[0-9a-f]{24}$")]
YesNo = Literal["Y", "N", ""]
Grade = Literal[
    "InfantToddler", "Preschool", "PreKindergarten", "TransitionalKindergarten", "Kindergarten",
    "1", "2", "3", "4", "5", "6", "7", "8", "9", "10", "11", "12", "13", "PostGraduate", "Ungraded", "Other", "",
]  # fmt: skip
Subject = Literal[
    "english/language arts", "math", "science", "social studies", "language", "homeroom/advisory",
    "interventions/online learning", "technology and engineering", "PE and health", "arts and music", "other", "",
]  # fmt: skip
Race = Literal[
    "Caucasian", "Asian", "Black or African American", "American Indian", "Hawaiian or Other Pacific Islander",
    "Two or More Races", "Unknown", "",
]  # fmt: skip


class Name(Shape):
    first: str = ""
    middle: str = ""
    last: str


class Place(Shape):
    address: str = ""
    city: str = ""
    state: str = ""
    zip: str = ""
    lat: str = ""
    lon: str = ""


class Credentials(Shape):
    district_username: str


class Span(Shape):
    school: Id
    start_date: Day | Literal[""]
    end_date: Day | Literal[""]


class StudentRole(Shape):
    legacy_id: Id
    sis_id: str
    state_id: str = ""
    student_number: str = ""
    school: Id
    schools: list[Id]
    enrollments: list[Span]
    grade: Grade = ""
    graduation_year: str = ""
    dob: Annotated[str, StringConstraints(pattern=r"^(\d\d?/\d\d?/\d{4})?$")] = ""
    gender: Literal["M", "F", "X", ""] = ""
    race: Race = ""
    hispanic_ethnicity: YesNo = ""
    ell_status: YesNo = ""
    frl_status: Literal["Free", "Reduced", "Paid", "Other", ""] = ""
    iep_status: str = ""
    gifted_status: YesNo = ""
    section_504_status: YesNo = ""
    home_language: str = ""
    home_language_code: Annotated[str, StringConstraints(pattern=r"^([a-z]{3}|other)?$")] = ""
    preferred_name: Name | None = None
    location: Place | None = None
    credentials: Credentials | None = None
    ext: dict[str, Any] = Field(default_factory=dict)
    created: Time
    last_modified: Time


class TeacherRole(Shape):
    legacy_id: Id
    sis_id: str
    teacher_number: str = ""
    state_id: str = ""
    title: str = ""
    school: Id
    schools: list[Id]
    credentials: Credentials | None = None
    ext: dict[str, Any] = Field(default_factory=dict)
    created: Time
    last_modified: Time


class StaffRole(Shape):
    legacy_id: Id
    staff_id: str
    title: str = ""
    department: str = ""
    schools: list[Id]
    roles: list[str] = Field(default_factory=list)
    credentials: Credentials | None = None
    ext: dict[str, Any] = Field(default_factory=dict)


class AdminRole(Shape):
    legacy_id: Id
    title: str = ""


class Relationship(Shape):
    student: Id
    relationship: Literal["Parent", "Grandparent", "Self", "Aunt/Uncle", "Sibling", "Other", ""] = ""
    type: Literal["Parent/Guardian", "Emergency", "Primary", "Secondary", "Family", "Other", ""] = ""


class ContactRole(Shape):
    legacy_id: Id
    sis_id: str | None = None
    phone: str = ""
    phone_type: Literal["Cell", "Home", "Work", "Other", ""] = ""
    student_relationships: list[Relationship]


class Roles(Shape):
    student: StudentRole | None = None
    teacher: TeacherRole | None = None
    staff: StaffRole | None = None
    district_admin: AdminRole | None = None
    contact: ContactRole | None = None


class User(Shape):
    id: Id
    district: Id
    name: Name
    email: str = ""
    created: Time
    last_modified: Time
    roles: Roles


class School(Shape):
    id: Id
    district: Id
    name: str
    created: Time
    last_modified: Time
    sis_id: str
    school_number: str
    state_id: str = ""
    nces_id: str = ""
    mdr_number: str = ""
    low_grade: Grade = ""
    high_grade: Grade = ""
    phone: str = ""
    principal: dict[str, str] | None = None
    location: Place | None = None
    ext: dict[str, Any] = Field(default_factory=dict)


class Section(Shape):
    id: Id
    district: Id
    school: Id
    created: Time
    last_modified: Time
    name: str
    sis_id: str
    subject: Subject
    students: Annotated[list[Id], Field(min_length=1)]
    teacher: Id | None = None
    teachers: list[Id]
    course: Id | None = None
    term_id: Id | None = None
    section_number: str = ""
    period: str = ""
    grade: Grade = ""
    ext: dict[str, Any] = Field(default_factory=dict)


class Course(Shape):
    id: Id
    district: Id
    name: str | None = None
    number: str | None = None


class Term(Shape):
    id: Id
    district: Id
    name: str | None = None
    start_date: Day | None = None
    end_date: Day | None = None


class District(Shape):
    id: Id
    name: str
    sis_type: str
    launch_date: Day
    portal_url: str
    login_methods: list[Literal["Clever Badges", "Canvas", "Clever Passwords", "Google", "LDAP", "SAML", "Other"]]
    state: Literal["running", "pending", "error", "paused", "success", ""] = ""
    error: str = ""
    last_sync: Time | None = None
    pause_start: Time | None = None
    pause_end: Time | None = None
    mdr_number: str = ""
    nces_id: str = ""
    district_contact: dict[str, Any] | None = None


class Changed(Shape):
    object: dict[str, Any]


class Event(Shape):
    id: Id
    type: Annotated[
        str,
        StringConstraints(
            pattern=r"^(users|sections|schools|courses|terms|districts|resources)\.(created|updated|deleted)$"
        ),
    ]
    created: Time
    data: Changed
    previous_attributes: dict[str, Any] | None = None


class CleverLink(Shape):
    rel: Literal["self", "next", "prev"]
    uri: Annotated[str, StringConstraints(pattern=r"^/")]


def _page(record: type[Shape]) -> TypeAdapter[Any]:
    """A list: every record is wrapped twice."""
    uri = Annotated[str, StringConstraints(pattern=r"^/v3\.[01]/")]
    entry = create_model("Entry", __base__=Shape, data=record, uri=uri)
    return TypeAdapter(create_model("Page", __base__=Shape, data=list[entry], links=list[CleverLink]))  # type: ignore[valid-type] # it is made above


def _single(record: type[Shape]) -> TypeAdapter[Any]:
    return TypeAdapter(create_model("Single", __base__=Shape, data=record, links=list[CleverLink]))


class Owner(Shape):
    type: Literal["district"]
    id: Id


class DistrictToken(Shape):
    id: Id
    created: Time
    owner: Owner
    access_token: Annotated[str, StringConstraints(pattern=r"^[0-9a-f]{40}$")]
    scopes: list[str]


class Tokens(Shape):
    data: list[DistrictToken]
    links: list[CleverLink]


class Message(Shape):
    message: str


CLEVER: dict[str, TypeAdapter[Any]] = {
    "users": _page(User),
    "schools": _page(School),
    "sections": _page(Section),
    "courses": _page(Course),
    "terms": _page(Term),
    "districts": _page(District),
    "events": _page(Event),
    "events/ID": _single(Event),
    "oauth/tokens": TypeAdapter(Tokens),
    "error": TypeAdapter(Message),
}
"""By resource; of an event's object see ``users`` and the others."""
