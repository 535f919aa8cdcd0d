"""The active rows as feeds and readers take them: business columns by label, references as sourced ids."""

from __future__ import annotations

from pathlib import Path

import polars as pl

from rosterkit.model.schema import entities
from rosterkit.store.bulk import read

__all__ = ["active_frames"]


def active_frames(path: Path) -> dict[str, pl.DataFrame]:
    """By entity: sourced_id, modified_at and every business column by its label (``said_dtype``) of the active rows."""
    keys: dict[str, pl.DataFrame] = {}
    out: dict[str, pl.DataFrame] = {}
    for entity in entities():
        schema = {"id": pl.Int64, "sourced_id": pl.String, "modified_at": pl.String} | {
            c.name: c.dtype for c in entity.columns
        }
        rows = read(path, entity.table, schema, "status=?", ("active",))
        keys[entity.name] = rows.select("id", "sourced_id")
        for column in entity.refs:
            assert column.to is not None
            known = keys[column.to].select(pl.col("id").alias(column.name), pl.col("sourced_id").alias(column.label))
            rows = rows.join(known, on=column.name, how="left", maintain_order="left").drop(column.name)
        out[entity.name] = rows.select("sourced_id", "modified_at", *(c.label for c in entity.columns))
    return out
