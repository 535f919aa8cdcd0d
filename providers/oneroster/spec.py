"""OneRoster CSV 1.1 and 1.2 as one table of data: files, columns in order, types, enumerations, references, homes.

From the 1EdTech CSV binding 1.1 (tables 1.1 §4) and 1.2 / 1.2.1 (§4 and 5). ``home`` names the canonical column that
carries a value, ``Entity.label``; a column without a home is in NOT_CARRIED or belongs to a file that is left aside.
"""

from __future__ import annotations

from dataclasses import dataclass, replace

__all__ = [
    "FILES",
    "NOT_CARRIED",
    "PERSONAL",
    "VERSIONS",
    "Field",
    "File",
    "manifest_properties",
    "tokens_of",
    "with_dates",
    "with_resources",
]

VERSIONS = ("1.1", "1.2")

NOT_CARRIED = {
    ("users", "password"): "a secret: never stored, never sent",
    ("users", "resourceSourcedIds"): "resources are left aside (and 1.2.1 removed the column)",
    ("userProfiles", "password"): "a secret: never stored, never sent",
}
"""Rostering columns that are read past on purpose, and why."""

PERSONAL = {
    "users": frozenset(
        [
            "username",
            "userIds",
            "givenName",
            "familyName",
            "middleName",
            "identifier",
            "email",
            "sms",
            "phone",
            "password",
            "userMasterIdentifier",
            "preferredGivenName",
            "preferredMiddleName",
            "preferredFamilyName",
            "pronouns",
        ]
    ),
    "userProfiles": frozenset(["description", "username", "password"]),
    "demographics": frozenset(
        [
            "birthDate",
            "sex",
            "americanIndianOrAlaskaNative",
            "asian",
            "blackOrAfricanAmerican",
            "nativeHawaiianOrOtherPacificIslander",
            "white",
            "demographicRaceTwoOrMoreRaces",
            "hispanicOrLatinoEthnicity",
            "countryOfBirthCode",
            "stateOfBirthAbbreviation",
            "cityOfBirth",
            "publicSchoolResidenceStatus",
        ]
    ),
}
"""Columns, by file, whose values no finding shows."""


@dataclass(frozen=True, slots=True)
class Field:
    """One column of a file.

    ``type``: guid, ref, refs, text, texts, enum, enums, bool, date, datetime, year, integer, float or user_ids.
    ``to``: the file that a reference points to. ``tokens``: of an enumeration; ``extensible``: ``ext:…`` is allowed
    too.
    """

    name: str
    type: str = "text"
    required: bool = False
    to: str = ""
    tokens: tuple[str, ...] = ()
    extensible: bool = False
    home: str = ""


@dataclass(frozen=True, slots=True)
class File:
    """One CSV file of a version: ``subject`` is rostering, gradebook or resources."""

    name: str
    subject: str
    fields: tuple[Field, ...]

    @property
    def header(self) -> tuple[str, ...]:
        return tuple(field.name for field in self.fields)

    def field(self, name: str) -> Field:
        """The column of that name; KeyError when the file has none."""
        for field in self.fields:
            if field.name == name:
                return field
        raise KeyError(f"{self.name}.csv has no column {name}")


