"""The turn of a term: what ends with it closes outside the limits; what begins is not counted, or waits for its day."""

from __future__ import annotations

from datetime import date

import polars as pl
import pytest
from driving import deferred_keys
from school import School, held, opened, run, without

from rosterkit import Workspace
from rosterkit.attention import attention_reason as look
from rosterkit.plan.plan import Counts, Plan

FIRST, LAST = date(2026, 9, 11), date(2027, 6, 11)
OVER = date(2027, 6, 12)  # the end of the school year is exclusive
FALL = {"type": "semester", "start_date": "2026-08-24", "end_date": "2027-01-16", "school_year": "2027"}
SPRING = {"type": "semester", "start_date": "2027-01-19", "end_date": "2027-06-12", "school_year": "2027"}
NEXT = {"type": "schoolYear", "start_date": "2027-08-23", "end_date": "2028-06-10", "school_year": "2028"}
WHY = "its term is over"


def closed(ws: Workspace, plan: Plan) -> dict[str, int]:
    """By entity how many records close because their term is over."""
    lines = ws.show(plan.id).lines.filter((pl.col("why") == WHY) & (pl.col("held") == ""))
    return dict(lines.group_by("entity").len().sort("entity").rows())


def test_what_ends_with_its_year_closes_though_the_package_still_lists_it() -> None:
    school = School(courses={"K": {"school_year": "Y"}})
    with opened() as ws:
        run(ws, school, FIRST)
        assert run(ws, school, LAST).total == Counts()
        plan = run(ws, school, OVER)
        assert closed(ws, plan) == {"AcademicSession": 1, "Class": 2, "ClassTerm": 2, "Course": 1, "Enrollment": 100}
        assert (plan.total, plan.total_held, look(plan)) == (Counts(archive=106), Counts(), "")
        again = run(ws, school, date(2027, 6, 14))
        assert (again.total, again.total_held, again.findings) == (
            Counts(),
            Counts(),
            {"error": 0, "warning": 0, "info": 0},
        )


def test_what_the_package_no_longer_lists_closes_for_that_reason_too() -> None:
    with opened(since=FIRST) as ws:
        plan = run(ws, School(sessions={"Y2": NEXT}, classes={}), date(2027, 7, 1))
        assert plan.total_held == Counts()
        assert plan.changes["Enrollment"] == Counts(archive=100)


def test_who_joins_a_class_on_the_day_on_which_it_ends_is_not_kept_for_later() -> None:
    with opened(since=FIRST) as ws:
        plan = run(ws, School(students=[*School().students, "st-100"]), OVER)
        assert plan.changes["User"] == Counts(create=1)
        assert plan.changes["Enrollment"] == Counts(archive=100)
        assert ("Enrollment", "C-A-st-100") not in deferred_keys(ws)


def test_the_same_in_the_middle_of_the_year_is_held() -> None:
    with opened() as ws:
        run(ws, School(classes=many("Y", 0)), FIRST)
        plan = run(ws, School(classes=many("Y", 0, 10)), date(2027, 3, 1))
        assert set(held(ws, plan, "Class").values()) == set(held(ws, plan, "Enrollment").values()) == {"limit"}


def test_a_class_of_one_semester_ends_with_it_and_a_class_of_both_stays() -> None:
    school = School(sessions={"F": FALL, "S": SPRING}, classes={"C-A": "F", "C-B": "F S"})
    with opened() as ws:
        run(ws, school, FIRST)
        plan = run(ws, school, date(2027, 1, 16))
        assert closed(ws, plan) == {"AcademicSession": 1, "Class": 1, "ClassTerm": 2, "Enrollment": 50}
        assert run(ws, school, date(2027, 1, 18)).total == Counts()


def test_a_session_that_is_extended_in_time_stays() -> None:
    with opened(since=FIRST) as ws:
        longer = School(sessions={"Y": School().sessions["Y"] | {"end_date": "2027-06-25"}})
        plan = run(ws, longer, OVER)
        assert (plan.total, plan.total_held) == (Counts(update=1), Counts())
        assert run(ws, longer, date(2027, 6, 24)).total == Counts()
        assert closed(ws, run(ws, longer, date(2027, 6, 25)))["Enrollment"] == 100


def test_an_end_that_was_moved_into_the_past_closes_nothing() -> None:
    """A year misspelt in the file of sessions must not close a school."""
    with opened(since=FIRST) as ws:
        wrong = School(sessions={"Y": School().sessions["Y"] | {"end_date": "2026-06-12"}})
        assert run(ws, wrong, date(2026, 10, 1)).total == Counts(update=1)
        assert run(ws, wrong, date(2026, 10, 2)).total == Counts()


def test_a_class_that_gets_a_term_which_is_not_over_goes_on() -> None:
    school = School(sessions={"F": FALL, "S": SPRING}, classes={"C-A": "F", "C-B": "F"})
    with opened() as ws:
        run(ws, school, FIRST)
        school.classes["C-A"] = "F S"
        plan = run(ws, school, date(2027, 1, 18))
        assert set(held(ws, plan, "Class")) == {"C-B"}
        assert closed(ws, plan)["Enrollment"] == 50


def test_a_session_whose_row_cannot_be_read_does_not_close() -> None:
    with opened(since=FIRST) as ws:
        plan = run(ws, School(unreadable=["Y"]), OVER)
        assert plan.total == Counts()


