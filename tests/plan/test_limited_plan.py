"""The limits on a whole plan, on few records in memory: which count, what is held, and in which words."""

from __future__ import annotations

from dataclasses import replace
from typing import cast

import polars as pl
import pytest
from limited import (
    ENROLLED,
    SIGN,
    STUDENTS,
    bits,
    enrollment,
    fields_held,
    held,
    leaving,
    off,
    people,
    renamed,
    roles,
    student,
)
from small_records import Rec, Stored, counts, fields_of, node_of, records

from rosterkit.plan import causes
from rosterkit.plan.approvals import Approved
from rosterkit.plan.limit_exemptions import Exempt, following
from rosterkit.plan.limit_holds import hold_over_limits
from rosterkit.plan.limited_records import Facts
from rosterkit.plan.plan_day import Week
from rosterkit.plan.snapshot import Snapshot


@pytest.mark.parametrize("cause", ["absent", "deleted", "removed", "scope"])
def test_what_leaves_by_itself_counts(cause: str) -> None:
    stored = Stored(people(100), roles=roles(range(100)))
    found, new, removed = held(*leaving(range(6), cause), stored=stored, limits=off(max_removed_percent=5))
    why = causes.DELETED if cause == "deleted" else causes.SHORT
    reason = f"at this school, 6 of 100 would be removed, above the limit of 5 % and 5{SIGN}{why}"
    assert found == {("User", i): reason for i in range(6)}
    assert sorted(new.rows()) == [("User", f"main//User-{i}", "archive", "", reason) for i in range(6)]
    assert sorted(removed.rows()) == [(node_of("User", i), "student") for i in range(6)]


@pytest.mark.parametrize("cause", ["ended", "cascade", "cascade-explicit"])
def test_what_leaves_with_something_else_does_not_count(cause: str) -> None:
    stored = Stored(people(100), roles=roles(range(100)))
    found, new, removed = held(*leaving(range(60), cause), stored=stored, limits=off(max_removed_percent=5))
    assert (found, new.height, removed.height) == ({}, 0, 0)
    assert stored.looked_up == []


def test_a_row_that_was_delivered_and_leaves_with_its_parent_counts() -> None:
    rows = [
        Rec("User", i, "archive", student(i).old, {}, state={"cause": "cascade", "present": True}) for i in range(6)
    ]
    found, _, removed = held(
        *rows, stored=Stored(people(100), roles=roles(range(6))), limits=off(max_removed_percent=5)
    )
    assert (len(found), removed.height) == (6, 6)


def test_what_is_held_already_and_what_was_announced_does_not_count() -> None:
    stored = Stored(people(100), roles=roles(range(100)))
    rows = [Rec("User", 5, "archive", student(5).old, {}, state={"cause": "absent", "hold": "person"})]
    limits = off(max_removed_percent=5)
    assert held(*leaving(range(5)), *rows, stored=stored, limits=limits)[0] == {("User", 5): None}
    facts = Facts(exempt=Exempt(nodes=pl.Series([node_of("User", 0)])))
    found, _, removed = held(*leaving(range(6)), stored=stored, limits=limits, facts=facts)
    assert (found, removed.height) == ({}, 5)


def test_what_leaves_with_its_parent_counts_there_unless_a_limit_holds_the_parent() -> None:
    rows = [*leaving(range(6)), *(enrollment(i, "archive", "absent") for i in range(6))]
    stored = Stored(people(100) | ENROLLED, roles=roles(range(6)))
    limits = off(max_removed_percent=5)
    found, _, _ = held(*rows, stored=stored, limits=limits)
    assert sorted(found) == [(name, i) for name in ("Enrollment", "User") for i in range(6)]
    few, _, removed = held(*rows[:5], *rows[6:11], stored=stored, limits=limits)
    assert (few, sorted(removed["node"])) == ({}, sorted(node_of("User", i) for i in range(5)))


def test_what_leaves_counts_though_its_parent_is_held_already_stays_or_need_not_be_there() -> None:
    limits = off(max_removed_percent=5)
    own = [enrollment(i, "archive", "absent") for i in range(6)]
    stored = Stored(people(100) | ENROLLED, roles=roles(range(6)))
    kept = [replace(one, state=one.state | {"hold": "limit"}) for one in leaving(range(6))]
    found, _, _ = held(*kept, *own, stored=stored, limits=limits)
    assert {key for key, reason in found.items() if reason} == {("Enrollment", i) for i in range(6)}
    unchanged = [replace(one, action=None, state={}) for one in leaving(range(6))]
    assert sorted(held(*unchanged, *own, stored=stored, limits=limits)[0]) == [("Enrollment", i) for i in range(6)]
    school = Rec("Org", 1, "archive", {"name": "Elm"}, {}, state={"cause": "absent"})
    found, _, _ = held(school, *leaving(range(6)), stored=stored, limits=limits)
    assert sorted(found) == [("User", i) for i in range(6)]


