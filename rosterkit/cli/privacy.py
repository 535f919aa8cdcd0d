"""What is known of one person: ``disclosed``."""

from __future__ import annotations

from typing import Annotated

import typer

from rosterkit.cli.app import app
from rosterkit.cli.options import Json, echo, open_workspace, printing

__all__ = ["disclosed"]


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
        zone = workspace.config.zone
    if json:
        echo(shapes.disclosed(left))
        return
    with printing() as console:
        pages.disclosures(console, left, zone)
