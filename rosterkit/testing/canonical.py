"""The canonical columns as a source emits them, in one place."""

from __future__ import annotations

from functools import cache

import polars as pl

from rosterkit.model.schema import entities

__all__ = ["EmittedColumn", "emitted"]

EmittedColumn = tuple[type[pl.DataType], str, bool, str | None]
"""(dtype, kind, required, entity that a reference names)."""

_ENTITIES = {"Person": "User", "GuardianStatement": "GuardianLink"}
_COLUMNS = {"person": "user", "stated_by": "asserted_by"}


@cache
def emitted() -> dict[str, dict[str, EmittedColumn]]:
    """Entity → label of a column → what it holds."""
    found = {
        _ENTITIES.get(entity.name, entity.name): {
            _COLUMNS.get(column.label, column.label): (
                column.said_dtype,
                column.kind,
                column.required,
                _ENTITIES.get(column.to, column.to) if column.to else None,
            )
            for column in entity.columns
        }
        for entity in entities()
    }
    found.setdefault(
        "UserAttributes", {"user": (pl.String, "ref", True, "User"), "attributes": (pl.String, "json", False, None)}
    )
    return found
