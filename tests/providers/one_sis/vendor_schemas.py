"""What the vendors say their answers look like, written from their schemas and not from our code.

Clever: swagger-api v3.1.yml. OneRoster: the OpenAPI of the 1.1 and 1.2 rostering services. ClassLink: captured answers.
Fields that nobody declares are refused, so that a fake cannot invent any.
"""

from __future__ import annotations

from typing import Annotated, Any, Literal

from pydantic import BaseModel, ConfigDict, Field, StringConstraints, TypeAdapter, create_model

__all__ = ["CLASSLINK", "CLEVER", "ONEROSTER", "ONEROSTER_FAILURE", "TOKEN"]

Day = Annotated[str, StringConstraints(pattern=r"^\d{4}-\d\d-\d\d$")]
Time = Annotated[str, StringConstraints(pattern=r"^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z$")]
Truth = Literal["true", "false"]


class Shape(BaseModel):
    model_config = ConfigDict(strict=True, extra="forbid")


# Clever

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
    ext: dict[str, Any] = {}
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
    ext: dict[str, Any] = {}
    created: Time
    last_modified: Time


class StaffRole(Shape):
    legacy_id: Id
    staff_id: str
    title: str = ""
    department: str = ""
    schools: list[Id]
    roles: list[str] = []
    credentials: Credentials | None = None
    ext: dict[str, Any] = {}


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
    ext: dict[str, Any] = {}


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
    ext: dict[str, Any] = {}


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

# OneRoster


class Ref(Shape):
    href: str
    sourcedId: str
    type: Literal["academicSession", "class", "course", "org", "user"]


class Base(Shape):
    sourcedId: Annotated[str, StringConstraints(min_length=1)]
    status: Literal["active", "tobedeleted"]
    dateLastModified: Time
    metadata: dict[str, Any] = {}


class Org(Base):
    name: str
    type: Literal["department", "school", "district", "local", "state", "national"]
    identifier: str = ""
    parent: Ref | None = None
    children: list[Ref] = []


class Session(Base):
    title: str
    type: Literal["gradingPeriod", "semester", "schoolYear", "term"]
    startDate: Day
    endDate: Day
    parent: Ref | None = None
    children: list[Ref] = []
    schoolYear: Annotated[str, StringConstraints(pattern=r"^\d{4}$")]


class OneRosterCourse(Base):
    title: str
    schoolYear: Ref | None = None
    courseCode: str = ""
    grades: list[str] = []
    subjects: list[str] = []
    org: Ref
    subjectCodes: list[str] = []
    resources: list[Ref] = []


class OneRosterClass(Base):
    title: str
    classCode: str = ""
    classType: Literal["homeroom", "scheduled"]
    location: str = ""
    grades: list[str] = []
    subjects: list[str] = []
    course: Ref
    school: Ref
    terms: Annotated[list[Ref], Field(min_length=1)]
    subjectCodes: list[str] = []
    periods: list[str] = []
    resources: list[Ref] = []


class TypedId(Shape):
    type: str
    identifier: str


class Person(Base):
    userIds: list[TypedId] = []
    givenName: str
    familyName: str
    middleName: str = ""
    identifier: str = ""
    email: str = ""
    sms: str = ""
    phone: str = ""
    agents: list[Ref] = []
    grades: list[str] = []


class User11(Person):
    username: str
    enabledUser: Truth = "true"
    role: Literal["administrator", "aide", "guardian", "parent", "proctor", "relative", "student", "teacher"]
    orgs: Annotated[list[Ref], Field(min_length=1)]
    password: str = ""


class Role12(Shape):
    roleType: Literal["primary", "secondary"]
    role: Literal[
        "aide", "counselor", "districtAdministrator", "guardian", "parent", "principal", "proctor", "relative",
        "siteAdministrator", "student", "systemAdministrator", "teacher",
    ]  # fmt: skip
    org: Ref
    userProfile: str = ""
    beginDate: Day | None = None
    endDate: Day | None = None


