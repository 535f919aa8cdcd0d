"""One rostering file, read and checked cell by cell: whole columns, by their distinct values."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TypedDict

import polars as pl

from providers.oneroster.cells import GUID, MANGLED
from providers.oneroster.celltable import KEY, LINE, is_unread, note_rows, read_column
from providers.oneroster.columns import Columns, match
from providers.oneroster.format import File, with_dates, with_resources
from providers.oneroster.manifest import Member
from providers.oneroster.state import record_state
from rosterkit.intake.archive import Archive
from rosterkit.intake.bundle import UNREADABLE
from rosterkit.intake.cache import CachedFile
from rosterkit.intake.csvfile import CsvFile, read_again, read_csv, same_csv
from rosterkit.intake.linefilter import Lines, unchanged
from rosterkit.intake.lines import TEXTS
from rosterkit.intake.notes import Notes
from rosterkit.intake.sharing import shared
from rosterkit.intake.source import ReadOptions

__all__ = ["FileRead", "Opened", "Opening", "absent", "read_file"]

_BAD_KEY = rf"{MANGLED}|^\s*NULL\s*$"
"""Keys that say of no record which it is: turned into a number, or blank by another name."""


class _Key(TypedDict):
    key: str
    bad_key: str


_KEY: _Key = {"key": "sourcedId", "bad_key": _BAD_KEY}


@dataclass(frozen=True)
class FileRead:
    """One file: a text column per known column of the standard (canonical, null where blank or unreadable) and, where
    any of its cells could not be read, a Boolean column ``is_unread(name)``; extension columns under their own names;
    KEY, DELETED, MODIFIED, LINE. Each key stands once, and not in ``unreadable`` too.
    """

    file: File
    rows: pl.DataFrame
    unreadable: pl.DataFrame
    present: frozenset[str]  # columns of the standard that the file has
    extensions: tuple[str, ...]
    state: str  # full | delta | partial | absent
    delta: bool
    why: str
    notes: Notes
    rows_read: int = 0

    @property
    def member(self) -> str:
        return f"{self.file.name}.csv"

    def unread(self, name: str) -> pl.Expr:
        """Whether the cell of that column could not be read."""
        return pl.col(is_unread(name)) if self.any_unread(name) else pl.lit(value=False)

    def any_unread(self, name: str) -> bool:
        """Whether any cell of that column could not be read."""
        return is_unread(name) in self.rows.columns


def absent(file: File, notes: Notes, why: str) -> FileRead:
    """A file that is not read."""
    return FileRead(file, pl.DataFrame(), pl.DataFrame(schema=UNREADABLE), frozenset(), (), "absent", False, why, notes)


@dataclass(frozen=True)
class Opened:
    """A file as text, before any cell is looked at. ``texts``: its rows, by the standard's names of its columns.

    ``cached``: last time's records that it was filtered by; ``why``: why it was not.
    """

    file: File
    mode: str
    csv: CsvFile
    columns: Columns
    texts: pl.DataFrame
    notes: Notes
    cached: CachedFile | None = None
    digests: tuple[str, str] = ("", "")  # fingerprint of its bytes in the zip, and digest of its content
    why: str = ""


@dataclass(frozen=True)
class Opening:
    """A file of the package that is to be opened, as the manifest declares it, and where what is found is noted."""

    archive: Archive
    member: Member
    file: File
    notes: Notes
    options: ReadOptions

    def open(self, cached: CachedFile | None = None) -> Opened:
        """The file; Unfilterable where ``cached`` is of no use."""
        name = self.member.name
        if cached and self.archive.is_still(name, cached.packed, cached.content):
            if cached.again:
                again = cached.records["again"].arg_true()
                return self._with(unchanged(cached), pl.DataFrame(schema=TEXTS), cached, again)
            return self._opened(same_csv(self.notes, self.options, cached), cached)
        size = self.archive.declared_size(name)
        chunks = self.archive.chunks(name)
        read = read_csv(self._csv, chunks, self.notes, self.options, **_KEY, size=size, cached=cached)
        return self._opened(read, cached)

    def open_again(self, opened: Opened, at: pl.Series) -> Opened:
        """A file that was filtered, with these records of last time read as well; Unfilterable where it cannot be."""
        assert opened.cached is not None
        assert opened.csv.lines is not None
        return self._with(opened.csv.lines, opened.csv.unread, opened.cached, at)

    @property
    def _csv(self) -> str:
        return f"{self.file.name}.csv"

    def _with(self, lines: Lines, unread: pl.DataFrame, cached: CachedFile, at: pl.Series) -> Opened:
        chunks = self.archive.once_more(self.member.name)
        read = read_again(self._csv, lines, unread, cached, at, chunks, self.notes, self.options, **_KEY)
        return self._opened(read, cached)

    def _opened(self, read: CsvFile, cached: CachedFile | None) -> Opened:
        file, name, mode = self.file, self.member.name, self.member.mode
        if read.state == "absent":
            return Opened(file, mode, read, Columns({}, (), read.why), pl.DataFrame(), self.notes)
        if file.name == "users" and "resourceSourcedIds" in read.header:
            file = with_resources(file)
        file = with_dates(file, self.options.dates)
        columns = match(file, read.header, self.notes, strict=self.options.strict)
        texts = pl.DataFrame() if columns.refusal else shared(_named(read.rows, columns))
        read = replace(read, rows=read.rows.clear())  # ``texts`` has them
        digests = (self.archive.fingerprint(name), self.archive.content_digest(name))
        return Opened(file, mode, read, columns, texts, self.notes, cached, digests)


def read_file(opened: Opened) -> FileRead:
    """Reads every cell of the rows of a file."""
    file, notes, mode, read, columns = opened.file, opened.notes, opened.mode, opened.csv, opened.columns
    if columns.refusal:
        return absent(file, notes, columns.refusal)
    state = "partial" if "partial" in (read.state, mode) else {"bulk": "full", "delta": "delta"}[mode]
    why = read.why or ("there is no manifest" if mode == "partial" else "")
    rows, bad_keys = _keyed(opened.texts, file, notes)
    rows, doubled = _unique(rows, file, notes)
    rows, incomplete = record_state(rows, notes, file, delta=mode == "delta")
    for field in {field.name: field for field in columns.fields.values()}.values():
        if field.name not in ("sourcedId", "status", "dateLastModified", "password"):
            rows = read_column(rows, field, file.name, notes)
    unreadable = pl.concat([read.unreadable, *(_keys(f, file) for f in (doubled, bad_keys, incomplete))])
    unreadable = unreadable.unique("sourced_id", keep="first", maintain_order=True)
    unreadable = unreadable.join(rows, left_on="sourced_id", right_on=KEY, how="anti", maintain_order="left")
    return FileRead(
        file,
        rows,
        unreadable,
        frozenset(field.name for field in columns.fields.values()),
        columns.extensions,
        state,
        mode == "delta",
        why,
        notes,
        read.same + opened.texts.height + read.unreadable.height,
    )


def _named(rows: pl.DataFrame, columns: Columns) -> pl.DataFrame:
    return rows.rename({name: field.name for name, field in columns.fields.items()})


def _keyed(rows: pl.DataFrame, file: File, notes: Notes) -> tuple[pl.DataFrame, pl.DataFrame]:
    """The rows with KEY, and those whose key the standard does not allow (strict reading only; KEY as it stands)."""
    rows = rows.with_columns(pl.col("sourcedId").alias(KEY))
    odd = ~pl.col(KEY).str.contains(f"^{GUID}$")
    if not rows.select(odd.any()).item():
        return rows, rows.clear()
    rows = read_column(rows, file.field("sourcedId"), file.name, notes)
    bad = pl.col("sourcedId").is_null()
    unusable = rows.filter(bad)
    note_rows(unusable, "row.key", "", file.name, notes)
    rows = rows.filter(~bad).with_columns(pl.col("sourcedId").alias(KEY))
    return rows.drop(is_unread("sourcedId"), strict=False), unusable


def _unique(rows: pl.DataFrame, file: File, notes: Notes) -> tuple[pl.DataFrame, pl.DataFrame]:
    """The rows with identical copies collapsed to the first, and all copies of those that contradict each other."""
    if rows[KEY].n_unique() == rows.height:
        return rows, rows.clear()
    doubled = rows.filter(pl.col(KEY).is_duplicated())
    cells = [name for name in rows.columns if name not in (LINE, "sourcedId")]
    versions = doubled.group_by(KEY).agg(pl.struct(cells).n_unique().alias("versions"))
    contradicting = doubled.join(versions.filter(pl.col("versions") > 1), on=KEY, how="semi", maintain_order="left")
    note_rows(contradicting, "row.conflict", "", file.name, notes)
    rows = rows.join(contradicting, on=KEY, how="anti", maintain_order="left")
    copies = rows.filter(~pl.col(KEY).is_first_distinct())
    note_rows(copies, "row.repeated", "", file.name, notes)
    return rows.filter(pl.col(KEY).is_first_distinct()), contradicting


def _keys(rows: pl.DataFrame, file: File) -> pl.DataFrame:
    return rows.select(sourced_id=pl.col(KEY).str.strip_chars(), file=pl.lit(f"{file.name}.csv"), line=LINE)
