"""The row cache: converted rows of earlier runs, so that a record that has not changed is not converted again.

Turning one raw record (a CSV line, a JSON object) into rows and findings is a pure function of the record and of how
it is read. The cache is a memo of that function and nothing else: an extract is the same, byte for byte, with the
cache, without it, with an older one and with a damaged one. Entries that are too many or too old harm nobody.

One folder holds the rows of one (source, file or resource, header, format version, file mode, settings, rules version,
version of polars): an Arrow file (lz4) whose name is the SHA-256 of its content, so that a damaged file is not used.
Records are known by two 64-bit hashes; a match is looked up by one and confirmed by the other.
"""

from __future__ import annotations

import hashlib
import os
import secrets
import shutil
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path

import polars as pl

from rosterkit.private_files import make_private_folder, write_private_file
from rosterkit.sources.findings import ROW_FINDINGS

LINE = "\0line"
"""The column of the place of each record: its first line, or its position, from 1."""

_HASH, _CONFIRM, _AT, _FINDINGS = "\0hash", "\0confirm", "\0at", "\0findings"
_WRITE_FROM = 0.1  # the share of records that was not found, above which the cache is written anew
_MANY = 10_000  # new records that are converted together
_KEPT = 3  # folders of one file: older headers and settings are dropped
_ENTRY_FINDING = [name for name in ROW_FINDINGS if name != "_line"]


@dataclass(frozen=True)
class Converted:
    """What records become: ``rows`` (LINE first, then any columns) and ``findings`` (ROW_FINDINGS)."""

    rows: pl.DataFrame
    findings: pl.DataFrame = field(default_factory=lambda: pl.DataFrame(schema=ROW_FINDINGS))


@dataclass(frozen=True)
class RowCache:
    """The folder of one source's cached rows. Only a run that makes a plan ``may_write``.

    Files below ``smallest_file`` are quicker without.
    """

    folder: Path
    may_write: bool = False
    smallest_file: int = 1 << 18  # bytes

    def rows_of(self, scratch: Path, file: str, *reading: str) -> CachedRows | None:
        """The rows of one file, read as ``reading`` says; None where the cache cannot be used.

        ``scratch``: a private folder that lasts as long as the run; lazy frames read from there.
        """
        digest = hashlib.sha256("\0".join((pl.__version__, *reading)).encode()).hexdigest()[:32]
        parent = self.folder / hashlib.sha256(file.encode()).hexdigest()[:16]
        try:
            seeds = _seeds(self.folder, make=self.may_write)
            return _opened(parent / digest, scratch, seeds, may_write=self.may_write) if seeds else None
        except OSError:
            return None  # a memo that cannot be read is no memo


def _seeds(folder: Path, *, make: bool) -> tuple[int, int] | None:
    """The secret seeds of this folder's hashes: nobody can choose records that collide."""
    place = folder / "seed"
    if make and not place.exists():
        make_private_folder(folder)
        write_private_file(place, secrets.token_bytes(16))
    if not place.exists():
        return None
    raw = place.read_bytes()
    return (int.from_bytes(raw[:8], "little"), int.from_bytes(raw[8:], "little")) if len(raw) == 16 else None


def _opened(folder: Path, scratch: Path, seeds: tuple[int, int], *, may_write: bool) -> CachedRows:
    for path in sorted(folder.glob("*.arrow")):
        private = scratch / f"{secrets.token_hex(8)}.arrow"
        try:
            os.link(path, private)  # a later run replaces the file: this one goes on reading what it checked
        except OSError:
            shutil.copyfile(path, private)
        with private.open("rb") as file:
            if hashlib.file_digest(file, "sha256").hexdigest() != path.stem:
                continue
        rows = pl.scan_ipc(private)
        index = rows.select(_HASH, _CONFIRM).with_row_index(_AT).collect(engine="in-memory")
        return CachedRows(folder, seeds, may_write, index, rows.drop(_HASH, _CONFIRM))
    index = pl.DataFrame(schema={_AT: pl.UInt32, _HASH: pl.UInt64, _CONFIRM: pl.UInt64})
    return CachedRows(folder, seeds, may_write, index, None)


