"""Work by hand: add, edit, enroll, link, pin and unpin; activity, disabled sources, and the policy itself."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from rosterkit.cli.app import app
from rosterkit.cli.options import (
    ActorRole,
    Entity,
    Field,
    Json,
    Reason,
    Record,
    Student,
    Values,
    audit_view,
    echo,
    open_workspace,
    pairs,
    print_done,
    print_either,
    record_names,
)

add = typer.Typer(help="Add what no source delivers.", no_args_is_help=True)
activity = typer.Typer(help="What happened at a vendor.", no_args_is_help=True)
source = typer.Typer(help="Disable a source without archiving anybody.", no_args_is_help=True)
app.add_typer(add, name="add")
app.add_typer(activity, name="activity")
app.add_typer(source, name="source")

_School = Annotated[str, typer.Argument(metavar="SCHOOL", help="The school's sourced id, or SOURCE/ID.")]
_Id = Annotated[str, typer.Option("--id", metavar="KEY", help="Its sourced id. Left out: a new one.")]
_Relationship = Annotated[str, typer.Option(metavar="WORD", help="What the adult is to the student.")]
_SourceName = Annotated[str, typer.Argument(metavar="SOURCE", help="The source, as rosterkit.toml names it.")]
_AtSchool = Annotated[str, typer.Option("--school", metavar="KEY", help="Only this school. Left out: all.")]


@add.command("student", epilog="Example: rosterkit -C our-district add student SCH-2 given_name=Ines family_name=Roe")
def add_student(
    ctx: typer.Context, school: _School, values: Values, key: _Id = "", actor: ActorRole = "", json: Json = False
) -> None:
    """Add a student by hand. Refused while a source is synced, unless the policy allows it."""
    with open_workspace(ctx) as workspace:
        done = workspace.add_student(school, pairs(values), actor=actor, key=key)
    print_done(done, json)


@add.command("staff", epilog="Example: rosterkit -C our-district add staff SCH-2 given_name=Lior family_name=Vance")
def add_staff(
    ctx: typer.Context,
    school: _School,
    values: Values,
    role: Annotated[str, typer.Option(metavar="ROLE", help="Such as teacher, aide or counselor.")] = "teacher",
    key: _Id = "",
    actor: ActorRole = "",
    json: Json = False,
) -> None:
    """Add a member of staff beside the sync, which never archives one."""
    with open_workspace(ctx) as workspace:
        done = workspace.add_staff(school, pairs(values), actor=actor, role=role, key=key)
    print_done(done, json)


@add.command("guardian", epilog="Example: rosterkit -C our-district add guardian S-7 given_name=Mina family_name=Roe")
def add_guardian(
    ctx: typer.Context,
    student: Student,
    values: Values,
    relationship: _Relationship = "guardian",
    key: _Id = "",
    actor: ActorRole = "",
    json: Json = False,
) -> None:
    """Add a guardian of a student beside the sync, which never archives one."""
    with open_workspace(ctx) as workspace:
        done = workspace.add_guardian(student, pairs(values), actor=actor, relationship=relationship, key=key)
    print_done(done, json)


@add.command("class", epilog='Example: rosterkit -C our-district add class SCH-2 "Chess club"')
def add_class(
    ctx: typer.Context,
    school: _School,
    title: Annotated[str, typer.Argument(metavar="TITLE", help="What people call it.")],
    key: _Id = "",
    actor: ActorRole = "",
    json: Json = False,
) -> None:
    """Add a manual class, which people own: no sync touches it."""
    with open_workspace(ctx) as workspace:
        done = workspace.add_class(school, title, actor=actor, key=key)
    print_done(done, json)


@app.command(epilog='Example: rosterkit -C our-district edit Class C-7 title="Biology, mornings"')
def edit(
    ctx: typer.Context, entity: Entity, key: Record, values: Values, actor: ActorRole = "", json: Json = False
) -> None:
    """Give fields of a record other values. Of a synced record they are pinned, where the policy allows it."""
    with open_workspace(ctx) as workspace:
        done = workspace.edit(entity, key, pairs(values), actor=actor)
    print_done(done, json)


@app.command(epilog="Example: rosterkit -C our-district enroll C-7 T-31 --role teacher")
def enroll(
    ctx: typer.Context,
    class_: Annotated[str, typer.Argument(metavar="CLASS", help="The class's sourced id, or SOURCE/ID.")],
    person: Annotated[str, typer.Argument(metavar="USER", help="The person's sourced id, or SOURCE/ID.")],
    role: Annotated[str, typer.Option(metavar="ROLE", help="student, teacher, administrator or proctor.")] = "student",
    actor: ActorRole = "",
    json: Json = False,
) -> None:
    """Put a person into a class: anybody into a manual class, co-teachers into a synced one."""
    with open_workspace(ctx) as workspace:
        done = workspace.enroll(class_, person, actor=actor, role=role)
    print_done(done, json)


@app.command(epilog="Example: rosterkit -C our-district link G-88 S-1017 --relationship aunt")
def link(
    ctx: typer.Context,
    guardian: Annotated[str, typer.Argument(metavar="GUARDIAN", help="The adult's sourced id, or SOURCE/ID.")],
    student: Student,
    relationship: _Relationship = "guardian",
    actor: ActorRole = "",
    json: Json = False,
) -> None:
    """Link a guardian with a student by hand."""
    with open_workspace(ctx) as workspace:
        done = workspace.link(guardian, student, actor=actor, relationship=relationship)
    print_done(done, json)


@app.command(epilog='Example: rosterkit -C our-district pin User T-31 family_name --reason "married, SIS to follow"')
def pin(
    ctx: typer.Context,
    entity: Entity,
    key: Record,
    field: Field,
    reason: Reason,
    value: Annotated[str | None, typer.Option(metavar="TEXT", help="The value. Left out: the present one.")] = None,
    actor: ActorRole = "",
    json: Json = False,
) -> None:
    """Pin a value: no sync changes it until a person unpins it."""
    with open_workspace(ctx) as workspace:
        done = workspace.pin(entity, key, field, reason=reason, actor=actor, value=value)
    print_done(done, json)


@app.command(epilog='Example: rosterkit -C our-district unpin User T-31 family_name --reason "the SIS has it now"')
def unpin(
    ctx: typer.Context,
    entity: Entity,
    key: Record,
    field: Field,
    reason: Reason,
    actor: ActorRole = "",
    json: Json = False,
) -> None:
    """Lift a pin: what the source last delivered counts again."""
    with open_workspace(ctx) as workspace:
        done = workspace.unpin(entity, key, field, reason=reason, actor=actor)
    print_done(done, json)


@app.command(epilog="Example: rosterkit -C our-district pins")
def pins(ctx: typer.Context, json: Json = False) -> None:
    """Values that lie over what the source delivers: whose they are, who set them, when and why."""
    from rosterkit.render import manual as shapes

    with open_workspace(ctx) as workspace:
        found, zone = workspace.pins(), workspace.config.zone
        audit_view(workspace, "pins", record_names(found))
    print_either(json, lambda: shapes.pins_json(found), shapes.pins_table, found, zone)


@app.command(epilog="Example: rosterkit -C our-district policy")
def policy(ctx: typer.Context, json: Json = False) -> None:
    """What people and syncs may change, with the settings of this district."""
    from rosterkit.render import manual as shapes

    with open_workspace(ctx) as workspace:
        settings = workspace.config.policy
    print_either(json, lambda: shapes.policy_json(settings), shapes.policy_table, settings)


@activity.command("import", epilog="Example: rosterkit -C our-district activity import sign-ins.csv")
def activity_import(
    ctx: typer.Context,
    file: Annotated[Path, typer.Argument(metavar="FILE", help="CSV: event, user, at, field, value, student.")],
    actor: ActorRole = "",
    json: Json = False,
) -> None:
    """Take in who has signed in, who joined by a code, and what people edited at a vendor.

    Exit 1: lines were refused.
    """
    from rosterkit.render import json as shapes

    with open_workspace(ctx) as workspace:
        done, problems = workspace.activity_import(file, actor=actor)
    if json:
        echo(shapes.facts(revisions=[one.revision for one in done], refused=problems))
    else:
        echo("".join(f"{line}\n" for line in [*(one.text for one in done), *problems, "The file was taken in."]))
    raise typer.Exit(1 if problems else 0)


@source.command(epilog='Example: rosterkit -C our-district source disable main --school SCH-2 --reason "merger"')
def disable(
    ctx: typer.Context,
    name: _SourceName,
    reason: Reason,
    school: _AtSchool = "",
    actor: ActorRole = "",
    json: Json = False,
) -> None:
    """Disable a source, whole or for one school: its records stay as they are, and people may edit them."""
    from rosterkit.render import json as shapes

    with open_workspace(ctx) as workspace:
        workspace.source_disable(name, reason=reason, actor=actor, school=school)
    where = f" for {school}" if school else ""
    echo(shapes.facts(disabled=name, school=school) if json else f"The source {name} is disabled{where}.\n")


@source.command(epilog='Example: rosterkit -C our-district source enable main --reason "the move is over"')
def enable(
    ctx: typer.Context,
    name: _SourceName,
    reason: Reason,
    school: _AtSchool = "",
    actor: ActorRole = "",
    json: Json = False,
) -> None:
    """Enable a source again: the next plan proposes what it delivers."""
    from rosterkit.render import json as shapes

    with open_workspace(ctx) as workspace:
        workspace.source_enable(name, reason=reason, actor=actor, school=school)
    where = f" for {school}" if school else ""
    echo(shapes.facts(enabled=name, school=school) if json else f"The source {name} is enabled{where}.\n")
