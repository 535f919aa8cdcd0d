"""What reviewers decide: plans, held changes, single records, each with a reason. The verbs write the audit log."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from starlette.exceptions import HTTPException
from starlette.responses import RedirectResponse, Response

from rosterkit.errors import Refused, RosterkitError, UsageError
from rosterkit.plan.plan import ACTIONS, Plan
from rosterkit.render.labels import ENTITY_NAMES
from rosterkit.store.plan_lines import schools_in_plan
from rosterkit.web.guard import Visit, local
from rosterkit.web.plan_page import found_plan, stored_by_doubt

BETWEEN = "\x1f"
"""Between the parts of a record's value in a form: entity, action, sourced id, stamp."""

_VERBS = {"approve-held": "approve held", "match": "match", "hold": "hold", "release": "release"}
_DONE = {"approve-held": "approved for the next plan", "hold": "held", "release": "released"}


def approve_plan(visit: Visit) -> Response:
    """Approves the plan as it was shown."""
    plan = found_plan(visit)
    visit.workspace.approve(plan.id, reason=_reason(visit), actor=visit.visitor.actor, seen=_seen(visit))
    if visit.workspace.plan_stamp(plan.id).startswith("proposed"):
        return visit.done(f"/plans/{plan.id}", "You approved the plan. One more person must approve it.")
    return visit.done(f"/plans/{plan.id}", "The plan is approved. The next run applies it, or: rosterkit apply.")


def reject_plan(visit: Visit) -> Response:
    """Rejects it."""
    plan = found_plan(visit)
    visit.workspace.reject(plan.id, reason=_reason(visit), actor=visit.visitor.actor, seen=_seen(visit))
    return visit.done(f"/plans/{plan.id}", "The plan is rejected. What it proposed comes again with the next plan.")


def _reason(visit: Visit) -> str:
    reason = visit.given("reason").strip()
    if not reason:
        raise UsageError("A reason is needed: say why, for those who read the history.")
    return reason[:2_000]


def _seen(visit: Visit) -> str:
    """The stamp of the form; a form without one decides on nothing."""
    seen = visit.given("seen")
    if not seen:
        raise UsageError("This form does not say what you looked at. Open the page again.")
    return seen


@dataclass(frozen=True, slots=True)
class _Record:
    entity: str
    action: str
    sourced_id: str
    stamp: str

    @classmethod
    def of(cls, text: str) -> _Record:
        parts = text.split(BETWEEN)
        if len(parts) != 4 or parts[0] not in ENTITY_NAMES or parts[1] not in ACTIONS:
            raise HTTPException(400)
        return cls(*parts)


def decide(visit: Visit) -> Response:
    """One act on the records that were chosen, or on every held change of one entity and action."""
    plan, act = found_plan(visit), visit.given("act")
    if act not in _VERBS:
        raise HTTPException(400)
    if not visit.visitor.may(_VERBS[act]):
        raise HTTPException(403)
    back = local(visit.given("back"), f"/plans/{plan.id}")
    if group := visit.given("group"):
        return _approve_group(visit, plan, group, back)
    records = [_Record.of(str(value)) for value in visit.form.getlist("record")]
    if not records:
        raise UsageError("Choose at least one change first.")
    if act == "match":
        return _match(visit, plan, records, back)
    for record in records:
        _sees_in_plan(visit, plan, record)
    return visit.done(back, _each(visit, plan, act, records))


def _each(visit: Visit, plan: Plan, act: str, records: list[_Record]) -> str:
    """Does it for each record; says how many were done, and why others were not."""
    reason, done, problems = _reason(visit), 0, []
    if act == "approve-held" and visit.workspace.plan_stamp(plan.id) != _seen(visit):
        raise Refused("Somebody decided on this plan after you opened it. Nothing was done. Look again.", why="changed")
    for record in dict.fromkeys(records):
        try:
            _ACTS[act](visit, plan, record, reason)
        except RosterkitError as problem:
            problems.append(str(problem))
        else:
            done += 1
    refused = f" {len(problems)} {'was' if len(problems) == 1 else 'were'} refused: {problems[0]}" if problems else ""
    return f"{done:,} {'change is' if done == 1 else 'changes are'} {_DONE[act]}.{refused}"


