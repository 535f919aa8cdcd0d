"""``release``: ends holds, whoever set them."""

from __future__ import annotations

from typing import Any

import pytest

from rosterkit.errors import Refused
from rosterkit.plan.plan import Counts

KEYS = [f"stu-{i:02}" for i in range(20)]
NEW = {"stu-01": {"email": "new@birch.example", "phone": "555 0101"}}


def test_what_is_released_is_in_the_next_plan(scenario: Any, delivered: Any) -> None:
    scenario.ws.hold("User", "stu-01", reason="wait", actor="kim")
    scenario.sync(delivered(values=NEW))
    ended = scenario.ws.release("User", "stu-01", reason="they moved", actor="ben")
    assert [(hold.code, hold.actor) for hold in ended] == [("person", "kim")]
    assert scenario.ws.holds() == ()
    assert scenario.plan(delivered(values=NEW)).total == Counts(update=1)


def test_a_row_that_a_delta_said_once_comes_when_it_is_released(scenario: Any, delivered: Any) -> None:
    scenario.ws.hold("User", "stu-01", reason="wait", actor="kim")
    scenario.sync(delivered(["stu-01"], values=NEW, delta=True))
    scenario.ws.release("User", "stu-01", reason="now", actor="kim")
    plan = scenario.plan(delivered(["stu-02"], delta=True))
    assert {line[3] for line in scenario.lines(plan, held=False)} == {"email", "phone"}


def test_only_the_field_that_is_named_is_released(scenario: Any) -> None:
    scenario.ws.hold("User", "stu-01", reason="wait", actor="kim", field="email")
    scenario.ws.hold("User", "stu-01", reason="wait", actor="kim", field="phone")
    scenario.ws.release("User", "stu-01", reason="now", actor="kim", field="email")
    assert [hold.field for hold in scenario.ws.holds()] == ["phone"]


def test_a_hold_by_a_limit_is_released_and_judged_anew(scenario: Any, delivered: Any) -> None:
    scenario.plan(delivered(KEYS[6:]))
    scenario.ws.release("User", "stu-00", reason="he moved", actor="kim")  # and what belongs to him
    assert not [hold for hold in scenario.ws.holds() if "stu-00" in hold.sourced_id and hold.code == "limit"]
    plan = scenario.plan(delivered([*KEYS[6:], *KEYS[1:6]]))
    assert plan.changes["User"] == Counts(archive=1)


def test_what_nothing_holds_cannot_be_released(scenario: Any) -> None:
    with pytest.raises(Refused) as refused:
        scenario.ws.release("User", "stu-01", reason="now", actor="kim")
    assert refused.value.why == "not-held"
