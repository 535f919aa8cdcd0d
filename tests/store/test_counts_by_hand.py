"""How many records are active, by group, against counts by hand."""

from __future__ import annotations

from typing import Any

import polars as pl
import pytest

from rosterkit.roster.schema import by_name
from rosterkit.store.group_counts import GroupCounts

DISTRICT, SCHOOL, ANNEX = 1, 2, 3
TABLES: dict[str, dict[str, list[Any]]] = {
    "org": {"id": [DISTRICT, SCHOOL, ANNEX], "type": ["district", "school", "school"]},
    "academic_session": {"id": [1, 2]},
    "course": {"org_id": [DISTRICT, None, SCHOOL]},
    "class": {"id": [10, 11, 12], "school_id": [SCHOOL, SCHOOL, None]},
    "class_term": {"class_id": [10, 10, 12]},
    "user": {"id": [20, 21, 22]},  # 22 has no role
    "role": {
        "user_id": [20, 20, 20, 21],
        "role": ["teacher", "teacher", "aide", "student"],
        "org_id": [SCHOOL, ANNEX, SCHOOL, SCHOOL],
    },
    "enrollment": {"role": ["student", "student", "teacher"], "school_id": [SCHOOL, ANNEX, None]},
    "demographics": {"user_id": [20, 21]},
    "guardian_link": {"student_id": []},
}
ALL = None
WANTED = {
    "Org": {("", 0): 3, ("", ALL): 3},
    "AcademicSession": {("", 0): 2, ("", ALL): 2},
    "Course": {("", 0): 2, ("", SCHOOL): 1, ("", ALL): 3},
    "Class": {("", 0): 1, ("", SCHOOL): 2, ("", ALL): 3},
    "ClassTerm": {("", 0): 1, ("", SCHOOL): 2, ("", ALL): 3},
    "User": {
        ("teacher", SCHOOL): 1,
        ("teacher", ANNEX): 1,
        ("aide", SCHOOL): 1,
        ("student", SCHOOL): 1,
        ("", 0): 1,
        ("teacher", ALL): 1,
        ("aide", ALL): 1,
        ("student", ALL): 1,
        ("", ALL): 1,
    },
    "Role": {
        ("teacher", SCHOOL): 1,
        ("teacher", ANNEX): 1,
        ("aide", SCHOOL): 1,
        ("student", SCHOOL): 1,
        ("teacher", ALL): 2,
        ("aide", ALL): 1,
        ("student", ALL): 1,
    },
    "Enrollment": {
        ("student", SCHOOL): 1,
        ("student", ANNEX): 1,
        ("teacher", 0): 1,
        ("student", ALL): 2,
        ("teacher", ALL): 1,
    },
    "Demographics": {("", SCHOOL): 2, ("", ANNEX): 1, ("", ALL): 2},
    "GuardianLink": {("", ALL): 0},
}


def read(table: str, schema: dict[str, type[pl.DataType]], _: str) -> pl.DataFrame:
    return pl.DataFrame({name: TABLES[table][name] for name in schema}, schema=schema)


@pytest.mark.parametrize("entity", WANTED)
def test_records_are_counted_by_role_and_school_and_over_all(entity: str) -> None:
    counts = GroupCounts(read)
    found = counts.of(by_name(entity))
    assert {(role, school): base for role, school, base in found.rows()} == WANTED[entity]
    assert counts.of(by_name(entity)) is found
