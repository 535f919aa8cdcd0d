"""``reject``: for good; what the plan proposed is proposed again."""

from __future__ import annotations

from typing import Any

import pytest

from rosterkit.errors import Refused, UsageError
from rosterkit.plan.plan import Counts


def test_what_was_rejected_is_proposed_again_tomorrow(scenario: Any, delivered: Any) -> None:
    extract = delivered(values={"stu-01": {"email": "new@birch.example"}})
    plan = scenario.plan(extract)
    assert scenario.ws.reject(plan.id, reason="not yet", actor="kim").decision == "reject"
    again = scenario.plan(extract)
    assert again.content_hash == plan.content_hash
    assert scenario.ws.show(plan.id).plan.state == "rejected"


def test_a_rejected_plan_can_no_longer_be_approved(scenario: Any, delivered: Any) -> None:
    plan = scenario.plan(delivered(values={"stu-01": {"email": "new@birch.example"}}))
    scenario.ws.reject(plan.id, reason="not yet", actor="kim")
    with pytest.raises(Refused) as refused:
        scenario.ws.approve(plan.id, reason="after all", actor="kim")
    assert refused.value.why == "rejected"


def test_an_approved_plan_may_still_be_rejected(scenario: Any, delivered: Any) -> None:
    plan = scenario.plan(delivered(values={"stu-01": {"email": "new@birch.example"}}))
    scenario.ws.approve(plan.id, reason="fine", actor="kim")
    scenario.ws.reject(plan.id, reason="no: look at line 4", actor="ben")
    assert scenario.ws.show(plan.id).plan.state == "rejected"


def test_a_reason_is_needed(scenario: Any) -> None:
    with pytest.raises(UsageError, match="reason"):
        scenario.ws.reject(scenario.plan().id, reason="", actor="kim")


def test_a_rejected_delta_is_not_lost(scenario: Any, delivered: Any) -> None:
    plan = scenario.plan(delivered(["stu-01"], values={"stu-01": {"email": "new@birch.example"}}, delta=True))
    scenario.ws.reject(plan.id, reason="not yet", actor="kim")
    extract = delivered(["stu-02"], values={"stu-02": {"email": "other@birch.example"}}, delta=True)
    assert scenario.plan(extract).total == Counts(update=2)
