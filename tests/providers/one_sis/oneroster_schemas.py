"""What OneRoster says its answers look like, written from the OpenAPI of the 1.1 and 1.2 rostering services."""

from __future__ import annotations

from typing import Annotated, Any, Literal

from pydantic import Field, StringConstraints, TypeAdapter, create_model
from schema_base import Day, Shape, Time, Truth

__all__ = ["ONEROSTER", "ONEROSTER_FAILURE", "TOKEN"]


class Ref(Shape):
    href: str
    sourcedId: str
    type: Literal["academicSession", "class", "course", "org", "user"]


class Base(Shape):
    sourcedId: Annotated[str, StringConstraints(min_length=1)]
    status: Literal["active", "tobedeleted"]
    dateLastModified: Time
    metadata: dict[str, Any] = Field(default_factory=dict)


class Org(Base):
    name: str
    type: Literal["department", "school", "district", "local", "state", "national"]
    identifier: str = ""
    parent: Ref | None = None
    children: list[Ref] = Field(default_factory=list)


class Session(Base):
    title: str
    type: Literal["gradingPeriod", "semester", "schoolYear", "term"]
    startDate: Day
    endDate: Day
    parent: Ref | None = None
    children: list[Ref] = Field(default_factory=list)
    schoolYear: Annotated[str, StringConstraints(pattern=r"^\d{4}$")]


class OneRosterCourse(Base):
    title: str
    schoolYear: Ref | None = None
    courseCode: str = ""
    grades: list[str] = Field(default_factory=list)
    subjects: list[str] = Field(default_factory=list)
    org: Ref
    subjectCodes: list[str] = Field(default_factory=list)
    resources: list[Ref] = Field(default_factory=list)


class OneRosterClass(Base):
    title: str
    classCode: str = ""
    classType: Literal["homeroom", "scheduled"]
    location: str = ""
    grades: list[str] = Field(default_factory=list)
    subjects: list[str] = Field(default_factory=list)
    course: Ref
    school: Ref
    terms: Annotated[list[Ref], Field(min_length=1)]
    subjectCodes: list[str] = Field(default_factory=list)
    periods: list[str] = Field(default_factory=list)
    resources: list[Ref] = Field(default_factory=list)


class TypedId(Shape):
    type: str
    identifier: str


class Person(Base):
    userIds: list[TypedId] = Field(default_factory=list)
    givenName: str
    familyName: str
    middleName: str = ""
    identifier: str = ""
    email: str = ""
    sms: str = ""
    phone: str = ""
    agents: list[Ref] = Field(default_factory=list)
    grades: list[str] = Field(default_factory=list)


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
    credentials: list[Credential12] = Field(default_factory=list)


class User12(Person):
    username: str = ""
    enabledUser: Truth
    roles: Annotated[list[Role12], Field(min_length=1)]
    userMasterIdentifier: str = ""
    preferredFirstName: str = ""
    preferredMiddleName: str = ""
    preferredLastName: str = ""
    pronouns: str = ""
    userProfiles: list[Profile12] = Field(default_factory=list)
    primaryOrg: Ref | None = None
    resources: list[Ref] = Field(default_factory=list)


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
