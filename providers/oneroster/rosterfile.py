"""One rostering file, read and checked cell by cell: whole columns, by their distinct values."""

from __future__ import annotations

from dataclasses import dataclass

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
from rosterkit.intake.csvfile import CsvFile, read_csv
from rosterkit.intake.notes import Notes
from rosterkit.intake.source import ReadOptions

__all__ = ["FileRead", "Opened", "absent", "open_file", "read_file"]

_BAD_KEY = rf"{MANGLED}|^\s*NULL\s*$"
"""Keys that say of no record which it is: turned into a number, or blank by another name."""


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
    alike: bool = False  # none of its bytes changed since
    digests: tuple[str, str] = ("", "")  # fingerprint of its bytes in the zip, and digest of its content
    why: str = ""


def open_file(
    archive: Archive, member: Member, file: File, notes: Notes, options: ReadOptions, cached: CachedFile | None = None
) -> Opened:
    """Opens one file of the package as the manifest declares it; Unfilterable where ``cached`` is of no use."""
    alike = bool(cached and not cached.records["again"].any() and archive.has(member.name, cached.packed))
    if alike and cached:
        archive.known(member.name, cached.content)
    read = read_csv(
        f"{file.name}.csv",
        [f"{cached.header}\n".encode()] if alike and cached else archive.chunks(member.name),
        notes,
        options,
        key="sourcedId",
        bad_key=_BAD_KEY,
        size=archive.declared_size(member.name),
        cached=cached,
        alike=alike,
    )
    digests = (archive.fingerprint(member.name), archive.content_digest(member.name))
    if read.state == "absent":
        return Opened(file, member.mode, read, Columns({}, (), read.why), pl.DataFrame(), notes)
    if file.name == "users" and "resourceSourcedIds" in read.header:
        file = with_resources(file)
    file = with_dates(file, options.dates)
    columns = match(file, read.header, notes, strict=options.strict)
    texts = pl.DataFrame() if columns.refusal else _named(read.rows, columns)
    return Opened(file, member.mode, read, columns, texts, notes, cached, alike, digests)


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
        read.same + read.rows.height + read.unreadable.height,
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
