"""Several reviewers (issue 22): nobody decides on what changed unseen, two approvers, and roles."""

from __future__ import annotations

from typing import Any

import pytest

from rosterkit.errors import Refused
from rosterkit.review_verbs import ReviewVerbs

KEYS = [f"stu-{i:02}" for i in range(20)]


def state(desk: Any, plan: str) -> str:
    return str(desk.ws.show(plan).plan.state)


@pytest.mark.parametrize("verb", ["approve", "reject", "approve_held"])
def test_a_decision_on_what_somebody_decided_meanwhile_is_refused(desk: Any, tonight: Any, verb: str) -> None:
    plan = desk.plan(tonight(KEYS[6:]))
    seen = desk.ws.plan_stamp(plan.id)
    desk.ws.approve(plan.id, reason="checked", actor="maria")
    with pytest.raises(Refused) as refused:
        getattr(desk.ws, verb)(plan.id, reason="no", actor="tomasz", seen=seen)
    assert refused.value.why == "changed"
    assert state(desk, plan.id) == "approved"
    assert len(desk.ws.decisions(plan.id)) == 1


def test_a_release_of_what_somebody_held_meanwhile_is_refused(desk: Any, tonight: Any) -> None:
    desk.night(tonight(KEYS))
    desk.ws.hold("User", "stu-03", reason="moving", actor="maria")
    seen = desk.ws.record_stamp("User", "stu-03")
    desk.ws.hold("User", "stu-03", reason="custody", actor="tomasz", action="archive")
    with pytest.raises(Refused) as refused:
        desk.ws.release("User", "stu-03", reason="fine", actor="maria", seen=seen)
    assert refused.value.why == "changed"
    assert len([hold for hold in desk.ws.holds() if hold.sourced_id == "stu-03"]) == 2


def test_two_people_must_approve_where_the_setting_says_so(desk: Any, tonight: Any) -> None:
    desk.settings("# approvers = 1", "approvers = 2")
    plan = desk.plan(tonight(KEYS[1:]))
    desk.ws.approve(plan.id, reason="checked", actor="maria")
    assert state(desk, plan.id) == "proposed"
    with pytest.raises(Refused, match="not approved"):
        desk.ws.apply(plan.id, actor="maria")
    with pytest.raises(Refused) as refused:
        desk.ws.approve(plan.id, reason="checked again", actor="Maria")
    assert refused.value.why == "same-person"
    desk.ws.approve(plan.id, reason="with the office", actor="tomasz")
    assert state(desk, plan.id) == "approved"
    assert [(one.actor, one.reason) for one in desk.ws.decisions(plan.id)] == [
        ("maria", "checked"),
        ("tomasz", "with the office"),
    ]


@pytest.mark.parametrize("role", ["viewer", "staff"])
@pytest.mark.parametrize("verb", ["approve", "reject", "approve_held"])
def test_who_may_not_decide_is_refused(desk: Any, tonight: Any, role: str, verb: str) -> None:
    plan = desk.plan(tonight(KEYS[6:]))
    with pytest.raises(Refused) as refused:
        getattr(desk.ws, verb)(plan.id, reason="x", actor=f"maria:{role}")
    assert refused.value.why == "permission"
    assert desk.ws.decisions(plan.id) == ()


def test_the_role_is_not_kept_with_the_name(desk: Any, tonight: Any) -> None:
    plan = desk.plan(tonight(KEYS[1:]))
    assert desk.ws.approve(plan.id, reason="checked", actor="maria:approver").actor == "maria"


def test_every_verb_of_review_asks_for_a_permission(desk: Any, tonight: Any) -> None:
    """A verb that is added here and asks nobody is found."""
    desk.night(tonight(KEYS))
    plan = desk.plan(tonight(KEYS[6:]))
    acts = {name for name in vars(ReviewVerbs) if not name.startswith("_")} - {"plan_stamp", "record_stamp", "holds"}
    about = {"hold": ("User", "stu-03"), "release": ("User", "stu-03")}
    for name in acts:
        with pytest.raises(Refused, match="may not"):
            getattr(desk.ws, name)(*about.get(name, (plan.id,)), reason="x", actor="maria:viewer")
