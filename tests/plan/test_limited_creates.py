"""The limits on what comes, on few records in memory: creates, restores, ids that were re-issued, the shape."""

from __future__ import annotations

from dataclasses import replace
from datetime import date
from typing import Any

import polars as pl
import pytest
from limited import ENROLLED, SIGN, enrollment, held, off, people, roles, student
from small_records import Rec, Stored, counts, node_of

from rosterkit.plan import causes
from rosterkit.plan.calendar import RolloverSettings
from rosterkit.plan.limit_exemptions import Exempt
from rosterkit.plan.limited_records import Facts
from rosterkit.plan.limits import Limits
from rosterkit.plan.plan_day import PlanDay


def coming(ids: range, **state: Any) -> list[Rec]:
    return [Rec("User", i, "create", {}, student(i).old, state=state) for i in ids]


def new_roles(ids: range) -> list[Rec]:
    return [Rec("Role", i, "create", {}, {"user_id": i, "org_id": 1, "role": "student"}) for i in ids]


def test_what_comes_counts_by_the_role_that_it_gets_and_children_of_new_parents_do_not() -> None:
    rows = [*coming(range(500, 526)), *new_roles(range(500, 526))]
    stored = Stored(people(100) | {"Role": counts(("student", 1, 100), ("student", None, 100))})
    found, new, _ = held(*rows, stored=stored, limits=off(max_created_percent=5))
    assert sorted(found) == [("User", i) for i in range(500, 526)]
    assert set(found.values()) == {"at this school, 26 would come to 100, above the limit of 5 % and 25"}
    assert set(new["action"]) == {"create"}
    assert held(*rows[:25], *rows[26:51], stored=stored, limits=off(max_created_percent=5))[0] == {}


def test_who_comes_as_was_announced_is_not_counted() -> None:
    rows = [*coming(range(500, 526)), *new_roles(range(500, 526))]
    stored = Stored(people(100) | {"Role": counts(("student", 1, 100), ("student", None, 100))})
    facts = Facts(exempt=Exempt(nodes=pl.Series([node_of("User", 500)])))
    assert held(*rows, stored=stored, limits=off(max_created_percent=5), facts=facts)[0] == {}


@pytest.mark.parametrize(
    ("minimum", "percent"),
    [("min_created", "max_created_percent"), ("min_created_overall", "max_created_overall_percent")],
)
def test_each_minimum_counts_by_itself(minimum: str, percent: str) -> None:
    stored = Stored(people(10) | {"Role": counts(("student", 1, 10), ("student", None, 10))})
    rows = [*coming(range(500, 502)), *new_roles(range(500, 502))]
    assert len(held(*rows, stored=stored, limits=off(**{minimum: 1, percent: 5}))[0]) == 2
    assert held(*rows, stored=stored, limits=off(**{percent: 5}))[0] == {}


def test_a_record_that_needs_what_nobody_knows_is_no_child_of_new_parents() -> None:
    classes = [Rec("Class", 900, "create", {}, {"title": "A", "school_id": 1})]
    rows = [replace(one, new=one.new | {"class_id": None}) for one in (enrollment(i, "create") for i in range(26))]
    stored = Stored(ENROLLED, roles=roles(range(26)))
    assert len(held(*classes, *rows, stored=stored, limits=off(max_created_overall_percent=5))[0]) == 26


def test_a_first_load_is_not_counted() -> None:
    assert held(*coming(range(50)), *new_roles(range(50)), stored=Stored(), limits=Limits())[0] == {}


def test_a_restore_counts_as_what_comes() -> None:
    rows = [Rec("User", i, "restore", student(i).old, {}) for i in range(26)]
    back = [Rec("Role", i, "restore", {"user_id": i, "org_id": 1, "role": "student"}, {}) for i in range(26)]
    stored = Stored(people(100) | {"Role": counts(("student", 1, 100), ("student", None, 100))})
    found, _, _ = held(*rows, *back, stored=stored, limits=off(max_created_percent=5))
    assert sorted(found) == [("User", i) for i in range(26)]


def test_new_students_who_were_announced_may_come() -> None:
    rows = [*coming(range(500, 530)), *new_roles(range(500, 530))]
    stored = Stored(people(100) | {"Role": counts(("student", 1, 100), ("student", None, 100))})
    limits = off(max_created_percent=5, max_created_overall_percent=5)
    assert len(held(*rows, stored=stored, limits=limits)[0]) == 30
    for school, few in ((None, 5), (1, 5)):
        facts = Facts(exempt=Exempt(students=((school, few),)))
        assert held(*rows, stored=stored, limits=limits, facts=facts)[0] == {}
    facts = Facts(exempt=Exempt(students=((2, 5),)))
    assert len(held(*rows, stored=stored, limits=limits, facts=facts)[0]) == 30
    classes = [Rec("Class", i, "create", {}, {"title": f"T{i}", "school_id": 1}) for i in range(30)]
    many = Stored({"Class": counts(("", 1, 100), ("", None, 100))})
    facts = Facts(exempt=Exempt(students=((None, 5),)))
    assert len(held(*classes, stored=many, limits=limits, facts=facts)[0]) == 30, "classes were not announced"


