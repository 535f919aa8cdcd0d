"""What is known of people, and no longer: ``disclosed``, ``purge``."""

from __future__ import annotations

from typing import Annotated

import typer

from rosterkit.cli.app import app
from rosterkit.cli.options import Actor, Json, Reason, audit_view, open_workspace, print_either


@app.command(epilog="Example: rosterkit -C our-district disclosed stu-1001")
def disclosed(
    ctx: typer.Context,
    person: Annotated[str, typer.Argument(metavar="PERSON", help="A person's sourced id, or SOURCE/SOURCED_ID.")],
    json: Json = False,
) -> None:
    """Tell what left about a person: when, to whom, in which file and which fields; also after a purge."""
    from rosterkit.render import feeds as pages
    from rosterkit.render import json as shapes

    with open_workspace(ctx) as workspace:
        left = workspace.disclosed(person)
        audit_view(workspace, "disclosed", [f"User {person}"])
        zone = workspace.config.zone
    print_either(json, lambda: shapes.disclosed(left), pages.disclosures, left, zone)


@app.command(epilog='Example: rosterkit -C our-district purge --days 730 --reason "retention schedule of 2026"')
def purge(
    ctx: typer.Context,
    days: Annotated[
        int, typer.Option("--days", metavar="N", min=1, help="Whoever is archived for longer than so many days.")
    ],
    reason: Reason,
    person: Annotated[str, typer.Option("--person", metavar="ID", help="Only this person.")] = "",
    dry_run: Annotated[
        bool, typer.Option("--dry-run", metavar="", help="Say whom it would reach, and remove nothing.")
    ] = False,
    actor: Actor = "",
    json: Json = False,
) -> None:
    """Remove people who left long ago: their rows, their part of the journal, cached and sent bytes. There is no undo.

    Receipts stay, and a keyed hash, by which disclosed still answers and no identifier is given to another person.
    """
    from rosterkit.render import feeds as pages
    from rosterkit.render import json as shapes

    with open_workspace(ctx) as workspace:
        done = workspace.purge(days, reason=reason, actor=actor, person=person, dry_run=dry_run)
    print_either(json, lambda: shapes.purged(done), pages.purged, done)
