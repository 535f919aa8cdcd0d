"""A roster in memory, for tests of feeds: a small invented district, or any tables that a test writes down."""

from __future__ import annotations

import json
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any

import polars as pl

from rosterkit.roster.dates import counts_on
from rosterkit.roster.schema import by_name, entities

COLUMNS: dict[str, tuple[str, ...]] = {
    entity.name: (*(column.name for column in entity.columns), *(["account_enabled"] if entity.name == "User" else []))
    for entity in entities()
}
"""The columns beyond ``id``, ``source`` and ``sourced_id`` that a MemoryRoster has, by entity."""


@dataclass
class MemoryRoster:
    """Keeps the contract of a roster (``rosterkit.feeds.base.Roster``) with frames in memory."""

    tables: Mapping[str, pl.DataFrame]
    revision: int = 1

    def table(self, entity: str, *, roles: Collection[str] = (), as_of: date | None = None) -> pl.LazyFrame:
        """The rows of the entity; a table without rows where a test gave none."""
        rows = self.tables.get(entity, _frame(entity, [])).lazy()
        if entity == "User" and roles:
            having = self.table("Role", roles=roles, as_of=as_of)
            return rows.join(having, left_on="id", right_on="user_id", how="semi")
        if entity == "Role" and roles:
            rows = rows.filter(pl.col("role").is_in(list(roles)))
        return rows.filter(counts_on(as_of)) if as_of and entity in {"Role", "Enrollment"} else rows

    @classmethod
    def of(cls, records: Mapping[str, Sequence[Mapping[str, Any]]]) -> MemoryRoster:
        """From records by entity: ``id``, ``sourced_id`` and some of COLUMNS; lists and objects as Python has them."""
        return cls({entity: _frame(entity, rows) for entity, rows in records.items()})

    def shuffled(self, seed: int = 7) -> MemoryRoster:
        """The same rows in another order."""
        return MemoryRoster(
            {entity: rows.sample(fraction=1, shuffle=True, seed=seed) for entity, rows in self.tables.items()},
            self.revision,
        )

    def emptied(self) -> MemoryRoster:
        """The same tables without rows."""
        return MemoryRoster({entity: rows.clear() for entity, rows in self.tables.items()}, self.revision)

    def changed(self, entity: str, sourced_id: str, **values: Any) -> MemoryRoster:
        """With other values in the record of that sourced_id; raises KeyError where there is none."""
        rows = self.tables[entity]
        if sourced_id not in rows["sourced_id"]:
            raise KeyError(sourced_id)
        here = pl.col("sourced_id") == sourced_id
        new = [
            pl.when(here).then(pl.lit(_cell(value), rows.schema[name])).otherwise(name).alias(name)
            for name, value in values.items()
        ]
        return MemoryRoster({**self.tables, entity: rows.with_columns(new)}, self.revision + 1)

    def without(self, *sourced_ids: str) -> MemoryRoster:
        """Without those users, and what names them."""
        users = self.tables["User"]
        gone = users.filter(pl.col("sourced_id").is_in(sourced_ids))["id"].implode()
        tables = {**self.tables, "User": users.filter(~pl.col("id").is_in(gone))}
        for entity, rows in tables.items():
            for column in ("user_id", "guardian_id", "student_id"):
                if column in rows.columns:
                    tables[entity] = tables[entity].filter(~pl.col(column).is_in(gone))
        return MemoryRoster(tables, self.revision + 1)


def _cell(value: Any) -> Any:
    if isinstance(value, list | dict):
        return json.dumps(value, separators=(",", ":"), sort_keys=True, ensure_ascii=False)
    return value


def _frame(entity: str, records: Sequence[Mapping[str, Any]]) -> pl.DataFrame:
    types = {column.name: column.dtype for column in by_name(entity).columns} | {"account_enabled": pl.Boolean}
    schema: dict[str, type[pl.DataType]] = {"id": pl.Int64, "source": pl.String, "sourced_id": pl.String}
    schema |= {name: types[name] for name in COLUMNS[entity]}
    rows = [{"source": "sis"} | {name: _cell(value) for name, value in record.items()} for record in records]
    return pl.DataFrame([{name: row.get(name) for name in schema} for row in rows], schema=schema)


_STUDENTS = (
    # sourced_id, given, middle, family, grade, school, e-mail and username, number
    ("s-01", "Imani", None, "Okafor", "09", 3, "iokafor", "710034"),
    ("s-02", "Lucía", "María", "Fernández-Ruiz", "09", 3, "lfernandez", "710035"),
    ("s-03", "Anselm", None, "O'Hara", "10", 3, "aohara", "710047"),
    ("s-04", "Thuy", None, "Nguyen", "11", 3, "tnguyen", "700112"),
    ("s-05", "Mateusz", "Jan", "Wójcik", "12", 3, "mwojcik", "700113"),
    ("s-06", "Priya", None, "Raman, Jr.", "12", 3, "praman", "690008"),
    ("s-07", "Deshawn", None, "Whitfield", "KG", 2, "dwhitfield", "830001"),
    ("s-08", "Noor", None, "al-Sayed", "05", 2, "nalsayed", "780220"),
    ("s-09", "Zoë", None, "Lindqvist", "03", 2, "zlindqvist", "800417"),
    ("s-10", "Zoë", None, "Marchetti", "12", 3, "zmarchetti", "690114"),
)
_STAFF = (
    ("t-01", "Beatriz", None, "Okafor", None, 3, "b.okafor", "E-204"),
    ("t-02", "Hollis", "Ray", "Greer", None, 3, "h.greer", "E-317"),
    ("t-03", "Saoirse", None, "Dunne", None, 2, "s.dunne", "E-118"),
)
_GUARDIANS = (
    ("g-01", "Chidi", None, "Okafor", None, 3, "chidi.okafor", None),
    ("g-02", "Rosa", None, "Ruiz", None, 3, "rosa.ruiz", None),
    ("g-03", "Pell", None, "Whitfield", None, 2, None, None),
)
_LINKS = (("g-01", "s-01", "father"), ("g-02", "s-02", "mother"), ("g-03", "s-07", "guardian"), ("g-02", "s-09", None))
_PROGRAMS = {"s-05": "BUS-01;HLTH-04", "s-06": "HLTH-04", "s-10": "ARTS-02", "s-04": "BUS-01"}


