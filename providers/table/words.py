"""The columns of a table of people, and OneRoster's words for roles, as data."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

SPELLINGS: Mapping[str, Sequence[str]] = {
    "sourced_id": ("id", "person id", "user id", "external id"),
    "given_name": ("first name",),
    "middle_name": (),
    "family_name": ("last name", "surname"),
    "preferred_given_name": ("preferred first name", "preferred name"),
    "preferred_middle_name": (),
    "preferred_family_name": ("preferred last name",),
    "pronouns": (),
    "username": ("user name", "login", "login name"),
    "email": ("e-mail", "email address"),
    "sms": ("mobile", "mobile phone", "cell phone"),
    "phone": ("phone number", "telephone", "home phone"),
    "identifier": ("number", "student number", "staff number", "employee number"),
    "state_id": (),
    "language": ("language code", "home language"),
    "role": (),
    "org": ("school", "school id", "school number", "organisation", "organization"),
}
"""Of a table of people: our column → spellings that are understood, beside the name itself."""

USER_SPELLINGS: Sequence[str] = (
    *("student", "student id", "student number", "user id", "person id", "id", "number", "identifier", "sourced id"),
    *("username", "email"),
)
"""Of a table of attributes: what the column that names the user may be called."""

PERSON = tuple(name for name in SPELLINGS if name not in {"sourced_id", "role", "org"})

ROLES = (
    *("administrator", "aide", "counselor", "districtAdministrator", "guardian", "parent", "principal", "proctor"),
    *("relative", "siteAdministrator", "student", "systemAdministrator", "teacher"),
)
