"""The worksheets for a start in mid-year (C32)."""

from __future__ import annotations

import polars as pl
import pytest

from providers.connect.worksheet import (
    CLASSROOMS,
    STUDENTS,
    classroom_worksheet,
    list_in_connect,
    student_worksheet,
)
from rosterkit.errors import UsageError
from rosterkit.feeds.base import FeedFile
from rosterkit.feeds.csvout import read_csv

ROSTER = pl.DataFrame(
    [
        ("s-01", "710034", "iokafor@maplehollow.example", "Ifeoma", "Okafor", "09"),
        ("s-02", "710035", "lfernandez@maplehollow.example", "Lucía", "Fernández", "10"),
        ("s-03", "710036", None, "Anselm", "O'Hara", "10"),
        ("s-04", "700112", None, "Pia", "Brandt", "11"),
    ],
    schema=("sourcedId", "student_number", "email", "given_name", "family_name", "grade"),
    orient="row",
)


def test_C32_students_in_connect_are_matched_by_number_then_e_mail_then_name_and_grade() -> None:
    existing = pl.DataFrame(
        [
            ("x1", "710034", None, "I.", "Okafor", None),
            ("x2", None, "LFERNANDEZ@maplehollow.example", None, None, None),
            ("x3", None, None, "anselm", "o'hara ", "10"),
            ("x4", None, None, "Anselm", "O'Hara", "11"),
            ("x5", "700112", None, None, None, None),
            ("x6", "700112", None, None, None, None),
        ],
        schema=dict.fromkeys(STUDENTS, pl.String),
        orient="row",
    )
    found = student_worksheet(existing, ROSTER)
    assert found.select(STUDENTS).equals(existing), "the list is as it came"
    assert found.select("id", "sourcedId", "roster_name", "by", "candidates").rows() == [
        ("x1", "s-01", "Ifeoma Okafor", "student number", 1),
        ("x2", "s-02", "Lucía Fernández", "e-mail", 1),
        ("x3", "s-03", "Anselm O'Hara", "name and grade", 1),
        ("x4", None, None, None, 0),
        ("x5", None, None, "student number", 2),
        ("x6", None, None, "student number", 2),
    ]


def test_C32_classrooms_get_a_proposal_by_title_and_school() -> None:
    existing = pl.DataFrame(
        [("r1", "biology 3", "o-3"), ("r2", "Room 12", "o-3"), ("r3", "Choir", "o-2")],
        schema=dict.fromkeys(CLASSROOMS, pl.String),
        orient="row",
    )
    classes = pl.DataFrame(
        {
            "sourcedId": ["c-1", "c-2", "c-3", "c-4"],
            "title": ["Biology 3", "Room 12", "Choir", "Choir"],
            "schoolSourcedId": ["o-3", "o-2", "o-2", "o-2"],
        }
    )
    found = classroom_worksheet(existing, classes)
    assert found.select("id", "sourcedId", "candidates").rows() == [("r1", "c-1", 1), ("r2", None, 0), ("r3", None, 2)]


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("id,name\nr1,Choir\n", r"list.csv has the columns id, name. A list of students has id, student_number"),
        ("id,title,school\nr1,Choir,o-2\nr1,Band,o-2\n", r"list.csv, line 2: the id is blank, or another line has it"),
        ("id,title,school\n,Choir,o-2\n", r"list.csv, line 2: the id is blank"),
        (
            "id,title,school\nr1,Choir\n",
            r"list.csv, line 2: a record with more or fewer .* .2 cells, the header has 3.. Export the list again",
        ),
        ("", r"list.csv: the file has no bytes. Export the list again"),
    ],
)
def test_C32_a_list_that_cannot_be_matched_is_refused_by_line(text: str, message: str) -> None:
    with pytest.raises(UsageError, match=message):
        list_in_connect(read_csv(FeedFile("list.csv", text.encode(), 0)))
