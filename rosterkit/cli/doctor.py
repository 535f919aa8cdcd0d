"""``doctor``: what must be right before a run without a person; ``doctor FEED``: the checklist of a vendor."""

from __future__ import annotations

import sys
from dataclasses import asdict
from typing import TYPE_CHECKING, Annotated, NoReturn

import typer

from rosterkit.cli.app import app
from rosterkit.cli.options import Actor, Json, command_of, open_workspace, print_either
from rosterkit.errors import UsageError

if TYPE_CHECKING:
    from rosterkit.feeds.checklist import Checklist
    from rosterkit.workspace import Workspace

_REFUSED, _LOOK, _DONE = 4, 1, 0


@app.command(epilog='Example: rosterkit -C our-district doctor careers --done U9 --note "stored as env:BUCKET_KEY"')
def doctor(
    ctx: typer.Context,
    feed: Annotated[
        str,
        typer.Argument(
            metavar="[FEED]", help="The feed whose checklist is walked through. Left out: check everything."
        ),
    ] = "",
    done: Annotated[str, typer.Option("--done", metavar="ITEM", help="Mark this item as done.")] = "",
    note: Annotated[str, typer.Option("--note", metavar="TEXT", help="What was done or decided.")] = "",
    reopen: Annotated[str, typer.Option("--reopen", metavar="ITEM", help="Take back that this item is done.")] = "",
    actor: Actor = "",
    json: Json = False,
) -> None:
    """Check everything that a run without a person needs; with FEED, walk through the checklist of its vendor.

    Without FEED nothing is written or sent. Exit 1: something will fail, or should be looked at. With FEED, what is
    done is remembered with who, when and a note; on a terminal each open item is asked for. Exit 4: an item is open
    that must be done before anything is sent. Exit 1: other items are open.
    """
    if not feed:
        _examine(ctx, json, marked=bool(done or reopen))
    from rosterkit.render import vendor as shown

    with open_workspace(ctx) as workspace:
        found = workspace.checklist(feed)
        if done:
            found = workspace.checklist_done(feed, done, note=note, actor=actor)
        elif reopen:
            found = workspace.checklist_reopen(feed, reopen, actor=actor)
        elif not json and sys.stdin.isatty() and sys.stdout.isatty():
            found = _walk(workspace, found, actor)
        zone = workspace.config.zone
    print_either(json, lambda: shown.checklist_json(found), shown.checklist, found, zone, command_of(ctx))
    raise typer.Exit(_REFUSED if found.blocking else _LOOK if found.open else _DONE)


def _examine(ctx: typer.Context, json: bool, *, marked: bool) -> NoReturn:
    from rosterkit.render import doctor as shown
    from rosterkit.render import json as shapes

    if marked:
        raise UsageError("--done and --reopen are about the checklist of a feed: name the feed.")
    with open_workspace(ctx) as workspace:
        found = workspace.doctor()
    print_either(json, lambda: shapes.facts(checks=[asdict(one) for one in found]), shown.checks, found)
    raise typer.Exit(int(any(one.state != "ok" for one in found)))


def _walk(workspace: Workspace, found: Checklist, actor: str) -> Checklist:
    """Asks for each open item that no setting answers; an empty answer leaves it open, and so does Ctrl-C."""
    for step in found.open:
        if step.item.setting:
            continue
        typer.echo(f"\n{step.item.name}{' (nothing is sent before)' if step.item.blocks else ''}: {step.item.text}")
        note = typer.prompt("Done? Note what was done or decided; leave it empty to go on", default="")
        if note.strip():
            found = workspace.checklist_done(found.feed, step.item.name, note=note, actor=actor)
    return found
