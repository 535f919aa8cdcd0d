"""What no limit counts: changes that were announced, and what begins with a term."""

from __future__ import annotations

from dataclasses import dataclass, field

import polars as pl

from rosterkit.plan.ids import NO_IDS, among
from rosterkit.plan.records import Records, ids_by_entity, leaves, links

NO_FIELDS = pl.DataFrame(schema={"node": pl.Int64, "field": pl.String})


@dataclass(frozen=True)
class Exempt:
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


def following(records: Records, approved: pl.Series) -> pl.DataFrame:
    """Node and field of references that become blank as their target leaves because its term is over, or because a
    person approved that (``approved``: nodes): what follows from it needs no other decision.
    """
    reason = (pl.col("cause") == "ended").fill_null(value=False)
    reason = reason | among(pl.col("node"), approved) if approved.len() else reason
    gone = records.states.lazy().filter(leaves() & reason).select("node", "entity", "id").collect()
    if gone.is_empty():
        return NO_FIELDS
    found = links(records, to=ids_by_entity(gone))
    cleared = ~pl.col("required") & pl.col("new").is_null() & among(pl.col("old"), gone["node"])
    return found.filter(cleared).select("node", field="label")
