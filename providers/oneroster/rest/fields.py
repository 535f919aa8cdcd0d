"""The collections of OneRoster REST 1.1 and 1.2 as one table of data: JSON fields, their shapes and their homes.

From the 1EdTech OneRoster 1.1 REST document (§4, data model) and the OpenAPI of the 1.2 rostering service. Both
versions share one table: a 1.1 server that sends a field of 1.2 is read, and the other way round.
"""

from __future__ import annotations

from dataclasses import dataclass

import polars as pl

_TEXT = pl.String()
_REFERENCE = pl.Struct({"sourcedId": _TEXT})
_SHAPES: dict[str, pl.DataType] = {
    "ref": _REFERENCE,
    "refs": pl.List(_REFERENCE),
    "texts": pl.List(_TEXT),
    "periods": pl.List(_TEXT),
    "grades": pl.List(_TEXT),
    "user_ids": pl.List(pl.Struct({"type": _TEXT, "identifier": _TEXT})),
    "roles": pl.List(
        pl.Struct(
            {
                "roleType": _TEXT,
                "role": _TEXT,
                "org": _REFERENCE,
                "userProfile": _TEXT,
                "beginDate": _TEXT,
                "endDate": _TEXT,
            }
        )
    ),
    "profiles": pl.List(
        pl.Struct(
            {
                "profileId": _TEXT,
                "profileType": _TEXT,
                "vendorId": _TEXT,
                "applicationId": _TEXT,
                "description": _TEXT,
                "credentials": pl.List(pl.Struct({"type": _TEXT, "username": _TEXT})),
            }
        )
    ),
}


@dataclass(frozen=True, slots=True)
class Field:
    """One JSON field of a record.

    ``kind``: text, enum, bool, date, end (a date that may be meant inclusively), year, ref, refs, texts, periods,
    grades, user_ids, roles or profiles. ``label``: the canonical column; "" where the field becomes records of its own.
    """

    name: str
    kind: str = "text"
    label: str = ""
    tokens: tuple[str, ...] = ()
    required: bool = False  # without it the record cannot be used


@dataclass(frozen=True, slots=True)
class Collection:
    """One collection of the API: its path, the keys of its envelope, its entity and its fields."""

    name: str
    entity: str
    fields: tuple[Field, ...]
    envelope: tuple[str, ...]
    left: tuple[str, ...] = ()  # fields that the standard has and that are left aside

    def field(self, name: str) -> Field:
        """The field of that name; KeyError where the collection has none."""
        return {field.name: field for field in self.fields}[name]


def shape_of(field: Field) -> pl.DataType:
    """The polars type that the field's JSON is read as; scalars are read as text, whatever their JSON type."""
    return _SHAPES.get(field.kind, _TEXT)


BASE = ("sourcedId", "status", "dateLastModified", "metadata")
"""What every record has. ``metadata`` is read as the JSON text of its members (``decode.attributes``)."""

NOT_CARRIED = {
    ("users", "password"): "a secret: it is never kept",
    ("users", "resources"): "resources are left aside",
    ("userProfiles", "credentials.password"): "a secret: it is never kept",
    ("orgs", "children"): "the child's own record names its parent",
    ("academicSessions", "children"): "the child's own record names its parent",
    ("courses", "resources"): "resources are left aside",
    ("classes", "resources"): "resources are left aside",
}
"""Fields that are read past on purpose, and why."""

PERSONAL = ("users", "demographics")
"""The collections of which no finding shows a value, but for the enumerations and grades of users."""

_SESSION_TYPES = ("gradingPeriod", "semester", "schoolYear", "term")
_ORG_TYPES = ("department", "school", "district", "local", "state", "national")
_ROLES = (
    "administrator",
    "aide",
    "counselor",
    "districtAdministrator",
    "guardian",
    "parent",
    "principal",
    "proctor",
    "relative",
    "siteAdministrator",
    "student",
    "systemAdministrator",
    "teacher",
)
_RACES = {
    "americanIndianOrAlaskaNative": "american_indian_or_alaska_native",
    "asian": "asian",
    "blackOrAfricanAmerican": "black_or_african_american",
    "nativeHawaiianOrOtherPacificIslander": "native_hawaiian_or_other_pacific_islander",
    "white": "white",
    "demographicRaceTwoOrMoreRaces": "demographic_race_two_or_more_races",
    "hispanicOrLatinoEthnicity": "hispanic_or_latino_ethnicity",
}


