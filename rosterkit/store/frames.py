"""The active rows as feeds take them: the columns that are asked for, by label, references as places of ids."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from pathlib import Path

import polars as pl

from rosterkit.roster.schema import Entity, by_name, entities
from rosterkit.store.bulk import read

__all__ = ["ActiveFrames"]

_PORTION = 250_000  # rows of a slice: enough for whole-column work, and little to hold
_SAMPLE = 32  # ids that are looked at for each slice, so that slices become about as large as each other
_ACTIVE = "status='active'"
_REFERRED = frozenset(column.to for entity in entities() for column in entity.refs)

Reach = tuple[str, str | None]
"""The sourced ids of a slice: from the first on, up to and without the second; None: to the last."""


class ActiveFrames:
    """The ``Frames`` of a store. Nothing is read before it is asked for, and of what was read only the ids stay."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._ids: dict[str, tuple[pl.Series, pl.Series]] = {}

    def ids(self, entity: str) -> pl.Series:
        """All sourced ids, in order."""
        return self._numbered(entity)[0]

    def read(self, entity: str, columns: Sequence[str]) -> pl.DataFrame:
        """All rows."""
        kind = by_name(entity)
        return self._said(kind, columns, self._stored(kind, columns))

    def slices(self, entity: str, columns: Sequence[str]) -> Iterator[pl.DataFrame]:
        """A portion at a time."""
        kind = by_name(entity)
        spaces = self._spaces(kind)
        for reach in self._reaches(kind):
            yield self._said(kind, columns, self._slice(kind, columns, spaces, reach))

    def _stored(
        self, kind: Entity, columns: Sequence[str], where: str = _ACTIVE, values: Sequence[str] = ()
    ) -> pl.DataFrame:
        """The rows with integer ids; the sourced id as text only where nothing refers to it."""
        own = {"id": pl.Int64} if kind.name in _REFERRED else {"sourced_id": pl.String}
        asked = [kind.column(label) for label in columns]
        return read(self._path, kind.table, own | {c.name: c.dtype for c in asked}, where, values)

    def _said(self, kind: Entity, columns: Sequence[str], rows: pl.DataFrame) -> pl.DataFrame:
        """The rows with sourced ids, or their places, for integer ids."""
        made = [self._places(kind.name, rows["id"]) if kind.name in _REFERRED else rows["sourced_id"]]
        for label in columns:
            column = kind.column(label)
            cells = rows[column.name]
            made.append((self._places(column.to, cells) if column.to else cells).alias(label))
        return pl.DataFrame([made[0].alias("sourced_id"), *made[1:]])

    def _places(self, entity: str, records: pl.Series) -> pl.Series:
        """Where in ``ids`` the sourced ids of these records stand; null where a record is not active."""
        places = self._numbered(entity)[1]
        return places.gather(records.set(records >= places.len(), None))

    def _numbered(self, entity: str) -> tuple[pl.Series, pl.Series]:
        """The sourced ids in order; and for each integer id, which of them is the record's."""
        if entity not in self._ids:
            schema = {"id": pl.Int64, "sourced_id": pl.String}
            rows = read(self._path, by_name(entity).table, schema, _ACTIVE).sort("sourced_id")
            records, texts = rows
            highest = max([0, *records.top_k(1)])
            places = pl.select(pl.repeat(None, highest + 1, dtype=pl.UInt32)).to_series()
            self._ids[entity] = texts.unique(maintain_order=True), places.scatter(records, texts.rle_id())
        return self._ids[entity]

    def _spaces(self, kind: Entity) -> list[tuple[str, ...]]:
        """In which spaces there are records: with its space, a range of sourced ids is one of the table's index."""
        first = f'select id from "{kind.table}" order by origin, id_space limit 1'
        later = first.replace(" order", " as n where (n.origin, n.id_space) > (o.origin, o.id_space) order")
        steps = f'select id from ({first}) union all select ({later}) from one join "{kind.table}" as o using (id)'
        one_of_each = f"id in (with recursive one(id) as ({steps}) select id from one)"
        spaces = read(self._path, kind.table, {"origin": pl.String, "id_space": pl.String}, one_of_each)
        return spaces.fill_null("").rows()

    def _reaches(self, kind: Entity) -> list[Reach]:
        """Ranges of sourced ids that hold about a portion each, by a sample of rows that are evenly far apart."""
        every = max(1, _PORTION // _SAMPLE)
        following = f'select id + {every} from seen where id < (select max(id) from "{kind.table}")'
        within = f"id in (with recursive seen(id) as (select {every} union all {following}) select id from seen)"
        sample = read(self._path, kind.table, {"sourced_id": pl.String}, within).to_series().sort()
        lows = ["", *dict.fromkeys(sample.gather_every(_SAMPLE, _SAMPLE))]
        return list(zip(lows, [*lows[1:], None], strict=True))

    def _slice(self, kind: Entity, columns: Sequence[str], spaces: list[tuple[str, ...]], reach: Reach) -> pl.DataFrame:
        low, high = reach
        where = f"{_ACTIVE} and origin=? and id_space=? and sourced_id>=?" + (" and sourced_id<?" if high else "")
        limits = (low, high) if high else (low,)
        parts = [
            self._stored(kind, columns, f"{where} order by sourced_id", (*space, *limits)) for space in spaces
        ] or [self._stored(kind, columns)]
        return pl.concat(parts).sort("sourced_id")
