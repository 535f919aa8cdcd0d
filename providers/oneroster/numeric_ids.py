"""The roster with sourced ids as numbers, so that millions of references are compared, joined and sorted as integers.

An entity that others refer to numbers its sourced ids in their order: ``sourced_id``, and every reference to it, is the
position in ``ids`` (UInt32).
"""

from __future__ import annotations

from collections.abc import Sequence

import polars as pl

from rosterkit.feeds.base import Roster
from rosterkit.roster.schema import by_name, entities

_REFERRED = frozenset(column.to for entity in entities() for column in entity.refs)


class NumberedRoster:
    """Tables of a roster by label, with numbers for sourced ids. Of what was read only the ids stay in memory."""

    def __init__(self, roster: Roster) -> None:
        self._roster = roster
        self._ids: dict[str, tuple[pl.Series, pl.Series]] = {}

    def ids(self, entity: str) -> pl.Series:
        """The distinct sourced ids of an entity that others refer to, in order."""
        return self._numbers(entity)[0]

    def read(self, entity: str, columns: Sequence[str]) -> pl.DataFrame:
        """``sourced_id`` and these columns, by label, of all rows; a reference to a row that is not active is null."""
        kind = by_name(entity)
        own = "id" if entity in _REFERRED else "sourced_id"
        asked = [kind.column(label) for label in columns]
        rows = self._roster.table(entity).select(own, *(column.name for column in asked)).collect()
        made = [self._position(entity, rows["id"]) if entity in _REFERRED else rows["sourced_id"]]
        for column in asked:
            cells = rows[column.name]
            made.append((self._position(column.to, cells) if column.to else cells).alias(column.label))
        return pl.DataFrame([made[0].alias("sourced_id"), *made[1:]])

    def _position(self, entity: str, records: pl.Series) -> pl.Series:
        """The numbers of the sourced ids of these records; null where a record is not active."""
        positions = self._numbers(entity)[1]
        return positions.gather(records.set(records >= positions.len(), None))

    def _numbers(self, entity: str) -> tuple[pl.Series, pl.Series]:
        """The sourced ids in order; and for each integer id, which of them is the record's."""
        if entity not in self._ids:
            rows = self._roster.table(entity).select("id", "sourced_id").collect().sort("sourced_id")
            records, texts = rows
            highest = max([0, *records.top_k(1)])
            positions = pl.select(pl.repeat(None, highest + 1, dtype=pl.UInt32)).to_series()
            self._ids[entity] = texts.unique(maintain_order=True), positions.scatter(records, texts.rle_id())
        return self._ids[entity]