def _match(visit: Visit, plan: Plan, records: list[_Record], back: str) -> RedirectResponse:
    """Says that the one new person who was chosen is the stored one that was chosen among those whom the case names."""
    visit.whole_district()
    if len(records) != 1 or (records[0].entity, records[0].action) != ("User", "create"):
        raise UsageError("Choose the new person whose case it is, and nobody else: each is decided by itself.")
    new, old = records[0].sourced_id, visit.given("stored")
    if old not in stored_by_doubt(visit, plan).get(new, ()):
        raise UsageError(f"Choose the stored person among those whom the case of {new} names.")
    if visit.workspace.plan_stamp(plan.id) != _seen(visit):
        raise Refused("Somebody decided on this plan after you opened it. Nothing was done. Look again.", why="changed")
    visit.workspace.match(new, old, reason=_reason(visit), actor=visit.visitor.actor)
    return visit.done(back, f"{new} is the stored person {old}: the next plan gives that one the new id.")


def _approve(visit: Visit, plan: Plan, record: _Record, reason: str) -> None:
    visit.workspace.approve_held(
        plan.id,
        reason=reason,
        actor=visit.visitor.actor,
        entity=record.entity,
        action=record.action,
        sourced_id=record.sourced_id,
    )


def _hold(visit: Visit, _plan: Plan, record: _Record, reason: str) -> None:
    visit.workspace.hold(record.entity, record.sourced_id, reason=reason, actor=visit.visitor.actor, seen=record.stamp)


def _release(visit: Visit, _plan: Plan, record: _Record, reason: str) -> None:
    visit.workspace.release(
        record.entity, record.sourced_id, reason=reason, actor=visit.visitor.actor, seen=record.stamp
    )


_ACTS: dict[str, Callable[[Visit, Plan, _Record, str], None]] = {
    "approve-held": _approve,
    "hold": _hold,
    "release": _release,
}


def _approve_group(visit: Visit, plan: Plan, group: str, back: str) -> RedirectResponse:
    """Approves every held change of one entity and action; suspected reuses of an id are not among them."""
    visit.whole_district()
    entity, _, action = group.partition(" ")
    if entity not in ENTITY_NAMES or action not in ACTIONS or visit.given("act") != "approve-held":
        raise HTTPException(400)
    signed = visit.workspace.approve_held(
        plan.id,
        reason=_reason(visit),
        actor=visit.visitor.actor,
        entity=entity,
        action=action,
        seen=_seen(visit),
    )
    return visit.done(back, f"{signed.freed:,} changes are approved for the next plan.")


def _sees_in_plan(visit: Visit, plan: Plan, record: _Record) -> None:
    if visit.visitor.schools is None:
        return
    workspace, mine = visit.workspace, frozenset(visit.visitor.schools)
    with workspace.reading() as connection:
        found = schools_in_plan(
            workspace.folder, workspace.database, connection, plan, record.entity, record.sourced_id
        )
    if not found or not all(schools & mine for schools in found):
        raise HTTPException(404)


def _record_of(visit: Visit) -> tuple[str, str]:
    entity, sourced_id = visit.given("entity"), visit.given("id")
    if entity not in ENTITY_NAMES or not sourced_id:
        raise HTTPException(400)
    visit.sees(entity, sourced_id)
    return entity, sourced_id


def hold_record(visit: Visit) -> Response:
    """Sets a record, or one field of it, aside."""
    entity, sourced_id = _record_of(visit)
    visit.workspace.hold(
        entity,
        sourced_id,
        reason=_reason(visit),
        actor=visit.visitor.actor,
        field=visit.given("field"),
        seen=_seen(visit),
    )
    return visit.done(visit.given("back"), f"{entity} {sourced_id} is held: the next plan leaves it as it is.")


def release_record(visit: Visit) -> Response:
    """Ends the holds of a record."""
    entity, sourced_id = _record_of(visit)
    ended = visit.workspace.release(
        entity, sourced_id, reason=_reason(visit), actor=visit.visitor.actor, seen=_seen(visit)
    )
    return visit.done(visit.given("back"), f"{len(ended)} holds of {entity} {sourced_id} ended.")
