"""Grace: nobody is archived because a file lacks them once. And the limit over a week of school days."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import closing
from datetime import date, timedelta

import polars as pl
import pytest
from school import MONDAY, School, held, opened, run, without

from rosterkit import Workspace
from rosterkit.attention import attention_reason as look
from rosterkit.plan.calendar import CalendarSettings, GraceSettings
from rosterkit.plan.limits import Limits, over_the_week
from rosterkit.store.absences import absences
from rosterkit.store.database import connect

TUESDAY, WEDNESDAY, THURSDAY, FRIDAY = (MONDAY + timedelta(days=n) for n in range(1, 5))
NEXT_MONDAY = MONDAY + timedelta(days=7)


@pytest.fixture
def ws() -> Iterator[Workspace]:
    with opened(since=date(2026, 9, 11)) as made:
        yield made


def test_a_student_who_disappears_is_archived_after_three_school_days(ws: Workspace) -> None:
    school = without(School(), ["st-004"])
    for day in (MONDAY, TUESDAY, WEDNESDAY):
        plan = run(ws, school, day)
        assert held(ws, plan) == {"st-004": "grace"}
        assert set(held(ws, plan, "Enrollment").values()) == set(held(ws, plan, "Role").values()) == {"grace"}
    plan = run(ws, school, THURSDAY)
    assert held(ws, plan) == {"st-004": ""}
    assert set(held(ws, plan, "Enrollment").values()) == {""}


def test_people_in_grace_are_no_reason_to_look(ws: Workspace) -> None:
    plan = run(ws, without(School(), ["st-004"]), MONDAY)
    assert look(plan) == ""
    assert any("gone from the source for a few days" in note for note in plan.notes)


def test_a_second_run_on_one_day_does_not_count(ws: Workspace) -> None:
    school = without(School(), ["st-004"])
    for _ in range(5):
        assert held(ws, run(ws, school, MONDAY)) == {"st-004": "grace"}


def test_days_without_school_do_not_count() -> None:
    with opened({"calendar": 'holidays = ["2026-09-21/2026-09-22"]'}, since=date(2026, 9, 16)) as ws:
        school = without(School(), ["st-004"])
        for day in (THURSDAY, FRIDAY, *(date(2026, 9, n) for n in (19, 20, 21, 22, 23))):
            assert held(ws, run(ws, school, day)) == {"st-004": "grace"}, day
        assert held(ws, run(ws, school, date(2026, 9, 24))) == {"st-004": ""}


@pytest.mark.parametrize("state", ["partial", "absent"])
def test_a_run_in_which_the_file_was_not_whole_does_not_count(ws: Workspace, state: str) -> None:
    school = without(School(), ["st-004"])
    run(ws, school, MONDAY)
    run(ws, without(School(states={"User": state}), ["st-004"]), TUESDAY)
    assert held(ws, run(ws, school, WEDNESDAY)) == {"st-004": "grace"}
    assert held(ws, run(ws, school, THURSDAY)) == {"st-004": "grace"}
    assert held(ws, run(ws, school, FRIDAY)) == {"st-004": ""}


def test_who_comes_back_begins_anew(ws: Workspace) -> None:
    school = without(School(), ["st-004"])
    for day in (MONDAY, TUESDAY):
        run(ws, school, day)
    assert held(ws, run(ws, School(), WEDNESDAY)) == {}
    for day in (THURSDAY, FRIDAY, NEXT_MONDAY):
        assert held(ws, run(ws, school, day)) == {"st-004": "grace"}
    assert held(ws, run(ws, school, NEXT_MONDAY + timedelta(days=1))) == {"st-004": ""}


def test_a_plan_that_a_person_rejects_does_not_count(ws: Workspace) -> None:
    school = without(School(), ["st-004"])
    bad = run(ws, school, MONDAY, apply=False)
    ws.reject(bad.id, reason="the export was cut short", actor="kim")
    for day in (TUESDAY, WEDNESDAY, THURSDAY):
        assert held(ws, run(ws, school, day)) == {"st-004": "grace"}
    assert held(ws, run(ws, school, FRIDAY)) == {"st-004": ""}


def test_a_plan_for_a_day_far_off_forgets_nobody_and_counts_for_no_earlier_day(ws: Workspace) -> None:
    run(ws, without(School(), ["st-004"]), MONDAY)
    known = known_days(ws)
    assert ("User", "main//st-004", str(MONDAY)) in known
    later = without(School(classes={"C-B": "Y"}), ["st-004"])
    for _ in range(2):
        run(ws, later, MONDAY + timedelta(days=200), apply=False)
    assert known <= known_days(ws)
    run(ws, later, TUESDAY, apply=False)
    assert ("Class", "main//C-A", str(TUESDAY)) in known_days(ws)


def known_days(ws: Workspace) -> set[tuple[str, str, str]]:
    with closing(connect(ws.database)) as connection:
        return set(absences(connection).select("entity", "key", "day").rows())


def test_now_skips_the_grace(ws: Workspace) -> None:
    assert held(ws, run(ws, without(School(), ["st-004"]), MONDAY, now=True)) == {"st-004": ""}


def test_staff_and_enrollments_have_none(ws: Workspace) -> None:
    plan = run(ws, School(staff=["te-1"]), MONDAY)
    assert held(ws, plan) == {"te-2": ""}


def test_a_guardian_has_grace_and_the_link_that_the_student_no_longer_lists_has_none(ws: Workspace) -> None:
    plan = run(ws, School(guardians={"gu-2": "st-002"}), MONDAY)
    assert held(ws, plan) == {"gu-1": "grace"}


def test_the_classes_and_guardians_of_a_student_in_grace_stay(ws: Workspace) -> None:
    school = without(School(guardians={"gu-2": "st-002"}), ["st-001"])
    plan = run(ws, school, MONDAY)
    assert held(ws, plan) == {"st-001": "grace", "gu-1": "grace"}
    assert held(ws, plan, "GuardianLink") == {"st-001|gu-1": "grace"}


@pytest.mark.parametrize("state", ["partial", "absent"])
def test_they_stay_where_the_next_file_of_people_is_cut_short(ws: Workspace, state: str) -> None:
    """Whether the student is still gone is not known on that day. Who was not missing before is not asked."""
    school = without(School(guardians={"gu-2": "st-002"}), ["st-001"])
    run(ws, school, MONDAY)
    kept = {"GuardianLink": {"st-001|gu-1": "grace"}, "Enrollment": {"C-B-st-001": "grace"}}
    cut = without(School(guardians={"gu-2": "st-002"}, states={"User": state}), ["st-001", "st-003"])
    plan = run(ws, cut, TUESDAY)
    assert held(ws, plan) == {}
    assert held(ws, plan, "GuardianLink") == kept["GuardianLink"]
    assert held(ws, plan, "Enrollment") == kept["Enrollment"] | {"C-B-st-003": ""}
    plan = run(ws, school, WEDNESDAY)
    assert held(ws, plan, "Enrollment") == kept["Enrollment"]


def test_an_archive_that_a_person_approves_waits_no_longer(ws: Workspace) -> None:
    school = without(School(), ["st-004"])
    ws.approve_held(run(ws, school, MONDAY).id, reason="he moved", actor="kim", sourced_id="st-004")
    plan = run(ws, school, MONDAY)
    assert held(ws, plan) == {"st-004": ""}
    assert set(held(ws, plan, "Enrollment").values()) == {""}


def test_a_limit_counts_people_on_the_day_on_which_they_disappear(ws: Workspace) -> None:
    keys = [f"st-{n:03}" for n in range(0, 12, 2)]  # six of the fifty of school A
    plan = run(ws, without(School(), keys), MONDAY)
    assert set(held(ws, plan).values()) == {"limit"}
    few = without(School(), keys[:4])
    with opened(since=date(2026, 9, 11)) as other:
        run(other, few, MONDAY)
        plan = run(other, without(few, keys[4:]), TUESDAY)  # two more: six in all, and none but those two are new
        assert set(held(other, plan).values()) == {"grace"}


def test_four_percent_a_day_are_held_once_they_are_ten_in_a_week() -> None:
    """A file that loses 4 % each day for five days: nobody is archived."""
    school = School(students=[f"st-{i:04}" for i in range(1000)])
    with opened() as ws:
        run(ws, school, date(2026, 9, 11))
        for n, day in enumerate((MONDAY, TUESDAY, WEDNESDAY, THURSDAY, FRIDAY)):
            plan = run(ws, without(school, [f"st-{i:04}" for i in range(n * 40, n * 40 + 40)]), day)
            codes = set(held(ws, plan).values())
            assert codes == ({"grace"} if n < 2 else {"limit"}), day
        lines = ws.show(plan.id).lines
        assert any("within 7 school days" in why for why in lines["held_why"].unique())


def test_what_disappeared_longer_ago_does_not_count_in_the_week() -> None:
    school = School(students=[f"st-{i:04}" for i in range(1000)])
    with opened() as ws:
        run(ws, school, date(2026, 9, 11))
        for n, day in enumerate((MONDAY, TUESDAY, date(2026, 9, 24), date(2026, 9, 25))):
            plan = run(ws, without(school, [f"st-{i:04}" for i in range(n * 40, n * 40 + 40)]), day)
            assert "limit" not in held(ws, plan).values(), day


@pytest.mark.parametrize(("days", "code"), [(2, "grace"), (3, "limit")])
def test_the_week_has_as_many_school_days_as_the_setting_says(days: int, code: str) -> None:
    school = School(students=[f"st-{i:03}" for i in range(300)])
    with opened({"limits": f"week_days = {days}"}) as ws:
        run(ws, school, date(2026, 9, 11))
        for n, day in enumerate((MONDAY, TUESDAY, WEDNESDAY)):  # 12 a day: 36 of 300 within three days
            plan = run(ws, without(school, [f"st-{i:03}" for i in range(n * 12, n * 12 + 12)]), day)
        assert set(held(ws, plan).values()) == {code}


def test_the_limit_over_a_week_counts_and_holds_by_role() -> None:
    base = pl.DataFrame(
        {"role": ["student"], "school_id": [None], "base": [940]}, schema_overrides={"school_id": pl.Int64}
    )
    removed = pl.DataFrame({"node": [1, 2, 3], "role": ["student"] * 3, "earlier": [True, False, False]})
    before = pl.DataFrame({"entity": ["User"], "role": ["student"], "gone": [98], "archived": [60]})
    assert over_the_week(removed, before, base, Limits()).height == 0  # 100 of 1,000
    before = before.with_columns(gone=pl.col("gone") + 1)
    assert sorted(over_the_week(removed, before, base, Limits())["node"]) == [1, 2, 3]


def test_the_days_of_a_person_are_those_of_the_role() -> None:
    grace = GraceSettings(students=3, guardians=2, staff=1)
    assert [grace.of(frozenset(roles)) for roles in (["student"], [], ["guardian"], ["parent", "student"])] == [
        3,
        3,
        2,
        3,
    ]
    assert grace.of(frozenset(["guardian", "teacher"])) == 1


def test_school_days_of_a_calendar() -> None:
    calendar = CalendarSettings(holidays=("2026-09-07", "2026-09-10/2026-09-11"))
    days = [date(2026, 9, n) for n in range(5, 15)]
    assert [day.day for day in days if calendar.is_school_day(day)] == [8, 9, 14]
    assert calendar.first_of(3, date(2026, 9, 14)) == date(2026, 9, 8)
    assert calendar.first_of(1, date(2026, 9, 13)) == date(2026, 9, 9)


@pytest.mark.parametrize("text", ["2026-13-01", "tomorrow", "2026-09-11/2026-09-10"])
def test_a_holiday_is_a_day_or_a_span(text: str) -> None:
    with pytest.raises(ValueError, match=text):
        CalendarSettings(holidays=(text,))
