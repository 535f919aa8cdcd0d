"""OneRoster CSV 1.1 and 1.2 as one table of data: files, columns in order, types, vocabularies, where each maps to.

From the 1EdTech CSV binding 1.1 (§4) and 1.2 / 1.2.1 (§4 and 5). Read the table like this:

- A line without indent names a file, and the only version that has it, where it is not in both.
- Then each column: its name, its type, the canonical column that carries it (``Entity.label``), and the only version
  that has it, where it is not in both. ``!`` after a type: a value is required. ``*``: the value is personal, and no
  finding shows it. ``ref:FILE`` is a reference, ``refs:FILE`` a list of them. A type in ``_VOCABULARIES`` is an
  enumeration.
- Every file begins with sourcedId, status and dateLastModified.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace

VERSIONS = ("1.1", "1.2")

NOT_CARRIED = {
    ("users", "password"): "a secret: never stored, never sent",
    ("users", "resourceSourcedIds"): "resources are not read (and 1.2.1 removed the column)",
    ("userProfiles", "password"): "a secret: never stored, never sent",
}
"""Rostering columns that are not read on purpose, and why."""

_VOCABULARIES = {  # the tokens; +: 1.2 allows ext:… too
    "status": "active tobedeleted",
    "session-type": "gradingPeriod semester schoolYear term +",
    "class-type": "homeroom scheduled +",
    "org-type": "department school district local state national +",
    "enrollment-role": "administrator proctor student teacher +",
    "role-of-1.1": "administrator aide guardian parent proctor relative student teacher",
    "role-of-1.2": "aide counselor districtAdministrator guardian parent principal proctor relative siteAdministrator "
    "student systemAdministrator teacher +",
    "role-type": "primary secondary",
    "sex-of-1.1": "male female",
    "sex-of-1.2": "male female other unspecified +",
}

_ROSTERING = """
academicSessions
  title                     text!                  AcademicSession.title
  type                      session-type!          AcademicSession.type
  startDate                 date!                  AcademicSession.start_date
  endDate                   date!                  AcademicSession.end_date
  parentSourcedId           ref:academicSessions   AcademicSession.parent
  schoolYear                year!                  AcademicSession.school_year
classes
  title                     text!                  Class.title
  grades                    texts                  Class.grades
  courseSourcedId           ref:courses!           Class.course
  classCode                 text                   Class.code
  classType                 class-type!            Class.type
  location                  text                   Class.location
  schoolSourcedId           ref:orgs!              Class.school
  termSourcedIds            refs:academicSessions! ClassTerm.session
  subjects                  texts                  Class.subjects
  subjectCodes              texts                  Class.subject_codes
  periods                   texts                  Class.periods
courses
  schoolYearSourcedId       ref:academicSessions   Course.school_year
  title                     text!                  Course.title
  courseCode                text                   Course.code
  grades                    texts                  Course.grades
  orgSourcedId              ref:orgs!              Course.org
  subjects                  texts                  Course.subjects
  subjectCodes              texts                  Course.subject_codes
demographics
  sourcedId                 ref:users!             Demographics.user
  birthDate                 date*                  Demographics.birth_date
  sex                       sex-of-1.1*            Demographics.sex                         1.1
  sex                       sex-of-1.2*            Demographics.sex                         1.2
  americanIndianOrAlaskaNative             bool*   Demographics.american_indian_or_alaska_native
  asian                     bool*                  Demographics.asian
  blackOrAfricanAmerican    bool*                  Demographics.black_or_african_american
  nativeHawaiianOrOtherPacificIslander     bool*   Demographics.native_hawaiian_or_other_pacific_islander
  white                     bool*                  Demographics.white
  demographicRaceTwoOrMoreRaces            bool*   Demographics.demographic_race_two_or_more_races
  hispanicOrLatinoEthnicity bool*                  Demographics.hispanic_or_latino_ethnicity
  countryOfBirthCode        text*                  Demographics.country_of_birth_code
  stateOfBirthAbbreviation  text*                  Demographics.state_of_birth_abbreviation
  cityOfBirth               text*                  Demographics.city_of_birth
  publicSchoolResidenceStatus              text*   Demographics.public_school_residence_status
