"""Decisions: ``approve``, ``reject``, ``apply``, ``match``, ``hold``, ``release``, ``holds``, ``ignore-line``."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated, Any

import typer

from rosterkit.cli.app import app
from rosterkit.cli.options import (
    Action,
    Actor,
    Entity,
    EntityName,
    FieldName,
    Json,
    PlanId,
    Reason,
    Record,
    audit_view,
    command_of,
    echo,
    open_workspace,
    print_either,
)
from rosterkit.errors import UsageError

if TYPE_CHECKING:
    from rosterkit.results import Approval


@app.command(epilog='Example: rosterkit -C our-district approve 20260915-7f3a --reason "checked with the office"')
def approve(
    ctx: typer.Context,
    plan_id: PlanId,
    reason: Reason,
    held: Annotated[
        bool, typer.Option("--held", metavar="", help="Approve what the plan holds: the next plan carries it out.")
    ] = False,
    entity: EntityName = "",
    action: Action = "",
    record: Annotated[str, typer.Option(metavar="KEY", help="With --held: only the record with this sourced id.")] = "",
    every: Annotated[
        bool, typer.Option("--all", metavar="", help="With --held: everything but suspected reuses of an id.")
    ] = False,
    actor: Actor = "",
    json: Json = False,
) -> None:
    """Approve a plan, so that it may be applied; with --held, approve what it holds, for the next plan to do."""
    if (entity or action or record or every) and not held:
        raise UsageError("--entity, --action, --record and --all choose among what is held: say --held too.")
    if held and not (record or every or (entity and action)):
        raise UsageError("Say what of the held changes: --record KEY, --entity NAME with --action NAME, or --all.")
    chosen: dict[str, Any] = {"entity": entity or None, "action": action or None, "sourced_id": record or None}
    with open_workspace(ctx) as workspace:
        if held:
            signed = workspace.approve_held(plan_id, reason=reason, actor=actor, **chosen)
        else:
            signed = workspace.approve(plan_id, reason=reason, actor=actor)
        waits = not held and workspace.plan_stamp(signed.plan).startswith("proposed")
    _print_signed(ctx, signed, json, waits=waits)


@app.command(epilog='Example: rosterkit -C our-district reject 20260915-7f3a --reason "the export was cut short"')
def reject(ctx: typer.Context, plan_id: PlanId, reason: Reason, actor: Actor = "", json: Json = False) -> None:
    """Refuse a plan for good. What it wanted is proposed again by the next one; hold is what keeps it out."""
    with open_workspace(ctx) as workspace:
        signed = workspace.reject(plan_id, reason=reason, actor=actor)
        undo = any(one.id == signed.plan and one.kind == "undo" for one in workspace.plans())
    _print_signed(ctx, signed, json, undo=undo)


@app.command(epilog="Example: rosterkit -C our-district apply 20260915-7f3a")
def apply(ctx: typer.Context, plan_id: PlanId, actor: Actor = "", json: Json = False) -> None:
    """Carry out a plan: exactly what it says, wholly or not at all."""
    from rosterkit.render import json as shapes
    from rosterkit.render import text as tables

    with open_workspace(ctx) as workspace:
        done = workspace.apply(plan_id, actor=actor)
    print_either(json, lambda: shapes.applied(done), tables.applied, done, command_of(ctx))
    raise typer.Exit(1 if any(counts.total for counts in done.held.values()) else 0)


@app.command(epilog='Example: rosterkit -C our-district match X-104 st-004 --reason "married, the office confirmed"')
def match(
    ctx: typer.Context,
    new: Annotated[str, typer.Argument(metavar="NEW", help="The id that came, as the newest plan names it.")],
    old: Annotated[str, typer.Argument(metavar="OLD", help="The stored person's sourced id, or SOURCE/ID.")],
    reason: Reason,
    revoke: Annotated[bool, typer.Option("--revoke", metavar="", help="Take it back.")] = False,
    actor: Actor = "",
    json: Json = False,
) -> None:
    """Say that who comes under a new id is a stored person: the next plan gives that one the new id."""
    from rosterkit.render import json as shapes
    from rosterkit.render import matches as tables

    with open_workspace(ctx) as workspace:
        done = workspace.match(new, old, reason=reason, actor=actor, revoke=revoke)
    print_either(
        json, lambda: shapes.matched(done, revoked=revoke), tables.matched, done, command_of(ctx), revoked=revoke
    )


@app.command(epilog='Example: rosterkit -C our-district hold User S-1017 --reason "moving house, ask in May"')
def hold(
    ctx: typer.Context,
    entity: Entity,
    key: Record,
    reason: Reason,
    action: Action = "",
    field: FieldName = "",
    actor: Actor = "",
    json: Json = False,
) -> None:
    """Set a record aside, from run to run, until it is released; what depends on it waits with it."""
    from rosterkit.render import json as shapes

    with open_workspace(ctx) as workspace:
        kept = workspace.hold(
            entity,
            key,
            reason=reason,
            actor=actor,
            action=action,
            field=field,
        )
    echo(shapes.holds([kept]) if json else f"Held {kept.entity} {kept.sourced_id}: the next plan keeps it out.\n")


@app.command(epilog='Example: rosterkit -C our-district release User S-1017 --reason "the office confirmed"')
def release(
    ctx: typer.Context,
    entity: Entity,
    key: Record,
    reason: Reason,
    action: Action = "",
    field: FieldName = "",
    actor: Actor = "",
    json: Json = False,
) -> None:
    """Lift the holds on a record: the next plan proposes what the source says."""
    from rosterkit.render import json as shapes

    with open_workspace(ctx) as workspace:
        lifted = workspace.release(
            entity,
            key,
            reason=reason,
            actor=actor,
            action=action,
            field=field,
        )
    if json:
        echo(shapes.holds(lifted, "released"))
        return
    what = "1 hold" if len(lifted) == 1 else f"{len(lifted)} holds"
    echo(f"Released {what} on {entity} {key}: the next plan proposes what the source says.\n")


@app.command(epilog="Example: rosterkit -C our-district holds")
def holds(ctx: typer.Context, json: Json = False) -> None:
    """Everything that is set aside, by whom, since when and why."""
    from rosterkit.render import json as shapes
    from rosterkit.render import text as tables

    with open_workspace(ctx) as workspace:
        kept = workspace.holds()
        audit_view(workspace, "holds", [f"{one.entity} {one.sourced_id}" for one in kept])
        zone = workspace.config.zone
    print_either(json, lambda: shapes.holds(kept), tables.holds, kept, zone)


_Hash = Annotated[str, typer.Argument(metavar="HASH", help="The line's hash, as its finding shows it.")]
_Source = Annotated[str, typer.Option(metavar="NAME", help="The source that sends the line. Left out: the only one.")]


@app.command(epilog='Example: rosterkit -C our-district ignore-line 9c1d4be0a2f36d57 --reason "a footer of the SIS"')
def ignore_line(
    ctx: typer.Context,
    line_hash: _Hash,
    reason: Annotated[str, typer.Option("--reason", metavar="TEXT", help="Why. It is kept with the decision.")] = "",
    source: _Source = "",
    revoke: Annotated[bool, typer.Option("--revoke", metavar="", help="Take it back.")] = False,
    actor: Actor = "",
    json: Json = False,
) -> None:
    """Ignore an unreadable line from now on, so that it no longer makes its file partial."""
    from rosterkit.render import json as shapes

    with open_workspace(ctx) as workspace:
        if revoke:
            workspace.stop_ignoring(line_hash, source=source)
        else:
            workspace.ignore_line(line_hash, reason=reason, actor=actor, source=source)
    if json:
        echo(shapes.facts(line=line_hash, ignored=not revoke))
    else:
        echo("That line is not ignored any more.\n" if revoke else "That line is ignored from now on.\n")


@app.command(epilog="Example: rosterkit -C our-district ignored-lines")
def ignored_lines(ctx: typer.Context, json: Json = False) -> None:
    """The unreadable lines that are ignored, by whom and why."""
    from rosterkit.render import json as shapes
    from rosterkit.render import text as tables

    with open_workspace(ctx) as workspace:
        lines = workspace.ignored_lines()
        zone = workspace.config.zone
    print_either(json, lambda: shapes.ignored_lines(lines), tables.ignored_lines, lines, zone)


def _print_signed(ctx: typer.Context, signed: Approval, json: bool, *, waits: bool = False, undo: bool = False) -> None:
    from rosterkit.render import json as shapes

    if json:
        echo(shapes.approval(signed))
        return
    by, command = f"signed by {signed.actor}", command_of(ctx)
    freed = "1 held change" if signed.freed == 1 else f"{signed.freed:,} held changes"
    if waits:
        echo(f"Plan {signed.plan} is {by}. One more person must approve it: the setting approvers is 2.\n")
        return
    texts = {
        "approve": f"Plan {signed.plan} is approved, {by}. Next: {command} apply {signed.plan}",
        "approve-held": f"Approved {freed} of plan {signed.plan}, {by}; the next plan includes them: {command} plan",
        "reject": f"Plan {signed.plan} is rejected, {by}. "
        + ("The roster stays as it is." if undo else "What it wanted comes again with the next plan."),
    }
    echo(f"{texts[signed.decision]}\n")
