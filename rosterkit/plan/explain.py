"""A plan in words: the very parts that apply executes, rendered row by row (LINES)."""

from __future__ import annotations

from collections.abc import Mapping

import polars as pl

from rosterkit.plan.changes import Parts
from rosterkit.plan.natural_keys import Keys, as_text
from rosterkit.plan.plan import LINES
from rosterkit.roster.schema import Entity, by_name, entities

__all__ = ["NAMES", "creates", "lines"]

NAMES: dict[str, type[pl.DataType]] = {"id": pl.Int64, "name": pl.String, "school": pl.String}
"""What people call a record, and its schools: by entity, for every record that the plan speaks of."""

_WHY = {
    ("create", "said"): "new in the source",
    ("restore", "said"): "back in the source",
    ("update", "said"): "the source says so",
    ("archive", "absent"): "no longer in the source",
    ("archive", "deleted"): "the source says that it is gone",
    ("archive", "unlisted"): "no longer listed",
    ("archive", "follows"): "what it belongs to leaves",
    ("archive", "follows-deleted"): "what it belongs to leaves",
    ("update", "follows"): "what it referred to leaves",
}


def _why() -> pl.Expr:
    word = pl.concat_str("action", pl.lit(" "), "how")
    known = {f"{action} {how}": why for (action, how), why in _WHY.items()}
    return word.replace_strict(known, default="undoes an earlier revision")


def _lines(name: str, frame: pl.DataFrame, names: pl.DataFrame) -> pl.DataFrame:
    frame = frame.join(names, on="id", how="left", maintain_order="left")
    return frame.with_columns(
        pl.col("name", "school", "file").fill_null(""),
        pl.col("line").fill_null(0),
        entity=pl.lit(name),
        why=_why(),
        held=pl.col("hold").fill_null(""),
        held_why=pl.col("hold_why").fill_null(""),
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


def lines(parts: Parts, names: Mapping[str, pl.DataFrame]) -> pl.DataFrame:
    """Every change of these parts as LINES, by entity, action, school and name. ``names``: NAMES by entity."""
    blank = ("before", "after", "before_name", "after_name")
    none = {"field": pl.lit(""), **dict.fromkeys(blank, pl.lit(None, pl.String))}
    out = [pl.DataFrame(schema=LINES)]
    for entity in entities():
        name = entity.name
        known = names.get(name, pl.DataFrame(schema=NAMES))
        if name in parts.create:
            new = parts.create[name].select(
                "id",
                "sourced_id",
                "file",
                "line",
                "hold",
                "hold_why",
                action=pl.lit("create"),
                how=pl.lit("said"),
                **none,
            )
            out.append(_lines(name, new, known))
        if name in parts.status:
            status = parts.status[name]
            if name in parts.update:
                shown = parts.update[name].filter(pl.col("action") == "restore")
                status = status.join(shown.select("id").unique(), on="id", how="anti", maintain_order="left")
            out.append(_lines(name, status.with_columns(**none), known))
        if name in parts.update:
            out.append(_lines(name, _named(entity, parts.update[name], names), known))
    order = {e.name: i for i, e in enumerate(entities())}
    rank = pl.col("entity").replace_strict(order, return_dtype=pl.Int64)
    return pl.concat(out).sort(rank, "action", "school", "name", "sourced_id", "field", maintain_order=True)


def creates(parts: Parts, keys: Keys) -> dict[str, pl.DataFrame]:
    """The created records with every business column by label."""
    return {name: as_text(by_name(name), frame, keys).drop("id") for name, frame in parts.create.items()}
