"""What a source said last time, record by record: the cache that lets an unchanged record cost a hash and nothing else.

It is never the truth. Lost, damaged, of another version or of other settings, it is left aside and everything is read.
What it holds is bound to the plan of that night (``operate.caching`` says when it may be used), and is read from the
disk when it is asked for.
"""

from __future__ import annotations

from collections import ChainMap
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace

import polars as pl

from rosterkit.intake.places import AT, Places, among

__all__ = [
    "AGAIN",
    "CARRIED",
    "STATED",
    "Cache",
    "CachedFile",
    "Damaged",
    "Memory",
    "Reading",
    "Unchanged",
    "Unfilterable",
    "hashed",
    "tie",
]

STATED: dict[str, type[pl.DataType]] = {"at": AT, "id": pl.Int64}
"""Which record of a file stated the stored record with that integer id."""

CARRIED: dict[str, type[pl.DataType]] = {
    "at": AT,
    "rule": pl.String,
    "column": pl.String,
    "value": pl.String,
    "key": pl.String,
    "detail": pl.String,
}
"""Findings that a record has by itself: as long as it is the same, so are they."""


AGAIN: dict[str, type[pl.DataType]] = {"at": AT, "text": pl.String}
"""Records that must be read again, as they are written: for their sake a file that is the same need not be unpacked."""


class Damaged(Exception):  # noqa: N818 - it is no error: everything is then read
    """The cache cannot be used; the argument says why, in words."""


class Unfilterable(Exception):  # noqa: N818 - it is no error: the file is then read whole
    """The file cannot be filtered; the argument says why, in words that end "…, so all of it was read"."""


_SPACES = "".join(letter for letter in map(chr, range(0x3001)) if letter.isspace())  # there are none beyond
"""What Python's strip takes away, as readers of cells do: polars by itself leaves some of it."""


def hashed(text: str) -> list[pl.Expr]:
    """128 bits of a text column as ``h1`` and ``h2``. Stable within a version of polars only, which the cache names."""
    return [pl.col(text).hash(seed).alias(name) for name, seed in (("h1", 11), ("h2", 22))]


def tie(*cells: str | pl.Expr) -> pl.Expr:
    """A hash of these cells without outer spaces, by which records are known to belong together; null where one is."""
    bare = [(pl.col(c) if isinstance(c, str) else c).str.strip_chars(_SPACES) for c in cells]
    text = pl.concat_str(bare, separator="\x1f")
    return pl.when(text.is_not_null()).then(text.hash(33))


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
    """One file, its ``count`` records in their order; ``at`` counts them from 0.

    ``frames`` by name: "records" (h1, h2, ``again``: it must be read again though its line be the same, and whatever
    ties the reader wants to remember), "habits" (of each record whether it has one), "carried" (CARRIED), "list/…" (at
    and hash of what a record lists), "stated/…" (STATED, by entity) and "texts" (AGAIN, where the records that must be
    read again are few and were read last time). ``again``: whether there are any.
    """

    header: str
    count: int
    frames: Mapping[str, pl.DataFrame]
    again: bool = False
    packed: str = ""  # fingerprint of its bytes in the zip ("": it was in a folder), and digest of its content
    content: str = ""

    @property
    def records(self) -> pl.DataFrame:
        return self.frames["records"]

    @property
    def carried(self) -> pl.DataFrame:
        return self.frames["carried"]

    def stated(self, entity: str) -> pl.DataFrame:
        """Which stored records of the entity its records stated: STATED."""
        name = f"stated/{entity}"
        return self.frames[name] if name in self.frames else pl.DataFrame(schema=STATED)

    def reading(self, at: pl.Series) -> CachedFile:
        """The same, with these records to be read again."""
        if at.is_empty() or self.records["again"].gather(at).all():
            return self
        again = self.records["again"] | among(self.count, at)
        return replace(self.over({"records": self.records.with_columns(again.alias("again"))}), again=True)

    def over(self, frames: dict[str, pl.DataFrame]) -> CachedFile:
        """The same, with these frames in the place of its own; the others need not be read for it."""
        return replace(self, frames=ChainMap(frames, self.frames)) if frames else self  # type: ignore[arg-type] # it is not written to


@dataclass(frozen=True)
class Cache:
    """What a source said last time. ``doubt``: by entity the ``id`` of what must be judged again.

    ``context``: small tables by which a reader remembers what its checks need to know of records that it does not read.
    ``counts``: of some entities, how many are active by role and place.
    """

    files: Mapping[str, CachedFile] = field(default_factory=dict)
    doubt: Mapping[str, pl.DataFrame] = field(default_factory=dict)
    context: Mapping[str, pl.DataFrame] = field(default_factory=dict)
    counts: Mapping[str, pl.DataFrame] = field(default_factory=dict)

    def unchanged(self, entity: str, filtered: Mapping[str, Places]) -> Unchanged:
        """What was said again of an entity; ``filtered``: the places of the files that were filtered."""
        unsure = [pl.Series([], dtype=pl.Int64)]
        if entity in self.doubt:
            unsure.append(self.doubt[entity]["id"])
        for name, file in self.files.items():
            left = filtered[name].left() if name in filtered else None
            if left is None:
                unsure.append(file.stated(entity)["id"])
            elif left.len():
                stated = file.stated(entity)
                unsure.append(stated.filter(among(file.count, left).gather(stated["at"]))["id"])
        doubt = pl.concat(unsure).unique()

        def places(ids: pl.Series) -> pl.DataFrame:
            found = [pl.DataFrame(schema={"id": pl.Int64, "file": pl.String, "line": pl.Int64})]
            sure = ids.filter(~ids.is_in(doubt.implode())).implode()
            for name, where in filtered.items():
                mine = self.files[name].stated(entity).filter(pl.col("id").is_in(sure))
                lines = where.lines(where.now(mine["at"]))
                found.append(mine.select("id", file=pl.lit(name), line=lines))
            return pl.concat(found)

        return Unchanged(doubt, places)


@dataclass(frozen=True)
class Memory:
    """What the reader has seen tonight, to become a cache once planning has said what became of it.

    ``files``: as the cache will have them, without what they stated; of the same files ``places``, and as ``texts``
    line and text of what was read of one that was filtered.
    """

    files: Mapping[str, CachedFile] = field(default_factory=dict)
    places: Mapping[str, Places] = field(default_factory=dict)
    texts: Mapping[str, pl.DataFrame] = field(default_factory=dict)
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
