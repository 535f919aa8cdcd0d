"""The promotion at the start of a school year: the grades of students rise by one, and some change their school."""

from __future__ import annotations

import polars as pl

from rosterkit.plan.ids import among
from rosterkit.plan.limit_exemptions import NO_FIELDS
from rosterkit.plan.records import Records, comes, leaves, node

_NEXT = {"PR": "PK", "PK": "KG", "TK": "KG", "KG": "01"} | {f"{n:02}": f"{n + 1:02}" for n in range(1, 13)}


def promoted(fields: pl.DataFrame) -> pl.DataFrame:
    """Node and field of the grades that rise by one. ``fields``: FIELDS of what updates and restores change."""
    old, new = (pl.col(name).str.extract(r'^\["(\w\w)"\]$') for name in ("before", "after"))
    rises = old.replace_strict(_NEXT, default=None, return_dtype=pl.String) == new
    mine = fields.filter((pl.col("field") == "grades") & rises.fill_null(value=False))
    return mine.select("node", "field")


def with_their_schools(
    records: Records, fields: pl.DataFrame, people: pl.DataFrame
) -> tuple[pl.DataFrame, list[pl.Series]]:
    """What else changes for these people (node) as they move on to another school.

    Returns node and field of their own school and of that in their roles; and nodes of roles that come and leave.
    """
    own = fields.filter(pl.col("field") == "primary_org").join(people.select("node"), on="node", how="semi")
    if "Role" not in records.values:
        return own.select("node", "field"), []
    roles = records.of("Role").filter(among(node("User", pl.col("user_id")), people["node"]))
    nodes = roles.select(node=node("Role", pl.col("id")))
    moved = fields.filter(pl.col("field") == "org").join(nodes, on="node", how="semi")
    moving = records.states.lazy().filter(comes() | leaves()).select("node").join(nodes.lazy(), on="node", how="semi")
    parts = [NO_FIELDS, own.select("node", "field"), moved.select("node", "field")]
    return pl.concat(parts), [moving.collect()["node"]]