def reissued(n: int, same: bool) -> list[Rec]:
    going = [Rec("Class", i, "archive", {"title": f"T{i}", "school_id": 1}, key=f"main//{i}") for i in range(n)]
    going = [Rec(r.entity, r.id, r.action, r.old, {}, r.key, {"cause": "absent"}) for r in going]
    new = [
        Rec("Class", 100 + i, "create", {}, {"title": f"T{i if same else i + 50}", "school_id": 1}, f"main//9{i}x")
        for i in range(n)
    ]
    return [*going, *new]


@pytest.mark.parametrize(("same", "cause"), [(True, causes.REISSUED), (False, causes.ANOTHER)])
def test_what_leaves_and_comes_under_other_ids_is_held_on_both_sides(same: bool, cause: str) -> None:
    stored = Stored({"Class": counts(("", 1, 300), ("", None, 300))})
    found, _, _ = held(*reissued(26, same), stored=stored, limits=off(max_reissued_percent=2))
    assert len(found) == 52
    assert set(found.values()) == {
        f"over all, 26 would leave and 26 would come, above the limit of 2 % and 25 for both together{SIGN}{cause}"
    }
    assert held(*reissued(25, same), stored=stored, limits=off(max_reissued_percent=2))[0] == {}


def test_ids_that_lost_their_zeros_are_held_with_those_that_leave_or_are_held() -> None:
    going = [
        Rec("Class", i, "archive", {"title": "A", "school_id": 1}, {}, f"main//00{i}", {"cause": "absent"})
        for i in range(1, 7)
    ]
    new = [Rec("Class", 100 + i, "create", {}, {"title": "B", "school_id": 1}, f"main//{i}") for i in range(1, 7)]
    stored = Stored({"Class": counts(("", 1, 250), ("", None, 250))})
    found, _, _ = held(*going, *new, stored=stored, limits=off(max_shape_percent=2))
    assert sorted(i for _, i in found) == [*range(1, 7), *range(101, 107)]
    assert held(*going, *new, stored=stored, limits=off(max_shape_percent=3))[0] == {}


@pytest.mark.parametrize(("many", "minimum", "base"), [(2, 1, 100), (2, 25, 2), (1, 0, 50)])
def test_few_that_leave_and_as_few_that_come(many: int, minimum: int, base: int) -> None:
    """They are more than a small minimum, or all that there were."""
    stored = Stored({"Class": counts(("", 1, base), ("", None, base))})
    limits = off(max_reissued_percent=99 if many == base else 1, min_reissued=minimum)
    assert len(held(*reissued(many, same=True), stored=stored, limits=limits)[0]) == 2 * many


def test_links_that_leave_and_come_under_other_ids() -> None:
    """Nothing else makes a link the same: the cause is not known by its values."""
    going = [
        Rec("GuardianLink", i, "archive", {"student_id": i}, {}, f"main//L{i}", {"cause": "absent"}) for i in range(26)
    ]
    new = [Rec("GuardianLink", 100 + i, "create", {}, {"student_id": i}, f"main//M{i}") for i in range(26)]
    stored = Stored({"GuardianLink": counts(("", 1, 300), ("", None, 300))}, roles=roles(range(26)))
    assert len(held(*going, *new, stored=stored, limits=off(max_reissued_percent=2))[0]) == 52


def test_records_under_other_ids_and_records_that_come_anew_have_one_cause() -> None:
    stored = Stored({"Class": counts(("", 1, 300), ("", None, 300))})
    rows = [*relinked(18, "{}-east"), *(replace(one, id=one.id + 500) for one in reissued(10, same=True))]
    found, new, _ = held(*rows, stored=stored, limits=off(max_reissued_percent=2))
    assert {reason.split(SIGN)[1] for reason in new["reason"]} == {causes.REISSUED}
    assert (len(found), new.height) == (20, 38)


def relinked(n: int, before: str = "00{}") -> list[Rec]:
    was = "main//" + before
    return [
        Rec("Class", i, "update", {"title": f"T{i}", "school_id": 1}, {}, f"main//{i}", was=was.format(i))
        for i in range(1, n + 1)
    ]


def test_a_record_under_another_id_counts_as_one_that_leaves_and_one_that_comes() -> None:
    stored = Stored({"Class": counts(("", 1, 300), ("", None, 300))})
    found, new, _ = held(*relinked(26, "{}-east"), stored=stored, limits=off(max_reissued_percent=2))
    text = "over all, 26 would leave and 26 would come, above the limit of 2 % and 25 for both together"
    assert sorted(new.select("entity", "field", "reason").unique().rows()) == [
        ("Class", "sourced_id", f"{text}{SIGN}{causes.REISSUED}")
    ]
    assert new["key"].sort().to_list() == sorted(f"main//{i}" for i in range(1, 27))
    assert found == {}
    assert held(*relinked(25, "{}-east"), stored=stored, limits=off(max_reissued_percent=2))[1].height == 0


