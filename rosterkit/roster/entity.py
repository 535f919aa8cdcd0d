"""What a canonical entity is: a name, a table and typed columns. The entities themselves are in ``roster.schema``."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property

import polars as pl

BOOKKEEPING: tuple[tuple[str, type[pl.DataType]], ...] = (
    ("id", pl.Int64),
    ("source", pl.String),
    ("id_space", pl.String),
    ("sourced_id", pl.String),
    ("status", pl.String),
    ("created_revision", pl.Int64),
    ("updated_revision", pl.Int64),
    ("import_id", pl.String),
    ("source_file", pl.String),
    ("source_line", pl.Int64),
    ("modified_at", pl.String),
    ("fingerprint_high", pl.Int64),
    ("fingerprint_low", pl.Int64),
)
PROVENANCE = ("import_id", "source_file", "source_line", "modified_at")
FINGERPRINT = ("fingerprint_high", "fingerprint_low")


@dataclass(frozen=True, slots=True)
class Column:
    """A business column of a canonical table."""

    name: str
    kind: str  # text | date | list | json | bool | ref
    to: str | None = None  # of a ref: the entity it points to
    required: bool = False  # NOT NULL: without it no row can stand
    needed: bool = False  # of a ref: products drop the record without its target, which is not archived while it stays

    @property
    def label(self) -> str:
        """The column as people and sources call it: ``class`` for ``class_id``."""
        return self.name.removesuffix("_id") if self.kind == "ref" else self.name

    @property
    def dtype(self) -> type[pl.DataType]:
        """The dtype in a frame whose references are integer ids."""
        return {"ref": pl.Int64, "bool": pl.Boolean}.get(self.kind, pl.String)

    @property
    def incoming_dtype(self) -> type[pl.DataType]:
        """The dtype in a frame as a source delivers it (references as sourced ids)."""
        return pl.Boolean if self.kind == "bool" else pl.String


@dataclass(frozen=True)
class Entity:
    """A canonical table: its name in OneRoster's words, its SQL name and its business columns."""

    name: str
    table: str
    columns: tuple[Column, ...]

    @cached_property
    def refs(self) -> tuple[Column, ...]:
        return tuple(c for c in self.columns if c.kind == "ref")

    def column(self, label: str) -> Column:
        """The column with this label or name; KeyError when there is none."""
        for column in self.columns:
            if label in (column.label, column.name):
                return column
        raise KeyError(f"{self.name} has no column {label}")

    @cached_property
    def stored_schema(self) -> dict[str, type[pl.DataType]]:
        """Bookkeeping and business columns of a frame read from the store."""
        return dict(BOOKKEEPING) | {c.name: c.dtype for c in self.columns}

    @cached_property
    def incoming_schema(self) -> dict[str, type[pl.DataType]]:
        """Business columns of a frame as a source delivers it."""
        return {c.label: c.incoming_dtype for c in self.columns}
