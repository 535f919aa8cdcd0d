"""One rostering file: read, converted, each key once."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path

import polars as pl

from providers.oneroster import cells, extensions, headers, spec, values
from providers.oneroster.headers import match
from providers.oneroster.manifest import Member
from providers.oneroster.settings import OneRosterSettings
from providers.oneroster.spec import File, with_resources
from providers.oneroster.values import DELETED, INVALID, KEY, LINE, WHOLE_ROW, Conversion
from rosterkit.roster.rules import Rule
from rosterkit.sources import base, csv, csv_header, csv_lines, csv_problems, csv_records
from rosterkit.sources.archive import Archive
from rosterkit.sources.base import Context, Coverage
from rosterkit.sources.csv import CsvFile, Reading
from rosterkit.sources.findings import Findings
from rosterkit.sources.row_cache import CachedRows

_BAD_KEY = rf"{cells.MANGLED}|^\s*NULL\s*$"
"""Keys that name no record: turned into a number, or blank by another name."""

_CODE = [cells, extensions, headers, spec, values, csv, csv_header, csv_lines, csv_problems, csv_records]
_RULES_VERSION = "".join(Path(str(module.__file__)).read_text(encoding="utf-8") for module in _CODE)
"""What converted rows depend on: a cache of another version is not used."""


@dataclass(frozen=True)
class FileRead:
    """One file. ``rows``: LINE, KEY, DELETED, MODIFIED, INVALID, the columns of the standard that the file has, and
    ATTRIBUTES where it has extensions. Each key is there once, and not in ``unreadable`` (base.INVALID) too.
    """

    file: File
    coverage: Coverage
    reason: str = ""
    rows: pl.LazyFrame = field(default_factory=pl.LazyFrame)
    unreadable: pl.DataFrame = field(default_factory=lambda: pl.DataFrame(schema=base.INVALID))
    present: frozenset[str] = frozenset()  # columns of the standard that the file has
    extended: bool = False  # it has extension columns
    delta: bool = False
    count: int = 0  # of records
    bad_columns: frozenset[str] = frozenset()  # columns some cells of which could not be used

    @property
    def name(self) -> str:
        return f"{self.file.name}.csv"

    def has(self, *columns: str) -> bool:
        """Whether the file was read and has these columns."""
        return self.coverage is not Coverage.ABSENT and self.present.issuperset(columns)

    @property
    def remaining(self) -> pl.LazyFrame:
        """The rows that do not delete their record."""
        return self.rows.filter(~pl.col(DELETED))

    def is_invalid(self, name: str) -> pl.Expr:
        """Whether the cell of that column could not be used."""
        if name not in self.bad_columns:
            return pl.lit(value=False)
        return (pl.col(INVALID) & (1 << self.file.header.index(name))) != 0

    def without_cells(self, name: str, keys: pl.Series) -> FileRead:
        """The file with these records' cells of that column taken as unusable."""
        wrong = pl.col(KEY).is_in(keys.implode())
        bit = pl.when(wrong).then(pl.lit(1 << self.file.header.index(name), pl.UInt32)).otherwise(pl.lit(0, pl.UInt32))
        rows = self.rows.with_columns(pl.col(INVALID) | bit, pl.when(~wrong).then(name).alias(name))
        return replace(self, rows=rows, bad_columns=self.bad_columns | {name})


