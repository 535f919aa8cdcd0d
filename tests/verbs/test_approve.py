"""``approve``, and approving what is held: signed, exact, a ceiling, and for a time."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

import polars as pl
import pytest

from rosterkit.errors import Refused, UsageError
from rosterkit.plan.plan import Counts
from rosterkit.store import snapshot

KEYS = [f"stu-{i:02}" for i in range(20)]


def test_an_approval_says_who_why_and_what(scenario: Any, delivered: Any) -> None:
    plan = scenario.plan(delivered(KEYS[1:]))
    approval = scenario.ws.approve(plan.id, reason=" he moved ", actor="kim")
    assert (approval.plan, approval.decision, approval.actor, approval.reason) == (
        plan.id,
        "approve",
        "kim",
        "he moved",
    )
    assert scenario.ws.show(plan.id).plan.state == "approved"


@pytest.mark.parametrize("reason", ["", "   "])
def test_a_reason_is_needed(scenario: Any, delivered: Any, reason: str) -> None:
    plan = scenario.plan(delivered(KEYS[1:]))
    with pytest.raises(UsageError, match="reason"):
        scenario.ws.approve(plan.id, reason=reason, actor="kim")
    assert scenario.ws.show(plan.id).plan.state == "proposed"


def test_an_applied_plan_cannot_be_approved(scenario: Any, delivered: Any) -> None:
    plan = scenario.sync(delivered(KEYS[1:]))
    with pytest.raises(Refused) as refused:
        scenario.ws.approve(plan.id, reason="again", actor="kim")
    assert refused.value.why == "applied"


def test_an_approved_plan_is_not_superseded(scenario: Any, delivered: Any) -> None:
    plan = scenario.plan(delivered(KEYS[1:]))
    scenario.ws.approve(plan.id, reason="fine", actor="kim")
    scenario.plan(delivered(KEYS[1:]))
    assert scenario.ws.show(plan.id).plan.state == "approved"


def test_what_is_held_and_approved_is_in_the_next_plan_and_in_no_plan_before(scenario: Any, delivered: Any) -> None:
    held = scenario.plan(delivered(KEYS[6:]))
    approval = scenario.ws.approve_held(held.id, reason="they moved", actor="kim")
    assert approval.freed == held.total_held.total
    assert scenario.ws.show(held.id).plan.total == Counts()
    plan = scenario.plan(delivered(KEYS[6:]))
    assert plan.total_held == Counts()
    assert plan.changes["User"] == Counts(archive=6)
    scenario.apply(plan)
    assert scenario.ws.holds() == ()


def test_the_next_plan_marks_what_a_person_approved_and_who_did(scenario: Any, delivered: Any) -> None:
    """at-the-command-line 3."""
    wren = {"given_name": "Wren", "family_name": "Kim", "identifier": "X9"}
    email = {"stu-05": {"email": "new@birch.example"}}
    held = scenario.plan(delivered(values={"stu-03": wren, **email}))
    scenario.ws.approve_held(held.id, reason="asked the office", actor="maria", sourced_id="stu-03")
    plan = scenario.plan(delivered(values={"stu-03": wren, **email}))
    why = {(line["sourced_id"], line["why"]) for line in scenario.ws.show(plan.id).lines.to_dicts()}
    assert why == {
        ("stu-03", "changed in the source; approved by maria: asked the office"),
        ("stu-05", "changed in the source"),
    }
    assert "1 record was held before and may change now, approved by maria: asked the office." in plan.notes


def test_an_approval_is_a_ceiling_one_more_is_held(scenario: Any, delivered: Any) -> None:
    held = scenario.plan(delivered(KEYS[6:]))
    scenario.ws.approve_held(held.id, reason="they moved", actor="kim")
    plan = scenario.plan(delivered(KEYS[7:]))
    lines = {line[2]: line[4] for line in scenario.lines(plan) if line[0] == "User"}
    assert lines == {**dict.fromkeys(KEYS[:6], ""), KEYS[6]: "limit"}


def belongings(scenario: Any, plan: Any, user: str) -> set[str]:
    """The sourced ids of the held changes of a user and of what refers to them."""
    held = scenario.ws.show(plan.id).lines.filter(pl.col("held") != "")
    return {key for key in held["sourced_id"].to_list() if user in key}


def test_only_what_was_chosen_is_freed(scenario: Any, delivered: Any) -> None:
    """What belongs to a person counts for itself, and is approved with that person."""
    held = scenario.plan(delivered(KEYS[6:]))
    his = belongings(scenario, held, "stu-00")
    assert len(his) > 2
    assert scenario.ws.approve_held(held.id, reason="he moved", actor="kim", sourced_id="stu-00").freed == len(his)
    lines = {line[2]: line[4] for line in scenario.lines(scenario.plan(delivered(KEYS[6:])))}
    assert {key for key, code in lines.items() if not code} == his


def test_a_case_that_is_approved_is_exactly_that_change(scenario: Any, delivered: Any) -> None:
    wren = {"given_name": "Wren", "family_name": "Okafor", "identifier": "99"}
    case = scenario.plan(delivered(values={"stu-03": wren}))
    with pytest.raises(Refused, match="An id, number or username of stu-03 may have been reused") as refused:
        scenario.ws.approve_held(case.id, reason="all of them", actor="kim")
    assert refused.value.why == "suspected-reuse"
    scenario.ws.approve_held(case.id, reason="it is the same child", actor="kim", sourced_id="stu-03")
    assert scenario.plan(delivered(values={"stu-03": wren})).total_held == Counts()
    other = scenario.plan(delivered(values={"stu-03": wren | {"family_name": "Achebe"}}))
    codes = {line[3]: line[4] for line in scenario.lines(other)}
    assert codes == dict.fromkeys(("given_name", "family_name", "identifier"), "case")


def test_an_approval_expires(scenario: Any, delivered: Any, monkeypatch: Any) -> None:
    held = scenario.plan(delivered(KEYS[6:]))
    scenario.ws.approve_held(held.id, reason="they moved", actor="kim")
    monkeypatch.setattr(snapshot, "now", lambda: datetime.now(UTC) + timedelta(hours=25))
    assert scenario.plan(delivered(KEYS[6:])).held["User"] == Counts(archive=6)


def test_an_approval_is_used_up_by_one_sync(scenario: Any, delivered: Any) -> None:
    held = scenario.plan(delivered(KEYS[6:]))
    scenario.ws.approve_held(held.id, reason="they moved", actor="kim")
    scenario.sync(delivered(KEYS[6:]))
    scenario.sync(delivered())  # they are back
    assert scenario.plan(delivered(KEYS[6:])).held["User"] == Counts(archive=6)


def test_a_plan_that_holds_nothing_has_nothing_to_free(scenario: Any) -> None:
    with pytest.raises(Refused) as refused:
        scenario.ws.approve_held(scenario.plan().id, reason="all", actor="kim")
    assert refused.value.why == "nothing-held"


def test_what_an_undo_leaves_cannot_be_freed(scenario: Any, delivered: Any) -> None:
    scenario.sync(delivered(values={"stu-01": {"email": "new@birch.example"}}))
    scenario.sync(delivered(values={"stu-01": {"email": "newer@birch.example"}}))
    undo = scenario.ws.undo(2)
    assert undo.total_held == Counts(update=1)
    with pytest.raises(Refused) as refused:
        scenario.ws.approve_held(undo.id, reason="all", actor="kim")
    assert refused.value.why == "undo"


def test_an_approval_of_something_else_frees_no_case(scenario: Any, delivered: Any) -> None:
    """The e-mail was approved; that the record now is another child's was not."""
    scenario.ws.hold("User", "stu-03", reason="wait", actor="kim")
    moved = {"email": "new@birch.example"}
    scenario.ws.approve_held(scenario.plan(delivered(values={"stu-03": moved})).id, reason="true", actor="kim")
    wren = {"given_name": "Wren", "family_name": "Okafor", "identifier": "99"}
    plan = scenario.plan(delivered(values={"stu-03": wren | moved}))
    assert {line[4] for line in scenario.lines(plan)} == {"case"}


