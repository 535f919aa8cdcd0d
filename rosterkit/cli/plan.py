"""Planning and looking at plans: ``plan``, ``plans``, ``show``, ``undo``."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from rosterkit.cli.app import app
from rosterkit.cli.options import (
    Action,
    AsOf,
    EntityName,
    Json,
    Package,
    SourceName,
    audit_view,
    command_of,
    echo,
    open_workspace,
    pairs,
    print_either,
    printing,
    record_names,
)
from rosterkit.errors import UsageError

if TYPE_CHECKING:
    from collections.abc import Sequence

    from rosterkit.plan.plan import Plan
    from rosterkit.results import Approval, Holding
    from rosterkit.workspace import Workspace

_SHOWN = 20  # lines of each entity and action at a terminal
_ON_PAGE = 500  # … and on a page


@app.command(epilog="Example: rosterkit -C our-district plan --package export.zip")
def plan(
    ctx: typer.Context,
    package: Package = None,
    source: SourceName = "",
    tried: Annotated[
        list[str] | None,
        typer.Option("--try", metavar="SETTING=VALUE", help="Show the plan under another setting, and store nothing."),
    ] = None,
    now: Annotated[
        bool, typer.Option("--now", metavar="", help="People who disappeared leave now, without grace.")
    ] = False,
    as_of: AsOf = None,
    json: Json = False,
) -> None:
    """Read all sources and work out what would change. Nothing is written but the plan."""
    with open_workspace(ctx) as workspace:
        if tried:
            settings = pairs(tried, "limits.halving_min_size=10")
            print_plan(ctx, workspace, workspace.try_plan(settings, package, source=source, as_of=as_of, now=now), json)
        made = workspace.plan(package, source=source, as_of=as_of, now=now)
        print_plan(ctx, workspace, made, json)


@app.command(epilog="Example: rosterkit -C our-district plans")
def plans(ctx: typer.Context, json: Json = False) -> None:
    """Every plan that was ever made, and what became of it."""
    from rosterkit.render import json as shapes
    from rosterkit.render import text as tables

    with open_workspace(ctx) as workspace:
        decisions: dict[str, list[Approval]] = {}
        for one in workspace.decisions():
            decisions.setdefault(one.plan, []).append(one)
        made = workspace.plans()
        zone = workspace.config.zone
    print_either(json, lambda: shapes.plans(made, decisions), tables.plans, made, zone, decisions)


@app.command(epilog="Example: rosterkit -C our-district show 7f3a --entity User --action archive")
def show(
    ctx: typer.Context,
    plan_id: Annotated[str, typer.Argument(metavar="PLAN", help="A plan's id. Left out: the newest.")] = "",
    entity: EntityName = "",
    action: Action = "",
    school: Annotated[str, typer.Option(metavar="TEXT", help="Only schools whose name holds this.")] = "",
    held: Annotated[bool, typer.Option("--held", metavar="", help="Only what is held.")] = False,
    limit: Annotated[
        int | None,
        typer.Option(min=0, metavar="N", help="Lines of each entity and action; 0: all.", show_default=False),
    ] = None,
    json: Json = False,
    html: Annotated[
        bool, typer.Option("--html", metavar="", help="Print one page of HTML, for a reviewer without a shell.")
    ] = False,
    output: Annotated[
        Path | None, typer.Option("-o", "--output", metavar="FILE", help="Write JSON or HTML to a private file.")
    ] = None,
) -> None:
    """Show a plan: its summary, what is held and why, what was found, and every change. Works for ever."""
    from rosterkit import registry
    from rosterkit.render import json as shapes
    from rosterkit.render import text as tables
    from rosterkit.render.labels import Choice, chosen

    if json and html:
        raise UsageError("Choose one of --json and --html.")
    if output and not (json or html):
        raise UsageError("A file is written of --json or --html: say which.")
    lines = limit if limit is not None else 0 if json else _ON_PAGE if html else _SHOWN
    choice = Choice(entity, action, school, held, lines).checked()
    rules = registry.rules()
    with open_workspace(ctx) as workspace:
        every = workspace.decisions()
        shown = workspace.show(plan_id or None)
        decisions = [one for one in every if one.plan == shown.plan.id]
        zone = workspace.config.zone
        some = chosen(shown.lines, choice)
        audit_view(workspace, "plan", record_names(some), subject=shown.plan.id)
    if json:
        echo(shapes.view(shown, some, rules, decisions), output)
    elif html:
        from rosterkit.render import html as page

        echo(page.page(shown, choice, rules, zone, decisions), output)
    else:
        with printing() as console:
            tables.view(console, shown, choice, rules, zone, command_of(ctx), decisions)


@app.command(epilog="Example: rosterkit -C our-district undo 12")
def undo(
    ctx: typer.Context,
    revision: Annotated[int | None, typer.Argument(metavar="REVISION", min=1, help="Left out: the newest.")] = None,
    as_of: AsOf = None,
    json: Json = False,
) -> None:
    """Make the plan that takes a revision back; it is approved and applied like any other.

    Says also what vendors hold of that revision by now, and how each takes it back.
    """
    with open_workspace(ctx) as workspace:
        held = workspace.vendors_hold(revision)
        made = workspace.undo(revision, as_of=as_of)
        print_plan(ctx, workspace, made, json, held)


def print_plan(ctx: typer.Context, workspace: Workspace, made: Plan, json: bool, held: Sequence[Holding] = ()) -> None:
    """Prints a plan's summary, and ends the command: with exit code 1 where somebody should look."""
    from rosterkit.attention import attention_reason
    from rosterkit.render import feeds as pages
    from rosterkit.render import json as shapes
    from rosterkit.render import text as tables

    if json:
        echo(shapes.plan(made, held))
    else:
        with printing() as console:
            tables.plan_summary(console, made, workspace.config.zone)
            pages.holdings(console, held, workspace.config.zone, command_of(ctx))
            tried = made.state == "tried"
            hint = "Nothing was stored." if tried else f"Look at it: {command_of(ctx)} show {made.id}"
            console.print(hint, soft_wrap=True)
    raise typer.Exit(1 if attention_reason(made) else 0)