enrollments
  classSourcedId            ref:classes!           Enrollment.class
  schoolSourcedId           ref:orgs!              Enrollment.school
  userSourcedId             ref:users!             Enrollment.user
  role                      enrollment-role!       Enrollment.role
  primary                   bool                   Enrollment.primary
  beginDate                 date                   Enrollment.begin_date
  endDate                   date                   Enrollment.end_date
orgs
  name                      text!                  Org.name
  type                      org-type!              Org.type
  identifier                text                   Org.identifier
  parentSourcedId           ref:orgs               Org.parent
roles 1.2
  userSourcedId             ref:users!             Role.user
  roleType                  role-type!             Role.type
  role                      role-of-1.2!           Role.role
  beginDate                 date                   Role.begin_date
  endDate                   date                   Role.end_date
  orgSourcedId              ref:orgs!              Role.org
  userProfileSourcedId      ref:userProfiles       Role.user_profile
userProfiles 1.2
  userSourcedId             ref:users!             UserProfile.user
  profileType               text!                  UserProfile.profile_type
  vendorId                  text!                  UserProfile.vendor_id
  applicationId             text                   UserProfile.application_id
  description               text*                  UserProfile.description
  credentialType            text!                  UserProfile.credential_type
  username                  text!*                 UserProfile.username
  password                  text*                  -
users
  enabledUser               bool!                  User.enabled
  orgSourcedIds             refs:orgs!             Role.org                                 1.1
  role                      role-of-1.1!           Role.role                                1.1
  username                  text!*                 User.username
  userIds                   user_ids*              User.user_ids
  givenName                 text!*                 User.given_name
  familyName                text!*                 User.family_name
  middleName                text*                  User.middle_name
  identifier                text*                  User.identifier
  email                     text*                  User.email
  sms                       text*                  User.sms
  phone                     text*                  User.phone
  agentSourcedIds           refs:users             GuardianLink.guardian
  grades                    texts                  User.grades
  password                  text*                  -
  userMasterIdentifier      text*                  User.user_master_identifier              1.2
  preferredGivenName        text*                  User.preferred_given_name                1.2
  preferredMiddleName       text*                  User.preferred_middle_name               1.2
  preferredFamilyName       text*                  User.preferred_family_name               1.2
  primaryOrgSourcedId       ref:orgs               User.primary_org                         1.2
  pronouns                  text*                  User.pronouns                            1.2