def district() -> MemoryRoster:
    """Ten students at two schools, three of staff, three guardians, two classes; attributes from two sources."""
    people = [*_STUDENTS, *_STAFF, *_GUARDIANS]
    ids = {person[0]: 100 + place for place, person in enumerate(people)}
    users = [
        {
            "id": ids[key],
            "sourced_id": key,
            "given_name": given,
            "middle_name": middle,
            "family_name": family,
            "username": mail,
            "email": f"{mail}@{'home' if key.startswith('g') else 'maplehollow'}.example" if mail else None,
            "sms": f"+1217555{ids[key]:04}" if key.startswith(("g", "t")) else None,
            "identifier": number,
            "grades": [grade] if grade else None,
            "primary_org_id": school,
            "enabled": True,
            "account_enabled": True,
            "language": "en",
            "attributes": {"graduation": "2027-06-04"} if grade == "12" else None,
        }
        for key, given, middle, family, grade, school, mail, number in people
    ]
    role = {"s": "student", "t": "teacher", "g": "guardian"}
    roles = [
        {
            "id": 500 + place,
            "sourced_id": f"{key}:{school}",
            "user_id": ids[key],
            "org_id": school,
            "role": role[key[0]],
            "type": "primary",
        }
        for place, (key, *_, school, _mail, _number) in enumerate(people)
    ]
    return MemoryRoster.of(
        {
            "Org": [
                {"id": 1, "sourced_id": "o-1", "name": "Maple Hollow", "type": "district", "identifier": "1700"},
                {
                    "id": 2,
                    "sourced_id": "o-2",
                    "name": "Alder Elementary",
                    "type": "school",
                    "identifier": "017",
                    "parent_id": 1,
                },
                {
                    "id": 3,
                    "sourced_id": "o-3",
                    "name": "Fir Street High",
                    "type": "school",
                    "identifier": "042",
                    "parent_id": 1,
                },
            ],
            "User": users,
            "Role": roles,
            **_classes(ids),
            "GuardianLink": [
                {
                    "id": 700 + place,
                    "sourced_id": f"student:{guardian}:{student}",
                    "asserted_by": "student",
                    "guardian_id": ids[guardian],
                    "student_id": ids[student],
                    "relationship": relationship,
                }
                for place, (guardian, student, relationship) in enumerate(_LINKS)
            ],
            "UserAttributes": [
                {
                    "id": 800 + place,
                    "source": "registrar",
                    "sourced_id": f"ra-{key}",
                    "user_id": ids[key],
                    "attributes": {"program": program, "card": f"0000{ids[key]}77"},
                }
                for place, (key, program) in enumerate(_PROGRAMS.items())
            ],
        }
    )


def _classes(ids: Mapping[str, int]) -> dict[str, list[dict[str, Any]]]:
    taught = {"c-1": ("t-01", 3, "s-01 s-02"), "c-2": ("t-03", 2, "s-08 s-09")}
    pairs = [
        (name, who, school)
        for name, (teacher, school, students) in taught.items()
        for who in [teacher, *students.split()]
    ]
    return {
        "AcademicSession": [
            {
                "id": 10,
                "sourced_id": "y-27",
                "title": "2026-27",
                "type": "schoolYear",
                "start_date": "2026-08-17",
                "end_date": "2027-06-05",
                "school_year": "2027",
            }
        ],
        "Course": [{"id": 20, "sourced_id": "k-1", "title": "Biology", "code": "BIO1", "org_id": 1}],
        "Class": [
            {"id": 30, "sourced_id": "c-1", "title": "Biology 3", "type": "scheduled", "course_id": 20, "school_id": 3},
            {"id": 31, "sourced_id": "c-2", "title": "Room 12", "type": "homeroom", "course_id": 20, "school_id": 2},
        ],
        "ClassTerm": [
            {"id": 40, "sourced_id": "c-1:y-27", "class_id": 30, "session_id": 10},
            {"id": 41, "sourced_id": "c-2:y-27", "class_id": 31, "session_id": 10},
        ],
        "Enrollment": [
            {
                "id": 600 + place,
                "sourced_id": f"e-{place}",
                "class_id": {"c-1": 30, "c-2": 31}[name],
                "user_id": ids[who],
                "school_id": school,
                "role": "teacher" if who.startswith("t") else "student",
            }
            for place, (name, who, school) in enumerate(pairs)
        ],
    }
