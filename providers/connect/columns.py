"""The files and columns of SchoolStatus Connect, and the words that it knows (C27; its pages on OneRoster files).

Headers are those of OneRoster 1.1. The headers of ``guardians.csv`` are not published where a program can read them:
these are proposed, and a setting changes them.
"""

from __future__ import annotations

from collections.abc import Mapping

__all__ = [
    "CLASSES",
    "ENROLLMENTS",
    "FILES",
    "GUARDIANS",
    "MAX_AGENTS",
    "REQUIRED",
    "ROLES",
    "USERS",
]

USERS, CLASSES, ENROLLMENTS, GUARDIANS = "users.csv", "classes.csv", "enrollments.csv", "guardians.csv"

FILES: Mapping[str, tuple[str, ...]] = {
    USERS: (
        "sourcedId",
        "orgSourcedIds",
        "role",
        "givenName",
        "familyName",
        "email",
        "sms",
        "phone",
        "agentSourcedIds",
        "grades",
        "identifier",
    ),
    CLASSES: ("sourcedId", "title", "grades", "location", "schoolSourcedId", "periods"),
    ENROLLMENTS: ("classSourcedId", "schoolSourcedId", "userSourcedId", "role"),
    GUARDIANS: ("studentSourcedId", "sourcedId", "givenName", "familyName", "email", "sms", "phone", "language"),
}
"""The columns of each file, in order."""

REQUIRED: Mapping[str, tuple[str, ...]] = {
    USERS: ("sourcedId", "orgSourcedIds", "role", "givenName", "familyName"),
    CLASSES: ("sourcedId", "title", "schoolSourcedId"),
    ENROLLMENTS: FILES[ENROLLMENTS],
    GUARDIANS: ("studentSourcedId", "givenName", "familyName"),
}
"""The columns that a file must have, and whose cells must not be blank."""

MAX_AGENTS = 6
"""So many guardians fit on a student's row."""

ROLES: Mapping[str, str] = {
    "student": "student",
    "districtAdministrator": "administrator",
    "siteAdministrator": "administrator",
    "systemAdministrator": "administrator",
    "administrator": "administrator",
    "principal": "administrator",
    "teacher": "teacher",
    "counselor": "aide",
    "aide": "aide",
    "proctor": "proctor",
    "guardian": "guardian",
    "parent": "parent",
    "relative": "relative",
}
"""Connect's word for each role. A person is one row with one role: the first of theirs here. A student stays one, so
that a wrong second role opens nothing."""
