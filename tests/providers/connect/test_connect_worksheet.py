import polars as pl

from providers.connect.worksheet import CLASSROOMS, STUDENTS, classroom_ids, student_matches
from rosterkit.testing.roster import district


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
    assert student_matches(existing, district()).rows() == [
        ("x1", "s-01", "student number", 1),
        ("x2", "s-02", "e-mail", 1),
        ("x3", "s-03", "name and grade", 1),
        ("x4", None, "", 0),
        ("x5", None, "student number", 2),
        ("x6", None, "student number", 2),
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
    assert classroom_ids(existing, classes).rows() == [("r1", "c-1", 1), ("r2", None, 0), ("r3", None, 2)]
