"""Rows made by hand as a feed is given them."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence

import polars as pl

from rosterkit.roster.schema import by_name, entities

__all__ = ["GivenFrames"]


class GivenFrames:
    """``Frames`` of whole tables as a source says them, in slices of ``portion`` ids."""

    def __init__(self, said: Mapping[str, pl.DataFrame], portion: int = 2) -> None:
        self._portion = portion
        self._ids = {entity: _ids(said, entity) for entity in {c.to for e in entities() for c in e.refs if c.to}}
        self._frames = {}
        for entity in entities():
            empty = pl.DataFrame(schema={"sourced_id": pl.String, **entity.said_schema})
            numbered = {column.label: column.to for column in entity.refs if column.to}
            if entity.name in self._ids:
                numbered["sourced_id"] = entity.name
            rows = said.get(entity.name, empty)
            places = (
                self._ids[to].search_sorted(rows[name]).set(rows[name].is_null(), None) for name, to in numbered.items()
            )
            self._frames[entity.name] = rows.with_columns(
                p.alias(name) for p, name in zip(places, numbered, strict=True)
            )

    def ids(self, entity: str) -> pl.Series:
        """Every id that is said, there or where it is referred to."""
        return self._ids[entity]

    def read(self, entity: str, columns: Sequence[str]) -> pl.DataFrame:
        """All rows, as they were given."""
        by_name(entity)
        return self._frames[entity].select("sourced_id", *columns)

    def slices(self, entity: str, columns: Sequence[str]) -> Iterator[pl.DataFrame]:
        """The rows of as many ids as make a portion."""
        rows = self.read(entity, columns).sort("sourced_id")
        if rows.is_empty():
            yield rows
        slice_of = rows["sourced_id"].rle_id() // self._portion
        yield from rows.with_columns(_slice=slice_of).partition_by("_slice", maintain_order=True, include_key=False)


def _ids(said: Mapping[str, pl.DataFrame], to: str) -> pl.Series:
    refs = [(entity.name, column.label) for entity in entities() for column in entity.refs if column.to == to]
    texts = [said[entity][label] for entity, label in [(to, "sourced_id"), *refs] if entity in said]
    return pl.Series([text for column in texts for text in column], dtype=pl.String).drop_nulls().unique().sort()
