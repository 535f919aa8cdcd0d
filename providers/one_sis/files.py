"""A neutral district as the files that a district uploads to Clever, and as a mapped table of its people."""

from __future__ import annotations

import csv
import zipfile
from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from datetime import date, timedelta
from io import StringIO
from pathlib import Path

from providers.one_sis.district import Neutral, Row

Rows = list[dict[str, str | None]]
_FAMILY = ("guardian", "parent", "relative")


def write_clever_files(made: Neutral, path: Path) -> Path:
    """The zip; returns its path."""
    files = {"schools": _schools(made), "students": _students(made), "sections": _sections(made)}
    files |= {"enrollments": _enrollments(made)} | _staff(made)
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, rows in files.items():
            if rows:  # staff.csv may be missing
                archive.writestr(f"{name}.csv", _text(rows))
    return path


def write_table(made: Neutral, path: Path) -> Path:
    """Everybody in one table, a row for each school; returns its path."""
    rows: Rows = [
        {
            "id": user["sourcedId"],
            "first name": user["givenName"],
            "last name": user["familyName"],
            "login": user["username"],
            "email": user["email"],
            "phone": user["phone"],
            "number": user["identifier"],
            "role": user["role"],
            "school": school,
        }
        for user in made.files["users"]
        for school in _items(user["orgSourcedIds"])
    ]
    path.write_text(_text(rows), encoding="utf-8")
    return path


def _items(text: str | None) -> list[str]:
    return [part for part in (text or "").split(",") if part]


def _text(rows: Sequence[Mapping[str, str | None]]) -> str:
    out = StringIO()
    writer = csv.DictWriter(out, list(dict.fromkeys(name for row in rows for name in row)), lineterminator="\n")
    writer.writeheader()
    writer.writerows(rows)
    return out.getvalue()


def _schools(made: Neutral) -> Rows:
    return [
        {"School_id": row["sourcedId"], "School_name": row["name"], "School_number": row["identifier"]}
        for row in made.schools
    ]


def _person(row: Row, kind: str, school: str) -> dict[str, str | None]:
    number = {"staff": {}}.get(kind, {f"{kind.title()}_number": row["identifier"]})
    names = {"Last_name": row["familyName"], "First_name": row["givenName"]}
    login = {f"{kind.title()}_email": row["email"], "Username": row["username"]}
    return {"School_id": school, f"{kind.title()}_id": row["sourcedId"], **number, **names, **login}


def _at(made: Neutral, row: Row) -> list[str]:
    return ["district" if org == made.district else org for org in _items(row["orgSourcedIds"])]


def _students(made: Neutral) -> Rows:
    """One row for each school and each guardian."""
    by_id = {row["sourcedId"]: row for row in made.files["users"]}
    families: dict[str, list[str]] = defaultdict(list)
    for guardian, child in made.links:
        families[child].append(guardian)
    rows: Rows = []
    for student in made.students:
        grade = _items(student["grades"])[0] if student["grades"] else ""
        contacts = [
            _contact(by_id[guardian], made.links[guardian, student["sourcedId"]])
            for guardian in families[student["sourcedId"]]
        ]
        for school in _at(made, student):
            own = {**_person(student, "student", school), "Grade": _GRADES.get(grade, grade.lstrip("0"))}
            rows += [own | contact for contact in contacts or [{}]]
    return rows


_GRADES = {"KG": "Kindergarten", "PK": "PreKindergarten"}


def _contact(row: Row, link: Row) -> dict[str, str | None]:
    return {
        "Contact_name": f"{row['givenName']} {row['familyName']}",
        "Contact_relationship": link["relationship"],
        "Contact_type": link["type"],
        "Contact_phone": row["phone"],
        "Contact_phone_type": "Home" if row["phone"] else None,
        "Contact_email": row["email"],
        "Contact_sis_id": None if row.get("without_id") else row["sourcedId"],
    }


def _staff(made: Neutral) -> dict[str, Rows]:
    """Whoever teaches at a school is in teachers.csv, and everybody else in staff.csv."""
    teaching = {row["userSourcedId"] for row in _members(made, "teacher")}
    teachers = [
        row
        for row in made.staff
        if row["role"] == "teacher" or (row["sourcedId"] in teaching and row["orgSourcedIds"] != made.district)
    ]
    others = [row for row in made.staff if row not in teachers]
    return {
        "teachers": [_person(row, "teacher", school) for row in teachers for school in _at(made, row)],
        "staff": [_person(row, "staff", school) for row in others for school in _at(made, row)],
    }


def _members(made: Neutral, role: str) -> Iterable[Row]:
    return (row for row in made.files["enrollments"] if row["role"] == role)


def _sections(made: Neutral) -> Rows:
    teachers: dict[str, list[str]] = defaultdict(list)
    for row in _members(made, "teacher"):
        teachers[row["classSourcedId"]].append(row["userSourcedId"])
    courses = {row["sourcedId"]: row for row in made.files["courses"]}
    terms = {row["sourcedId"]: row for row in made.files["academicSessions"]}
    return [_section(row, teachers[row["sourcedId"]], courses, terms) for row in made.files["classes"]]


def _section(row: Row, teachers: list[str], courses: dict[str, Row], terms: dict[str, Row]) -> dict[str, str | None]:
    course = courses[row["courseSourcedId"]]
    term = next((terms[key] for key in _items(row["termSourcedIds"])), None)
    first, second = (*teachers, None, None)[:2]
    return {
        "School_id": row["schoolSourcedId"],
        "Section_id": row["sourcedId"],
        "Teacher_id": first,
        "Teacher_2_id": second,
        "Name": row["title"],
        "Course_name": course["title"],
        "Course_number": course["courseCode"],
        "Subject": "homeroom/advisory" if row["classType"] == "homeroom" else "math",
        "Term_name": term["title"] if term else None,
        "Term_start": term["startDate"] if term else None,
        "Term_end": (date.fromisoformat(term["endDate"]) - timedelta(days=1)).isoformat() if term else None,
    }


def _enrollments(made: Neutral) -> Rows:
    return [
        {
            "School_id": row["schoolSourcedId"],
            "Section_id": row["classSourcedId"],
            "Student_id": row["userSourcedId"],
        }
        for row in _members(made, "student")
    ]
