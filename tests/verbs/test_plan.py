"""``plan``: first, empty and repeated plans, and what the limits, cases and unreadable rows hold."""

from __future__ import annotations

from typing import Any

import pytest

from rosterkit.plan.plan import Counts

SIX = [f"stu-{i:02}" for i in range(6)]
REST = [f"stu-{i:02}" for i in range(6, 20)]


def held(scenario: Any, plan: Any, entity: str = "User", code: str = "limit") -> Any:
    return {line[2] for line in scenario.lines(plan) if line[0] == entity and line[4] == code}


def test_a_first_plan_creates_everything_and_needs_a_person(new_scenario: Any) -> None:
    plan = new_scenario.plan()
    assert plan.base == 0
    assert plan.changes["User"] == Counts(create=20)
    assert plan.needs_approval
    assert plan.total_held == Counts()
    assert plan.notes[0].startswith("This is the first plan")


def test_an_empty_plan_applies_without_a_new_revision(scenario: Any) -> None:
    plan = scenario.plan()
    assert plan.total == Counts()
    applied = scenario.ws.apply(plan.id, actor="kim")
    assert (applied.revision, applied.wrote) == (1, False)
    assert scenario.ws.show(plan.id).plan.state == "applied"


def test_a_repeated_plan_says_the_same_and_takes_the_place_of_the_first(scenario: Any, delivered: Any) -> None:
    extract = delivered(values={"stu-01": {"email": "new@birch.example"}})
    first, second = scenario.plan(extract), scenario.plan(extract)
    assert second.content_hash == first.content_hash
    assert scenario.ws.show(first.id).plan.state == "superseded"


def test_a_delta_that_was_planned_and_not_applied_is_in_the_next_plan(scenario: Any, delivered: Any) -> None:
    extract = delivered(["stu-01"], values={"stu-01": {"email": "new@birch.example"}}, delta=True)
    assert scenario.plan(extract).total == Counts(update=1)
    again = scenario.plan(extract)
    assert again.total == Counts(update=1)
    scenario.apply(again)
    assert scenario.plan(extract).total == Counts()


def test_five_who_leave_are_within_the_limit(scenario: Any, delivered: Any) -> None:
    assert scenario.plan(delivered(STUDENTS_WITHOUT_FIVE)).total_held == Counts()


STUDENTS_WITHOUT_FIVE = [*REST, "stu-00"]


def test_six_who_leave_one_school_are_held_with_what_is_theirs(scenario: Any, delivered: Any) -> None:
    plan = scenario.plan(delivered(REST))
    assert held(scenario, plan) == set(SIX)
    assert plan.total == Counts()
    assert plan.held["Enrollment"] == Counts(archive=12)


def test_a_school_that_falls_to_none_is_held(scenario: Any, delivered: Any) -> None:
    scenario.settings("# min_removed = 5", "min_removed = 100")
    scenario.settings("# min_removed_overall = 25", "min_removed_overall = 100")
    plan = scenario.plan(delivered(["elsewhere"]))
    assert len(held(scenario, plan)) == 20
    assert "leaves less than half" in scenario.ws.show(plan.id).lines.filter(held="limit")["held_why"][0]


def test_half_may_leave_where_the_other_limits_allow_it_and_one_more_may_not(scenario: Any, delivered: Any) -> None:
    scenario.settings("# min_removed = 5", "min_removed = 100")
    scenario.settings("# min_removed_overall = 25", "min_removed_overall = 100")
    everybody = [f"stu-{i:02}" for i in range(20)]
    assert scenario.plan(delivered(everybody[:10])).total_held == Counts()
    assert scenario.plan(delivered(everybody[:9])).held["User"] == Counts(archive=11)