@dataclass(frozen=True)
class CachedRows:
    """The known rows of one file: ``index`` has the two hashes of each, ``rows`` their columns."""

    folder: Path
    seeds: tuple[int, int]
    may_write: bool
    index: pl.DataFrame
    rows: pl.LazyFrame | None

    def hashes(self) -> list[pl.Expr]:
        """Both hashes of the column ``text``."""
        return [pl.col("text").hash(seed).alias(name) for seed, name in zip(self.seeds, (_HASH, _CONFIRM), strict=True)]

    def save(self, rows: pl.DataFrame) -> None:
        """Puts these rows (with both hashes) in the place of those that were known. A failure to write is none."""
        try:
            make_private_folder(self.folder)
            path = self.folder / f"{secrets.token_hex(8)}.new"
            write_private_file(path, b"")
            rows.write_ipc(path, compression="lz4")
            with path.open("rb") as file:
                digest = hashlib.file_digest(file, "sha256").hexdigest()
            path.replace(self.folder / f"{digest}.arrow")
            for other in self.folder.iterdir():
                if other.stem != digest:
                    other.unlink()
            folders = sorted(self.folder.parent.iterdir(), key=lambda place: place.stat().st_mtime, reverse=True)
            for old in folders[_KEPT:]:
                shutil.rmtree(old, ignore_errors=True)
        except OSError:
            return  # the disk is full, or the folder may not be written: the next run converts again


class Collected:
    """The rows of one file in this run: those that the cache knows, and new ones."""

    def __init__(self, convert: Callable[[pl.DataFrame], Converted], cached: CachedRows | None) -> None:
        self.cached = cached
        self._convert = convert
        self.count = 0
        self.last_line = 0
        self._next = 0  # where in the index the next known record is likely to be
        self._known: list[pl.DataFrame] = []  # LINE and _AT
        self._hashes: list[pl.DataFrame] = []  # LINE and both hashes of records that are not known
        self._texts: list[pl.DataFrame] = []  # records to convert
        self._new: list[Converted] = []

    def take_known(self, records: pl.DataFrame) -> pl.DataFrame:
        """Of records (LINE, text), takes those that are known and returns the others."""
        if self.cached is None:
            return records
        marks = records.with_columns(self.cached.hashes())
        if self.cached.index.height:
            marks = self._looked_up(marks)
            known = marks.select(LINE, _AT).drop_nulls()
            self._took(known, self._known)
            if known.height:
                self._next = int(known[_AT][-1]) + 1
                marks = marks.filter(pl.col(_AT).is_null())
        if self.cached.may_write:
            self._hashes.append(marks.select(LINE, _HASH, _CONFIRM))
        return marks.select(LINE, "text")

    def _looked_up(self, marks: pl.DataFrame) -> pl.DataFrame:
        """The records with _AT, the place of each that is known.

        Records mostly keep their order: most are found in a stretch of the index that follows the last one.
        """
        assert self.cached is not None
        index = self.cached.index
        found = _joined(marks, index.slice(self._next, 2 * marks.height))
        missing = found.filter(pl.col(_AT).is_null())
        if missing.is_empty() or (index.height <= 2 * marks.height and self._next == 0):
            return found
        elsewhere = index.filter(pl.col(_HASH).is_in(missing[_HASH].implode()))
        if elsewhere.is_empty():
            return found
        moved = _joined(missing.drop(_AT), elsewhere).select(LINE, _AT)
        both = found.join(moved, on=LINE, how="left", maintain_order="left", suffix="\0moved")
        return both.with_columns(pl.coalesce(_AT, f"{_AT}\0moved").alias(_AT)).drop(f"{_AT}\0moved")

    def take_new(self, records: pl.DataFrame) -> None:
        """Takes these records, which are converted once they are many: a few cost nearly as much."""
        if records.height or not (self._texts or self._new or self._known):
            self._texts.append(records)
            self._took(records, None)
        if sum(texts.height for texts in self._texts) >= _MANY:
            self._convert_new()

    def _convert_new(self) -> None:
        if self._texts:
            self._new.append(self._convert(pl.concat(self._texts)))
            self._texts.clear()

    def _took(self, records: pl.DataFrame, into: list[pl.DataFrame] | None) -> None:
        if records.height:
            self.count += records.height
            self.last_line = max(self.last_line, int(records[LINE].max()))  # type: ignore[arg-type] # an integer
            if into is not None:
                into.append(records)

    def result(self) -> tuple[pl.LazyFrame, list[pl.DataFrame]]:
        """All rows, by LINE, and frames of their findings (ROW_FINDINGS). Writes the cache where it may."""
        self._convert_new()
        findings = [part.findings for part in self._new if part.findings.height]
        new = pl.concat([part.rows for part in self._new]) if self._new else None
        if not self._known or self.cached is None or self.cached.rows is None:
            assert new is not None
            rows = new
        else:
            known = pl.concat(self._known)
            rows = _in_order(self.cached.rows.drop(_FINDINGS), known, new)
            findings += self._known_findings(known)
        new_count = 0 if new is None else new.height
        if self.cached and self.cached.may_write and new_count > _WRITE_FROM * self.count:
            self._save(rows, findings)
        return rows.lazy(), findings

    def _known_findings(self, known: pl.DataFrame) -> list[pl.DataFrame]:
        assert self.cached is not None
        assert self.cached.rows is not None
        noted = self.cached.rows.select(_FINDINGS).with_row_index(_AT).drop_nulls().collect(engine="in-memory")
        if noted.is_empty():
            return []
        found = noted.lazy().join(known.lazy(), on=_AT).explode(_FINDINGS).unnest(_FINDINGS)
        return [found.select(pl.col(LINE).cast(pl.Int64).alias("_line"), *_ENTRY_FINDING).collect(engine="in-memory")]

    def _save(self, rows: pl.DataFrame, findings: list[pl.DataFrame]) -> None:
        assert self.cached is not None
        hashes = list(self._hashes)
        if self._known:
            known = pl.concat(self._known).join(self.cached.index, on=_AT)
            hashes.append(known.select(LINE, _HASH, _CONFIRM))
        every = pl.concat([pl.DataFrame(schema=ROW_FINDINGS), *findings]).lazy()
        noted = every.group_by(pl.col("_line").cast(pl.UInt32).alias(LINE), maintain_order=True).agg(
            pl.struct(_ENTRY_FINDING).alias(_FINDINGS)
        )
        marks = pl.concat(hashes)
        if marks[_HASH].n_unique() < marks.height:  # a lookup finds one row at most
            marks = marks.unique([_HASH, _CONFIRM], keep="first", maintain_order=True).unique(_HASH, keep="none")
        beside = rows.lazy().select(LINE).join(marks.lazy(), on=LINE, how="left", maintain_order="left")
        beside = beside.join(noted, on=LINE, how="left", maintain_order="left").drop(LINE)
        marked = rows.drop(LINE).hstack(beside.collect(engine="in-memory"))
        self.cached.save(marked.drop_nulls(_HASH) if marked[_HASH].null_count() else marked)


