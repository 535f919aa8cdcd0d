"""Small sources made by hand: frames in the shape of a source, with values that a test chooses."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import date
from typing import Any

import polars as pl

from rosterkit.compare.delivered import Delivered
from rosterkit.roster import findings
from rosterkit.sources.base import INVALID, Capabilities, Coverage, Extract, OwnPull, Table

DAY = date(2026, 10, 1)
OWN = OwnPull(
    name="Kestrel",
    sign_on=False,
    primary_school_only=False,
    splits_schools=True,
    guardians_need_schools=False,
    district_staff=True,
    files_by_district=False,
)
ENTITIES = ("Org", "AcademicSession", "Course", "Class", "ClassTerm", "User", "Role", "Enrollment", "GuardianLink")
PLAIN = Capabilities(
    entities=ENTITIES,
    guardians="linked",
    stable_contact_ids=True,
    demographics=False,
    incremental="",
    sso="",
    filters=("class",),
    set_up_by="Somebody.",
    own_pull=OWN,
)
Rows = dict[str, list[dict[str, Any]]]


@dataclass
class Hand:
    """A source with so many students, each with a class, a homeroom and a guardian; a test changes ``rows``."""

    name: str = "kestrel"
    capabilities: Capabilities = PLAIN
    rows: Rows = field(default_factory=dict)
    invalid: dict[str, list[tuple[str, str | None]]] = field(default_factory=dict)
    stamp: str = "2026-09-30T05:00:00.000Z"

    def own(self, **changes: Any) -> Hand:
        """With other facts of the vendor's own pull."""
        self.capabilities = replace(self.capabilities, own_pull=replace(OWN, **changes))
        return self

    def can(self, **changes: Any) -> Hand:
        """With other capabilities."""
        self.capabilities = replace(self.capabilities, **changes)
        return self

    def delivered(self) -> Delivered:
        tables = tuple(self._table(entity, rows) for entity, rows in self.rows.items())
        extract = Extract("0" * 64, self.name, "1.1", tables, findings.empty())
        return Delivered(self.name, "hand", self.capabilities, extract)

    def _table(self, entity: str, rows: Sequence[Mapping[str, Any]]) -> Table:
        frame = pl.DataFrame([{"_modified_at": self.stamp, **row} for row in rows], infer_schema_length=None)
        bad = [{"sourced_id": k, "column": c, "_file": "x", "_line": 1} for k, c in self.invalid.get(entity, [])]
        return Table(entity, frame.lazy(), Coverage.FULL, invalid=pl.DataFrame(bad, schema=INVALID))


def sample(students: int = 1000, name: str = "kestrel") -> Hand:
    """Two schools, a teacher for each class of 20, and nothing that speaks against any way."""
    rows: Rows = {
        "Org": [
            {"sourced_id": "d", "name": "Wren District", "type": "district", "identifier": "1"},
            {"sourced_id": "s0", "name": "Heron School", "type": "school", "identifier": "10"},
            {"sourced_id": "s1", "name": "Plover School", "type": "school", "identifier": "11"},
        ],
        "AcademicSession": [
            {"sourced_id": "y", "title": "Year", "type": "term", "start_date": "2026-08-20", "end_date": "2027-06-10"}
        ],
        "Course": [], "Class": [], "ClassTerm": [], "User": [], "Role": [], "Enrollment": [], "GuardianLink": [],
    }  # fmt: skip
    for number in range(students // 20):
        school = f"s{number % 2}"
        rows["Course"].append({"sourced_id": f"k{number}", "title": f"Course {number}"})
        one = {"sourced_id": f"c{number}", "title": f"Room {number}", "type": "homeroom", "school": school}
        rows["Class"].append({**one, "course": f"k{number}"})
        rows["ClassTerm"].append({"sourced_id": f"c{number}:y", "class": f"c{number}", "session": "y"})
        _person(rows, f"t{number}", "teacher", school, identifier=f"9{number:05}")
        _member(rows, f"c{number}", f"t{number}", "teacher", school)
    for number in range(students):
        at = number // 20 if number // 20 < students // 20 else 0
        school = f"s{at % 2}"
        _person(rows, f"p{number}", "student", school, identifier=f"4{number:05}")
        _person(rows, f"g{number}", "guardian", school)
        _member(rows, f"c{at}", f"p{number}", "student", school)
        link = {"guardian": f"g{number}", "student": f"p{number}", "relationship": "parent"}
        rows["GuardianLink"] += [
            {"sourced_id": f"g{number}:p{number}:{side}", "asserted_by": side, **link}
            for side in ("student", "guardian")
        ]
    return Hand(name=name, rows=rows)


def _person(rows: Rows, key: str, role: str, school: str, **more: str) -> None:
    rows["User"].append(
        {
            "sourced_id": key,
            "given_name": f"Given{key}",
            "family_name": f"Family{key}",
            "username": key,
            "email": f"{key}@wren.example",
            "phone": f"555{int(key[1:]):07}" if role == "guardian" else None,
            "identifier": None,
            "primary_org": school,
            "user_ids": None,
            **more,
        }
    )
    rows["Role"].append({"sourced_id": f"{key}:{role}", "user": key, "org": school, "role": role, "type": "primary"})


def _member(rows: Rows, class_id: str, user: str, role: str, school: str) -> None:
    key = f"{class_id}:{user}"
    rows["Enrollment"].append({"sourced_id": key, "class": class_id, "user": user, "school": school, "role": role})
