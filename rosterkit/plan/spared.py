"""What no limit counts: changes that were announced, and what begins with a term."""

from __future__ import annotations

from dataclasses import dataclass, field

import polars as pl

from rosterkit.plan.ids import NO_IDS

__all__ = ["NO_FIELDS", "Spared"]

NO_FIELDS = pl.DataFrame(schema={"node": pl.Int64, "field": pl.String})


@dataclass(frozen=True)
class Spared:
    """``nodes``: records that come or leave as was announced. ``fields``: node and field of values that change so.
    ``students``: how many new students were announced, by the id of their school; None = at any school.
    """

    nodes: pl.Series = field(default_factory=lambda: NO_IDS)
    fields: pl.DataFrame = field(default_factory=lambda: NO_FIELDS)
    students: tuple[tuple[int | None, int], ...] = ()

    def allowed(self) -> pl.DataFrame:
        """school_id (null = anywhere) and ``allowed``, of students."""
        schema = {"school_id": pl.Int64, "allowed": pl.Int64}
        rows = pl.DataFrame(list(self.students), schema=schema, orient="row")
        return rows.group_by("school_id").agg(pl.col("allowed").sum())
