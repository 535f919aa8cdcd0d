"""``show``: every plan, for ever, and every line of it."""

from __future__ import annotations

from typing import Any

import pytest

from rosterkit.errors import UsageError
from rosterkit.plan.plan import LINES

KEYS = [f"stu-{i:02}" for i in range(20)]


def test_it_says_field_by_field_what_changes_and_where_that_is_said(scenario: Any, delivered: Any) -> None:
    plan = scenario.plan(delivered(values={"stu-04": {"email": "new@birch.example"}}))
    line = scenario.ws.show(plan.id).lines.row(0, named=True)
    assert line == {
        "entity": "User",
        "action": "update",
        "sourced_id": "stu-04",
        "name": "Given 04 Family 04",
        "school": "Birch School",
        "field": "email",
        "before": "stu-04@birch.example",
        "after": "new@birch.example",
        "why": "changed in the source",
        "file": "User.csv",
        "before_name": None,
        "after_name": None,
        "line": 6,
        "held": "",
        "held_why": "",
    }


def test_a_create_is_shown_with_its_whole_row(scenario: Any, delivered: Any) -> None:
    shown = scenario.ws.show(scenario.plan(delivered([*KEYS, "stu-20"])).id)
    assert shown.creates["User"]["sourced_id"].to_list() == ["stu-20"]
    assert shown.creates["User"]["family_name"].to_list() == ["Family 20"]
    assert shown.creates["Role"].select("user", "org", "role").rows() == [("stu-20", "S", "student")]


def test_what_is_held_is_shown_with_its_reason(scenario: Any, delivered: Any) -> None:
    shown = scenario.ws.show(scenario.plan(delivered(KEYS[6:])).id)
    held = shown.lines.filter(held="limit", entity="User")
    assert held.height == 6
    reason = "at this school, 6 of 20 would be removed, above the limit of 5 % and 5"
    assert set(held["held_why"]) == {f"{reason}; suspected cause: the file is short: rows are missing"}


def test_the_newest_plan_or_the_start_of_an_id_is_enough(scenario: Any, delivered: Any) -> None:
    plan = scenario.plan(delivered(KEYS[1:]))
    assert scenario.ws.show().plan.id == plan.id
    assert scenario.ws.show(plan.id[:-2]).plan.id == plan.id


@pytest.mark.parametrize("name", ["no-such-plan", "%", "_"])
def test_a_plan_that_is_not_there_is_said_so(scenario: Any, name: str) -> None:
    with pytest.raises(UsageError, match="There is no plan"):
        scenario.ws.show(name)


def test_an_id_that_is_the_start_of_two_plans_is_too_short(scenario: Any) -> None:
    scenario.plan()
    with pytest.raises(UsageError, match="More than one"):
        scenario.ws.show("2")


def test_an_old_plan_shows_the_same_after_everything_has_changed(scenario: Any, delivered: Any) -> None:
    plan = scenario.sync(delivered(KEYS[1:], values={"stu-04": {"email": "new@birch.example"}}))
    was = scenario.ws.show(plan.id)
    scenario.sync(delivered(KEYS, values={"stu-04": {"email": "newer@birch.example"}}))
    now = scenario.ws.show(plan.id)
    columns = [name for name in LINES if name not in ("name", "school")]
    assert now.lines.select(columns).rows() == was.lines.select(columns).rows()
    assert now.plan.state == "applied"