def test_over_all_a_limit_holds_everywhere(scenario: Any, delivered: Any) -> None:
    scenario.settings("# min_removed = 5", "min_removed = 100")
    scenario.settings("# min_removed_overall = 25", "min_removed_overall = 5")
    plan = scenario.plan(delivered(REST))
    assert held(scenario, plan) == set(SIX)
    assert "over all" in scenario.ws.show(plan.id).lines.filter(held="limit")["held_why"][0]


def test_a_class_that_stays_and_loses_more_than_half_keeps_its_enrollments(scenario: Any, delivered: Any) -> None:
    scenario.settings("# min_removed = 5", "min_removed = 100")
    scenario.settings("# min_removed_overall = 25", "min_removed_overall = 100")
    everybody = [f"stu-{i:02}" for i in range(20)]
    assert scenario.plan(delivered(enrolled=everybody[:10])).total_held == Counts()
    plan = scenario.plan(delivered(enrolled=everybody[:9]))
    why = set(scenario.ws.show(plan.id).lines.filter(held="limit")["held_why"])
    assert plan.total_held == plan.held["Enrollment"] == Counts(archive=11)
    assert all(sentence.startswith("in this class, 11 of 20 would be removed") for sentence in why)


def test_what_a_limit_held_stays_held_on_a_bigger_base(scenario: Any, delivered: Any) -> None:
    scenario.plan(delivered(REST))
    many: list[str] = []
    for run in range(5):  # no more in a run than the limit on what is created allows
        many += [f"new-{run}-{i:02}" for i in range(25)]
        plan = scenario.sync(delivered([*REST, *many]))
        assert held(scenario, plan) == set(SIX)
    assert held(scenario, scenario.plan(delivered([*REST, *many]))) == set(SIX)  # 6 of 145 alone would exceed nothing


def test_a_hold_by_a_limit_ends_when_the_record_returns(scenario: Any, delivered: Any) -> None:
    scenario.plan(delivered(REST))
    scenario.sync(delivered())
    assert scenario.ws.holds() == ()
    assert scenario.plan(delivered(STUDENTS_WITHOUT_FIVE)).total_held == Counts()


def test_a_reused_id_is_a_case_and_never_an_update(scenario: Any, delivered: Any) -> None:
    other = {"given_name": "Wren", "family_name": "Okafor", "identifier": "99", "email": "wren@birch.example"}
    plan = scenario.plan(delivered(values={"stu-03": other}))
    assert {line[4] for line in scenario.lines(plan)} == {"case"}
    assert plan.total == Counts()


@pytest.mark.parametrize("name", ["given_name", "family_name", "identifier"])
def test_two_of_the_three_are_no_case(scenario: Any, delivered: Any, name: Any) -> None:
    other = {"given_name": "Wren", "family_name": "Okafor", "identifier": "99"}
    other.pop(name)
    assert scenario.plan(delivered(values={"stu-03": other})).total_held == Counts()


def test_case_and_outer_spaces_make_no_other_name(scenario: Any, delivered: Any) -> None:
    other = {"given_name": " GIVEN 03 ", "family_name": "Okafor", "identifier": "99"}
    assert scenario.plan(delivered(values={"stu-03": other})).total_held == Counts()


def test_p4_an_unreadable_row_keeps_its_record_and_what_refers_to_it(scenario: Any, delivered: Any) -> None:
    without = [key for key in [*SIX, *REST] if key != "stu-03"]
    plan = scenario.plan(delivered(["stu-03", *without], unreadable=("stu-03",), enrolled=without))
    assert scenario.lines(plan) == {("Enrollment", "archive", "C-stu-03", "", "protected")}  # C2 has it
    assert scenario.plan(delivered(without)).changes["User"] == Counts(archive=1)


@pytest.mark.parametrize("state", ["absent", "partial"])
def test_p5_a_segment_that_is_not_whole_archives_nobody(scenario: Any, delivered: Any, state: Any) -> None:
    plan = scenario.plan(delivered(["stu-00"], states={"User": state, "Role": state, "Enrollment": state}))
    assert plan.total == plan.total_held == Counts()