def test_terms_that_end_after_a_leap_in_time_wait_for_a_person() -> None:
    """The clock of the machine, or a date that somebody typed, may be wrong by a year."""
    with opened() as ws:
        path = ws.folder / "rosterkit.toml"
        path.write_text(path.read_text(encoding="utf-8").replace('mode = "review"', 'mode = "auto"'), encoding="utf-8")
        auto = Workspace(ws.folder)
        run(auto, School(), FIRST)
        for day in (date(2027, 9, 11), date(2027, 9, 12)):
            plan = run(auto, School(), day, apply=False)
            assert (plan.needs_approval, "is it right?" in plan.approval_why) == (True, True)
        run(auto, School(), LAST)
        plan = run(auto, School(), OVER, apply=False)
        assert (plan.needs_approval, plan.changes["Class"]) == (False, Counts(archive=2))


def test_it_can_be_turned_off() -> None:
    with opened({"rollover": "close_ended = false"}, since=FIRST) as ws:
        assert run(ws, School(), OVER).total == Counts()


def many(year: str, start: int, count: int = 60) -> dict[str, str]:
    return {f"C-{'A' if n % 2 else 'B'}{n}": year for n in range(start, start + count)}


def next_year(**more: str) -> School:
    sessions = {**School().sessions, "Y2": NEXT}
    return School(sessions=sessions, classes={**many("Y", 0), **many("Y2", 60), **more})


def test_the_classes_of_the_next_year_are_not_counted_as_new() -> None:
    with opened() as ws:
        run(ws, School(classes=many("Y", 0)), FIRST)
        plan = run(ws, next_year(), date(2027, 5, 20))
        assert (plan.changes["Class"], plan.total_held) == (Counts(create=60), Counts())


def test_as_many_new_classes_of_a_year_that_is_under_way_are_held() -> None:
    with opened() as ws:
        run(ws, School(classes=many("Y", 0)), FIRST)
        plan = run(ws, School(classes=many("Y", 0, 120)), date(2027, 2, 1))
        assert set(held(ws, plan, "Class").values()) == {"limit"}


def test_the_classes_of_the_next_year_wait_for_the_release_date() -> None:
    with opened({"rollover": 'release_date = "2027-08-01"'}) as ws:
        run(ws, School(classes=many("Y", 0)), FIRST)
        plan = run(ws, next_year(), date(2027, 5, 20))
        assert set(held(ws, plan, "Class").values()) == set(held(ws, plan, "Enrollment").values()) == {"early"}
        assert (look(plan), plan.total_held) == ("", Counts())
        assert any("not released yet" in note for note in plan.notes)
        before = run(ws, next_year(), date(2027, 7, 31))
        assert set(held(ws, before, "Class").values()) == {"early", ""}  # those of the old year close
        plan = run(ws, next_year(), date(2027, 8, 1))
        assert plan.changes["Class"] == Counts(create=60)


def test_a_class_of_this_year_does_not_wait() -> None:
    with opened({"rollover": 'release_date = "2027-08-01"'}, since=FIRST) as ws:
        plan = run(ws, School(classes={"C-A": "Y", "C-B": "Y", "C-Anew": "Y"}), date(2026, 10, 1))
        assert held(ws, plan, "Class") == {"C-Anew": ""}


@pytest.mark.parametrize("text", ["August", "2027-02-30"])
def test_a_release_date_is_a_day(text: str) -> None:
    from rosterkit.plan.calendar import RolloverSettings

    with pytest.raises(ValueError, match=text):
        RolloverSettings(release_date=text)


def test_a_term_ends_for_a_student_in_grace_too() -> None:
    """Somebody is always in grace: that must not keep a class, and with it a whole term."""
    school = School()
    with opened(since=FIRST) as ws:
        run(ws, school, LAST)
        plan = run(ws, without(school, ["st-001", "st-002"]), OVER)
        assert held(ws, plan) == {"st-001": "grace", "st-002": "grace"}
        assert closed(ws, plan) == {"AcademicSession": 1, "Class": 2, "ClassTerm": 2, "Enrollment": 100}


def test_what_a_limit_held_leaves_when_its_term_is_over() -> None:
    school = School(classes=many("Y", 0))
    with opened() as ws:
        run(ws, school, FIRST)
        plan = run(ws, School(classes=many("Y", 0, 10)), LAST)
        assert set(held(ws, plan, "Class").values()) == {"limit"}
        plan = run(ws, School(classes=many("Y", 0, 10)), OVER)
        assert (set(held(ws, plan, "Class").values()), plan.total_held) == ({""}, Counts())
        assert ws.holds() == ()


def test_an_undo_of_the_turn_stays() -> None:
    with opened(since=FIRST) as ws:
        run(ws, School(), OVER)
        back = ws.undo(as_of=OVER)
        ws.approve(back.id, reason="the year is longer", actor="kim")
        ws.apply(back.id, actor="kim")
        assert run(ws, School(), OVER).total == Counts()


def test_a_part_of_a_term_that_was_over_when_it_came_loses_its_parent() -> None:
    quarter = {"type": "gradingPeriod", "start_date": "2026-08-24", "end_date": "2026-09-01", "parent": "F"}
    school = School(sessions={"F": FALL, "S": SPRING, "Q": quarter}, classes={"C-A": "F", "C-B": "F S"})
    with opened() as ws:
        run(ws, school, FIRST)
        plan = run(ws, school, date(2027, 1, 16))
        assert plan.changes["AcademicSession"] == Counts(archive=1, update=1)
        again = run(ws, school, date(2027, 1, 18))
        assert (again.total, again.findings["error"]) == (Counts(), 0)
