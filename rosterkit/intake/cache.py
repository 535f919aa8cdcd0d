"""What a source said last time, record by record: the cache that lets an unchanged record cost a hash and nothing else.

It is never the truth. Lost, damaged, of another version or of other settings, it is left aside and everything is read.
What it holds is bound to the plan of that night (``operate.caching`` says when it may be used).
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace

import polars as pl

__all__ = [
    "CARRIED",
    "STATED",
    "Cache",
    "CachedFile",
    "Memory",
    "Reading",
    "Unchanged",
    "among",
    "hashed",
    "placed",
    "tie",
]

STATED: dict[str, type[pl.DataType]] = {"file": pl.String, "at": pl.Int64, "id": pl.Int64}
"""Which record of which file stated the stored record with that integer id."""

CARRIED: dict[str, type[pl.DataType]] = {
    "at": pl.Int64,
    "rule": pl.String,
    "column": pl.String,
    "value": pl.String,
    "key": pl.String,
    "detail": pl.String,
}
"""Findings that a record has by itself: as long as it is the same, so are they."""


def hashed(text: str) -> list[pl.Expr]:
    """128 bits of a text column as ``h1`` and ``h2``. Stable within a version of polars only, which the cache names."""
    return [pl.col(text).hash(seed).alias(name) for name, seed in (("h1", 11), ("h2", 22))]


def tie(*cells: str | pl.Expr) -> pl.Expr:
    """A hash of these cells without outer spaces, by which records are known to belong together; null where one is."""
    bare = [(pl.col(c) if isinstance(c, str) else c).str.strip_chars() for c in cells]
    text = pl.concat_str(bare, separator="\x1f")
    return pl.when(text.is_not_null()).then(text.hash(33))


def among(count: int, at: pl.Series) -> pl.Series:
    """For each of so many places whether it is one of these: lookups by place are far cheaper than joins."""
    return pl.repeat(False, count, dtype=pl.Boolean, eager=True).scatter(at, True)


def placed(count: int, at: pl.Series, values: pl.Series) -> pl.Series:
    """For each of so many places the integer that belongs there, or null."""
    return pl.repeat(None, count, dtype=pl.Int64, eager=True).scatter(at, values)


@dataclass(frozen=True)
class Unchanged:
    """Of an entity, what the source said again in the same words, and which was therefore not read.

    ``doubt``: integer ids of the stored records that were said last time and may not be this time: what stated them
    changed or went. Every other active record of this source was said again. ``places``: of the integer ids that it is
    given, those that were said again: id, file, line.
    """

    doubt: pl.Series
    places: Callable[[pl.Series], pl.DataFrame]


@dataclass(frozen=True)
class CachedFile:
    """One file, its records in their order; ``at`` counts them from 0.

    ``records``: h1, h2, ``again`` (it must be read again though its line be the same) and whatever ties and habits the
    reader wants to remember. ``lists``: by name, at and hash of what a record lists. ``carried``: CARRIED.
    """

    header: str
    records: pl.DataFrame
    packed: str = ""  # fingerprint of its bytes in the zip ("": it was in a folder), and digest of its content
    content: str = ""
    lists: Mapping[str, pl.DataFrame] = field(default_factory=dict)
    carried: pl.DataFrame = field(default_factory=lambda: pl.DataFrame(schema=CARRIED))

    def reading(self, at: pl.Series) -> CachedFile:
        """The same, with these records to be read again."""
        if at.is_empty():
            return self
        again = self.records["again"] | among(self.records.height, at)
        return replace(self, records=self.records.with_columns(again.alias("again")))


@dataclass(frozen=True)
class Cache:
    """What a source said last time. ``stated``: STATED by entity; ``doubt``: ids that must be judged again, by entity.

    ``context``: small tables by which a reader remembers what its checks need to know of records that it does not read.
    ``counts``: of some entities, how many are active by role and place.
    """

    files: Mapping[str, CachedFile] = field(default_factory=dict)
    stated: Mapping[str, pl.DataFrame] = field(default_factory=dict)
    doubt: Mapping[str, pl.Series] = field(default_factory=dict)
    context: Mapping[str, pl.DataFrame] = field(default_factory=dict)
    counts: Mapping[str, pl.DataFrame] = field(default_factory=dict)

    def unchanged(self, entity: str, lines: Mapping[str, pl.DataFrame]) -> Unchanged:
        """What was said again of an entity; ``lines``: by filtered file, ``was`` and ``line`` of what is the same."""
        stated = self.stated.get(entity, pl.DataFrame(schema=STATED))
        counts = {file: self.files[file].records.height for file in lines}
        where = {file: placed(counts[file], same["was"], same["line"]) for file, same in lines.items()}
        found = [pl.DataFrame(schema={**STATED, "line": pl.Int64})]
        for (file,), mine in stated.group_by("file", maintain_order=True):
            line = where[str(file)].gather(mine["at"]) if file in where else pl.lit(None, pl.Int64)
            found.append(mine.with_columns(line.alias("line")))
        every = pl.concat(found)
        doubt = self.doubt.get(entity, pl.Series([], dtype=pl.Int64))
        left = every.filter(pl.col("line").is_null())["id"]
        unsure = pl.concat([left, doubt]).unique()

        def places(ids: pl.Series) -> pl.DataFrame:
            said = every.filter(pl.col("id").is_in(ids.implode())).drop_nulls("line").select("id", "file", "line")
            return said.filter(~pl.col("id").is_in(unsure.implode()))

        return Unchanged(unsure, places)


@dataclass(frozen=True)
class Memory:
    """What the reader has seen tonight, to become a cache once planning has said what became of it.

    ``files``: as the cache will have them; ``lines``: by file, ``line`` and ``was`` (where in last time's file; null
    if it was read) of each record, in the order of ``records``.
    """

    files: Mapping[str, CachedFile] = field(default_factory=dict)
    lines: Mapping[str, pl.DataFrame] = field(default_factory=dict)
    context: Mapping[str, pl.DataFrame] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Reading:
    """How a file was read: ``road`` is full (every record), filtered or same (no byte changed); of so many records
    so many were parsed.
    """

    road: str
    records: int
    parsed: int
    why: str = ""  # why every record was read, where a cache might have spared it
