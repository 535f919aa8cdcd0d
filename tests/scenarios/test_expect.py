"""``expect``, ``override`` and ``promote``: what is announced is not held, and nothing else is freed."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from datetime import date, timedelta
from pathlib import Path
from typing import Any

import polars as pl
import pytest

sys.path.insert(0, str(Path(__file__).parents[1] / "plan"))
from school import School, held, opened, run, without

from rosterkit import Workspace
from rosterkit.attention import attention_reason as look
from rosterkit.errors import Refused, UsageError
from rosterkit.plan.plan import Counts, Plan

WHY: dict[str, Any] = {"reason": "agreed with the board", "actor": "kim"}


@pytest.fixture
def ws() -> Iterator[Workspace]:
    with opened() as empty, opened(since=today(empty)) as made:
        yield made


def today(ws: Workspace) -> date:
    """A real day, as expectations are announced on one."""
    return ws._today()


def soon(ws: Workspace, days: int = 10) -> date:
    return today(ws) + timedelta(days=days)


def fields(ws: Workspace, plan: Plan, field: str) -> set[str]:
    """What holds the updates of a field."""
    mine = ws.show(plan.id).lines.filter((pl.col("field") == field) & (pl.col("entity") == "User"))
    return set(mine["held"].to_list())


# ---- a domain


def renamed(new: str = "oak.example", *, local: str = "{}") -> School:
    school = School()
    everybody = [*school.students, *school.guardians, *school.staff]
    school.changed = {key: {"email": f"{local.format(key)}@{new}"} for key in everybody}
    return school


def test_a_domain_that_is_renamed_without_notice_is_held_with_that_cause(ws: Workspace) -> None:
    plan = run(ws, renamed(), today(ws))
    assert fields(ws, plan, "email") == {"limit"}
    assert any("the e-mail domain was renamed from birch.example to oak.example" in note for note in plan.notes)


def test_an_announced_domain_is_not_held_and_is_met(ws: Workspace) -> None:
    number = ws.expect_domain("Birch.example", "@oak.example", by=soon(ws), **WHY)
    assert [(one.id, one.state, one.actor) for one in ws.expectations()] == [(number, "waiting", "kim")]
    plan = run(ws, renamed(), today(ws))
    assert (fields(ws, plan, "email"), look(plan)) == ({""}, "")
    assert [one.state for one in ws.expectations()] == ["met"]
    assert run(ws, renamed(), soon(ws, 20)).findings["error"] == 0


@pytest.mark.parametrize("other", [renamed("elm.example"), renamed(local="x{}")], ids=["another domain", "other names"])
def test_an_announced_domain_opens_nothing_else(ws: Workspace, other: School) -> None:
    ws.expect_domain("birch.example", "oak.example", by=soon(ws), **WHY)
    assert fields(ws, run(ws, other, today(ws)), "email") == {"limit"}


def test_after_its_last_day_it_opens_nothing_and_alarms_until_it_is_withdrawn(ws: Workspace) -> None:
    number = ws.expect_domain("birch.example", "oak.example", by=soon(ws), **WHY)
    late = soon(ws, 11)
    plan = run(ws, School(), late)
    assert look(plan) == "found"
    found = ws.show(plan.id).findings.filter(pl.col("rule") == "expect.overdue")
    assert "the e-mail domain birch.example becomes oak.example" in found["detail"][0]
    assert [one.state for one in ws.expectations(late)] == ["overdue"]
    assert fields(ws, run(ws, renamed(), late), "email") == {"limit"}
    ws.withdraw(number, **WHY)
    assert ws.expectations(late) == ()
    assert run(ws, School(), late).findings["error"] == 0


# ---- a school


def closing(*, moved: bool) -> School:
    """School B closes: its students leave, or move to A."""
    school = School(classes={"C-A": "Y"}, staff=["te-2"], guardians={"gu-2": "st-002"})
    if moved:
        school.changed = {key: {"school": "A"} for key in school.students if school.of(key) == "B"}
        return school
    return without(school, [key for key in school.students if school.of(key) == "B"])


@pytest.mark.parametrize("moved", [True, False])
def test_a_school_that_closes_without_notice_is_held(ws: Workspace, moved: bool) -> None:
    plan = run(ws, closing(moved=moved), today(ws))
    assert look(plan) == "held"
    assert "limit" in {code for entity in ("Enrollment", "Role", "User") for code in held(ws, plan, entity).values()}


def test_an_announced_school_leaves_with_all_that_is_its_own_and_at_once(ws: Workspace) -> None:
    ws.expect_school("B", by=soon(ws), **WHY)
    plan = run(ws, closing(moved=False), today(ws))
    lines = ws.show(plan.id).lines
    assert lines.filter(pl.col("held") != "").select("entity", "sourced_id", "held").rows() == []
    assert plan.changes["User"] == Counts(archive=52)  # 50 students, a teacher, a guardian
    assert [one.state for one in ws.expectations()] == ["met"]


def test_the_students_of_an_announced_school_may_move(ws: Workspace) -> None:
    ws.expect_school("B", by=soon(ws), **WHY)
    plan = run(ws, closing(moved=True), today(ws))
    lines = ws.show(plan.id).lines.filter(pl.col("held") == "limit")
    assert lines.select("entity", "action", "field").unique().rows() == []
    assert plan.changes["Enrollment"].create == 50


def test_people_of_an_announced_school_that_is_still_there_are_held_as_ever(ws: Workspace) -> None:
    """The file of users may have been cut short before the day on which the school closes."""
    ws.expect_school("B", by=soon(ws), **WHY)
    cut = closing(moved=False)
    cut.classes["C-B"] = "Y"  # the school and its class are there
    cut.students.append("st-001")
    plan = run(ws, cut, today(ws))
    assert {code for key, code in held(ws, plan).items() if key.startswith("st-")} == {"limit"}
    assert plan.changes["Enrollment"] == Counts()


def test_an_announced_school_opens_no_other(ws: Workspace) -> None:
    ws.expect_school("A", by=soon(ws), **WHY)
    assert look(run(ws, closing(moved=False), today(ws))) == "held"


# ---- students


def grown(count: int, first: int = 500) -> School:
    school = School()
    new = [f"st-{n}" for n in range(first, first + count)]
    school.students += new
    school.guardians |= {f"gu-{key[3:]}": key for key in new}
    return school


def test_new_students_without_notice_are_held(ws: Workspace) -> None:
    plan = run(ws, grown(80), today(ws))
    assert set(held(ws, plan).values()) == {"limit"}


def test_as_many_students_as_were_announced_come_with_their_guardians(ws: Workspace) -> None:
    ws.expect_students(80, by=soon(ws), **WHY)
    plan = run(ws, grown(80), today(ws))
    assert (set(held(ws, plan).values()), look(plan)) == ({""}, "")
    assert [(one.state, one.seen) for one in ws.expectations()] == [("met", 80)]
    more = run(ws, grown(160), today(ws))  # the next 80 were not announced
    assert "limit" in held(ws, more).values()


def test_students_announced_at_one_school_open_no_limit_at_another(ws: Workspace) -> None:
    ws.expect_students(80, by=soon(ws), school="A", **WHY)
    school = grown(40)
    school.changed = {key: {"school": "B"} for key in school.students if key >= "st-500"}
    assert set(held(ws, run(ws, school, today(ws))).values()) == {"limit"}


def test_fewer_than_four_of_five_are_overdue(ws: Workspace) -> None:
    ws.expect_students(20, by=soon(ws), **WHY)
    run(ws, grown(15), today(ws))
    assert [one.state for one in ws.expectations(soon(ws, 11))] == ["overdue"]
    run(ws, grown(16), today(ws))
    assert [one.state for one in ws.expectations(soon(ws, 11))] == ["met"]


# ---- what is refused


def test_who_may_not_announce_is_refused(ws: Workspace) -> None:
    with pytest.raises(Refused, match="may not expect as staff"):
        ws.expect_students(5, by=soon(ws), reason="x", actor="lee:staff")


@pytest.mark.parametrize(
    ("verb", "arguments", "message"),
    [
        ("expect_students", (0,), "At least one student"),
        ("expect_domain", ("birch.example", "birch.example"), "the same"),
        ("expect_domain", ("birch", "oak.example"), "no domain"),
        ("expect_school", ("nowhere",), "There is no Org nowhere"),
        ("expect_school", ("D",), "no school"),
    ],
)
def test_what_cannot_be_expected(ws: Workspace, verb: str, arguments: tuple[object, ...], message: str) -> None:
    with pytest.raises(UsageError, match=message):
        getattr(ws, verb)(*arguments, by=soon(ws), **WHY)


def test_the_last_day_is_not_past_and_within_a_year(ws: Workspace) -> None:
    for day in (today(ws) - timedelta(days=1), soon(ws, 400)):
        with pytest.raises(UsageError, match="--by"):
            ws.expect_students(5, by=day, **WHY)
    with pytest.raises(UsageError, match="reason"):
        ws.expect_students(5, by=soon(ws), reason=" ", actor="kim")
    with pytest.raises(Refused, match="no expectation 7"):
        ws.withdraw(7, **WHY)


# ---- overrides


def gone(count: int) -> School:
    return without(School(), [f"st-{n:03}" for n in range(0, 2 * count, 2)])


def test_without_an_override_they_are_held(ws: Workspace) -> None:
    assert "limit" in held(ws, run(ws, gone(8), today(ws), apply=False, now=True)).values()


def test_an_override_counts_for_the_next_plan_that_is_applied(ws: Workspace) -> None:
    ws.override("limits.max_removed_percent", 20, **WHY)
    ws.override("limits.max_removed_week_percent", 100, **WHY)
    plan = run(ws, gone(8), today(ws), apply=False, now=True)
    assert set(held(ws, plan).values()) == {""}
    assert any("max_removed_percent is 20 instead of 5" in note for note in plan.notes)
    assert len(ws.overrides()) == 2  # no plan was applied yet
    plan = run(ws, gone(8), today(ws), now=True)
    assert plan.changes["User"] == Counts(archive=8)
    assert ws.overrides() == ()
    assert "limit" in held(ws, run(ws, gone(16), today(ws), now=True)).values()


def test_an_override_until_a_day_counts_until_then(ws: Workspace) -> None:
    ws.override("limits.max_removed_percent", 30, until=soon(ws, 3), **WHY)
    run(ws, gone(8), today(ws), now=True)
    assert set(held(ws, run(ws, gone(14), soon(ws, 3), now=True)).values()) == {""}
    assert "limit" in held(ws, run(ws, gone(20), soon(ws, 4), now=True)).values()


def test_an_override_ends(ws: Workspace) -> None:
    ws.override("limits.max_removed_percent", 30, **WHY)
    ws.end_override("limits.max_removed_percent", **WHY)
    assert ws.overrides() == ()
    with pytest.raises(Refused, match="not overridden"):
        ws.end_override("limits.max_removed_percent", **WHY)


@pytest.mark.parametrize(
    ("setting", "value", "message"),
    [
        ("limits.max_removed", 5, "did you mean"),
        ("limits.max_removed_percent", 500, "cannot be 500"),
        ("mode", 1, "not a limit"),
    ],
)
def test_what_cannot_be_overridden(ws: Workspace, setting: str, value: int, message: str) -> None:
    with pytest.raises(UsageError, match=message):
        ws.override(setting, value, **WHY)


def test_an_override_counts_for_a_week_at_most(ws: Workspace) -> None:
    with pytest.raises(UsageError, match="a week at most"):
        ws.override("limits.min_removed", 9, until=soon(ws, 8), **WHY)


# ---- promotion


def promoted(to: str = "05") -> School:
    school = School()
    school.changed = {key: {"grades": f'["{to}"]'} for key in school.students}
    return school


def test_a_promotion_without_notice_is_held_with_that_cause(ws: Workspace) -> None:
    plan = run(ws, promoted(), today(ws))
    assert fields(ws, plan, "grades") == {"limit"}
    assert any("a promotion at the start of a year" in note for note in plan.notes)


def test_a_promotion_is_one_plan_that_names_itself_and_needs_a_person(ws: Workspace) -> None:
    plan = run(ws, promoted(), today(ws), apply=False, promotes=True)
    assert fields(ws, plan, "grades") == {""}
    assert plan.notes[0] == "Promotion: the grades of 100 students rise by one."
    assert (plan.needs_approval, plan.approval_why) == (True, "it promotes 100 students to the next grade")


@pytest.mark.parametrize("to", ["03", "06"])
def test_grades_that_rise_by_more_or_fall_are_no_promotion(ws: Workspace, to: str) -> None:
    with pytest.raises(Refused, match="No grade rises"):
        run(ws, promoted(to), today(ws), promotes=True)


def test_students_who_change_their_school_with_their_grade_are_promoted_with_it(ws: Workspace) -> None:
    school = promoted()
    movers = [key for key in school.students if school.of(key) == "A"][:20]
    for key in movers:
        school.changed[key] |= {"school": "B"}
    plan = run(ws, school, today(ws), apply=False, promotes=True)
    mine = ws.show(plan.id).lines.filter((pl.col("entity") == "Role") | (pl.col("field") == "primary_org"))
    assert (mine.height, set(mine["held"].to_list())) == (60, {""})
