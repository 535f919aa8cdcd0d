"""Several reviewers: nobody decides on what changed unseen, two approvers, and roles."""

from __future__ import annotations

from typing import Any

import pytest

from rosterkit.errors import Refused
from rosterkit.verbs.review import ReviewVerbs

KEYS = [f"stu-{i:02}" for i in range(20)]


def state(scenario: Any, plan: str) -> str:
    return str(scenario.ws.show(plan).plan.state)


@pytest.mark.parametrize("verb", ["approve", "reject", "approve_held"])
def test_a_decision_on_what_somebody_decided_meanwhile_is_refused(scenario: Any, delivered: Any, verb: str) -> None:
    plan = scenario.plan(delivered(KEYS[6:]))
    seen = scenario.ws.plan_stamp(plan.id)
    scenario.ws.approve(plan.id, reason="checked", actor="maria")
    with pytest.raises(Refused) as refused:
        getattr(scenario.ws, verb)(plan.id, reason="no", actor="tomasz", seen=seen)
    assert refused.value.why == "changed"
    assert state(scenario, plan.id) == "approved"
    assert len(scenario.ws.decisions(plan.id)) == 1


def test_a_release_of_what_somebody_held_meanwhile_is_refused(scenario: Any, delivered: Any) -> None:
    scenario.sync(delivered(KEYS))
    scenario.ws.hold("User", "stu-03", reason="moving", actor="maria")
    seen = scenario.ws.record_stamp("User", "stu-03")
    scenario.ws.hold("User", "stu-03", reason="custody", actor="tomasz", action="archive")
    with pytest.raises(Refused) as refused:
        scenario.ws.release("User", "stu-03", reason="fine", actor="maria", seen=seen)
    assert refused.value.why == "changed"
    assert len([hold for hold in scenario.ws.holds() if hold.sourced_id == "stu-03"]) == 2


def test_two_people_must_approve_where_the_setting_says_so(scenario: Any, delivered: Any) -> None:
    scenario.settings("# approvers = 1", "approvers = 2")
    plan = scenario.plan(delivered(KEYS[1:]))
    scenario.ws.approve(plan.id, reason="checked", actor="maria")
    assert state(scenario, plan.id) == "proposed"
    with pytest.raises(Refused, match="not approved"):
        scenario.ws.apply(plan.id, actor="maria")
    with pytest.raises(Refused) as refused:
        scenario.ws.approve(plan.id, reason="checked again", actor="Maria")
    assert refused.value.why == "same-person"
    scenario.ws.approve(plan.id, reason="with the office", actor="tomasz")
    assert state(scenario, plan.id) == "approved"
    assert [(one.actor, one.reason) for one in scenario.ws.decisions(plan.id)] == [
        ("maria", "checked"),
        ("tomasz", "with the office"),
    ]


@pytest.mark.parametrize("role", ["viewer", "staff"])
@pytest.mark.parametrize("verb", ["approve", "reject", "approve_held"])
def test_who_may_not_decide_is_refused(scenario: Any, delivered: Any, role: str, verb: str) -> None:
    plan = scenario.plan(delivered(KEYS[6:]))
    with pytest.raises(Refused) as refused:
        getattr(scenario.ws, verb)(plan.id, reason="x", actor=f"maria:{role}")
    assert refused.value.why == "permission"
    assert scenario.ws.decisions(plan.id) == ()


def test_the_role_is_not_kept_with_the_name(scenario: Any, delivered: Any) -> None:
    plan = scenario.plan(delivered(KEYS[1:]))
    assert scenario.ws.approve(plan.id, reason="checked", actor="maria:approver").actor == "maria"


def test_every_verb_of_review_asks_for_a_permission(scenario: Any, delivered: Any) -> None:
    """A verb that is added here and asks nobody is found."""
    scenario.sync(delivered(KEYS))
    plan = scenario.plan(delivered(KEYS[6:]))
    acts = {name for name in vars(ReviewVerbs) if not name.startswith("_")} - {"plan_stamp", "record_stamp", "holds"}
    about = {"hold": ("User", "stu-03"), "release": ("User", "stu-03"), "match": ("new-1", "stu-03")}
    for name in acts:
        with pytest.raises(Refused, match="may not"):
            getattr(scenario.ws, name)(*about.get(name, (plan.id,)), reason="x", actor="maria:viewer")
