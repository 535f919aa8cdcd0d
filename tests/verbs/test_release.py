"""``release``: ends holds, whoever set them."""

from __future__ import annotations

from typing import Any

import pytest

from rosterkit.errors import Refused
from rosterkit.plan.plan import Counts

KEYS = [f"stu-{i:02}" for i in range(20)]
NEW = {"stu-01": {"email": "new@birch.example", "phone": "555 0101"}}


def test_what_is_released_is_in_the_next_plan(desk: Any, tonight: Any) -> None:
    desk.ws.hold("User", "stu-01", reason="wait", actor="kim")
    desk.night(tonight(said=NEW))
    ended = desk.ws.release("User", "stu-01", reason="they moved", actor="ben")
    assert [(hold.code, hold.actor) for hold in ended] == [("person", "kim")]
    assert desk.ws.holds() == ()
    assert desk.plan(tonight(said=NEW)).total == Counts(update=1)


def test_a_row_that_a_delta_said_once_comes_when_it_is_released(desk: Any, tonight: Any) -> None:
    desk.ws.hold("User", "stu-01", reason="wait", actor="kim")
    desk.night(tonight(["stu-01"], said=NEW, delta=True))
    desk.ws.release("User", "stu-01", reason="now", actor="kim")
    plan = desk.plan(tonight(["stu-02"], delta=True))
    assert {line[3] for line in desk.lines(plan, held=False)} == {"email", "phone"}


def test_only_the_field_that_is_named_is_released(desk: Any) -> None:
    desk.ws.hold("User", "stu-01", reason="wait", actor="kim", field="email")
    desk.ws.hold("User", "stu-01", reason="wait", actor="kim", field="phone")
    desk.ws.release("User", "stu-01", reason="now", actor="kim", field="email")
    assert [hold.field for hold in desk.ws.holds()] == ["phone"]


def test_a_hold_by_a_limit_is_released_and_judged_anew(desk: Any, tonight: Any) -> None:
    desk.plan(tonight(KEYS[6:]))
    desk.ws.release("User", "stu-00", reason="he moved", actor="kim")  # and what belongs to him
    assert not [hold for hold in desk.ws.holds() if "stu-00" in hold.sourced_id and hold.code == "limit"]
    plan = desk.plan(tonight([*KEYS[6:], *KEYS[1:6]]))
    assert plan.changes["User"] == Counts(archive=1)


def test_what_nothing_holds_cannot_be_released(desk: Any) -> None:
    with pytest.raises(Refused) as refused:
        desk.ws.release("User", "stu-01", reason="now", actor="kim")
    assert refused.value.why == "not-held"
