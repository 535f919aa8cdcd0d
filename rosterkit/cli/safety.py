"""Child safety: ``block``, ``unblock``, ``suppress``, ``unsuppress``, ``archive``, ``unarchive``, ``blocks``."""

from __future__ import annotations

from typing import Annotated

import typer

from rosterkit.cli.app import app
from rosterkit.cli.options import (
    ActorRole,
    Entity,
    FieldName,
    Json,
    Reason,
    Record,
    Student,
    audit_view,
    open_workspace,
    print_done,
    print_either,
    record_names,
)

block = typer.Typer(help="What no feed may show.", no_args_is_help=True)
unblock = typer.Typer(help="Lift a block.", no_args_is_help=True)
app.add_typer(block, name="block")
app.add_typer(unblock, name="unblock")

_Adult = Annotated[str, typer.Argument(metavar="ADULT", help="The adult's sourced id, or SOURCE/ID.")]
_Person = Annotated[str, typer.Argument(metavar="USER", help="The person's sourced id, or SOURCE/ID.")]
_Feed = Annotated[str, typer.Option("--feed", metavar="FEED", help="Only in this feed. Left out: in every feed.")]


@block.command("link", epilog='Example: rosterkit -C our-district block link G-88 S-1017 --reason "court order"')
def block_link(
    ctx: typer.Context, adult: _Adult, student: Student, reason: Reason, actor: ActorRole = "", json: Json = False
) -> None:
    """Keep the link between an adult and a student out of every feed, at once, whatever a source states."""
    with open_workspace(ctx) as workspace:
        done = workspace.block_link(adult, student, reason=reason, actor=actor)
    print_done(done, json)


@unblock.command("link", epilog='Example: rosterkit -C our-district unblock link G-88 S-1017 --reason "order ended"')
def unblock_link(
    ctx: typer.Context, adult: _Adult, student: Student, reason: Reason, actor: ActorRole = "", json: Json = False
) -> None:
    """Lift the block of a link: feeds show what the source states."""
    with open_workspace(ctx) as workspace:
        done = workspace.unblock_link(adult, student, reason=reason, actor=actor)
    print_done(done, json)


@app.command(epilog='Example: rosterkit -C our-district suppress S-1017 --field email --reason "harassment"')
def suppress(
    ctx: typer.Context,
    person: _Person,
    reason: Reason,
    feed: _Feed = "",
    field: FieldName = "",
    actor: ActorRole = "",
    json: Json = False,
) -> None:
    """Keep a person, or one value of the person, out of every feed or one feed, at once, whatever comes in."""
    with open_workspace(ctx) as workspace:
        done = workspace.suppress(person, reason=reason, actor=actor, feed=feed, field=field)
    print_done(done, json)


@app.command(epilog='Example: rosterkit -C our-district unsuppress S-1017 --field email --reason "asked by the family"')
def unsuppress(
    ctx: typer.Context,
    person: _Person,
    reason: Reason,
    feed: _Feed = "",
    field: FieldName = "",
    actor: ActorRole = "",
    json: Json = False,
) -> None:
    """Lift the suppression of that person, field and feed."""
    with open_workspace(ctx) as workspace:
        done = workspace.unsuppress(person, reason=reason, actor=actor, feed=feed, field=field)
    print_done(done, json)


@app.command(epilog='Example: rosterkit -C our-district archive Class C-7 --reason "never met"')
def archive(
    ctx: typer.Context, entity: Entity, key: Record, reason: Reason, actor: ActorRole = "", json: Json = False
) -> None:
    """Archive a record by hand: no feed gets it, nor what refers to it, whatever a source delivers."""
    with open_workspace(ctx) as workspace:
        done = workspace.archive(entity, key, reason=reason, actor=actor)
    print_done(done, json)


@app.command(epilog='Example: rosterkit -C our-district unarchive Class C-7 --reason "it meets after all"')
def unarchive(
    ctx: typer.Context, entity: Entity, key: Record, reason: Reason, actor: ActorRole = "", json: Json = False
) -> None:
    """Lift an archive by hand: the record is again what its source says."""
    with open_workspace(ctx) as workspace:
        done = workspace.unarchive(entity, key, reason=reason, actor=actor)
    print_done(done, json)


@app.command(epilog="Example: rosterkit -C our-district blocks")
def blocks(ctx: typer.Context, json: Json = False) -> None:
    """Blocked links, suppressed people and values, and records archived by hand: who set them, when and why."""
    from rosterkit.render import manual as shapes

    with open_workspace(ctx) as workspace:
        found, zone = workspace.blocks(), workspace.config.zone
        audit_view(workspace, "blocks", [*record_names(found), *(f"User {one}" for one in found["student_key"] if one)])
    print_either(json, lambda: shapes.blocks_json(found), shapes.blocks_table, found, zone)
