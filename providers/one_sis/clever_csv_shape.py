"""A neutral district as the CSV files that a district uploads to Clever."""

from __future__ import annotations

import csv
from collections import defaultdict
from collections.abc import Iterator
from datetime import date
from pathlib import Path

from providers.clever.fake_district import DistrictData
from providers.one_sis.clever_shape import clever
from providers.one_sis.district import Neutral, Row, items

Cells = dict[str, str]


def write_files(made: Neutral, folder: Path) -> Path:
    """Writes schools, students, teachers, staff, sections and enrollments to a folder, and returns it."""
    folder.mkdir()
    data = clever(made)
    files = {
        "schools": [
            {"School_id": row["sourcedId"], "School_name": row["name"], "School_number": row["identifier"] or ""}
            for row in made.schools
        ],
        "students": list(_students(made, data)),
        "teachers": list(_teachers(made)),
        "staff": list(_staff(made)),
        "sections": list(_sections(made, data)),
        "enrollments": list(_enrollments(made)),
    }
    for name, rows in ((name, rows) for name, rows in files.items() if rows):
        with (folder / f"{name}.csv").open("w", newline="", encoding="utf-8") as stream:
            writer = csv.DictWriter(stream, list(dict.fromkeys(column for row in rows for column in row)), restval="")
            writer.writeheader()
            writer.writerows(rows)
    return folder


def _name(row: Row) -> Cells:
    return {"First_name": row["givenName"], "Middle_name": row["middleName"] or "", "Last_name": row["familyName"]}


def _students(made: Neutral, data: DistrictData) -> Iterator[Cells]:
    """One row for each contact of a student, and one for a student without."""
    facts = {user["roles"]["student"]["sis_id"]: user for user in data.records["users"] if "student" in user["roles"]}
    people = {row["sourcedId"]: row for row in made.files["users"]}
    contacts: dict[str, list[Cells]] = defaultdict(list)
    for (guardian, student), link in made.links.items():
        contacts[student].append(_contact(people[guardian], link))
    for row in made.students:
        role = facts[row["sourcedId"]]["roles"]["student"]
        dob = role.get("dob", "")
        cells = {
            "Student_id": row["sourcedId"],
            "Student_number": row["identifier"] or "",
            **_name(row),
            "Grade": role["grade"],
            "Student_email": row["email"] or "",
            "Username": row["username"] or "",
            **({"DOB": dob, "Gender": role["gender"], "Race": role["race"]} if dob else {}),
            **({"Hispanic_Latino": role["hispanic_ethnicity"]} if dob else {}),
        }
        for school in items(row["orgSourcedIds"]):
            for contact in contacts[row["sourcedId"]] or [{}]:
                yield {"School_id": school, **cells, **contact}


def _contact(row: Row, link: Row) -> Cells:
    return {
        "Contact_relationship": link["relationship"],
        "Contact_type": link["type"],
        "Contact_name": f"{row['givenName']} {row['familyName']}",
        "Contact_phone": row["phone"] or "",
        "Contact_phone_type": "Home",
        "Contact_email": row["email"] or "",
        "Contact_sis_id": row["sourcedId"],
    }


def _teachers(made: Neutral) -> Iterator[Cells]:
    for row in made.staff:
        for school in items(row["orgSourcedIds"]) if row["role"] == "teacher" else ():
            yield {
                "School_id": school,
                "Teacher_id": row["sourcedId"],
                "Teacher_number": row["identifier"] or "",
                **_name(row),
                "Teacher_email": row["email"] or "",
                "Username": row["username"] or "",
            }


def _staff(made: Neutral) -> Iterator[Cells]:
    for row in made.staff:
        for school in items(row["orgSourcedIds"]) if row["role"] != "teacher" else ():
            yield {
                "School_id": school,
                "Staff_id": row["identifier"] or row["sourcedId"],
                **_name(row),
                "Staff_email": row["email"] or "",
                "Username": row["username"] or "",
            }


def _sections(made: Neutral, data: DistrictData) -> Iterator[Cells]:
    teachers: dict[str, list[str]] = defaultdict(list)
    for row in made.files["enrollments"]:
        if row["role"] == "teacher":
            teachers[row["classSourcedId"]].append(row["userSourcedId"])
    courses = {row["sourcedId"]: row for row in made.files["courses"]}
    terms = {row["id"]: row for row in data.records["terms"]}
    for section in data.records["sections"]:
        first, *more = teachers[section["sis_id"]] or [""]
        source = next(row for row in made.files["classes"] if row["sourcedId"] == section["sis_id"])
        course, term = courses[source["courseSourcedId"]], terms.get(section.get("term_id", ""), {})
        yield {
            "School_id": source["schoolSourcedId"],
            "Section_id": section["sis_id"],
            "Teacher_id": first,
            **{f"Teacher_{at}_id": teacher for at, teacher in enumerate(more, 2)},
            "Name": section["name"],
            "Section_number": section["section_number"],
            "Grade": section["grade"],
            "Course_name": course["title"],
            "Course_number": course["courseCode"],
            "Period": section["period"],
            "Subject": section["subject"],
            "Term_name": term.get("name", ""),
            "Term_start": _american(term.get("start_date", "")),
            "Term_end": _american(term.get("end_date", "")),
        }


def _american(day: str) -> str:
    return f"{date.fromisoformat(day):%m/%d/%Y}" if day else ""


def _enrollments(made: Neutral) -> Iterator[Cells]:
    for row in made.files["enrollments"]:
        if row["role"] == "student":
            yield {
                "School_id": row["schoolSourcedId"],
                "Section_id": row["classSourcedId"],
                "Student_id": row["userSourcedId"],
            }
