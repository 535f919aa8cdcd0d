"""Edlio's files and columns, as its template and its list of data fields name them (A6, A14).

The vendor maps columns by hand, so a district may use headers of its own; what counts is the purpose of each column.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

__all__ = [
    "CLASSES",
    "COMBINED",
    "ENROLLMENTS",
    "FILES",
    "FILE_NAMES",
    "GUARDIANS",
    "PEOPLE",
    "PEOPLE_FILES",
    "ROLES",
    "STAFF",
    "USERS",
    "WORDS",
    "Column",
]


@dataclass(frozen=True, slots=True)
class Column:
    """One column. ``template``: it is in the vendor's template, and sent even where it is blank in every row."""

    name: str
    required: bool = False
    template: bool = True


def _numbered(name: str, first: int, last: int) -> tuple[Column, ...]:
    return tuple(Column(f"{name} {number}", template=False) for number in range(first, last + 1))


_NAMES = (Column("First Name", required=True), Column("Middle Name"), Column("Last Name", required=True))
_CONTACT = (
    Column("Email 1", required=True),
    *_numbered("Email", 2, 5),
    Column("Phone 1"),
    Column("Phone 2"),
    *_numbered("Phone", 3, 5),
    Column("Image URL", template=False),
    Column("Home Language"),
    Column("Organization ID", required=True),
)
_ID = Column("Unique ID", required=True)
_ROLE = Column("Role", required=True)
_TITLE = Column("Title", template=False)

STAFF, USERS, GUARDIANS, COMBINED = "staff", "users", "guardians", "combined"
CLASSES, ENROLLMENTS = "classes", "enrollments"

FILES: Mapping[str, tuple[Column, ...]] = {
    STAFF: (
        _ID,
        Column("Employee ID", required=True),
        _ROLE,
        Column("Title"),
        Column("Department"),
        *_NAMES,
        *_CONTACT,
    ),
    USERS: (_ID, Column("Student ID", required=True), _ROLE, _TITLE, *_NAMES, *_CONTACT),
    GUARDIANS: (_ID, Column("Student ID", required=True), _ROLE, *_NAMES, *_CONTACT),
    COMBINED: (
        _ID,
        Column("Employee ID"),
        Column("Student ID"),
        _ROLE,
        Column("Title"),
        Column("Department"),
        *_NAMES,
        *_CONTACT,
    ),
    CLASSES: (
        Column("Classroom ID", required=True),
        Column("Classroom Name", required=True),
        Column("Classroom Description"),
        Column("Organization ID", required=True),
    ),
    ENROLLMENTS: (Column("Classroom ID", required=True), Column("Person ID", required=True)),
}
"""The columns of each file in their order; ``combined`` holds all people. The columns of guardians are ours: Edlio does
not publish its own."""

PEOPLE = (STAFF, USERS, GUARDIANS)
"""The kinds of people, and the files that hold one kind."""

PEOPLE_FILES = (*PEOPLE, COMBINED)
"""The files that hold people."""

FILE_NAMES: Mapping[str, str] = {
    STAFF: "Staff.csv",
    USERS: "Users.csv",
    GUARDIANS: "Parents.csv",
    COMBINED: "People.csv",
    CLASSES: "Classes.csv",
    ENROLLMENTS: "Enrollments.csv",
}
"""The names of the vendor's template; ``Parents.csv`` and ``People.csv`` are ours."""

ROLES: Mapping[str, tuple[str, str]] = {
    "student": (USERS, "Student"),
    "districtAdministrator": (STAFF, "Administrator"),
    "siteAdministrator": (STAFF, "Administrator"),
    "systemAdministrator": (STAFF, "Administrator"),
    "administrator": (STAFF, "Administrator"),
    "principal": (STAFF, "Administrator"),
    "teacher": (STAFF, "Teacher"),
    "counselor": (STAFF, "Staff"),
    "aide": (STAFF, "Staff"),
    "proctor": (STAFF, "Staff"),
    "staff": (STAFF, "Staff"),
    "parent": (GUARDIANS, "Parent"),
    "guardian": (GUARDIANS, "Guardian"),
    "relative": (GUARDIANS, "Relative"),
}
"""The file and the word of Edlio for each role, the strongest first: of several roles at one school it is sent."""

WORDS: Mapping[str, tuple[str, ...]] = {
    part: tuple(sorted({word for of, word in ROLES.values() if of == part})) for part in PEOPLE
}
"""Edlio's words for roles, by kind of people."""