WHY = {"reason": "checked", "actor": "kim"}


@pytest.mark.parametrize("short", ["", " ", "2", "20260915", "20260915-"])
def test_an_empty_or_short_id_never_decides(scenario: Any, delivered: Any, short: str) -> None:
    plan = scenario.plan(delivered(KEYS[1:]))
    for verb, named in (("approve", WHY), ("reject", WHY), ("approve_held", WHY), ("apply", {"actor": "kim"})):
        with pytest.raises(UsageError, match="is too short to decide by"):
            getattr(scenario.ws, verb)(short, **named)
    assert scenario.ws.show(plan.id).plan.state == "proposed"
    assert scenario.ws.approve(plan.id[:12], reason="x", actor="kim").plan == plan.id


def test_who_approved_and_why_is_known_for_ever(scenario: Any, delivered: Any) -> None:
    plan = scenario.plan(delivered(KEYS[1:]))
    scenario.ws.approve(plan.id, reason="checked with the office", actor="maria")
    scenario.ws.apply(plan.id, actor="kim")
    assert [(one.actor, one.reason) for one in scenario.ws.decisions(plan.id)] == [("maria", "checked with the office")]
    newest = scenario.ws.history()[0]
    assert (newest.actor, newest.approved_by, newest.reason) == ("kim", "maria", "checked with the office")


def test_holds_shows_a_suspected_reuse_and_what_depends_on_it_first(scenario: Any, delivered: Any) -> None:
    wren = {"given_name": "Wren", "family_name": "Okafor", "identifier": "99"}
    scenario.plan(delivered(values={"stu-03": wren}))
    (found,) = scenario.ws.holds()
    assert (found.entity, found.sourced_id, found.code) == ("User", "stu-03", "case")
    assert found.reason.startswith("an id, number or username may have been reused")
