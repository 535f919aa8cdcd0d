"""One rostering file, read and checked cell by cell: whole columns, by their distinct values."""

from __future__ import annotations

from dataclasses import dataclass

import polars as pl

from providers.oneroster.celltable import KEY, LINE, is_unread, note_rows, read_column
from providers.oneroster.headers import Columns, match
from providers.oneroster.manifest import Member
from providers.oneroster.spec import File, with_dates, with_resources
from providers.oneroster.status import record_state
from providers.oneroster.values import GUID, MANGLED
from rosterkit.sources.archive import Archive
from rosterkit.sources.bundle import UNREADABLE
from rosterkit.sources.csv import read_csv
from rosterkit.sources.file_findings import Notes
from rosterkit.sources.reading import ReadOptions

__all__ = ["FileRead", "absent", "read_file"]

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


def read_file(archive: Archive, member: Member, file: File, notes: Notes, options: ReadOptions) -> FileRead:
    """Reads every cell of a file of the package, as the manifest declares it."""
    name, mode = f"{file.name}.csv", member.mode
    chunks, size = archive.chunks(member.name), archive.declared_size(member.name)
    read = read_csv(name, chunks, notes, options, key="sourcedId", bad_key=_BAD_KEY, size=size)
    if read.state == "absent":
        return absent(file, notes, read.why)
    file = with_dates(with_resources(file) if _has_resources(file, read.header) else file, options.dates)
    columns = match(file, read.header, notes, strict=options.strict)
    if columns.refusal:
        return absent(file, notes, columns.refusal)
    state = "partial" if "partial" in (read.state, mode) else {"bulk": "full", "delta": "delta"}[mode]
    why = read.why or ("there is no manifest" if mode == "partial" else "")
    texts = _named(read.rows, columns)
    rows, bad_keys = _keyed(texts, file, notes)
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
        texts.height + read.unreadable.height,
    )


def _has_resources(file: File, header: tuple[str, ...]) -> bool:
    return file.name == "users" and "resourceSourcedIds" in header


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
