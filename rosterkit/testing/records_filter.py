"""Records against those of last time: which must be read, and what is remembered of them all for tomorrow."""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import Any

import polars as pl

from rosterkit.intake.cache import CARRIED, CachedFile, Unfilterable, tie
from rosterkit.intake.linefilter import LineFilter, Lines
from rosterkit.intake.notes import Notes
from rosterkit.intake.records import LINE
from rosterkit.intake.remembering import carry, remembered
from rosterkit.testing.records_package import Stream
from rosterkit.testing.records_said import key_of

__all__ = ["FORM", "Filtered", "Record", "filtered"]

FORM = "records, first form"
"""What the text of a record is; where it is another, nothing that was remembered is of use."""

_NO_RECORDS = {"h1": pl.UInt64, "h2": pl.UInt64, "again": pl.Boolean, "key": pl.UInt64}
_NONE = CachedFile(FORM, 0, {"records": pl.DataFrame(schema=_NO_RECORDS), "carried": pl.DataFrame(schema=CARRIED)})


@dataclass(frozen=True)
class Record:
    """One that is read. ``key``: None where it cannot be told."""

    line: int
    text: str
    value: Any
    key: str | None


@dataclass(frozen=True)
class Filtered:
    """``unread``: the records that must be read; ``lines``: all of them.

    ``cached``: by what they were filtered; ``why``: why they were not.
    """

    unread: list[Record]
    lines: Lines
    cached: CachedFile | None
    why: str

    def carry(self, notes: Notes) -> None:
        """Notes what is known of the records that are the same."""
        if self.cached is not None:
            carry(notes, self.lines, self.cached)

    def remembered(self, unsound: set[int], hits: pl.DataFrame) -> CachedFile:
        """What is known of every record; those in lines that are ``unsound`` are to be read again tomorrow.

        Twins are among them, as they share an id or have none: the filter cannot tell them apart.
        """
        told = pl.DataFrame(
            [(record.line, record.key, record.line in unsound) for record in self.unread],
            schema={LINE: pl.Int64, "key": pl.String, "again": pl.Boolean},
            orient="row",
        ).with_columns(key=tie("key"))
        return remembered(self.lines, self.cached, told, hits)


def filtered(stream: Stream, cached: CachedFile | None, why: str = "") -> Filtered:
    """The records that differ from last time, and those that have their id: with ``cached``, only these are read."""
    if cached is not None and cached.header != FORM:
        cached, why = None, "its records had another form"
    while True:
        sieve = LineFilter(_NONE if cached is None else cached)
        try:
            for block in stream.blocks():
                sieve.take(block)
            unread, lines = sieve.finish(FORM)
        except Unfilterable as cause:
            return filtered(stream, None, str(cause))
        records = [_record(stream.kind, *row) for row in unread.select(LINE, "text").iter_rows()]
        if cached is None or (more := _namesakes(records, lines, cached)).is_empty():
            return Filtered(records, lines, cached, why)
        cached = cached.reading(more)


def _record(kind: str, line: int, text: str) -> Record:
    value = json.loads(text)
    return Record(line, text, value, key_of(kind, value))


def _namesakes(read: list[Record], lines: Lines, cached: CachedFile) -> pl.Series:
    """Of last time's records that are the same, those with the id of one that is read."""
    keys = pl.DataFrame({"key": [record.key for record in read]}, schema={"key": pl.String}).select(tie("key"))
    named = cached.records["key"].is_in(keys.to_series().drop_nulls().implode()).fill_null(value=False).arg_true()
    return named.filter(lines.places.now(named).is_not_null())
