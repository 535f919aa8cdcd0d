"""Where the records of a file stand, and stood last time: places, counted from 0, and lines."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property

import polars as pl

__all__ = ["AT", "Places", "among", "placed"]

AT = pl.UInt32
"""The type of a place."""


def among(count: int, at: pl.Series) -> pl.Series:
    """For each of so many places whether it is one of these: lookups by place are far cheaper than joins."""
    return pl.repeat(False, count, dtype=pl.Boolean, eager=True).scatter(at, True)


def placed(count: int, at: pl.Series, values: pl.Series) -> pl.Series:
    """For each of so many places the value that belongs there, or null."""
    return pl.repeat(None, count, dtype=values.dtype, eager=True).scatter(at, values)


@dataclass(frozen=True)
class Places:
    """The places of ``count`` records tonight, of which there were ``before`` last time.

    ``was``: by record its place last time, null where it is read; None where none is read, and nothing changed.
    ``line``: by record its line, rising; or, where each line is a record, the line of the first. ``alike``: no record
    came, went or changed, though some may be read.
    """

    before: int
    count: int
    was: pl.Series | None
    line: pl.Series | int
    alike: bool = False

    @cached_property
    def _now(self) -> pl.Series:
        assert self.was is not None
        there = self.was.is_not_null()
        at = pl.int_range(self.count, dtype=AT, eager=True)
        return placed(self.before, self.was.filter(there), at.filter(there))

    def now(self, was: pl.Series) -> pl.Series:
        """Where these records of last time stand tonight; null where they are read, or gone."""
        return was if self.was is None else self._now.gather(was)

    def met(self) -> pl.Series:
        """Of each record of last time whether it is the same tonight."""
        return pl.repeat(True, self.count, eager=True) if self.was is None else self._now.is_not_null()

    def left(self) -> pl.Series:
        """The places of last time's records that are read tonight, or gone."""
        return (~self.met()).arg_true() if self.was is not None else pl.Series([], dtype=AT)

    def read(self) -> pl.Series:
        """The places of tonight's records that are read."""
        return self.was.is_null().arg_true() if self.was is not None else pl.Series([], dtype=AT)

    @property
    def same(self) -> int:
        """How many records are the same as last time."""
        return self.count if self.was is None else self.count - self.was.null_count()

    def reading(self, was: pl.Series) -> Places:
        """The same, with these records of last time read."""
        before = pl.int_range(self.count, dtype=AT, eager=True) if self.was is None else self.was
        kept = pl.select(pl.when(~among(self.count, self.now(was))).then(before)).to_series()
        return Places(self.before, self.count, kept, self.line, self.alike)

    @property
    def last(self) -> int:
        """The line of the last record."""
        if isinstance(self.line, int):
            return self.line + self.count - 1
        return int(self.line[-1]) if self.count else 0

    @property
    def first(self) -> int:
        """The line of the first record."""
        if isinstance(self.line, int):
            return self.line
        return int(self.line[0]) if self.count else 0

    def lines(self, at: pl.Series) -> pl.Series:
        """The lines of the records in these places."""
        return at.cast(pl.Int64) + self.line if isinstance(self.line, int) else self.line.gather(at)

    def at(self, lines: pl.Series) -> pl.Series:
        """The places of the records in these lines, each of which holds one."""
        found = lines - self.line if isinstance(self.line, int) else self.line.search_sorted(lines)
        return found.cast(AT)
