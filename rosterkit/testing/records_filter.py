"""Records against those of last time: which must be read, and what is remembered of them all for tomorrow."""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import Any

import polars as pl

from rosterkit.intake.cache import CARRIED, CachedFile, tie
from rosterkit.intake.linefilter import LineFilter, Unfilterable
from rosterkit.intake.notes import Notes
from rosterkit.intake.records import LINE
from rosterkit.testing.records_package import Stream
from rosterkit.testing.records_said import key_of

__all__ = ["FORM", "Filtered", "Record", "filtered"]

FORM = "records, first form"
"""What the text of a record is; where it is another, nothing that was remembered is of use."""

_NONE = CachedFile(FORM, pl.DataFrame(schema={"h1": pl.UInt64, "h2": pl.UInt64, "again": pl.Boolean, "key": pl.UInt64}))


@dataclass(frozen=True)
class Record:
    """One that is read. ``key``: None where it cannot be told."""

    line: int
    text: str
    value: Any
    key: str | None


@dataclass(frozen=True)
class Filtered:
    """``unread``: the records that must be read. ``lines``: of every record LINE, h1, h2 and ``was``.

    ``cached``: by what they were filtered; ``why``: why they were not.
    """

    unread: list[Record]
    lines: pl.DataFrame
    cached: CachedFile | None
    why: str

    def places(self) -> pl.DataFrame:
        """``was`` and ``line`` of the records that are the same."""
        return self.lines.select("was", line=LINE).drop_nulls()

    def carry(self, notes: Notes) -> None:
        """Notes what is known of the records that are the same."""
        if self.cached is not None:
            known = self.cached.carried.join(self.places(), left_on="at", right_on="was")
            for (rule, column), hits in known.group_by("rule", "column", maintain_order=True):
                notes.many(str(rule), hits.select("line", "value", "key", "detail"), column=str(column))

    def remembered(self, unsound: set[int], hits: pl.DataFrame) -> CachedFile:
        """What is known of every record; those in lines that are ``unsound`` are to be read again tomorrow.

        Twins are among them, as they share an id or have none: the filter cannot tell them apart.
        """
        read = pl.DataFrame(
            [(record.line, record.key, record.line in unsound) for record in self.unread],
            schema={LINE: pl.Int64, "key": pl.String, "again": pl.Boolean},
            orient="row",
        ).with_columns(key=tie("key"))
        before = (self.cached or _NONE).records.select("key").with_row_index("was")
        kept = before.with_columns(pl.col("was").cast(pl.Int64), again=pl.lit(value=False))
        same = self.lines.drop_nulls("was").join(kept, on="was")
        new = self.lines.filter(pl.col("was").is_null()).join(read, on=LINE)
        columns = ["h1", "h2", "again", "key", LINE]
        records = pl.concat([same.select(columns), new.select(columns)]).sort(LINE)
        numbered = records.with_columns(at=pl.int_range(pl.len(), dtype=pl.Int64))
        steady = numbered.filter(~pl.col("again")).select("at", line=LINE)
        return CachedFile(FORM, records.drop(LINE), carried=hits.join(steady, on="line").select(list(CARRIED)))


def filtered(stream: Stream, cached: CachedFile | None, why: str = "") -> Filtered:
    """The records that differ from last time, and those that have their id: with ``cached``, only these are read."""
    if cached is not None and cached.header != FORM:
        cached, why = None, "its records had another form"
    while True:
        sieve = LineFilter(_NONE if cached is None else cached)
        try:
            for block in stream.blocks():
                sieve.take(block)
            unread, lines = sieve.finish()
        except Unfilterable as cause:
            return filtered(stream, None, str(cause))
        records = [_record(stream.kind, *row) for row in unread.select(LINE, "text").iter_rows()]
        if cached is None or (more := _namesakes(records, lines, cached)).is_empty():
            return Filtered(records, lines, cached, why)
        cached = cached.reading(more)


def _record(kind: str, line: int, text: str) -> Record:
    value = json.loads(text)
    return Record(line, text, value, key_of(kind, value))


def _namesakes(read: list[Record], lines: pl.DataFrame, cached: CachedFile) -> pl.Series:
    """Of last time's records that are the same, those with the id of one that is read."""
    keys = pl.DataFrame({"key": [record.key for record in read]}, schema={"key": pl.String}).select(tie("key"))
    known = cached.records.select("key", at=pl.int_range(pl.len(), dtype=pl.Int64))
    same = pl.col("at").is_in(lines["was"].drop_nulls().implode())
    return known.filter(same & pl.col("key").is_in(keys.to_series().drop_nulls().implode()))["at"]
