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


def test_an_approval_says_who_why_and_what(desk: Any, tonight: Any) -> None:
    plan = desk.plan(tonight(KEYS[1:]))
    approval = desk.ws.approve(plan.id, reason=" he moved ", actor="kim")
    assert (approval.plan, approval.decision, approval.actor, approval.reason) == (
        plan.id,
        "approve",
        "kim",
        "he moved",
    )
    assert desk.ws.show(plan.id).plan.state == "approved"


@pytest.mark.parametrize("reason", ["", "   "])
def test_a_reason_is_needed(desk: Any, tonight: Any, reason: str) -> None:
    plan = desk.plan(tonight(KEYS[1:]))
    with pytest.raises(UsageError, match="reason"):
        desk.ws.approve(plan.id, reason=reason, actor="kim")
    assert desk.ws.show(plan.id).plan.state == "proposed"


def test_an_applied_plan_cannot_be_approved(desk: Any, tonight: Any) -> None:
    plan = desk.night(tonight(KEYS[1:]))
    with pytest.raises(Refused) as refused:
        desk.ws.approve(plan.id, reason="again", actor="kim")
    assert refused.value.why == "applied"


def test_an_approved_plan_is_not_superseded(desk: Any, tonight: Any) -> None:
    plan = desk.plan(tonight(KEYS[1:]))
    desk.ws.approve(plan.id, reason="fine", actor="kim")
    desk.plan(tonight(KEYS[1:]))
    assert desk.ws.show(plan.id).plan.state == "approved"


def test_what_is_held_and_approved_is_in_the_next_plan_and_in_no_plan_before(desk: Any, tonight: Any) -> None:
    held = desk.plan(tonight(KEYS[6:]))
    approval = desk.ws.approve_held(held.id, reason="they moved", actor="kim")
    assert approval.freed == held.total_held.total
    assert desk.ws.show(held.id).plan.total == Counts()
    plan = desk.plan(tonight(KEYS[6:]))
    assert plan.total_held == Counts()
    assert plan.changes["User"] == Counts(archive=6)
    desk.apply(plan)
    assert desk.ws.holds() == ()


def test_an_approval_is_a_ceiling_one_more_is_held(desk: Any, tonight: Any) -> None:
    held = desk.plan(tonight(KEYS[6:]))
    desk.ws.approve_held(held.id, reason="they moved", actor="kim")
    plan = desk.plan(tonight(KEYS[7:]))
    lines = {line[2]: line[4] for line in desk.lines(plan) if line[0] == "User"}
    assert lines == {**dict.fromkeys(KEYS[:6], ""), KEYS[6]: "limit"}


def belongings(desk: Any, plan: Any, user: str) -> set[str]:
    """The sourced ids of the held changes of a user and of what refers to them."""
    held = desk.ws.show(plan.id).lines.filter(pl.col("held") != "")
    return {key for key in held["sourced_id"].to_list() if user in key}


def test_only_what_was_chosen_is_freed(desk: Any, tonight: Any) -> None:
    """What belongs to a person counts for itself, and is approved with that person."""
    held = desk.plan(tonight(KEYS[6:]))
    his = belongings(desk, held, "stu-00")
    assert len(his) > 2
    assert desk.ws.approve_held(held.id, reason="he moved", actor="kim", sourced_id="stu-00").freed == len(his)
    lines = {line[2]: line[4] for line in desk.lines(desk.plan(tonight(KEYS[6:])))}
    assert {key for key, code in lines.items() if not code} == his


def test_a_case_that_is_approved_is_exactly_that_change(desk: Any, tonight: Any) -> None:
    wren = {"given_name": "Wren", "family_name": "Okafor", "identifier": "99"}
    case = desk.plan(tonight(said={"stu-03": wren}))
    with pytest.raises(Refused, match="The id of stu-03 may have been reused") as refused:
        desk.ws.approve_held(case.id, reason="all of them", actor="kim")
    assert refused.value.why == "suspected-reuse"
    desk.ws.approve_held(case.id, reason="it is the same child", actor="kim", sourced_id="stu-03")
    assert desk.plan(tonight(said={"stu-03": wren})).total_held == Counts()
    other = desk.plan(tonight(said={"stu-03": wren | {"family_name": "Achebe"}}))
    codes = {line[3]: line[4] for line in desk.lines(other)}
    assert codes == dict.fromkeys(("given_name", "family_name", "identifier"), "case")


