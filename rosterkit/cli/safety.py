"""Child safety: ``block``, ``unblock``, ``suppress``, ``unsuppress``, ``archive``, ``unarchive``, ``blocks``."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated

import typer

from rosterkit.cli.app import app
from rosterkit.cli.options import Json, Reason, actor_named, opened, paper, put, said

if TYPE_CHECKING:
    from rosterkit.manual.revision import Done

__all__ = ["ActorRole", "archive", "blocks", "report", "suppress", "unarchive", "unsuppress"]

block = typer.Typer(help="What no feed may show.", no_args_is_help=True)
unblock = typer.Typer(help="Lift a block.", no_args_is_help=True)
app.add_typer(block, name="block")
app.add_typer(unblock, name="unblock")

ActorRole = Annotated[
    str,
    typer.Option("--as", metavar="NAME[:ROLE]", help="Who does this, and as what. Left out: your login name."),
]
_Adult = Annotated[str, typer.Argument(metavar="ADULT", help="The adult's sourced id, or SOURCE/ID.")]
_Student = Annotated[str, typer.Argument(metavar="STUDENT", help="The student's sourced id, or SOURCE/ID.")]
_Person = Annotated[str, typer.Argument(metavar="USER", help="The person's sourced id, or SOURCE/ID.")]
_Feed = Annotated[str, typer.Option("--feed", metavar="FEED", help="Only in this feed. Left out: in every feed.")]
_Field = Annotated[
    str, typer.Option("--field", metavar="NAME", help="Only this field, such as email. Left out: the whole person.")
]
_Entity = Annotated[str, typer.Argument(metavar="ENTITY", help="Such as User or Class.")]
_Key = Annotated[str, typer.Argument(metavar="KEY", help="The record's sourced id, or SOURCE/ID.")]


def report(done: Done, json: bool) -> None:
    """Prints what a manual verb did."""
    from rosterkit.render import json as shapes

    put(
        shapes.facts(plan=done.plan, revision=done.revision, done=done.text)
        if json
        else f"{done.text} Revision {done.revision}.\n"
    )


@block.command("link", epilog='Example: rosterkit -C our-district block link G-88 S-1017 --reason "court order"')
def block_link(
    ctx: typer.Context, adult: _Adult, student: _Student, reason: Reason, actor: ActorRole = "", json: Json = False
) -> None:
    """Keep the link between an adult and a student out of every feed, at once, whatever a source states."""
    with opened(ctx) as workspace:
        done = workspace.block_link(adult, student, reason=said(reason), actor=actor_named(actor))
    report(done, json)


@unblock.command("link", epilog='Example: rosterkit -C our-district unblock link G-88 S-1017 --reason "order ended"')
def unblock_link(
    ctx: typer.Context, adult: _Adult, student: _Student, reason: Reason, actor: ActorRole = "", json: Json = False
) -> None:
    """Lift the block of a link: feeds show what the source states."""
    with opened(ctx) as workspace:
        done = workspace.unblock_link(adult, student, reason=said(reason), actor=actor_named(actor))
    report(done, json)


@app.command(epilog='Example: rosterkit -C our-district suppress S-1017 --field email --reason "harassment"')
def suppress(
    ctx: typer.Context,
    person: _Person,
    reason: Reason,
    feed: _Feed = "",
    field: _Field = "",
    actor: ActorRole = "",
    json: Json = False,
) -> None:
    """Keep a person, or one value of the person, out of every feed or one feed, at once, whatever comes in."""
    with opened(ctx) as workspace:
        done = workspace.suppress(person, reason=said(reason), actor=actor_named(actor), feed=feed, field=field)
    report(done, json)


@app.command(epilog='Example: rosterkit -C our-district unsuppress S-1017 --field email --reason "asked by the family"')
def unsuppress(
    ctx: typer.Context,
    person: _Person,
    reason: Reason,
    feed: _Feed = "",
    field: _Field = "",
    actor: ActorRole = "",
    json: Json = False,
) -> None:
    """Lift the suppression of that person, field and feed."""
    with opened(ctx) as workspace:
        done = workspace.unsuppress(person, reason=said(reason), actor=actor_named(actor), feed=feed, field=field)
    report(done, json)


@app.command(epilog='Example: rosterkit -C our-district archive Class C-7 --reason "never met"')
def archive(
    ctx: typer.Context, entity: _Entity, key: _Key, reason: Reason, actor: ActorRole = "", json: Json = False
) -> None:
    """Archive a record by hand: no feed gets it, nor what refers to it, whatever a source delivers."""
    from rosterkit.render.labels import entity_named

    with opened(ctx) as workspace:
        done = workspace.archive(entity_named(entity), key, reason=said(reason), actor=actor_named(actor))
    report(done, json)


@app.command(epilog='Example: rosterkit -C our-district unarchive Class C-7 --reason "it meets after all"')
def unarchive(
    ctx: typer.Context, entity: _Entity, key: _Key, reason: Reason, actor: ActorRole = "", json: Json = False
) -> None:
    """Lift an archive by hand: the record is again what its source says."""
    from rosterkit.render.labels import entity_named

    with opened(ctx) as workspace:
        done = workspace.unarchive(entity_named(entity), key, reason=said(reason), actor=actor_named(actor))
    report(done, json)


@app.command(epilog="Example: rosterkit -C our-district blocks")
def blocks(ctx: typer.Context, json: Json = False) -> None:
    """Blocked links, suppressed people and values, and records archived by hand: who set them, when and why."""
    from rosterkit.render import manual as shapes

    with opened(ctx) as workspace:
        found = workspace.blocks()
    if json:
        put(shapes.blocks_json(found))
        return
    with paper() as console:
        shapes.blocks_table(console, found)