_BASE = (
    Field("sourcedId", "guid", required=True),
    Field("status", "enum", tokens=("active", "tobedeleted")),
    Field("dateLastModified", "datetime"),
)
_ROLES_11 = ("administrator", "aide", "guardian", "parent", "proctor", "relative", "student", "teacher")
_ROLES_12 = (
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


def _text(name: str, home: str = "", *, required: bool = False) -> Field:
    return Field(name, "text", required, home=home)


def _ref(name: str, to: str, home: str = "", *, required: bool = False) -> Field:
    return Field(name, "ref", required, to=to, home=home)


def _enum(name: str, tokens: str, home: str = "", *, required: bool = False, extensible: bool = False) -> Field:
    return Field(name, "enum", required, tokens=tuple(tokens.split()), extensible=extensible, home=home)


def _date(name: str, home: str = "", *, required: bool = False) -> Field:
    return Field(name, "date", required, home=home)


def _texts(name: str, home: str = "") -> Field:
    return Field(name, "texts", home=home)


def _bool(name: str, home: str = "", *, required: bool = False) -> Field:
    return Field(name, "bool", required, tokens=("true", "false"), home=home)


def _rostering(later: bool) -> tuple[File, ...]:
    """The rostering files of 1.1, or of 1.2 when ``later``."""
    race = {
        "americanIndianOrAlaskaNative": "american_indian_or_alaska_native",
        "asian": "asian",
        "blackOrAfricanAmerican": "black_or_african_american",
        "nativeHawaiianOrOtherPacificIslander": "native_hawaiian_or_other_pacific_islander",
        "white": "white",
        "demographicRaceTwoOrMoreRaces": "demographic_race_two_or_more_races",
        "hispanicOrLatinoEthnicity": "hispanic_or_latino_ethnicity",
    }
    return (
        File(
            "academicSessions",
            "rostering",
            (
                *_BASE,
                _text("title", "AcademicSession.title", required=True),
                _enum(
                    "type",
                    "gradingPeriod semester schoolYear term",
                    "AcademicSession.type",
                    required=True,
                    extensible=later,
                ),
                _date("startDate", "AcademicSession.start_date", required=True),
                _date("endDate", "AcademicSession.end_date", required=True),
                _ref("parentSourcedId", "academicSessions", "AcademicSession.parent"),
                Field("schoolYear", "year", True, home="AcademicSession.school_year"),
            ),
        ),
        File(
            "classes",
            "rostering",
            (
                *_BASE,
                _text("title", "Class.title", required=True),
                _texts("grades", "Class.grades"),
                _ref("courseSourcedId", "courses", "Class.course", required=True),
                _text("classCode", "Class.code"),
                _enum("classType", "homeroom scheduled", "Class.type", required=True, extensible=later),
                _text("location", "Class.location"),
                _ref("schoolSourcedId", "orgs", "Class.school", required=True),
                Field("termSourcedIds", "refs", True, to="academicSessions", home="ClassTerm.session"),
                _texts("subjects", "Class.subjects"),
                _texts("subjectCodes", "Class.subject_codes"),
                _texts("periods", "Class.periods"),
            ),
        ),
        File(
            "courses",
            "rostering",
            (
                *_BASE,
                _ref("schoolYearSourcedId", "academicSessions", "Course.school_year"),
                _text("title", "Course.title", required=True),
                _text("courseCode", "Course.code"),
                _texts("grades", "Course.grades"),
                _ref("orgSourcedId", "orgs", "Course.org", required=True),
                _texts("subjects", "Course.subjects"),
                _texts("subjectCodes", "Course.subject_codes"),
            ),
        ),
        File(
            "demographics",
            "rostering",
            (
                Field("sourcedId", "ref", True, to="users", home="Demographics.user"),
                *_BASE[1:],
                _date("birthDate", "Demographics.birth_date"),
                _enum(
                    "sex", "male female" + (" other unspecified" if later else ""), "Demographics.sex", extensible=later
                ),
                *(_bool(name, f"Demographics.{label}") for name, label in race.items()),
                _text("countryOfBirthCode", "Demographics.country_of_birth_code"),
                _text("stateOfBirthAbbreviation", "Demographics.state_of_birth_abbreviation"),
                _text("cityOfBirth", "Demographics.city_of_birth"),
                _text("publicSchoolResidenceStatus", "Demographics.public_school_residence_status"),
            ),
        ),
        File(
            "enrollments",
            "rostering",
            (
                *_BASE,
                _ref("classSourcedId", "classes", "Enrollment.class", required=True),
                _ref("schoolSourcedId", "orgs", "Enrollment.school", required=True),
                _ref("userSourcedId", "users", "Enrollment.user", required=True),
                _enum(
                    "role", "administrator proctor student teacher", "Enrollment.role", required=True, extensible=later
                ),
                _bool("primary", "Enrollment.primary"),
                _date("beginDate", "Enrollment.begin_date"),
                _date("endDate", "Enrollment.end_date"),
            ),
        ),
        File(
            "orgs",
            "rostering",
            (
                *_BASE,
                _text("name", "Org.name", required=True),
                _enum(
                    "type",
                    "department school district local state national",
                    "Org.type",
                    required=True,
                    extensible=later,
                ),
                _text("identifier", "Org.identifier"),
                _ref("parentSourcedId", "orgs", "Org.parent"),
            ),
        ),
        _users_12() if later else _users_11(),
    )


def _users_11() -> File:
    return File(
        "users",
        "rostering",
        (
            *_BASE,
            _bool("enabledUser", "User.enabled", required=True),
            Field("orgSourcedIds", "refs", True, to="orgs", home="Role.org"),
            Field("role", "enum", True, tokens=_ROLES_11, home="Role.role"),
            *_user_names(),
            Field("grades", "texts", home="User.grades"),
            _text("password"),
        ),
    )


def _users_12() -> File:
    return File(
        "users",
        "rostering",
        (
            *_BASE,
            _bool("enabledUser", "User.enabled", required=True),
            *_user_names(),
            Field("grades", "texts", home="User.grades"),
            _text("password"),
            _text("userMasterIdentifier", "User.user_master_identifier"),
            _text("preferredGivenName", "User.preferred_given_name"),
            _text("preferredMiddleName", "User.preferred_middle_name"),
            _text("preferredFamilyName", "User.preferred_family_name"),
            _ref("primaryOrgSourcedId", "orgs", "User.primary_org"),
            _text("pronouns", "User.pronouns"),
        ),
    )


def _user_names() -> tuple[Field, ...]:
    """Username … agentSourcedIds, alike in both versions."""
    return (
        _text("username", "User.username", required=True),
        Field("userIds", "user_ids", home="User.user_ids"),
        _text("givenName", "User.given_name", required=True),
        _text("familyName", "User.family_name", required=True),
        _text("middleName", "User.middle_name"),
        _text("identifier", "User.identifier"),
        _text("email", "User.email"),
        _text("sms", "User.sms"),
        _text("phone", "User.phone"),
        Field("agentSourcedIds", "refs", to="users", home="GuardianLink.guardian"),
    )


_ROSTERING_12_ONLY = (
    File(
        "roles",
        "rostering",
        (
            *_BASE,
            _ref("userSourcedId", "users", "Role.user", required=True),
            _enum("roleType", "primary secondary", "Role.type", required=True),
            Field("role", "enum", True, tokens=_ROLES_12, extensible=True, home="Role.role"),
            _date("beginDate", "Role.begin_date"),
            _date("endDate", "Role.end_date"),
            _ref("orgSourcedId", "orgs", "Role.org", required=True),
            _ref("userProfileSourcedId", "userProfiles", "Role.user_profile"),
        ),
    ),
    File(
        "userProfiles",
        "rostering",
        (
            *_BASE,
            _ref("userSourcedId", "users", "UserProfile.user", required=True),
            _text("profileType", "UserProfile.profile_type", required=True),
            _text("vendorId", "UserProfile.vendor_id", required=True),
            _text("applicationId", "UserProfile.application_id"),
            _text("description", "UserProfile.description"),
            _text("credentialType", "UserProfile.credential_type", required=True),
            _text("username", "UserProfile.username", required=True),
            _text("password"),
        ),
    ),
)


def _aside(later: bool) -> tuple[File, ...]:
    """Gradebook and resource files: recognised, their headers known, left aside."""
    period = "academicSessionSourcedId" if later else "gradingPeriodSourcedId"
    files = {
        "categories": "title" + (" weight" if later else ""),
        "classResources": "title classSourcedId resourceSourcedId",
        "courseResources": "title courseSourcedId resourceSourcedId",
        "lineItems": f"title description assignDate dueDate classSourcedId categorySourcedId {period} resultValueMin "
        "resultValueMax" + (" schoolSourcedId" if later else ""),
        "resources": "vendorResourceId title roles importance vendorId applicationId",
        "results": "lineItemSourcedId studentSourcedId scoreStatus score scoreDate comment"
        + (" textScore classSourcedId inProgress incomplete late missing" if later else ""),
    }
    if later:
        files |= {
            "userResources": "userSourcedId orgSourcedId classSourcedId resourceSourcedId",
            "scoreScales": "title type orgSourcedId courseSourcedId classSourcedId scoreScaleValue",
            "lineItemScoreScales": "title lineItemSourcedId scoreScaleSourcedId",
            "resultScoreScales": "title resultSourcedId scoreScaleSourcedId",
            "lineItemLearningObjectiveIds": "lineItemSourcedId source learningObjectiveId",
            "resultLearningObjectiveIds": "resultSourcedId source learningObjectiveId score textScore",
        }
    return tuple(
        File(name, "resources" if "esource" in name else "gradebook", (*_BASE, *(_text(c) for c in columns.split())))
        for name, columns in files.items()
    )


def _files(version: str) -> dict[str, File]:
    later = version == "1.2"
    files = (*_rostering(later), *(_ROSTERING_12_ONLY if later else ()), *_aside(later))
    # The manifest's order: by name, but courses before courseResources as classes before classResources.
    return {file.name: file for file in sorted(files, key=lambda file: file.name.lower().replace("courses", "coursea"))}


FILES: dict[str, dict[str, File]] = {version: _files(version) for version in VERSIONS}
"""By version, then by name without ``.csv``."""


def with_resources(users: File) -> File:
    """users.csv as 1.2.0 had it: ``resourceSourcedIds`` after ``userMasterIdentifier``."""
    at = users.header.index("userMasterIdentifier") + 1
    extra = Field("resourceSourcedIds", "refs", to="resources")
    return replace(users, fields=(*users.fields[:at], extra, *users.fields[at:]))


def with_dates(file: File, order: str) -> File:
    """The file with its dates read month first or day first where they are no ISO dates; ``iso``: as it is."""
    if order == "iso":
        return file
    fields = (replace(field, type=f"date-{order}") if field.type == "date" else field for field in file.fields)
    return replace(file, fields=tuple(fields))


def manifest_properties(version: str) -> tuple[str, ...]:
    """The properties of manifest.csv in the order of the specification."""
    names = tuple(f"file.{name}" for name in FILES[version])
    return ("manifest.version", "oneroster.version", *names, "source.systemName", "source.systemCode")


def tokens_of(field: Field, value: str) -> bool:
    """Whether the enumeration allows this token exactly."""
    extension = field.extensible and value.startswith("ext:") and len(value) > 4
    return value in field.tokens or (extension and all(c.isalnum() or c in ".-_" for c in value[4:]))
