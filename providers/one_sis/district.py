"""One invented district as plain rows (OneRoster 1.1 columns) without any defect: every vendor's shape is made of it.

``generated`` is the district of ``rosterkit.testing.district``; what its families, titles and terms have by chance is
made regular, so that a question counts what a test plants and nothing else.
"""

from __future__ import annotations

import zipfile
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import polars as pl

from rosterkit.testing.district import District, write_district
from rosterkit.testing.district_words import FAMILY, GIVEN

Row = dict[str, Any]
STAMP = "2026-09-28T05:00:00.000Z"
AS_OF = "2026-10-01"


@dataclass
class Neutral:
    """Rows by file, and who is linked to whom: (guardian, student) → what each vendor can say of it."""

    files: dict[str, list[Row]]
    links: dict[tuple[str, str], Row] = field(default_factory=dict)
    stamp: str = STAMP

    def users(self, *roles: str) -> list[Row]:
        return [user for user in self.files["users"] if user["role"] in roles]

    @property
    def students(self) -> list[Row]:
        return self.users("student")

    @property
    def staff(self) -> list[Row]:
        return self.users("teacher", "aide")

    @property
    def guardians(self) -> list[Row]:
        return self.users("guardian", "parent", "relative")

    @property
    def schools(self) -> list[Row]:
        return [org for org in self.files["orgs"] if org["type"] == "school"]

    @property
    def district(self) -> str:
        return next(str(org["sourcedId"]) for org in self.files["orgs"] if org["type"] == "district")


def items(text: str | None) -> list[str]:
    """The parts of a list in a cell."""
    return [part for part in (text or "").split(",") if part]


def invented(folder: Path, students: int, seed: int = 1, *, demographics: bool = True) -> Neutral:
    """The district of so many students as it is generated: the same that ``rosterkit generate`` writes."""
    package = folder / "generated.zip"
    write_district(package, District(students, seed, demographics=demographics))
    with zipfile.ZipFile(package) as archive:
        names = [name for name in archive.namelist() if name != "manifest.csv"]
        files = {
            name.removesuffix(".csv"): pl.read_csv(archive.read(name), infer_schema=False).to_dicts() for name in names
        }
    package.unlink()
    made = Neutral(files)
    _links(made)
    return made


def _links(made: Neutral) -> None:
    """Who lists whom, from the agents of either side."""
    roles = {row["sourcedId"]: row["role"] for row in made.files["users"]}
    words = {"parent": "Parent", "relative": "Grandparent", "guardian": "Other"}
    for row in made.files["users"]:
        for other in filter(None, (row.pop("agentSourcedIds") or "").split(",")):
            side = "student" if row["role"] == "student" else "guardian"
            pair = (other, row["sourcedId"]) if side == "student" else (row["sourcedId"], other)
            link = {"sides": set[str](), "relationship": words[roles[pair[0]]], "type": "Parent/Guardian"}
            made.links.setdefault(pair, link)["sides"].add(side)


def generated(folder: Path, students: int) -> Neutral:
    """The regular district of so many students."""
    made = invented(folder, students, demographics=False)
    _terms(made)
    _names(made)
    _families(made)
    return made


def _terms(made: Neutral) -> None:
    keep = {
        row["sourcedId"]: row for row in made.files["academicSessions"] if row["type"] in ("schoolYear", "semester")
    }
    made.files["academicSessions"] = list(keep.values())
    fall, spring = (key for key, row in keep.items() if row["type"] == "semester")
    year = next(key for key, row in keep.items() if row["type"] == "schoolYear")
    courses = made.files["courses"]
    made.files["courses"] = []
    for number, row in enumerate(made.files["classes"]):
        row["termSourcedIds"] = year if row["classType"] == "homeroom" else (fall, spring)[number % 2]
        row["title"] = f"{row['title']} ({number})"
        course = dict(courses[number % len(courses)], sourcedId=f"course-{number}", orgSourcedId=made.district)
        course["courseCode"] = f"C{number}"
        made.files["courses"].append(course)
        row["courseSourcedId"] = course["sourcedId"]
    for number, school in enumerate(made.schools):
        school["name"] = f"{('Alder', 'Birch', 'Cedar', 'Dogwood')[number % 4]} School {number}"


def _names(made: Neutral) -> None:
    for number, row in enumerate(made.files["users"]):
        row["givenName"] = GIVEN[number % len(GIVEN)]
        row["familyName"] = FAMILY[number // len(GIVEN) % len(FAMILY)]
        row["middleName"] = None
        row["enabledUser"] = "true"
        row["username"] = f"user{number}"
        row["email"] = f"user{number}@juniper-valley.example"
        row["phone"] = f"555{2_000_000 + number}"
    for number, row in enumerate(made.staff):
        row["orgSourcedIds"] = row["orgSourcedIds"].split(",")[0]
        row["role"] = "aide" if number % 10 == 0 else "teacher"


def _families(made: Neutral) -> None:
    """Each student has the guardians of the generated district; both sides state it. Nobody else is a guardian."""
    for link in made.links.values():
        link |= {"sides": {"student", "guardian"}, "relationship": "Parent"}
    linked = {student for _, student in made.links}
    guardians = {row["sourcedId"] for row in made.guardians}
    spare = guardians - {guardian for guardian, _ in made.links}
    made.files["users"] = [row for row in made.files["users"] if row["sourcedId"] not in spare]
    assert linked >= {row["sourcedId"] for row in made.students}
