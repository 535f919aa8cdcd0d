"""Looking back: ``history``, ``explain``."""

from __future__ import annotations

import typer

from rosterkit.cli.app import app
from rosterkit.cli.options import Entity, Json, Record, audit_view, open_workspace, print_either
from rosterkit.errors import UsageError


@app.command(epilog="Example: rosterkit -C our-district history User S-1017")
def history(
    ctx: typer.Context,
    entity: Entity = "",
    key: Record = "",
    json: Json = False,
) -> None:
    """Every revision of the store, or every revision that touched one record and what it did to it."""
    from rosterkit.render import json as shapes
    from rosterkit.render import text as tables

    if entity and not key:
        raise UsageError("Name the record too: rosterkit history ENTITY KEY, or neither for the whole history.")
    with open_workspace(ctx) as workspace:
        revisions = workspace.history(entity or None, key or None)
        if entity:
            audit_view(workspace, "history", [f"{entity} {key}"])
        zone = workspace.config.zone
    print_either(json, lambda: shapes.history(revisions), tables.history, revisions, zone)


@app.command(epilog="Example: rosterkit -C our-district explain User S-1017")
def explain(
    ctx: typer.Context,
    entity: Entity,
    key: Record,
    json: Json = False,
) -> None:
    """Where each value of a record comes from, what waits, what is held and what was found."""
    from rosterkit import registry
    from rosterkit.render import json as shapes
    from rosterkit.render import text as tables

    with open_workspace(ctx) as workspace:
        found = workspace.explain(entity, key)
        audit_view(workspace, "explain", [f"{found.entity} {found.sourced_id}"])
        zone = workspace.config.zone
    print_either(
        json, lambda: shapes.explanation(found, registry.rules()), tables.explanation, found, registry.rules(), zone
    )
