"""Looking back: ``history``, ``explain``."""

from __future__ import annotations

from typing import Annotated

import typer

from rosterkit.cli.app import app
from rosterkit.cli.options import Json, opened, paper, put
from rosterkit.errors import UsageError

__all__ = ["explain", "history"]


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