@dataclass(frozen=True)
class Reader:
    """Reads the files of one package."""

    archive: Archive
    version: str
    settings: OneRosterSettings
    context: Context
    rules: Mapping[str, Rule]

    def read(self, member: Member, file: File) -> FileRead:
        """One file of the package, as the manifest declares it."""
        findings, context = self.context.findings, self.context
        if member.mode == "absent":
            return FileRead(file, Coverage.ABSENT, member.reason)
        how = Reading(
            key="sourcedId",
            bad_key=_BAD_KEY,
            limits=context.size_limits,
            ignored_lines=context.ignored_lines,
            progress=context.progress,
            size=self.archive.declared_size(member.name),
        )
        text = CsvFile(f"{file.name}.csv", lambda: self.archive.chunks(member.name), findings, how)
        if text.reason:
            return FileRead(file, Coverage.ABSENT, text.reason)
        if file.name == "users" and "resourceSourcedIds" in text.header:
            file = with_resources(file)
        columns = match(file, text.header, findings)
        if columns.reason:
            return FileRead(file, Coverage.ABSENT, columns.reason)
        errors = frozenset(code for code in self.rules if findings.severity(code) == "error")
        delta = member.mode == "delta"
        convert = Conversion(file, columns.fields, columns.extensions, delta, self.settings.dates, errors)
        cached = self._cached(member, file, text) if member.mode == "bulk" else None
        read = text.read(convert, cached)
        if read.coverage is Coverage.ABSENT:
            return FileRead(file, Coverage.ABSENT, read.reason)
        coverage = {"bulk": Coverage.FULL, "delta": Coverage.DELTA}.get(member.mode, Coverage.PARTIAL)
        found = FileRead(
            file,
            Coverage.PARTIAL if read.coverage is Coverage.PARTIAL else coverage,
            read.reason or ("there is no manifest" if coverage is Coverage.PARTIAL else ""),
            read.rows,
            read.unreadable,
            frozenset(field.name for field in columns.fields.values()),
            extended=bool(columns.extensions),
            delta=delta,
            count=read.count,
        )
        return _each_key_once(found, findings)

    def _cached(self, member: Member, file: File, text: CsvFile) -> CachedRows | None:
        """The rows of earlier bulk files; a set of changes is small, and would only push them out."""
        context, limits = self.context, self.context.size_limits
        cache = context.row_cache
        if cache is None or context.full or self.archive.declared_size(member.name) < cache.smallest_file:
            return None
        return cache.rows_of(
            context.scratch,
            file.name,
            *(self.version, str(self.settings.strict), self.settings.dates),
            *(str(text.width), str(limits.line_bytes), str(limits.cell_chars), _RULES_VERSION),
            *text.header,
        )


def _each_key_once(read: FileRead, findings: Findings) -> FileRead:
    """The file without rows that cannot be used, and with one row for each key.

    Identical copies collapse to the first; of rows with one key that contradict each other none is used.
    """
    distinct = pl.col(KEY).hash().n_unique()  # quicker than the texts, and never more than they are
    seen = read.rows.select(pl.len(), distinct.alias("keys"), invalid=pl.col(INVALID).bitwise_or()).collect(
        engine="in-memory"
    )
    height, keys, invalid = seen.row(0)
    invalid = invalid or 0
    names = frozenset(name for at, name in enumerate(read.file.header) if invalid & (1 << at))
    read = replace(read, bad_columns=names)
    if keys == height and not invalid & WHOLE_ROW:
        return _without_readable(read)
    usable = pl.col(INVALID) < WHOLE_ROW
    unusable = [read.rows.filter(~usable).select(LINE, KEY).collect(engine="in-memory")]
    rows = read.rows.filter(usable)
    twice = rows.filter(pl.col(KEY).is_duplicated()).collect(engine="in-memory")
    if twice.height:
        apart = (LINE, "sourcedId")
        versions = pl.struct(name for name in twice.columns if name not in apart).n_unique().over(KEY) > 1
        twice = twice.select(LINE, KEY, _conflict=versions, _copy=~pl.col(KEY).is_first_distinct())
        conflicting = twice.filter("_conflict").select(LINE, KEY)
        copies = twice.filter(pl.col("_copy") & ~pl.col("_conflict")).select(LINE, KEY)
        for rule, found in (("row.conflict", conflicting), ("row.repeated", copies)):
            findings.add_rows(rule, found.select(_line=pl.col(LINE).cast(pl.Int64), key=KEY), file=read.name)
        unusable.append(conflicting)
        left_out = pl.concat([conflicting[LINE], copies[LINE]])
        rows = rows.filter(~pl.col(LINE).is_in(left_out.implode()))
    lost = pl.concat(unusable).select(
        sourced_id=KEY, column=pl.lit(None, pl.String), _file=pl.lit(read.name), _line=pl.col(LINE).cast(pl.Int64)
    )
    unreadable = pl.concat([read.unreadable, lost.sort("_line")])
    return _without_readable(replace(read, rows=rows, unreadable=unreadable))


def _without_readable(read: FileRead) -> FileRead:
    """The file with each unreadable record once, and only where no row of its key could be read."""
    if read.unreadable.is_empty():
        return read
    distinct = read.unreadable.lazy().unique("sourced_id", keep="first", maintain_order=True)
    readable = read.rows.select(sourced_id=KEY)
    return replace(
        read,
        unreadable=distinct.join(readable, on="sourced_id", how="anti", maintain_order="left").collect(
            engine="in-memory"
        ),
    )