def test_an_approval_expires(desk: Any, tonight: Any, monkeypatch: Any) -> None:
    held = desk.plan(tonight(KEYS[6:]))
    desk.ws.approve_held(held.id, reason="they moved", actor="kim")
    monkeypatch.setattr(snapshot, "now", lambda: datetime.now(UTC) + timedelta(hours=25))
    assert desk.plan(tonight(KEYS[6:])).held["User"] == Counts(archive=6)


def test_an_approval_is_used_up_by_one_sync(desk: Any, tonight: Any) -> None:
    held = desk.plan(tonight(KEYS[6:]))
    desk.ws.approve_held(held.id, reason="they moved", actor="kim")
    desk.night(tonight(KEYS[6:]))
    desk.night(tonight())  # they are back
    assert desk.plan(tonight(KEYS[6:])).held["User"] == Counts(archive=6)


def test_a_plan_that_holds_nothing_has_nothing_to_free(desk: Any) -> None:
    with pytest.raises(Refused) as refused:
        desk.ws.approve_held(desk.plan().id, reason="all", actor="kim")
    assert refused.value.why == "nothing-held"


def test_what_an_undo_leaves_cannot_be_freed(desk: Any, tonight: Any) -> None:
    desk.night(tonight(said={"stu-01": {"email": "new@birch.example"}}))
    desk.night(tonight(said={"stu-01": {"email": "newer@birch.example"}}))
    undo = desk.ws.undo(2)
    assert undo.total_held == Counts(update=1)
    with pytest.raises(Refused) as refused:
        desk.ws.approve_held(undo.id, reason="all", actor="kim")
    assert refused.value.why == "undo"


def test_an_approval_of_something_else_frees_no_case(desk: Any, tonight: Any) -> None:
    """The e-mail was approved; that the record now is another child's was not."""
    desk.ws.hold("User", "stu-03", reason="wait", actor="kim")
    moved = {"email": "new@birch.example"}
    desk.ws.approve_held(desk.plan(tonight(said={"stu-03": moved})).id, reason="true", actor="kim")
    wren = {"given_name": "Wren", "family_name": "Okafor", "identifier": "99"}
    plan = desk.plan(tonight(said={"stu-03": wren | moved}))
    assert {line[4] for line in desk.lines(plan)} == {"case"}


WHY = {"reason": "checked", "actor": "kim"}


@pytest.mark.parametrize("short", ["", " ", "2", "20260915", "20260915-"])
def test_an_empty_or_short_id_never_decides(desk: Any, tonight: Any, short: str) -> None:
    plan = desk.plan(tonight(KEYS[1:]))
    for verb, named in (("approve", WHY), ("reject", WHY), ("approve_held", WHY), ("apply", {"actor": "kim"})):
        with pytest.raises(UsageError, match="is too short to decide by"):
            getattr(desk.ws, verb)(short, **named)
    assert desk.ws.show(plan.id).plan.state == "proposed"
    assert desk.ws.approve(plan.id[:12], reason="x", actor="kim").plan == plan.id


def test_who_approved_and_why_is_known_for_ever(desk: Any, tonight: Any) -> None:
    plan = desk.plan(tonight(KEYS[1:]))
    desk.ws.approve(plan.id, reason="checked with the office", actor="maria")
    desk.ws.apply(plan.id, actor="kim")
    assert [(one.actor, one.reason) for one in desk.ws.decisions(plan.id)] == [("maria", "checked with the office")]
    newest = desk.ws.history()[0]
    assert (newest.actor, newest.approved_by, newest.reason) == ("kim", "maria", "checked with the office")


def test_holds_shows_a_suspected_reuse_and_what_depends_on_it_first(desk: Any, tonight: Any) -> None:
    wren = {"given_name": "Wren", "family_name": "Okafor", "identifier": "99"}
    desk.plan(tonight(said={"stu-03": wren}))
    (found,) = desk.ws.holds()
    assert (found.entity, found.sourced_id, found.code) == ("User", "stu-03", "case")
    assert found.reason.startswith("the id may have been reused")
