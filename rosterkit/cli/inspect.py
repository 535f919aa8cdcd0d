"""Looking back and sending out: ``history``, ``explain``, ``feed build``."""

from __future__ import annotations

from typing import Annotated

import typer

from rosterkit.cli.app import app
from rosterkit.cli.options import AsOf, Json, opened, paper, put
from rosterkit.errors import UsageError

__all__ = ["build", "explain", "history"]

feed = typer.Typer(help="The files that are made for others.", no_args_is_help=True)
app.add_typer(feed, name="feed")


@app.command(epilog="Example: rosterkit -C our-district history User S-1017")
def history(
    ctx: typer.Context,
    entity: Annotated[str, typer.Argument(metavar="[ENTITY", help="Such as User or Class.")] = "",
    key: Annotated[str, typer.Argument(metavar="KEY]", help="The record's sourced id.")] = "",
    json: Json = False,
) -> None:
    """Every revision of the store, or every revision that touched one record and what it did to it."""
    from rosterkit.render import json as shapes
    from rosterkit.render import text as tables
    from rosterkit.render.labels import entity_named

    if entity and not key:
        raise UsageError("Name the record too: rosterkit history ENTITY KEY, or neither for the whole history.")
    with opened(ctx) as workspace:
        revisions = workspace.history(entity_named(entity) or None, key or None)
        zone = workspace.config.zone
    if json:
        put(shapes.history(revisions))
        return
    with paper() as console:
        tables.history(console, revisions, zone)


@app.command(epilog="Example: rosterkit -C our-district explain User S-1017")
def explain(
    ctx: typer.Context,
    entity: Annotated[str, typer.Argument(metavar="ENTITY", help="Such as User or Class.")],
    key: Annotated[str, typer.Argument(metavar="KEY", help="The record's sourced id.")],
    json: Json = False,
) -> None:
    """Where each value of a record comes from, what waits, what is held and what was found."""
    from rosterkit import registry
    from rosterkit.render import json as shapes
    from rosterkit.render import text as tables
    from rosterkit.render.labels import entity_named

    with opened(ctx) as workspace:
        told = workspace.explain(entity_named(entity), key)
        zone = workspace.config.zone
    if json:
        put(shapes.explanation(told, registry.rules()))
        return
    with paper() as console:
        tables.explanation(console, told, registry.rules(), zone)


@feed.command(epilog="Example: rosterkit -C our-district feed build oneroster")
def build(
    ctx: typer.Context,
    name: Annotated[str, typer.Argument(metavar="[NAME]", help="The feed. Left out: the only one.")] = "",
    as_of: AsOf = None,
    json: Json = False,
) -> None:
    """Build a feed's files from what the store holds. Exit 1: rows were left out, and the findings say why."""
    from rosterkit import registry
    from rosterkit.render import json as shapes
    from rosterkit.render import text as tables

    with opened(ctx) as workspace:
        built = workspace.feed_build(name, as_of)
    if json:
        put(shapes.receipt(built, registry.rules()))
    else:
        with paper() as console:
            tables.receipt(console, built, registry.rules())
    raise typer.Exit(1 if built.findings.height else 0)