def _text(name: str, label: str) -> Field:
    return Field(name, "text", label)


def _ref(name: str, label: str, *, required: bool = False) -> Field:
    return Field(name, "ref", label, required=required)


COLLECTIONS = (
    Collection(
        "orgs",
        "Org",
        (
            _text("name", "name"),
            Field("type", "enum", "type", _ORG_TYPES),
            _text("identifier", "identifier"),
            _ref("parent", "parent"),
        ),
        ("orgs", "org"),
        left=("children",),
    ),
    Collection(
        "academicSessions",
        "AcademicSession",
        (
            _text("title", "title"),
            Field("type", "enum", "type", _SESSION_TYPES),
            Field("startDate", "date", "start_date"),
            Field("endDate", "end", "end_date"),
            _ref("parent", "parent"),
            Field("schoolYear", "year", "school_year"),
        ),
        ("academicSessions", "academicSession"),
        left=("children",),
    ),
    Collection(
        "courses",
        "Course",
        (
            _text("title", "title"),
            _text("courseCode", "code"),
            _ref("org", "org"),
            _ref("schoolYear", "school_year"),
            Field("grades", "grades", "grades"),
            Field("subjects", "texts", "subjects"),
            Field("subjectCodes", "texts", "subject_codes"),
        ),
        ("courses", "course"),
        left=("resources",),
    ),
    Collection(
        "classes",
        "Class",
        (
            _text("title", "title"),
            _text("classCode", "code"),
            Field("classType", "enum", "type", ("homeroom", "scheduled")),
            _ref("course", "course"),
            _ref("school", "school", required=True),
            Field("grades", "grades", "grades"),
            Field("subjects", "texts", "subjects"),
            Field("subjectCodes", "texts", "subject_codes"),
            Field("periods", "periods", "periods"),
            _text("location", "location"),
            Field("terms", "refs"),
        ),
        ("classes", "class"),
        left=("resources",),
    ),
    Collection(
        "users",
        "User",
        (
            _text("givenName", "given_name"),
            _text("middleName", "middle_name"),
            _text("familyName", "family_name"),
            _text("preferredFirstName", "preferred_given_name"),
            _text("preferredMiddleName", "preferred_middle_name"),
            _text("preferredLastName", "preferred_family_name"),
            _text("pronouns", "pronouns"),
            _text("username", "username"),
            _text("email", "email"),
            _text("sms", "sms"),
            _text("phone", "phone"),
            _text("identifier", "identifier"),
            Field("enabledUser", "bool", "enabled"),
            Field("grades", "grades", "grades"),
            Field("userIds", "user_ids", "user_ids"),
            _text("userMasterIdentifier", "user_master_identifier"),
            _ref("primaryOrg", ""),
            Field("role", "enum", tokens=_ROLES),
            Field("orgs", "refs"),
            Field("agents", "refs"),
            Field("roles", "roles", tokens=_ROLES),
            Field("userProfiles", "profiles"),
        ),
        ("users", "user"),
        left=("password", "resources"),
    ),
    Collection(
        "enrollments",
        "Enrollment",
        (
            _ref("class", "class", required=True),
            _ref("user", "user", required=True),
            _ref("school", "school"),
            Field("role", "enum", "role", ("administrator", "proctor", "student", "teacher"), required=True),
            Field("primary", "bool", "primary"),
            Field("beginDate", "date", "begin_date"),
            Field("endDate", "end", "end_date"),
        ),
        ("enrollments", "enrollment"),
    ),
    Collection(
        "demographics",
        "Demographics",
        (
            Field("birthDate", "date", "birth_date"),
            Field("sex", "enum", "sex", ("male", "female", "other", "unspecified")),
            *(Field(name, "bool", label) for name, label in _RACES.items()),
            _text("countryOfBirthCode", "country_of_birth_code"),
            _text("stateOfBirthAbbreviation", "state_of_birth_abbreviation"),
            _text("cityOfBirth", "city_of_birth"),
            _text("publicSchoolResidenceStatus", "public_school_residence_status"),
        ),
        ("demographics", "demographic"),
    ),
)
"""In the order in which they are read."""
