"""OneRoster's rostering files once more, typed in from the specification's tables and from nothing in rosterkit.

The reader and the writer share one table (``providers.oneroster.spec``); this one checks it. A line is one column:
its name, ``!`` when it is required (in bulk), and its type: ``guid``, ``text``, ``texts`` (a list), ``bool``, ``date``,
``year``, ``userids``, ``blank`` (always blank in bulk), ``->file`` (a reference), ``=>file`` (a list of references),
or the tokens of an enumeration with ``|`` between them, ``+ext`` where a token of one's own is allowed.
"""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class Column:
    name: str
    type: str
    required: bool

    @property
    def target(self) -> str:
        return self.type[2:] if self.type[:2] in ("->", "=>") else ""

    @property
    def tokens(self) -> tuple[str, ...]:
        return tuple(self.type.removesuffix("+ext").split("|")) if "|" in self.type else ()

    @property
    def extensible(self) -> bool:
        return self.type.endswith("+ext")


_BASE = """
sourcedId ! guid
status blank
dateLastModified blank
"""

_FLAGS = """
americanIndianOrAlaskaNative bool
asian bool
blackOrAfricanAmerican bool
nativeHawaiianOrOtherPacificIslander bool
white bool
demographicRaceTwoOrMoreRaces bool
hispanicOrLatinoEthnicity bool
countryOfBirthCode text
stateOfBirthAbbreviation text
cityOfBirth text
publicSchoolResidenceStatus text
"""

_TEXT_11 = {
    "academicSessions": _BASE
    + """
title ! text
type ! gradingPeriod|semester|schoolYear|term
startDate ! date
endDate ! date
parentSourcedId ->academicSessions
schoolYear ! year
""",
    "classes": _BASE
    + """
title ! text
grades texts
courseSourcedId ! ->courses
classCode text
classType ! homeroom|scheduled
location text
schoolSourcedId ! ->orgs
termSourcedIds ! =>academicSessions
subjects texts
subjectCodes texts
periods texts
""",
    "courses": _BASE
    + """
schoolYearSourcedId ->academicSessions
title ! text
courseCode text
grades texts
orgSourcedId ! ->orgs
subjects texts
subjectCodes texts
""",
    "demographics": """
sourcedId ! ->users
status blank
dateLastModified blank
birthDate date
sex male|female
"""
    + _FLAGS,
    "enrollments": _BASE
    + """
classSourcedId ! ->classes
schoolSourcedId ! ->orgs
userSourcedId ! ->users
role ! administrator|proctor|student|teacher
primary bool
beginDate date
endDate date
""",
    "orgs": _BASE
    + """
name ! text
type ! department|school|district|local|state|national
identifier text
parentSourcedId ->orgs
""",
    "users": _BASE
    + """
enabledUser ! bool
orgSourcedIds ! =>orgs
role ! administrator|aide|guardian|parent|proctor|relative|student|teacher
username ! text
userIds userids
givenName ! text
familyName ! text
middleName text
identifier text
email text
sms text
phone text
agentSourcedIds =>users
grades texts
password text
""",
}

_ROLES_12 = (
    "aide|counselor|districtAdministrator|guardian|parent|principal|proctor|relative|siteAdministrator|student|"
    "systemAdministrator|teacher+ext"
)

_TEXT_12 = {
    "academicSessions": _BASE
    + """
title ! text
type ! gradingPeriod|semester|schoolYear|term+ext
startDate ! date
endDate ! date
parentSourcedId ->academicSessions
schoolYear ! year
""",
    "classes": _TEXT_11["classes"].replace("homeroom|scheduled", "homeroom|scheduled+ext"),
    "courses": _TEXT_11["courses"],
    "demographics": _TEXT_11["demographics"].replace("male|female", "male|female|other|unspecified+ext"),
    "enrollments": _TEXT_11["enrollments"].replace(
        "administrator|proctor|student|teacher", "administrator|proctor|student|teacher+ext"
    ),
    "orgs": _TEXT_11["orgs"].replace("national", "national+ext"),
    "roles": _BASE
    + """
userSourcedId ! ->users
roleType ! primary|secondary
role ! ROLES
beginDate date
endDate date
orgSourcedId ! ->orgs
userProfileSourcedId ->userProfiles
""".replace("ROLES", _ROLES_12),
    "userProfiles": _BASE
    + """
userSourcedId ! ->users
profileType ! text
vendorId ! text
applicationId text
description text
credentialType ! text
username ! text
password text
""",
    "users": _BASE
    + """
enabledUser ! bool
username ! text
userIds userids
givenName ! text
familyName ! text
middleName text
identifier text
email text
sms text
phone text
agentSourcedIds =>users
grades texts
password text
userMasterIdentifier text
preferredGivenName text
preferredMiddleName text
preferredFamilyName text
primaryOrgSourcedId ->orgs
pronouns text
""",
}

_MANIFEST_11 = (
    "academicSessions categories classes classResources courses courseResources demographics enrollments lineItems "
    "orgs resources results users"
)
_MANIFEST_12 = (
    "academicSessions categories classes classResources courses courseResources demographics enrollments "
    "lineItemLearningObjectiveIds lineItems lineItemScoreScales orgs resources resultLearningObjectiveIds results "
    "resultScoreScales roles scoreScales userProfiles userResources users"
)
MANIFEST = {"1.1": _MANIFEST_11.split(), "1.2": _MANIFEST_12.split()}
"""The files of the manifest, in the order of its table."""


def _columns(text: str) -> tuple[Column, ...]:
    lines = [line.split() for line in text.splitlines() if line]
    return tuple(Column(parts[0], parts[-1], required="!" in parts) for parts in lines)


TABLES: dict[str, dict[str, tuple[Column, ...]]] = {
    "1.1": {name: _columns(text) for name, text in _TEXT_11.items()},
    "1.2": {name: _columns(text) for name, text in _TEXT_12.items()},
}
"""By version and file: the columns in order."""
