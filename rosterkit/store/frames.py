"""The active rows as feeds and readers take them: business columns by label, references as sourced ids."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import polars as pl

from rosterkit.model.schema import Entity, entities
from rosterkit.store.bulk import read

__all__ = ["active_frames"]


def _active(path: Path, entity: Entity) -> pl.DataFrame:
    schema = {"id": pl.Int64, "sourced_id": pl.String, "modified_at": pl.String}
    return read(path, entity.table, schema | {c.name: c.dtype for c in entity.columns}, "status=?", ("active",))


def active_frames(path: Path) -> dict[str, pl.DataFrame]:
    """By entity: sourced_id, modified_at and every business column by its label (``said_dtype``) of the active rows."""
    keys: dict[str, pl.DataFrame] = {}
    out: dict[str, pl.DataFrame] = {}
    with ThreadPoolExecutor(2) as readers:  # reading is SQLite's work, outside Python's lock
        read_ahead = {e.name: readers.submit(_active, path, e) for e in reversed(entities())}  # the large ones first
    for entity in entities():
        rows = read_ahead.pop(entity.name).result()
        keys[entity.name] = rows.select("id", "sourced_id")
        for column in entity.refs:
            assert column.to is not None
            known = keys[column.to].select(pl.col("id").alias(column.name), pl.col("sourced_id").alias(column.label))
            rows = rows.join(known, on=column.name, how="left", maintain_order="left").drop(column.name)
        out[entity.name] = rows.select("sourced_id", "modified_at", *(c.label for c in entity.columns))
    return out
