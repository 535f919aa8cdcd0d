"""The canonical columns as a source emits them, in one place."""

from __future__ import annotations

from functools import cache

import polars as pl

from rosterkit.roster.schema import entities

EmittedColumn = tuple[type[pl.DataType], str, bool, str | None]
"""(dtype, kind, required, entity that a reference names)."""


@cache
def emitted() -> dict[str, dict[str, EmittedColumn]]:
    """Entity → label of a column → what it holds."""
    return {
        entity.name: {c.label: (c.incoming_dtype, c.kind, c.required, c.to) for c in entity.columns}
        for entity in entities()
    }
