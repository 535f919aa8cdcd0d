"""What one record says: canonical rows, and whose lists it tells whole.

Each canonical row comes from one record. A section states its class, terms and enrollments. A student's record states
the student, and each contact as a person of this student's: a contact that two students share is two persons, whose
keys start with the student's. Staff have records of another kind, and may have the ids of students: their keys start
with the bar that parts such keys, and that no id may hold.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date
from typing import Any

from rosterkit.testing.records_package import canonical

__all__ = ["READERS", "STATES", "Stated", "Unreadable", "key_of"]

_PERSON = ("given_name", "family_name", "email", "grades")
_ROLE = ("person", "org", "role")
STATES: Mapping[str, Mapping[str, tuple[str, ...]]] = {
    "schools": {"Org": ("name", "type")},
    "terms": {"AcademicSession": ("title", "type", "start_date", "end_date")},
    "sections": {
        "Class": ("title", "type", "school"),
        "ClassTerm": ("class", "session"),
        "Enrollment": ("class", "person", "role"),
    },
    "staff": {"Person": _PERSON, "Role": _ROLE},
    "people": {
        "Person": _PERSON,
        "Role": _ROLE,
        "GuardianStatement": ("stated_by", "guardian", "student", "relationship"),
    },
}
"""By kind the entities whose rows its records state, that of the record's own id first, and their columns.

Persons and roles are stated by two kinds.
"""

_ROLES = ("student", "teacher")
_RELATIONSHIPS = ("parent", "guardian", "relative")

Row = dict[str, str | None]


class Unreadable(Exception):  # noqa: N818 - it is data, not a fault
    """The record cannot be read; the argument says why, without any of its values."""


@dataclass
class Stated:
    """Of one record: ``rows`` and, of entities that it lists whole, ``owners``, by entity; rules that it breaks."""

    rows: dict[str, list[Row]] = field(default_factory=dict)
    owners: dict[str, list[Row]] = field(default_factory=dict)
    remarks: list[str] = field(default_factory=list)

    def state(self, entity: str, key: str, **values: str | None) -> None:
        self.rows.setdefault(entity, []).append({"sourced_id": key, **values})

    def lists(self, entity: str, **owner: str | None) -> None:
        self.owners.setdefault(entity, []).append(owner)


def key_of(kind: str, record: Any) -> str | None:
    """The key of a record, of one line or several; None where it has none."""
    if isinstance(record, list) and record:
        record = record[0]
    try:
        return _staff_key(_id(record, "id")) if kind == "staff" else _id(record, "id")
    except Unreadable:
        return None


def _staff_key(key: str) -> str:
    return f"|{key}"


def _text(record: Any, name: str) -> str | None:
    """The text there, None where it is blank or missing."""
    value = record.get(name) if isinstance(record, dict) else None
    if value is not None and (not isinstance(value, str) or not value.isprintable()):
        raise Unreadable(f"{name} is no text")
    return value.strip() or None if value else None


def _id(record: Any, name: str) -> str:
    value = _text(record, name)
    if value is None or "|" in value:
        raise Unreadable(f"{name} is no id")
    return value


def _one_of(record: Any, name: str, words: Sequence[str]) -> str:
    value = _text(record, name)
    if value is None or value not in words:
        raise Unreadable(f"{name} is none of {', '.join(words)}")
    return value


def _list(record: Any, name: str) -> list[Any]:
    value = record.get(name, [])
    if not isinstance(value, list):
        raise Unreadable(f"{name} is no list")
    return value


def _day(record: Any, name: str) -> str:
    try:
        return date.fromisoformat(_text(record, name) or "").isoformat()
    except ValueError:
        raise Unreadable(f"{name} is no date") from None


def _school(record: Any) -> Stated:
    said = Stated()
    said.state("Org", _id(record, "id"), name=_text(record, "name"), type="school")
    return said


def _term(record: Any) -> Stated:
    said = Stated()
    days = {"start_date": _day(record, "start"), "end_date": _day(record, "end")}
    said.state("AcademicSession", _id(record, "id"), title=_text(record, "name"), type="term", **days)
    return said


def _section(record: Any) -> Stated:
    said, key = Stated(), _id(record, "id")
    said.state("Class", key, title=_text(record, "name"), type="scheduled", school=_id(record, "school"))
    terms = [_id({"term": term}, "term") for term in _list(record, "terms")]
    for term in dict.fromkeys(terms):
        said.state("ClassTerm", f"{key}|{term}", **{"class": key}, session=term)
    seats = [_seat(seat) for seat in _list(record, "seats")]
    for person, role in dict.fromkeys(seats):
        said.state("Enrollment", f"{key}|{person}|{role}", **{"class": key}, person=person, role=role)
    for listed in ("ClassTerm", "Enrollment"):
        said.lists(listed, **{"class": key})
    if not any(role == "teacher" for _, role in seats):
        said.remarks.append("section.no-teacher")
    return said


def _seat(seat: Any) -> tuple[str, str]:
    """Who sits there, and as what."""
    key, role = _id(seat, "person"), _one_of(seat, "role", _ROLES)
    return (_staff_key(key) if role == "teacher" else key), role


def _staff(record: Any) -> Stated:
    said, key, school = Stated(), _staff_key(_id(record, "id")), _id(record, "school")
    said.state("Person", key, **_names(record), grades=None)
    _plays(said, key, school, "teacher")
    return said


def _names(record: Any) -> Row:
    labels = {"given_name": "given", "family_name": "family", "email": "email"}
    return {label: _text(record, name) for label, name in labels.items()}


def _person(lines: Any) -> Stated:
    said = Stated()
    if not all(isinstance(line, dict) for line in lines):
        raise Unreadable("it is no object")
    bare = {canonical({name: value for name, value in line.items() if name != "contact"}) for line in lines}
    if len(bare) > 1:
        raise Unreadable("its lines contradict each other")
    record, key = lines[0], _id(lines[0], "id")
    school, grade = _id(record, "school"), _text(record, "grade")
    grades = canonical([grade]) if grade else None
    said.state("Person", key, **_names(record), grades=grades)
    _plays(said, key, school, "student")
    said.lists("GuardianStatement", stated_by="student", student=key)
    contacts = {_id(line["contact"], "id"): line["contact"] for line in lines if line.get("contact")}
    if len(contacts) < sum(1 for line in lines if line.get("contact")):
        raise Unreadable("two of its lines contradict each other about a contact")
    for name, contact in contacts.items():
        _contact(said, key, school, f"{key}|{name}", contact)
    return said


def _plays(said: Stated, person: str, school: str, role: str) -> None:
    said.state("Role", f"{person}|{school}|{role}", person=person, org=school, role=role)
    said.lists("Role", person=person)


def _contact(said: Stated, student: str, school: str, key: str, contact: Any) -> None:
    said.state("Person", key, **_names(contact), grades=None)
    kind = _one_of(contact, "relationship", _RELATIONSHIPS)
    _plays(said, key, school, kind)
    sides = {"guardian": key, "student": student}
    said.state("GuardianStatement", key, stated_by="student", **sides, relationship=kind)


READERS: Mapping[str, Callable[[Any], Stated]] = {
    "schools": _school,
    "terms": _term,
    "sections": _section,
    "staff": _staff,
    "people": _person,
}
"""By kind what reads one record; each raises Unreadable where it cannot."""