def _joined(marks: pl.DataFrame, index: pl.DataFrame) -> pl.DataFrame:
    """The records with _AT, where the one hash finds a row of the index and the other confirms it."""
    there = f"{_CONFIRM}\0there"
    joined = marks.lazy().join(index.lazy(), on=_HASH, how="left", maintain_order="left", suffix="\0there")
    confirmed = pl.when(pl.col(_CONFIRM) == pl.col(there)).then(_AT).alias(_AT)
    return joined.with_columns(confirmed).drop(there).collect(engine="in-memory")


def _in_order(cached: pl.LazyFrame, known: pl.DataFrame, new: pl.DataFrame | None) -> pl.DataFrame:
    """The known rows and the new ones, by LINE. One column after another: each is copied twice on the way."""
    line, place = known[LINE], known[_AT]
    if new is not None and new.height:
        start = cached.select(pl.len()).collect(engine="in-memory").item()
        line = pl.concat([line, new[LINE]])
        place = pl.concat([place, pl.int_range(start, start + new.height, dtype=pl.UInt32, eager=True)])
    order = line.arg_sort()
    place = place.gather(order)
    columns = [line.gather(order)]
    for name in cached.collect_schema().names():
        column = cached.select(name).collect(engine="in-memory").to_series()
        if new is not None and new.height:
            column = pl.concat([column, new[name]])
        columns.append(column.rechunk().gather(place))  # from several chunks it takes five times as long
    return pl.DataFrame(columns)
