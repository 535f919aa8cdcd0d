"""The first page: what waits, the last runs as a chart, and how old each source and feed is."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from starlette.responses import Response

from rosterkit.operate.alarms import beside_waiting
from rosterkit.operate.slots import SYNC
from rosterkit.plan.plan import Plan
from rosterkit.store.browse import schools
from rosterkit.store.deliveries import Delivery
from rosterkit.store.plans import now
from rosterkit.store.runs import Run
from rosterkit.web.guard import Visit
from rosterkit.web.plan_page import with_newest_prepared

_SHOWN = 14  # runs in the chart
_LISTED = 100


def waits_for_a_person(plan: Plan) -> bool:
    """Whether somebody must approve the plan."""
    return plan.state == "proposed" and plan.needs_approval and plan.expires_at > now()


def overview(visit: Visit) -> Response:
    """The page; an account of some schools sees these schools and the newest plan only."""
    workspace, seen = visit.workspace, visit.visitor.schools
    plans = workspace.plans()
    with workspace.reading() as connection:
        places = schools(connection, seen)
    if seen is not None:
        newest = next((plan for plan in plans if plan.kind == "sync"), None)
        response = visit.show("overview_of_schools.html.j2", title="Overview", schools=places, newest=newest)
        return with_newest_prepared(response, visit, plans)
    log = workspace.feed_log()
    waiting = list(_waiting(plans, log, workspace))
    response = visit.show(
        "overview.html.j2",
        title="Overview",
        waiting=waiting,
        chart=_bars(workspace.runs(_LISTED), plans),
        sources=[_source(name, entry.kind, entry.enabled, plans) for name, entry in workspace.config.sources.items()],
        feeds=[_feed(name, entry.kind, log) for name, entry in workspace.config.feeds.items()],
        schools=places,
        newest=plans[0] if plans else None,
    )
    return with_newest_prepared(response, visit, plans)


def _waiting(plans: Sequence[Plan], log: Sequence[Delivery], workspace: Any) -> Any:
    """What a person should look at: what it is, how many, where."""
    for plan in (plan for plan in plans if waits_for_a_person(plan)):
        yield {"text": f"Plan {plan.id} waits for approval: {plan.approval_why}.", "link": f"/plans/{plan.id}"}
    for one in (one for one in log if one.state == "waiting"):
        yield {"text": f"A file of {one.feed} waits for approval: {one.why}.", "link": f"/feeds/{one.feed}"}
    for one in {one.feed: one for one in reversed(log)}.values():
        if one.state in ("failed", "refused"):
            yield {"text": f"The last file of {one.feed} is {one.state}.", "link": f"/feeds/{one.feed}"}
    for feed in sorted(set(beside_waiting(workspace.feed_alarms())["file"])):
        yield {"text": f"The feed {feed} raises an alarm.", "link": f"/feeds/{feed}"}
    if (run := next(iter(workspace.runs(1)), None)) and run.state in ("failed", "missed"):
        yield {"text": f"The last run {run.state}: {run.message}", "link": "/runs"}
    newest = next((plan for plan in plans if plan.kind == "sync"), None)
    if newest is None:
        return
    cases = len({(hold.entity, hold.sourced_id) for hold in workspace.holds() if hold.code == "case"})
    if cases:
        records = "record" if cases == 1 else "records"
        text = f"{cases:,} {records} may be another person's under a reused id or username: decide."
        yield {"text": text, "link": f"/plans/{newest.id}?held=case"}
    if held := newest.total_held.total - cases:
        are = "change of the newest plan is" if held == 1 else "changes of the newest plan are"
        yield {"text": f"{held:,} {are} held.", "link": f"/plans/{newest.id}?held=yes"}


def _bars(runs: Sequence[Run], plans: Sequence[Plan]) -> list[dict[str, Any]]:
    """A bar for each of the last runs, or of the last plans where nothing runs by itself; the oldest first."""
    read = [_of_run(one) for one in runs if one.job == SYNC][:_SHOWN] or [_of_plan(one) for one in plans[:_SHOWN]]
    tallest = max((one["changes"] + one["held"] for one in read), default=0) or 1
    return [
        one
        | {
            "x": 10 + n * 40,
            "high": round(100 * one["changes"] / tallest, 1),
            "top": round(100 * one["held"] / tallest, 1),
        }
        for n, one in enumerate(reversed(read))
    ]


def _of_run(run: Run) -> dict[str, Any]:
    stage = run.stage("plan")
    facts = stage.facts if stage else {}
    errors = facts.get("findings", {}).get("error", 0)
    counts = {"changes": facts.get("to_apply", 0), "held": facts.get("held", 0), "errors": errors}
    return {"name": f"run {run.id}", "link": "/runs", "at": run.started_at, "state": run.state, **counts}


def _of_plan(plan: Plan) -> dict[str, Any]:
    counts = {"changes": plan.total.total, "held": plan.total_held.total, "errors": plan.findings.get("error", 0)}
    named = {"name": plan.id, "link": f"/plans/{plan.id}", "at": plan.created_at, "state": plan.state}
    return named | counts


def _source(name: str, kind: str, enabled: bool, plans: Sequence[Plan]) -> dict[str, Any]:
    mine = [plan for plan in plans if name in plan.sources and plan.kind == "sync"]
    applied = next((plan for plan in mine if plan.state == "applied"), None)
    return {"name": name, "kind": kind, "enabled": enabled, "read": mine[0] if mine else None, "applied": applied}


def _feed(name: str, kind: str, log: Sequence[Delivery]) -> dict[str, Any]:
    mine = [one for one in log if one.feed == name]
    sent = next((one for one in mine if one.arrived), None)
    return {"name": name, "kind": kind, "newest": mine[0] if mine else None, "sent": sent}


def runs(visit: Visit) -> Response:
    """The runs with their stages, every plan and every revision, the newest first."""
    workspace = visit.workspace
    return visit.show(
        "runs.html.j2",
        title="Runs",
        runs=workspace.runs(_LISTED),
        plans=workspace.plans()[:_LISTED],
        revisions=workspace.history()[:_LISTED],
    )
