"""Defects to plant in an invented district: each says which finding it makes, and how often."""

from __future__ import annotations

from collections.abc import Callable

from providers.clever.fake_district import DistrictData, Record


def _of(data: DistrictData, role: str) -> list[Record]:
    return [user for user in data.records["users"] if role in user["roles"]]


def _with_own_id(data: DistrictData) -> list[Record]:
    return [user for user in _of(data, "contact") if "sis_id" in user["roles"]["contact"]]


def _links(contact: Record) -> list[Record]:
    links: list[Record] = contact["roles"]["contact"]["student_relationships"]
    return links


def _relationship(data: DistrictData) -> int:
    """The relationship "Guardian" is not in Clever's list, and comes all the same."""
    for contact in _with_own_id(data)[:3]:
        _links(contact)[0]["relationship"] = "Guardian"
    return 3


def _grade(data: DistrictData) -> int:
    for student, grade in zip(_of(data, "student"), ("Year 9", "14"), strict=False):
        student["roles"]["student"]["grade"] = grade
    return 2


def _subject(data: DistrictData) -> int:
    data.records["sections"][1]["subject"] = "basket weaving"
    return 1


def _birth_date(data: DistrictData) -> int:
    for student, date in zip(_of(data, "student")[4:], ("13/45/2010", "2/30/2012", "unknown"), strict=False):
        student["roles"]["student"]["dob"] = date
    return 3


def _email(data: DistrictData) -> int:
    _of(data, "student")[5]["email"] = "no-address"
    _with_own_id(data)[4]["email"] = "at@"
    return 2


def _term(data: DistrictData) -> int:
    data.records["terms"][1].update(start_date="", end_date=None)
    return 1


def _no_school(data: DistrictData) -> int:
    section = data.records["sections"][2]
    section["school"] = ""
    return 1


def _no_teacher(data: DistrictData) -> int:
    for section in data.records["sections"][4:6]:
        section.pop("teacher")
        section["teachers"] = []
    return 2


def _shape(data: DistrictData) -> int:
    _of(data, "student")[7]["roles"]["student"]["sis_id"] = {"value": "107"}
    data.records["sections"][6]["students"] = {"all": True}
    return 2


def _no_sis_id(data: DistrictData) -> int:
    _of(data, "teacher")[2]["roles"]["teacher"].pop("sis_id")
    return 1


def _no_role(data: DistrictData) -> int:
    _with_own_id(data)[9]["roles"] = {}
    return 1


def _no_student(data: DistrictData) -> int:
    _with_own_id(data)[5]["roles"]["contact"]["student_relationships"] = []
    return 1


def _one_word(data: DistrictData) -> int:
    _with_own_id(data)[6]["name"]["last"] = "Okonkwo"
    return 1


def _type(data: DistrictData) -> int:
    """Two links of a type that the settings do not know; one finding for the type."""
    for contact in _with_own_id(data)[7:9]:
        for link in _links(contact):
            link["type"] = "Godparent"
    return 1


DEFECTS: dict[str, tuple[str, Callable[[DistrictData], int]]] = {
    "a relationship that is not in the list": ("clever.unknown-value", _relationship),
    "a grade that is not in the list": ("clever.unknown-value", _grade),
    "a subject that is not in the list": ("clever.unknown-value", _subject),
    "a birth date that is no day": ("clever.date-unreadable", _birth_date),
    "an e-mail address without @": ("clever.email-unusable", _email),
    "a term without dates": ("clever.term-without-dates", _term),
    "a section without a school": ("clever.section-without-school", _no_school),
    "a section without a teacher": ("clever.section-without-teacher", _no_teacher),
    "a record of another shape": ("clever.record-unreadable", _shape),
    "a teacher without an id of the SIS": ("clever.no-sis-id", _no_sis_id),
    "a user without a role": ("clever.no-role", _no_role),
    "a contact without a student": ("clever.contact-without-student", _no_student),
    "a contact with one word as a name": ("clever.contact-without-given-name", _one_word),
    "a type of contact that nobody mapped": ("clever.contact-type-unknown", _type),
}
"""By what a person would call it: the rule that finds it, and what plants it and says how many rows it makes."""


def plant(data: DistrictData, *names: str) -> DistrictData:
    """Plants these defects, or all, and keeps count of them in ``data.defects``."""
    for name in names or tuple(DEFECTS):
        rule, defect = DEFECTS[name]
        data.defects[rule] = data.defects.get(rule, 0) + defect(data)
    return data
