"""``feed results``, ``feed mapping``, ``feed worksheet``: what a vendor returns, asks for, and holds already."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from rosterkit.cli.feed import feed
from rosterkit.cli.options import Actor, AsOf, Json, echo, open_workspace, printing

_Name = Annotated[str, typer.Argument(metavar="FEED", help="The feed, as rosterkit.toml names it.")]


@feed.command(epilog="Example: rosterkit -C our-district feed results jobs failed_rows.csv")
def results(
    ctx: typer.Context,
    name: _Name,
    files: Annotated[
        list[Path] | None,
        typer.Argument(metavar="FILE", help="What the vendor returned. Left out: list what it could not import."),
    ] = None,
    output: Annotated[
        Path | None, typer.Option("--output", "-o", metavar="FILE", help="Write the list as CSV to this file.")
    ] = None,
    actor: Actor = "",
    json: Json = False,
) -> None:
    """Read what a vendor returned about the rows that it was sent, and list those that it could not import.

    A newer answer takes the place of an older one. `explain` shows it with the person. Exit 1: rows are on the list.
    """
    from rosterkit.render import vendor as shown

    with open_workspace(ctx) as workspace:
        found = workspace.feed_results(name, files or (), actor=actor if files else "")
        zone = workspace.config.zone
    if output is not None:
        echo(shown.answers_csv(found), output)
    elif json:
        echo(shown.answers_json(found))
    else:
        with printing() as console:
            shown.answers(console, found, zone)
    raise typer.Exit(1 if found else 0)


@feed.command(epilog="Example: rosterkit -C our-district feed mapping careers --export mapping.md")
def mapping(
    ctx: typer.Context,
    name: _Name,
    export: Annotated[
        Path | None,
        typer.Option("--export", metavar="FILE", help="Write it to this file: Markdown for .md, otherwise CSV."),
    ] = None,
    as_of: AsOf = None,
    json: Json = False,
) -> None:
    """Show the mapping document for a feed's vendor: column, group, value, community and how many people have it."""
    from rosterkit.feeds.mapping_document import mapping_page
    from rosterkit.render import vendor as shown

    with open_workspace(ctx) as workspace:
        found = workspace.feed_mapping(name, as_of=as_of)
    if export is not None:
        echo(mapping_page(found) if export.suffix == ".md" else shown.document_csv(found), export)
    elif json:
        echo(shown.mapping_json(found))
    else:
        with printing() as console:
            shown.document(console, found)


@feed.command(
    epilog="Example: rosterkit -C our-district feed worksheet families classrooms.csv --output to-confirm.csv"
)
def worksheet(
    ctx: typer.Context,
    name: _Name,
    existing: Annotated[
        Path, typer.Argument(metavar="FILE", help="The list of what the vendor holds already, as CSV.")
    ],
    output: Annotated[
        Path | None, typer.Option("--output", "-o", metavar="FILE", help="Write the worksheet as CSV to this file.")
    ] = None,
    as_of: AsOf = None,
    json: Json = False,
) -> None:
    """Say which records that a vendor holds already may be which of the roster, line by line, and change nothing.

    For a start in mid-year. A person confirms each line before anything is merged at the vendor. The lines hold names.
    """
    from rosterkit.render import vendor as shown

    with open_workspace(ctx) as workspace:
        found = workspace.feed_worksheet(name, existing, as_of=as_of)
    if output is not None:
        echo(shown.document_csv(found), output)
    elif json:
        echo(shown.worksheet_json(found))
    else:
        with printing() as console:
            shown.document(console, found)