def test_records_whose_own_ids_lost_their_zeros_are_held_though_nothing_leaves() -> None:
    stored = Stored({"Class": counts(("", 1, 250), ("", None, 250))})
    _, new, _ = held(*relinked(6), stored=stored, limits=off(max_shape_percent=2))
    text = "the ids of 6 that would come are those of others but for leading zeros"
    assert set(new["reason"]) == {f"{text}{SIGN}{causes.STRIPPED}"}
    assert (new.height, set(new["field"])) == (6, {"sourced_id"})
    assert held(*relinked(5), stored=stored, limits=off(max_shape_percent=2))[1].height == 0


@pytest.mark.parametrize(("day", "waits"), [("2026-08-03", 0), ("2026-08-02", 26)])
def test_courses_of_a_year_that_is_about_to_begin_may_come(day: str, waits: int) -> None:
    """Or of one that began in the 60 days before; the same number of others may not."""
    session = {"title": "Year", "start_date": day, "end_date": "2027-06-30", "school_year": "2027"}
    year = [Rec("AcademicSession", 9, "create", {}, session)]
    courses = [Rec("Course", i, "create", {}, {"title": f"T{i}", "school_year_id": 9}) for i in range(26)]
    stored = Stored({"Course": counts(("", None, 100))})
    facts = Facts(plan_day=PlanDay(date(2026, 10, 1), rollover=RolloverSettings(settling_days=60)))
    limits = off(max_created_overall_percent=5)
    assert len(held(*year, *courses, stored=stored, limits=limits, facts=facts)[0]) == waits
    others = [Rec("Course", 100 + i, "create", {}, {"title": f"U{i}"}) for i in range(26)]
    both = held(*year, *courses, *others, stored=stored, limits=limits, facts=facts)[0]
    assert {i for _, i in both} == set(range(100, 126)) | (set(range(26)) if waits else set())
    known = pl.DataFrame([{"id": 9, **session}])
    kept = replace(stored, rows_of={"AcademicSession": known})
    assert len(held(*courses, stored=kept, limits=limits, facts=facts)[0]) == waits, "the year is stored"


def test_ids_that_are_those_of_records_that_stay_but_for_zeros_are_not_held() -> None:
    stay = [Rec("Class", i, None, {"title": "A", "school_id": 1}, {}, f"main//00{i}") for i in range(1, 7)]
    gone = [Rec("Course", i, "archive", {"title": "A"}, {}, f"main//00{i}", {"cause": "absent"}) for i in range(1, 7)]
    new = [Rec("Class", 100 + i, "create", {}, {"title": "B", "school_id": 1}, f"main//{i}") for i in range(1, 7)]
    one = Rec("Class", 9, "archive", {"title": "C", "school_id": 1}, {}, "main//z", {"cause": "absent"})
    stored = Stored({"Class": counts(("", 1, 250), ("", None, 250)), "Course": counts(("", 0, 250), ("", None, 250))})
    assert held(*stay, *gone, one, *new, stored=stored, limits=off(max_shape_percent=2))[0] == {}


def test_too_many_guardians_of_a_student() -> None:
    """Those who stay count too, and those who leave do not; students are counted, not all people."""
    groups = {"User": counts(("student", None, 100), ("guardian", None, 900), ("student", 1, 100))}
    groups |= {"GuardianLink": counts(("", 1, 200), ("", None, 200))}
    old = pl.DataFrame({"id": [900 + i for i in range(6)], "student_id": list(range(6)), "guardian_id": [50] * 6})
    links = [
        Rec("GuardianLink", 10 * s + g, "create", {}, {"student_id": s, "guardian_id": 60 + g})
        for s in range(6)
        for g in range(6)
    ]
    stored = Stored(groups, roles=roles(range(6)), rows_of={"GuardianLink": old})
    found, _, _ = held(*links, stored=stored, limits=off(max_shape_percent=2))
    assert set(found.values()) == {"6 of 100 students would have more than 6 guardians"}
    assert len(found) == 36
    seven = [
        *links,
        *(Rec("GuardianLink", 500 + s, "create", {}, {"student_id": s, "guardian_id": 70}) for s in range(6)),
    ]
    assert len(held(*seven, stored=Stored(groups, roles=roles(range(6))), limits=off(max_shape_percent=2))[0]) == 42
    gone = Rec("GuardianLink", 900, "archive", {"student_id": 0, "guardian_id": 50}, {}, state={"cause": "absent"})
    assert held(*links, gone, stored=stored, limits=off(max_shape_percent=2))[0] == {}
