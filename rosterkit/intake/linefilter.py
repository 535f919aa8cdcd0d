"""Lines of a file against those of last time: which are the same, and the text of those that are not.

Lines are compared in their order, a stretch of last time's hashes beside each block: insertions and removals shift the
stretch. What no stretch holds has moved, or is new: it is looked for among all that is left at the end, or, where most
lines have moved, among all lines at once.
"""

from __future__ import annotations

from dataclasses import dataclass, field

import polars as pl

from rosterkit.errors import InternalError
from rosterkit.intake.cache import CachedFile, Unfilterable, hashed
from rosterkit.intake.lines import LINE, TEXTS
from rosterkit.intake.places import AT, Places, among

__all__ = ["LineFilter", "Lines", "unchanged"]

_SLACK = 2_000  # so many lines may be inserted or removed within a block before it counts as moved
_MOVED = 20_000  # so many lines must have moved, and half of all, before order is no longer counted on


@dataclass(frozen=True)
class Lines:
    """A file's records: ``hashes`` (h1, h2) of each; None where they are those of last time, in the same places."""

    header: str
    hashes: pl.DataFrame | None
    places: Places

    def hashes_at(self, at: pl.Series) -> pl.DataFrame:
        assert self.hashes is not None
        return self.hashes[at]

    def reading(self, at: pl.Series, cached: CachedFile) -> Lines:
        """The same, with these records of last time read as well."""
        hashes = cached.records.select("h1", "h2") if self.hashes is None else self.hashes
        return Lines(self.header, hashes, self.places.reading(at))


def unchanged(cached: CachedFile) -> Lines:
    """The records of a CSV file none of whose bytes changed: the header was its first line, and each has a line."""
    return Lines(cached.header, None, Places(cached.count, cached.count, None, 2, alike=True))


@dataclass
class LineFilter:
    """Takes a file's blocks one after the other; ``finish`` gives what must be read."""

    cached: CachedFile
    _old: pl.DataFrame = field(init=False)  # of each record of last time h1 (null: to be read again), h2 and was
    _sorted: pl.DataFrame | None = None  # where most have moved: the same by h1
    _at: int = 0
    _count: int = 0
    _unmet: int = 0
    _seen: list[pl.DataFrame] = field(default_factory=list)
    _unread: list[pl.DataFrame] = field(default_factory=list)

    def __post_init__(self) -> None:
        steady = pl.when(~pl.col("again")).then("h1").alias("h1")
        was = pl.int_range(pl.len(), dtype=AT).alias("was")
        self._old = self.cached.records.select(steady, "h2", was)

    def take(self, texts: pl.DataFrame) -> None:
        """Compares a block: ``text`` and LINE."""
        lines = texts.select(LINE, *hashed("text"))
        was = self._stretch(lines) if self._sorted is None else self._anywhere(lines)
        met = was.drop_nulls()
        if met.len():
            self._at = int(met[-1]) + 1
            if met.n_unique() < met.len():  # twins, of which last time's record is one
                was = pl.select(pl.when(was.is_first_distinct()).then(was)).to_series()
        else:
            self._at += lines.height
        self._seen.append(lines.with_columns(was.alias("was")))
        unread = texts.filter(was.is_null())
        few = pl.Series("text", unread["text"].to_list(), pl.String)  # copied: a view would keep the block's whole text
        self._unread.append(unread.with_columns(few))
        self._unmet += unread.height
        self._count += lines.height
        if self._sorted is None and self._unmet > max(_MOVED, self._count // 2):
            self._sorted = self._old.drop_nulls("h1").sort("h1")

    def _stretch(self, lines: pl.DataFrame) -> pl.Series:
        stretch = self._old.slice(max(0, self._at - _SLACK), lines.height + 2 * _SLACK)
        near = lines.join(stretch, on="h1", how="left", maintain_order="left")
        if near.height != lines.height:
            raise Unfilterable("lines of last time cannot be told apart")
        return near.select(pl.when(pl.col("h2") == pl.col("h2_right")).then("was")).to_series()

    def _anywhere(self, lines: pl.DataFrame) -> pl.Series:
        assert self._sorted is not None
        if self._sorted.is_empty():
            return pl.repeat(None, lines.height, dtype=AT, eager=True)
        near = self._sorted[self._sorted["h1"].search_sorted(lines["h1"]).clip(0, self._sorted.height - 1)]
        same = (near["h1"] == lines["h1"]) & (near["h2"] == lines["h2"])
        return pl.select(pl.when(same).then(near["was"])).to_series()

    def finish(self, header: str) -> tuple[pl.DataFrame, Lines]:
        """``text`` and LINE of the records to be read, and all of them; Unfilterable where they cannot be told."""
        schema = {LINE: pl.Int64, "h1": pl.UInt64, "h2": pl.UInt64, "was": AT}
        seen = pl.concat([pl.DataFrame(schema=schema), *self._seen])
        unread = pl.concat([pl.DataFrame(schema=TEXTS), *self._unread])
        self._seen, self._unread = [], []
        was = self._with_moved(seen)
        found = was.drop_nulls()
        if among(self._old.height, found).sum() != found.len():
            raise Unfilterable("a line stands twice")
        line = seen[LINE]
        if not line.is_sorted() or line.n_unique() < line.len():
            raise InternalError("The source numbers its records out of order. Report it to its makers.")
        unread = unread.filter(was.filter(seen["was"].is_null()).is_null())
        first = int(line[0]) if line.len() else 0
        one_each = line.len() > 0 and int(line[-1]) - first + 1 == line.len()
        hashes = seen.select("h1", "h2")
        alike = hashes.equals(self.cached.records.select("h1", "h2"))
        return unread, Lines(
            header, hashes, Places(self._old.height, line.len(), was, first if one_each else line, alike)
        )

    def _with_moved(self, seen: pl.DataFrame) -> pl.Series:
        """By record its place last time, also where it was far from there."""
        new = seen.with_row_index("at").filter(pl.col("was").is_null())
        left = self._old.filter(~among(self._old.height, seen["was"].drop_nulls()))
        moved = left.filter(pl.col("h1").is_in(new["h1"].implode())).join(new.drop("was"), on=["h1", "h2"])
        return seen["was"].scatter(moved["at"], moved["was"]) if moved.height else seen["was"]
