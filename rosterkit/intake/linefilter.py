"""Lines of a file against those of last time: which are the same, and the text of those that are not.

Lines are compared in their order, a stretch of last time's hashes beside each block: insertions and removals shift the
stretch. What no stretch holds has moved, or is new: it is looked for among all that is left at the end, or, where most
lines have moved, among all lines at once.
"""

from __future__ import annotations

from dataclasses import dataclass, field

import polars as pl

from rosterkit.intake.cache import CachedFile, among, hashed
from rosterkit.intake.records import LINE

__all__ = ["LineFilter", "Lines", "Unfilterable", "lines_of"]

_SLACK = 2_000  # so many lines may be inserted or removed within a block before it counts as moved
_MOVED = 20_000  # so many lines must have moved, and half of all, before order is no longer counted on


class Unfilterable(Exception):  # noqa: N818 - it is no error: the file is then read whole
    """The file cannot be filtered; the argument says why, in words that end "…, so all of it was read"."""


@dataclass(frozen=True)
class Lines:
    """A file's lines, one record each: LINE, h1, h2, ``was`` (its place among last time's records; null: new)."""

    header: str
    frame: pl.DataFrame


def lines_of(data: bytes, first: int) -> pl.DataFrame:
    """``text`` and LINE of whole lines; Unfilterable where a line is no record by itself."""
    if b"\r" in data:
        data = data.replace(b"\r\n", b"\n")
        if b"\r" in data:
            raise Unfilterable("a line ends in CR alone")
    if data.startswith(b"\n") or b"\n\n" in data:
        raise Unfilterable("there are blank lines")
    lines = pl.read_csv(
        data,
        has_header=False,
        separator="\x01",
        quote_char=None,
        schema={"text": pl.String},
        empty_string_is_null=False,
    )
    if lines.height != data.count(b"\n") + (not data.endswith(b"\n")) or b"\x01" in data:
        raise Unfilterable("lines cannot be told apart")
    if b'"' in data and (lines["text"].str.count_matches('"', literal=True) % 2 == 1).any():
        raise Unfilterable("a record has several lines, or a quotation mark is not closed")
    return lines.with_columns(pl.int_range(first, first + lines.height, dtype=pl.Int64).alias(LINE))


@dataclass
class LineFilter:
    """Takes a file's blocks one after the other; ``finish`` gives what must be read."""

    cached: CachedFile
    alike: bool = False  # the file has the very bytes of last time: all its lines are the same
    _old: pl.DataFrame = field(init=False)  # h1, h2, was, and pos: its place among the lines that may be the same
    _sorted: pl.DataFrame | None = None  # where most have moved: the same by h1
    _at: int = 0
    _seen: list[pl.DataFrame] = field(default_factory=list)
    _unmet: list[pl.DataFrame] = field(default_factory=list)
    _unmet_count: int = 0
    _count: int = 0

    def __post_init__(self) -> None:
        records = self.cached.records.select("h1", "h2", "again").with_row_index("was")
        old = records.with_columns(pl.col("was").cast(pl.Int64)).filter(~pl.col("again")).drop("again")
        self._old = old.with_row_index("pos").with_columns(pl.col("pos").cast(pl.Int64))

    def take(self, texts: pl.DataFrame) -> None:
        """Compares a block: ``text`` and LINE."""
        lines = texts.select(LINE, *hashed("text"))
        found = self._stretch(lines) if self._sorted is None else self._anywhere(lines)
        met = lines.with_columns(pos=found).with_columns(pos=pl.when(found.is_first_distinct()).then("pos"))
        places = met["pos"].drop_nulls()
        self._at = int(places[-1]) + 1 if places.len() else self._at + lines.height
        self._seen.append(met)
        unmet = texts.filter(met["pos"].is_null())
        self._unmet.append(unmet)
        self._unmet_count += unmet.height
        self._count += lines.height
        if self._sorted is None and self._unmet_count > max(_MOVED, self._count // 2):
            self._sorted = self._old.sort("h1")

    def _all(self) -> tuple[pl.DataFrame, pl.DataFrame]:
        """Every line of last time; the header was the first, and each record had a line."""
        was = pl.int_range(pl.len(), dtype=pl.Int64).alias("was")
        frame = self.cached.records.select((was + 2).alias(LINE), "h1", "h2", was)
        return pl.DataFrame(schema={"text": pl.String, LINE: pl.Int64}), frame

    def _stretch(self, lines: pl.DataFrame) -> pl.Series:
        stretch = self._old.slice(max(0, self._at - _SLACK), lines.height + 2 * _SLACK)
        met = lines.join(stretch, on=["h1", "h2"], how="left", maintain_order="left")
        if met.height != lines.height:
            raise Unfilterable("lines of last time cannot be told apart")
        return met["pos"]

    def _anywhere(self, lines: pl.DataFrame) -> pl.Series:
        assert self._sorted is not None
        if self._sorted.is_empty():
            return pl.repeat(None, lines.height, dtype=pl.Int64, eager=True)
        near = self._sorted[self._sorted["h1"].search_sorted(lines["h1"]).clip(0, self._sorted.height - 1)]
        same = (near["h1"] == lines["h1"]) & (near["h2"] == lines["h2"])
        return pl.select(pl.when(same).then(near["pos"])).to_series()

    def finish(self) -> tuple[pl.DataFrame, pl.DataFrame]:
        """``text`` and LINE of the lines to be read, and the frame of ``Lines``."""
        if self.alike:
            return self._all()
        hashes = {LINE: pl.Int64, "h1": pl.UInt64, "h2": pl.UInt64, "pos": pl.Int64}
        seen = pl.concat([pl.DataFrame(schema=hashes), *self._seen])
        unmet = pl.concat([pl.DataFrame(schema={"text": pl.String, LINE: pl.Int64}), *self._unmet])
        rest = self._old.filter(~among(self._old.height, seen["pos"].drop_nulls()))
        new = seen.filter(pl.col("pos").is_null()).drop("pos")
        moved = new.join(rest.select("h1", "h2", "pos"), on=["h1", "h2"]).select(LINE, moved="pos")
        if moved.height:
            seen = seen.join(moved, on=LINE, how="left", maintain_order="left")
            seen = seen.with_columns(pos=pl.coalesce("pos", "moved")).drop("moved")
            unmet = unmet.join(moved, on=LINE, how="anti", maintain_order="left")
        found = seen["pos"].drop_nulls()
        if found.n_unique() != found.len():
            raise Unfilterable("a line stands twice")
        return unmet, seen.with_columns(was=self._old["was"].gather(seen["pos"])).drop("pos")
