"""Feeds: ``feed build``, ``check``, ``approve``, ``reject``, ``pause``, ``resume``, ``log``."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from rosterkit.cli.app import app
from rosterkit.cli.options import Actor, AsOf, Json, Reason, command_of, echo, open_workspace, printing

__all__ = ["approve", "build", "check", "log", "pause", "reject", "resume"]

feed = typer.Typer(help="The files that are made for products.", no_args_is_help=True)
app.add_typer(feed, name="feed")

_Name = Annotated[str, typer.Argument(metavar="FEED", help="The feed, as rosterkit.toml names it.")]
_OnlyOne = Annotated[str, typer.Argument(metavar="FEED", help="The feed. Left out: the only one.")]

_EXIT = {"sent": 0, "waiting": 1, "refused": 4}


@feed.command(epilog="Example: rosterkit -C our-district feed build oneroster")
def build(ctx: typer.Context, name: _OnlyOne = "", as_of: AsOf = None, json: Json = False) -> None:
    """Build a feed's files from what the store holds, and send them where no person must look first.

    Exit 1: a person must approve the file, or rows are left out because of errors that the last file did not have.
    Exit 4: the vendor would ignore or reject the file, so it was not sent.
    """
    from rosterkit import registry
    from rosterkit.render import json as shapes
    from rosterkit.render import text as tables

    with open_workspace(ctx) as workspace:
        built = workspace.feed_build(name, as_of)
    if json:
        echo(shapes.receipt(built, registry.rules()))
    else:
        with printing() as console:
            rules = registry.rules() if built.findings.height else {}
            tables.receipt(console, built, rules, command_of(ctx))
    raise typer.Exit(_EXIT[built.state] or int(built.errors > 0))


@feed.command(epilog="Example: rosterkit -C our-district feed check careers subscribers.csv")
def check(
    ctx: typer.Context,
    name: _Name,
    files: Annotated[
        list[Path] | None, typer.Argument(metavar="FILE", help="Files to check. Left out: what would be built now.")
    ] = None,
    as_of: AsOf = None,
    json: Json = False,
) -> None:
    """Say how the vendor would take files, and change nothing. Exit 0: it would accept them all."""
    from rosterkit import registry
    from rosterkit.render import json as shapes
    from rosterkit.render import text as tables

    with open_workspace(ctx) as workspace:
        checked = workspace.feed_check(name, files or (), as_of=as_of)
    if json:
        echo(shapes.feed_check(checked, registry.rules()))
    else:
        with printing() as console:
            tables.feed_check(console, checked, registry.rules())
    raise typer.Exit(0 if checked.verdict.startswith("accepted") else 1)


@feed.command(epilog='Example: rosterkit -C our-district feed approve careers --reason "compared with the registrar"')
def approve(ctx: typer.Context, name: _Name, reason: Reason, actor: Actor = "", json: Json = False) -> None:
    """Approve the file that waits, and send exactly these bytes."""
    from rosterkit.render import json as shapes

    with open_workspace(ctx) as workspace:
        done = workspace.feed_approve(name, reason=reason, actor=actor)
    echo(shapes.deliveries([done]) if json else f"Approved by {done.actor} and sent to {done.target}.\n")


@feed.command(epilog='Example: rosterkit -C our-district feed reject careers --reason "seniors are missing"')
def reject(ctx: typer.Context, name: _Name, reason: Reason, actor: Actor = "", json: Json = False) -> None:
    """Reject the file that waits: it never leaves. The next build makes a new one."""
    from rosterkit.render import json as shapes

    with open_workspace(ctx) as workspace:
        done = workspace.feed_reject(name, reason=reason, actor=actor)
    echo(shapes.deliveries([done]) if json else f"Rejected by {done.actor}: the file of {done.feed} never leaves.\n")


@feed.command(epilog='Example: rosterkit -C our-district feed pause careers --reason "the vendor migrates this week"')
def pause(ctx: typer.Context, name: _Name, reason: Reason, actor: Actor = "", json: Json = False) -> None:
    """Pause a feed: nothing of it is built or sent until it is resumed."""
    from rosterkit.render import json as shapes

    with open_workspace(ctx) as workspace:
        workspace.feed_pause(name, reason=reason, actor=actor)
    echo(shapes.facts(paused=name) if json else f"The feed {name} is paused.\n")


@feed.command(epilog="Example: rosterkit -C our-district feed resume careers")
def resume(ctx: typer.Context, name: _Name, json: Json = False) -> None:
    """End the pause of a feed."""
    from rosterkit.render import json as shapes

    with open_workspace(ctx) as workspace:
        workspace.feed_resume(name)
    echo(shapes.facts(resumed=name) if json else f"The feed {name} goes on.\n")


@feed.command(epilog="Example: rosterkit -C our-district feed log careers")
def log(
    ctx: typer.Context,
    name: Annotated[str, typer.Argument(metavar="FEED", help="The feed. Left out: all feeds.")] = "",
    json: Json = False,
) -> None:
    """What was built and sent, when, to where, and who approved it."""
    from rosterkit.render import json as shapes
    from rosterkit.render import text as tables

    with open_workspace(ctx) as workspace:
        done = workspace.feed_log(name)
        zone = workspace.config.zone
    if json:
        echo(shapes.deliveries(done))
        return
    with printing() as console:
        tables.deliveries(console, done, zone)
