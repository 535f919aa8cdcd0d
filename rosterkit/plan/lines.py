"""A plan as people read it: the very changes that apply executes, row by row (LINES)."""

from __future__ import annotations

from collections.abc import Mapping

import polars as pl

from rosterkit.plan.changes import Changes
from rosterkit.plan.fields import as_text
from rosterkit.plan.plan import LINES
from rosterkit.roster.schema import Entity, by_name, entities

__all__ = ["NAMES", "creates", "lines"]

NAMES: dict[str, type[pl.DataType]] = {"id": pl.Int64, "name": pl.String, "school": pl.String}
"""What people call a record, and its schools: by entity, for every record of the plan."""

_WHY = {
    ("create", "incoming"): "new in the source",
    ("restore", "incoming"): "back in the source",
    ("update", "incoming"): "changed in the source",
    ("archive", "absent"): "no longer in the source",
    ("archive", "deleted"): "the source says that it is gone",
    ("archive", "removed"): "no longer listed",
    ("archive", "cascade"): "what it belongs to leaves",
    ("archive", "cascade-explicit"): "what it belongs to leaves",
    ("update", "cascade"): "what it referred to leaves",
}


def _why() -> pl.Expr:
    both = pl.concat_str("action", pl.lit(" "), "cause")
    known = {f"{action} {cause}": why for (action, cause), why in _WHY.items()}
    return both.replace_strict(known, default="undoes an earlier revision")


def _lines(name: str, frame: pl.DataFrame, names: pl.DataFrame) -> pl.DataFrame:
    frame = frame.join(names, on="id", how="left", maintain_order="left")
    return frame.with_columns(
        pl.col("name", "school").fill_null(""),
        file=pl.col("source_file").fill_null(""),
        line=pl.col("source_line").fill_null(0),
        entity=pl.lit(name),
        why=_why(),
        held=pl.col("hold").fill_null(""),
        held_why=pl.col("hold_reason").fill_null(""),
    ).select(list(LINES))


def _named(entity: Entity, update: pl.DataFrame, names: Mapping[str, pl.DataFrame]) -> pl.DataFrame:
    """Changed fields with the names of the records that references point to."""
    fields = {c.label: c.to for c in entity.refs}
    called = [n.select("id", "name", to=pl.lit(to)) for to, n in names.items() if to in fields.values()]
    known = pl.concat([pl.DataFrame(schema={"id": pl.Int64, "name": pl.String, "to": pl.String}), *called])
    out = update.with_columns(to=pl.col("field").replace_strict(fields, default=None, return_dtype=pl.String))
    for side in ("before", "after"):
        here = known.select("to", pl.col("id").alias(f"{side}_id"), pl.col("name").alias(f"{side}_name"))
        out = out.join(here, on=["to", f"{side}_id"], how="left", maintain_order="left")
    return out


def lines(changes: Changes, names: Mapping[str, pl.DataFrame]) -> pl.DataFrame:
    """Every change of these as LINES, by entity, action, school and name. ``names``: NAMES by entity."""
    blank = ("before", "after", "before_name", "after_name")
    none = {"field": pl.lit(""), **dict.fromkeys(blank, pl.lit(None, pl.String))}
    out = [pl.DataFrame(schema=LINES)]
    for entity in entities():
        name = entity.name
        known = names.get(name, pl.DataFrame(schema=NAMES))
        if name in changes.create:
            new = changes.create[name].select(
                "id",
                "sourced_id",
                "source_file",
                "source_line",
                "hold",
                "hold_reason",
                action=pl.lit("create"),
                cause=pl.lit("incoming"),
                **none,
            )
            out.append(_lines(name, new, known))
        if name in changes.status:
            status = changes.status[name]
            if name in changes.update:
                shown = changes.update[name].filter(pl.col("action") == "restore")
                status = status.join(shown.select("id").unique(), on="id", how="anti", maintain_order="left")
            out.append(_lines(name, status.with_columns(**none), known))
        if name in changes.update:
            out.append(_lines(name, _named(entity, changes.update[name], names), known))
    order = {e.name: i for i, e in enumerate(entities())}
    rank = pl.col("entity").replace_strict(order, return_dtype=pl.Int64)
    return pl.concat(out).sort(rank, "action", "school", "name", "sourced_id", "field", maintain_order=True)


def creates(changes: Changes, names: Mapping[str, pl.DataFrame]) -> dict[str, pl.DataFrame]:
    """The created records with every business column by label."""
    return {name: as_text(by_name(name), frame, names).drop("id").collect() for name, frame in changes.create.items()}
