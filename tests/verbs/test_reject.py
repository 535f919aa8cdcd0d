"""``reject``: for good; what the plan proposed is proposed again."""

from __future__ import annotations

from typing import Any

import pytest

from rosterkit.errors import Refused, UsageError
from rosterkit.plan.plan import Counts


def test_what_was_rejected_is_proposed_again_tomorrow(desk: Any, tonight: Any) -> None:
    said = tonight(said={"stu-01": {"email": "new@birch.example"}})
    plan = desk.plan(said)
    assert desk.ws.reject(plan.id, reason="not yet", actor="kim").decision == "reject"
    again = desk.plan(said)
    assert again.content_hash == plan.content_hash
    assert desk.ws.show(plan.id).plan.state == "rejected"


def test_a_rejected_plan_can_no_longer_be_approved(desk: Any, tonight: Any) -> None:
    plan = desk.plan(tonight(said={"stu-01": {"email": "new@birch.example"}}))
    desk.ws.reject(plan.id, reason="not yet", actor="kim")
    with pytest.raises(Refused) as refused:
        desk.ws.approve(plan.id, reason="after all", actor="kim")
    assert refused.value.why == "rejected"


def test_an_approved_plan_may_still_be_rejected(desk: Any, tonight: Any) -> None:
    plan = desk.plan(tonight(said={"stu-01": {"email": "new@birch.example"}}))
    desk.ws.approve(plan.id, reason="fine", actor="kim")
    desk.ws.reject(plan.id, reason="no: look at line 4", actor="ben")
    assert desk.ws.show(plan.id).plan.state == "rejected"


def test_a_reason_is_needed(desk: Any) -> None:
    with pytest.raises(UsageError, match="reason"):
        desk.ws.reject(desk.plan().id, reason="", actor="kim")


def test_a_rejected_delta_is_not_lost(desk: Any, tonight: Any) -> None:
    plan = desk.plan(tonight(["stu-01"], said={"stu-01": {"email": "new@birch.example"}}, delta=True))
    desk.ws.reject(plan.id, reason="not yet", actor="kim")
    said = tonight(["stu-02"], said={"stu-02": {"email": "other@birch.example"}}, delta=True)
    assert desk.plan(said).total == Counts(update=2)