def test_what_leaves_is_counted_where_it_was() -> None:
    rows = [replace(enrollment(i, "archive", "deleted"), new={"class_id": 9, "role": "teacher"}) for i in range(6)]
    large = [(at, role, 100) for at, role in ((7, "teacher"), (9, "student"), (9, "teacher"))]
    stored = Stored(ENROLLED, classes=[(7, "student", 10), *large])
    assert len(held(*rows, stored=stored, limits=off(halving_min_size=5))[0]) == 6


def test_a_table_in_which_little_happens_does_not_end_the_count() -> None:
    """Of classes one leaves, or there were none; people are counted all the same."""
    stored = Stored(people(100), roles=roles(range(6)))
    gone = Rec("Class", 1, "archive", {"title": "A", "school_id": 1}, {}, state={"cause": "absent"})
    new = [Rec("Class", 10 + i, "create", {}, {"title": f"T{i}", "school_id": 1}) for i in range(30)]
    for classes in ([gone], new):
        found, _, _ = held(*classes, *leaving(range(6)), stored=stored, limits=off(max_removed_percent=5))
        assert sorted(found) == [("User", i) for i in range(6)]


def test_a_class_that_stays_and_is_halved() -> None:
    rows = [enrollment(i, "archive", "absent") for i in range(6)]
    stored = Stored(ENROLLED, classes=[(7, "student", 10)])
    found, _, _ = held(*rows, stored=stored, limits=off(halving_min_size=5))
    reason = "in this class, 6 of 10 would be removed, which leaves less than half: the file may be cut short"
    assert set(found.values()) == {f"{reason}{SIGN}{causes.SHORT}"}
    more = [*rows, *(enrollment(i, "create") for i in range(20, 22))]
    assert held(*more, stored=stored, limits=off(halving_min_size=5))[0] == {}


def test_where_a_whole_school_leaves_its_few_teachers_are_held_as_well_and_links_are_not() -> None:
    groups = {"User": counts(("student", 1, 8), ("teacher", 1, 1), ("student", None, 80), ("teacher", None, 9))}
    groups |= {"GuardianLink": counts(("", 1, 8), ("", None, 80))}
    who = [*leaving(range(8)), *leaving(range(8, 9))]
    links = [
        Rec(
            "GuardianLink", i, "archive", {"student_id": 100 + i, "guardian_id": 200 + i}, {}, state={"cause": "absent"}
        )
        for i in range(2)
    ]
    stored = Stored(groups, roles=[*roles(range(8)), (8, "teacher", 1), (100, "student", 1), (101, "student", 1)])
    found, _, _ = held(*who, *links, stored=stored, limits=off(halving_min_size=5, max_removed_overall_percent=100))
    assert sorted(found) == [("User", i) for i in range(9)]
    assert "of all people at this school, 9 of 9 would be removed, which leaves none" in found["User", 8]


def test_where_a_whole_school_leaves_its_few_enrollments_are_held_as_well() -> None:
    groups = {"User": counts(("student", 1, 8), ("student", None, 80))} | ENROLLED
    found, _, _ = held(
        *leaving(range(8)),
        enrollment(50, "archive", "absent"),
        stored=Stored(groups, roles=roles(range(8))),
        limits=off(halving_min_size=5, max_removed_overall_percent=100),
    )
    assert "of all people at this school, 8 of 8 would be removed" in found["Enrollment", 50]


def test_who_leaves_two_schools_that_are_emptied_is_held_for_the_first() -> None:
    at = [("student", 1, 4), ("teacher", 1, 1), ("student", 2, 4), ("teacher", 2, 2), ("student", None, 40)]
    stored = Stored({"User": counts(*at)}, roles=[(i, "student", school) for school in (2, 1) for i in range(4)])
    found, new, _ = held(*leaving(range(4)), stored=stored, limits=off(halving_min_size=5))
    assert all("of all people at this school, 4 of 5 would be removed" in reason for reason in found.values())
    assert (len(found), new.height) == (4, 4)


def test_what_disappeared_on_earlier_days_counts_over_the_week_alone() -> None:
    week = pl.DataFrame({"entity": ["User"], "role": ["student"], "gone": [20], "archived": [0]})
    facts = Facts(week=Week(pl.Series([node_of("User", i) for i in range(20)]), week))
    stored = Stored(people(200), roles=roles(range(200)))
    found, _, removed = held(*leaving(range(26)), stored=stored, limits=off(max_removed_week_percent=10), facts=facts)
    assert len(found) == 26
    assert "over all, 26 of 200 were removed within 7 school days" in found["User", 0]
    assert sorted(removed["node"]) == [node_of("User", i) for i in range(20, 26)]
    other = Facts(week=Week(facts.week.earlier, week.with_columns(entity=pl.lit("Role"))))
    assert held(*leaving(range(26)), stored=stored, limits=off(max_removed_week_percent=10), facts=other)[0] == {}
    strict = off(max_removed_percent=5)
    assert held(*leaving(range(25)), stored=stored, limits=strict, facts=facts)[0] == {}


