"""Feeds: ``feed build``, ``send``, ``check``, ``approve``, ``reject``, ``pause``, ``resume``, ``log``, ``status``."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from rosterkit.cli.app import app
from rosterkit.cli.options import Actor, AsOf, Json, Reason, command_of, echo, open_workspace, print_either, printing
from rosterkit.errors import UsageError

if TYPE_CHECKING:
    from rosterkit.results import FeedReceipt

feed = typer.Typer(help="The files that are made for products.", no_args_is_help=True)
app.add_typer(feed, name="feed")

_Name = Annotated[str, typer.Argument(metavar="FEED", help="The feed, as rosterkit.toml names it.")]
_OnlyOne = Annotated[str, typer.Argument(metavar="FEED", help="The feed. Left out: the only one.")]

_EXIT = {"sent": 0, "verified": 0, "unchanged": 0, "checked": 0, "waiting": 1, "failed": 1, "refused": 4}


@feed.command(epilog="Example: rosterkit -C our-district feed build oneroster")
def build(
    ctx: typer.Context,
    name: _OnlyOne = "",
    as_of: AsOf = None,
    no_send: Annotated[
        bool, typer.Option("--no-send", metavar="", help="Leave the files ready; feed send sends them.")
    ] = False,
    json: Json = False,
) -> None:
    """Build a feed's files from what the store holds, and send them where no person must look first.

    Exit 1: a person must approve the file, or rows are left out because of errors that the last file did not have.
    Exit 4: the vendor would ignore or reject the file, so it was not sent.
    """
    with open_workspace(ctx) as workspace:
        built = workspace.feed_build(name, as_of, send=not no_send)
    _show(ctx, built, json=json)


@feed.command(epilog="Example: rosterkit -C our-district feed send careers")
def send(
    ctx: typer.Context,
    name: _OnlyOne = "",
    files: Annotated[
        list[Path] | None,
        typer.Argument(metavar="FILE", help="Files to send in place of what is built. They need --reason."),
    ] = None,
    again: Annotated[
        bool, typer.Option("--again", metavar="", help="Send also a file that is the same as the last one.")
    ] = False,
    reason: Annotated[str, typer.Option("--reason", metavar="TEXT", help="Why these files are sent.")] = "",
    actor: Actor = "",
    as_of: AsOf = None,
    json: Json = False,
) -> None:
    """Send a feed: end what was interrupted, else send what is ready, else build and send the newest file.

    After a run that was killed while it sent, the target is looked at first: what lies there is not sent again. Exit 1:
    the file waits for a person, or did not arrive. Exit 4: the vendor would ignore or reject it.
    """
    with open_workspace(ctx) as workspace:
        done = workspace.feed_send(
            name, files or (), as_of=as_of, again=again, actor=actor if files else "", reason=reason
        )
    _show(ctx, done, json=json)


def _show(ctx: typer.Context, built: FeedReceipt, *, json: bool) -> None:
    """Prints what became of a file, and ends with the exit code for it."""
    from rosterkit import registry
    from rosterkit.render import json as shapes
    from rosterkit.render import text as tables

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
    print_either(
        json, lambda: shapes.feed_check(checked, registry.rules()), tables.feed_check, checked, registry.rules()
    )
    raise typer.Exit(0 if checked.verdict.startswith("accepted") else 1)


@feed.command(epilog='Example: rosterkit -C our-district feed approve careers --reason "compared with the registrar"')
def approve(ctx: typer.Context, name: _Name, reason: Reason, actor: Actor = "", json: Json = False) -> None:
    """Approve the file that waits, and send exactly these bytes."""
    from rosterkit.render import json as shapes
    from rosterkit.render.text import compared_line

    with open_workspace(ctx) as workspace:
        done = workspace.feed_approve(name, reason=reason, actor=actor)
    counts = f"{line}\n" if (line := compared_line(done.compared)) else ""
    echo(shapes.deliveries([done]) if json else f"Approved by {done.actor} and sent to {done.target}.\n{counts}")


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


_AnyFeed = Annotated[str, typer.Argument(metavar="FEED", help="The feed. Left out: all feeds.")]


@feed.command(epilog="Example: rosterkit -C our-district feed log careers")
def log(
    ctx: typer.Context,
    name: _AnyFeed = "",
    delivery: Annotated[
        int, typer.Option("--delivery", metavar="ID", help="Show the whole receipt of this delivery.")
    ] = 0,
    json: Json = False,
) -> None:
    """What was built and sent, when, to where, how its arrival was verified, and who approved it."""
    from rosterkit.render import feeds as pages
    from rosterkit.render import json as shapes

    with open_workspace(ctx) as workspace:
        done = workspace.feed_log(name)
        zone = workspace.config.zone
    if delivery:
        done = tuple(one for one in done if one.id == delivery)
        if not done:
            raise UsageError(f"There is no delivery {delivery}. See: {command_of(ctx)} feed log")
    if json:
        echo(shapes.deliveries(done))
        return
    with printing() as console:
        if delivery:
            pages.receipt(console, done[0], zone)
        else:
            pages.deliveries(console, done, zone)


@feed.command(epilog="Example: rosterkit -C our-district feed status")
def status(ctx: typer.Context, name: _AnyFeed = "", json: Json = False) -> None:
    """How each feed stands: when a file last arrived, when the next is due, what waits, and what is wrong.

    Exit 1: something is wrong, or a file waits for a person.
    """
    from rosterkit import registry
    from rosterkit.render import feeds as pages
    from rosterkit.render import json as shapes

    with open_workspace(ctx) as workspace:
        standing = workspace.feed_status(name)
        zone = workspace.config.zone
    print_either(
        json, lambda: shapes.feed_status(standing, registry.rules()), pages.status, standing, registry.rules(), zone
    )
    raise typer.Exit(int(any((one.alarms["severity"] != "info").any() for one in standing)))


@feed.command(epilog='Example: rosterkit -C our-district feed confirm careers --reason "seen in its dashboard"')
def confirm(ctx: typer.Context, name: _Name, reason: Reason, actor: Actor = "", json: Json = False) -> None:
    """Record that a person saw the last file at the vendor, where the target itself lets nobody look."""
    from rosterkit.render import json as shapes

    with open_workspace(ctx) as workspace:
        done = workspace.feed_confirm(name, reason=reason, actor=actor)
    echo(shapes.deliveries([done]) if json else f"Confirmed by {done.actor}: {done.feed} holds delivery {done.id}.\n")