class Credential12(Shape):
    type: str
    username: str
    password: str = ""


class Profile12(Shape):
    profileId: str
    profileType: str
    vendorId: str
    applicationId: str = ""
    description: str = ""
    credentials: list[Credential12] = []


class User12(Person):
    username: str = ""
    enabledUser: Truth
    roles: Annotated[list[Role12], Field(min_length=1)]
    userMasterIdentifier: str = ""
    preferredFirstName: str = ""
    preferredMiddleName: str = ""
    preferredLastName: str = ""
    pronouns: str = ""
    userProfiles: list[Profile12] = []
    primaryOrg: Ref | None = None
    resources: list[Ref] = []


class Enrollment(Base):
    user: Ref
    # 1.1's schema allows every role of a user here
    role: Literal["administrator", "aide", "proctor", "student", "teacher"]
    school: Ref
    primary: Truth = "false"
    beginDate: Day | None = None
    endDate: Day | None = None
    klass: Annotated[Ref, Field(alias="class")]


class Demographics(Base):
    birthDate: Day | None = None
    sex: Literal["male", "female", "unspecified", "other"] | None = None
    americanIndianOrAlaskaNative: Truth | None = None
    asian: Truth | None = None
    blackOrAfricanAmerican: Truth | None = None
    nativeHawaiianOrOtherPacificIslander: Truth | None = None
    white: Truth | None = None
    demographicRaceTwoOrMoreRaces: Truth | None = None
    hispanicOrLatinoEthnicity: Truth | None = None
    countryOfBirthCode: str = ""
    stateOfBirthAbbreviation: str = ""
    cityOfBirth: str = ""
    publicSchoolResidenceStatus: str = ""


def _collection(name: str, record: type[Base]) -> TypeAdapter[Any]:
    """An object with one key."""
    fields: dict[str, Any] = {name: list[record]}  # type: ignore[valid-type] # it is a parameter
    return TypeAdapter(create_model("Page", __base__=Shape, **fields))


def _collections(user: type[Person]) -> dict[str, TypeAdapter[Any]]:
    records: dict[str, type[Base]] = {
        "orgs": Org,
        "academicSessions": Session,
        "courses": OneRosterCourse,
        "classes": OneRosterClass,
        "users": user,
        "enrollments": Enrollment,
        "demographics": Demographics,
    }
    return {name: _collection(name, record) for name, record in records.items()}


ONEROSTER = {"1.1": _collections(User11), "1.2": _collections(User12)}


class MinorField(Shape):
    imsx_codeMinorFieldName: str
    imsx_codeMinorFieldValue: str


class Minor(Shape):
    imsx_codeMinorField: list[MinorField]


class Failure(Shape):
    imsx_codeMajor: Literal["success", "processing", "failure", "unsupported"]
    imsx_severity: Literal["status", "warning", "error"]
    imsx_description: str
    imsx_CodeMinor: Minor


class Status11(Shape):
    imsx_codeMajor: str
    imsx_codeMinor: str
    imsx_severity: str
    imsx_description: str
    imsx_operationRefIdentifier: str = ""


class Failure11(Shape):
    statusInfoSet: list[Status11]


ONEROSTER_FAILURE: TypeAdapter[Any] = TypeAdapter(Failure | Failure11)


class AccessToken(Shape):
    access_token: str
    token_type: Literal["Bearer"]
    expires_in: str | int
    scope: str = ""


TOKEN: TypeAdapter[Any] = TypeAdapter(AccessToken)

# ClassLink


class Application(Shape):
    id: int
    application_id: int
    tenant_id: int
    bearer: str | None
    tenant_name: str
    enabled: Truth
    tenant_status: str
    oneroster_application_id: str
    name: str
    version: str


class Applications(Shape):
    status: int
    applications: list[Application]


CLASSLINK: TypeAdapter[Any] = TypeAdapter(Applications)
