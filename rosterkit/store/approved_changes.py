"""Which changes of a plan were held before, and who approved them."""

from __future__ import annotations

import json
import sqlite3
from collections import Counter
from collections.abc import Iterable

import polars as pl

from rosterkit.plan.plan import Plan
from rosterkit.store import plans

_APPROVED = dict.fromkeys(("entity", "sourced_id", "action", "field", "actor", "reason"), pl.String)
_KEYS = ["entity", "sourced_id", "action"]


def _approved(connection: sqlite3.Connection, ids: Iterable[int]) -> pl.DataFrame:
    query = (
        "select c.entity, c.sourced_id, c.action, c.field, a.actor, a.reason from approved_change c "
        "join approval a on a.id = c.approval where c.id in (select value from json_each(?)) order by c.id"
    )
    rows = connection.execute(query, (json.dumps(list(ids)),)).fetchall()
    return pl.DataFrame(rows, schema=_APPROVED, orient="row")


def approvers(connection: sqlite3.Connection, ids: Iterable[int]) -> dict[str, int]:
    """By ``ACTOR: REASON``, how many records these approved changes are about."""
    rows = _approved(connection, ids).unique([*_KEYS, "actor", "reason"], maintain_order=True)
    return dict(Counter(f"{row['actor']}: {row['reason']}" for row in rows.iter_rows(named=True)))


def with_approvals(connection: sqlite3.Connection, plan: Plan, lines: pl.DataFrame) -> pl.DataFrame:
    """The lines of a plan; ``why`` of a change that was held in an earlier plan names who approved it, and why.

    An update is approved field by field, another action as a whole.
    """
    uses = plans.load(connection, plan.id, "uses").get("")
    ids = uses.filter(pl.col("kind") == "approved")["id"].cast(pl.Int64).to_list() if uses is not None else []
    if not ids:
        return lines
    by = pl.format("; approved by {}: {}", "actor", "reason").alias("_by")
    approved = _approved(connection, ids).select(*_KEYS, "field", by)
    fields = approved.filter(pl.col("action") == "update").unique([*_KEYS, "field"], keep="last")
    whole = approved.filter(pl.col("action") != "update").unique(_KEYS, keep="last").drop("field")
    marked = lines.join(fields, on=[*_KEYS, "field"], how="left", maintain_order="left")
    marked = marked.join(whole, on=_KEYS, how="left", maintain_order="left", suffix="_whole")
    text = pl.when(pl.col("held") == "").then(pl.coalesce("_by", "_by_whole")).fill_null("")
    return marked.with_columns(pl.col("why") + text).drop("_by", "_by_whole")