# ---- what a person approved, and what goes along


def approved(*rows: tuple[int, int, bool]) -> Approved:
    return Approved(pl.DataFrame(rows, schema={"node": pl.Int64, "bits": pl.UInt32, "whole": pl.Boolean}, orient="row"))


def test_an_approval_is_a_ceiling() -> None:
    stored, limits = Stored(people(100), roles=roles(range(100))), off(max_removed_percent=5)
    given = approved(*((node_of("User", i), 0, True) for i in range(6)))
    assert held(*leaving(range(6)), stored=stored, limits=limits, approved=given)[0] == {}
    found, _, removed = held(*leaving(range(7)), stored=stored, limits=limits, approved=given)
    assert (sorted(found), removed.height) == ([("User", 6)], 7)


def test_an_approved_field_is_not_held_and_the_others_are() -> None:
    rows = renamed(6, email="n", sms="s")
    limits = off(max_changed_email_percent=5, max_changed_phone_percent=5)
    given = approved((node_of("User", 0), bits("email"), False), (node_of("User", 1), 0, True))
    made, new, _ = hold_over_limits(records(*rows), cast("Snapshot", STUDENTS), limits, given, fields_of(*rows))
    found = fields_held(made)
    assert (found[0], found[2]) == (bits("sms"), bits("email", "sms"))
    assert 1 not in found
    assert new.height == 9


@pytest.mark.parametrize("setting", ["hold", "hold_all"])
def test_hold_all_holds_the_rest_but_for_a_link_that_is_gone(setting: str) -> None:
    gone = Rec("GuardianLink", 2, "archive", {"student_id": 4, "guardian_id": 90}, {}, state={"cause": "removed"})
    absent = Rec("GuardianLink", 3, "archive", {"student_id": 5, "guardian_id": 90}, {}, state={"cause": "absent"})
    quiet = Rec("Class", 9, None, {"title": "A"}, {})
    waits = Rec("Course", 2, "create", {}, {"title": "Music"}, state={"hold": "person", "hold_reason": "in March"})
    beside = [Rec("Course", 1, "create", {}, {"title": "Art"}), gone, absent, quiet, waits]
    stored = Stored(people(100), roles=roles(range(100)))
    limits = off(max_removed_percent=5, on_limit=setting)
    found, new, _ = held(*leaving(range(6)), *beside, stored=stored, limits=limits)
    whole = "the whole plan waits, as a limit was exceeded in it"
    assert found.get(("Course", 1)) == (whole if setting == "hold_all" else None)
    assert {name for name, _ in found} <= {"User", "Course"}
    assert found["Course", 2] == "in March"
    assert new.height == 6, "only what exceeded a limit is held on later days"
    assert held(*leaving(range(5)), *beside, stored=stored, limits=limits)[0] == {("Course", 2): "in March"}
    earlier = Rec("Class", 8, "archive", {"title": "B"}, {}, state={"cause": "absent", "hold": "limit"})
    found, _, _ = held(earlier, *beside, stored=stored, limits=limits)
    assert (("Course", 1) in found) == (setting == "hold_all"), "so it does where an earlier plan exceeded one"


# ---- what no limit counts


def test_new_students_that_were_announced_twice_add_up() -> None:
    some = Exempt(students=((1, 5), (None, 7), (1, 3)))
    assert sorted(some.allowed().rows(), key=str) == [(1, 8), (None, 7)]
    assert Exempt().allowed().schema == {"school_id": pl.Int64, "allowed": pl.Int64}


@pytest.mark.parametrize(
    ("cause", "given", "counts_"), [("ended", False, 1), ("absent", True, 1), ("absent", False, 0), (None, False, 0)]
)
def test_a_reference_that_becomes_blank_with_its_target_needs_no_other_decision(
    cause: str | None, given: bool, counts_: int
) -> None:
    course = Rec("Course", 1, "archive", {"title": "Art"}, {}, state={"cause": cause})
    stays = Rec("Course", 2, "update", {"title": "Art"}, {"title": "Music"})
    rows = [
        Rec("Class", 1, "update", {"title": "1a", "course_id": 1}, {"course_id": None}),
        Rec("Class", 2, "update", {"title": "1b", "course_id": 1}, {"course_id": 2}),
        Rec("Class", 3, "update", {"title": "1c", "course_id": 2}, {"course_id": None}),
        Rec("Enrollment", 4, "update", {"class_id": 1, "user_id": 1}, {"class_id": None}),
    ]
    nodes = pl.Series("node", [node_of("Course", 1)] if given else [], pl.Int64)
    found = following(records(course, stays, *rows), nodes)
    assert found.rows() == [(node_of("Class", 1), "course")] * counts_
    held_ = Rec("Course", 1, "archive", {"title": "Art"}, {}, state={"cause": cause, "hold": "limit"})
    assert following(records(held_, stays, *rows), nodes).is_empty()
