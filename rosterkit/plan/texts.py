"""Judged rows as text: references as sourced ids, so that people, hashes and approvals see no integer id."""

from __future__ import annotations

from collections.abc import Mapping

import polars as pl

from rosterkit.model.schema import Entity

__all__ = ["Keys", "as_text", "digest", "keys_of"]

Keys = Mapping[str, pl.DataFrame]
"""By entity: sourced_id and id of every stored or said record."""


def keys_of(judged: Mapping[str, pl.DataFrame], context: Mapping[str, pl.DataFrame]) -> Keys:
    """The sourced ids by id of every judged record, and of those that they refer to."""
    frames = {name: [rows, context[name]] if name in context else [rows] for name, rows in judged.items()}
    return {name: pl.concat(f.select("sourced_id", "id") for f in some) for name, some in frames.items()}


def as_text(entity: Entity, rows: pl.DataFrame, keys: Keys, prefix: str = "") -> pl.DataFrame:
    """id, sourced_id and every business column by its label as String; ``prefix`` "s." takes the stored values."""
    out = rows.select("id", "sourced_id", *(pl.col(f"{prefix}{c.name}").alias(c.name) for c in entity.columns))
    for column in entity.columns:
        if column.to:
            known = keys[column.to].select(pl.col("id").alias(column.name), pl.col("sourced_id").alias(column.label))
            out = out.join(known, on=column.name, how="left", maintain_order="left").drop(column.name)
        elif column.kind == "bool":
            out = out.with_columns(pl.col(column.name).cast(pl.String))
    return out.select("id", "sourced_id", *(c.label for c in entity.columns))


def digest(entity: Entity, texts: pl.DataFrame) -> pl.Series:
    """One text for all business columns of each row of ``as_text``: equal rows have equal digests."""
    return texts.select(pl.struct(c.label for c in entity.columns).struct.json_encode()).to_series()
