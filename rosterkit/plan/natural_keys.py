"""Judged rows as text: references as sourced ids, so that people, hashes and approvals see no integer id."""

from __future__ import annotations

from collections.abc import Mapping

import polars as pl

from rosterkit.roster.schema import Entity, entities

__all__ = ["Keys", "as_text", "digest", "keys_of", "named"]

Keys = Mapping[str, pl.DataFrame]
"""By entity that is referred to: sourced_id and id of every stored or said record, by id."""


def keys_of(judged: Mapping[str, pl.DataFrame], context: Mapping[str, pl.DataFrame]) -> Keys:
    """The sourced ids by id of every judged record, and of those that they refer to."""
    named_by_others = {column.to for entity in entities() for column in entity.refs}
    frames = {
        name: [rows, context[name]] if name in context else [rows]
        for name, rows in judged.items()
        if name in named_by_others
    }
    return {name: pl.concat(f.select("sourced_id", "id") for f in some).sort("id") for name, some in frames.items()}


def as_text(entity: Entity, rows: pl.DataFrame, keys: Keys, prefix: str = "") -> pl.DataFrame:
    """id, sourced_id and every business column by its label as String; ``prefix`` "s." takes the stored values."""
    out = rows.select("id", "sourced_id", *(pl.col(f"{prefix}{c.name}").alias(c.name) for c in entity.columns))
    for column in entity.columns:
        if column.to:
            out = out.with_columns(named(out[column.name], keys[column.to]).alias(column.label))
        elif column.kind == "bool":
            out = out.with_columns(pl.col(column.name).cast(pl.String))
    return out.select("id", "sourced_id", *(c.label for c in entity.columns))


def named(ids: pl.Series, known: pl.DataFrame) -> pl.Series:
    """The sourced ids of these records, and null for those that are not ``known``."""
    if not known["id"].is_sorted():
        known = known.sort("id")
    if known.is_empty():
        return pl.Series([None], dtype=pl.String).new_from_index(0, ids.len())
    at = known["id"].search_sorted(ids).clip(upper_bound=known.height - 1)
    met = pl.DataFrame({"is_it": known["id"].gather(at) == ids, "sourced_id": known["sourced_id"].gather(at)})
    return met.select(pl.when("is_it").then("sourced_id").alias("sourced_id")).to_series()


def digest(entity: Entity, texts: pl.DataFrame) -> pl.Series:
    """One text for all business columns of each row of ``as_text``: equal rows have equal digests."""
    return texts.select(pl.struct(c.label for c in entity.columns).struct.json_encode()).to_series()