"""

_NOT_READ = {  # gradebook and resources: known by name and header; + before a column or a file: only in 1.2
    "categories": "title +weight",
    "classResources": "title classSourcedId resourceSourcedId",
    "courseResources": "title courseSourcedId resourceSourcedId",
    "lineItems": "title description assignDate dueDate classSourcedId categorySourcedId -gradingPeriodSourcedId "
    "+academicSessionSourcedId resultValueMin resultValueMax +schoolSourcedId",
    "resources": "vendorResourceId title roles importance vendorId applicationId",
    "results": "lineItemSourcedId studentSourcedId scoreStatus score scoreDate comment +textScore +classSourcedId "
    "+inProgress +incomplete +late +missing",
    "+userResources": "userSourcedId orgSourcedId classSourcedId resourceSourcedId",
    "+scoreScales": "title type orgSourcedId courseSourcedId classSourcedId scoreScaleValue",
    "+lineItemScoreScales": "title lineItemSourcedId scoreScaleSourcedId",
    "+resultScoreScales": "title resultSourcedId scoreScaleSourcedId",
    "+lineItemLearningObjectiveIds": "lineItemSourcedId source learningObjectiveId",
    "+resultLearningObjectiveIds": "resultSourcedId source learningObjectiveId score textScore",
}


@dataclass(frozen=True, slots=True)
class Field:
    """One column of a file.

    ``type``: guid, ref, refs, text, texts, enum, bool, date, datetime, year or user_ids. ``to``: the file that a
    reference points to. ``tokens``: of an enumeration; ``extensible``: ``ext:…`` is allowed too. ``home``: the
    canonical column that carries the value, "" where none does.
    """

    name: str
    type: str = "text"
    required: bool = False
    to: str = ""
    tokens: tuple[str, ...] = ()
    extensible: bool = False
    home: str = ""
    personal: bool = False


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


def _field(name: str, kind: str, home: str, version: str) -> Field:
    personal, required = kind.endswith("*"), kind.rstrip("*").endswith("!")
    kind, _, to = kind.rstrip("!*").partition(":")
    home = "" if home == "-" else home
    if kind in _VOCABULARIES:
        tokens = _VOCABULARIES[kind].split()
        extensible = "+" in tokens and version == "1.2"
        return Field(name, "enum", required, "", tuple(t for t in tokens if t != "+"), extensible, home, personal)
    tokens = ["true", "false"] if kind == "bool" else []
    return Field(name, kind, required, to, tuple(tokens), home=home, personal=personal)


def _rostering(version: str) -> Iterator[File]:
    name, only, fields = "", "", list[Field]()
    base = [
        _field("sourcedId", "guid!", "-", version),
        _field("status", "status", "-", version),
        _field("dateLastModified", "datetime", "-", version),
    ]
    for line in [*_ROSTERING.strip().splitlines(), "end"]:
        words = line.split()
        if line.startswith(" "):
            if len(words) == 3 or words[3] == version:
                fields.append(_field(words[0], words[1], words[2], version))
            continue
        if name and only in ("", version):
            own = {field.name for field in fields}
            first = [fields[0]] * ("sourcedId" in own)
            rest = [field for field in base if field.name not in own]
            yield File(name, "rostering", (*first, *rest, *fields[len(first) :]))
        name, only, fields = words[0], "".join(words[1:]), []


def _not_read(version: str) -> Iterator[File]:
    base = (Field("sourcedId", "guid", required=True), Field("status"), Field("dateLastModified"))
    other = "-" if version == "1.2" else "+"
    for name, columns in _NOT_READ.items():
        if not name.startswith(other):
            subject = "resources" if "esource" in name else "gradebook"
            own = (Field(column.lstrip("+-")) for column in columns.split() if not column.startswith(other))
            yield File(name.lstrip("+"), subject, (*base, *own))


def _files(version: str) -> dict[str, File]:
    # The manifest's order: by name, but courses before courseResources as classes before classResources.
    files = sorted(
        (*_rostering(version), *_not_read(version)), key=lambda file: file.name.lower().replace("courses", "coursea")
    )
    return {file.name: file for file in files}


FILES: dict[str, dict[str, File]] = {version: _files(version) for version in VERSIONS}
"""By version, then by name without ``.csv``."""

PERSONAL = {
    name: frozenset(field.name for field in file.fields if field.personal) for name, file in FILES["1.2"].items()
}
"""Columns, by file, whose values no finding shows."""


def with_resources(users: File) -> File:
    """users.csv as 1.2.0 had it: ``resourceSourcedIds`` after ``userMasterIdentifier``."""
    at = users.header.index("userMasterIdentifier") + 1
    extra = Field("resourceSourcedIds", "refs", to="resources")
    return replace(users, fields=(*users.fields[:at], extra, *users.fields[at:]))


def manifest_properties(version: str) -> tuple[str, ...]:
    """The properties of manifest.csv in the order of the specification."""
    names = tuple(f"file.{name}" for name in FILES[version])
    return ("manifest.version", "oneroster.version", *names, "source.systemName", "source.systemCode")


def tokens_of(field: Field, value: str) -> bool:
    """Whether the enumeration allows this token exactly."""
    extension = field.extensible and value.startswith("ext:") and len(value) > 4
    return value in field.tokens or (extension and all(c.isalnum() or c in ".-_" for c in value[4:]))
