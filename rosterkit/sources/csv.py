"""CSV bytes to text columns: whole tables, exact line numbers, and nothing swallowed in silence.

A file is read in blocks cut at line ends. Each line's quotation marks say which lines belong to one record (a quoted
cell may hold line breaks); each record is checked against RFC 4180 and the header's length before the fast parser,
which would pad or guess, is given the sound ones. The others become unreadable records with a finding at their line.
"""

from __future__ import annotations

import csv
import hashlib
from collections.abc import Iterable
from dataclasses import dataclass, field

import polars as pl

from rosterkit.sources.bundle import UNREADABLE
from rosterkit.sources.csv_chunks import NotText, blocks
from rosterkit.sources.csv_records import LINE, PROBLEMS, Records, Shape, judge
from rosterkit.sources.file_findings import Notes
from rosterkit.sources.reading import ReadOptions

__all__ = ["LINE", "CsvFile", "line_hash", "read_csv"]

BLOCK = 16 << 20
"""Bytes that are read at a time."""

MOST_COLUMNS = 1000
"""Of a file: each costs memory in every row, also where its cells are blank."""


@dataclass(frozen=True)
class CsvFile:
    """One file as text.

    ``header``: the names as written, without empty ones. ``rows``: a String column per name (a blank cell is null) and
    LINE. ``unreadable``: records whose key could be read and whose row could not. ``state``: ``whole``, ``partial`` or
    ``absent``, and ``why``.
    """

    header: tuple[str, ...]
    rows: pl.DataFrame
    unreadable: pl.DataFrame
    state: str
    why: str = ""


def line_hash(text: str) -> str:
    """By which a person accepts an unreadable line: the first 16 hex digits of its SHA-256."""
    return hashlib.sha256(text.encode()).hexdigest()[:16]


def read_csv(
    name: str,
    chunks: Iterable[bytes],
    notes: Notes,
    options: ReadOptions,
    *,
    key: str = "",
    bad_key: str = "",
    size: int = 0,
    block_bytes: int = BLOCK,
) -> CsvFile:
    """Reads one file; what is wrong with it goes to ``notes``.

    ``key`` names the key column (compared without case); a key that is blank or matches ``bad_key`` cannot be read.
    ``size`` is for progress only, which counts rows, of as many as the file will hold at this rate. Whatever
    ``block_bytes`` is, the result is the same.
    """
    reader = _Reader(notes, options, key.casefold(), bad_key)
    done = 0
    try:
        for block in blocks(chunks, block_bytes, options.caps.line_bytes):
            reader.take(block)
            done += len(block)
            options.progress(name, reader.count, max(reader.count, round(reader.count * size / done)))
        reader.take(b"", last=True)
    except NotText as refusal:
        notes.one(refusal.rule, line=refusal.line, detail=refusal.detail)
        return _absent(reader.header, notes.meaning(refusal.rule))
    return reader.result(name)


def _absent(header: tuple[str, ...], why: str) -> CsvFile:
    return CsvFile(header, pl.DataFrame(), pl.DataFrame(schema=UNREADABLE), "absent", why)


@dataclass
class _Blanks:
    """Lines without any value: how many stand before a row, and the first. Those after the last row do not count."""

    first: int = 0
    before: int = 0
    after: int = 0  # the newest row, which may be the last

    def add(self, lines: pl.Series, last: int) -> None:
        """Takes the blank lines of a block, the last row of which is in line ``last`` (0: it has none)."""
        inside = int((lines < last).sum())
        if last:
            self.before += self.after + inside
            self.after = 0
        self.after += lines.len() - inside
        if not self.first and lines.len():
            self.first = int(lines.min())  # type: ignore[arg-type] # the column holds integers

    def note(self, notes: Notes) -> None:
        """Told once for the whole file."""
        if self.before:
            notes.one("csv.blank-line", line=self.first, detail=f"{self.before} in all")


@dataclass
class _Reader:
    """What is known between two blocks."""

    notes: Notes
    options: ReadOptions
    key: str
    bad_key: str
    header: tuple[str, ...] = ()  # with its empty names
    shape: Shape | None = None  # None until the header is read
    carried: bytes = b""  # the lines of a record that the next block may go on with
    line: int = 1  # of the first byte not yet judged
    count: int = 0  # of records
    blanks: _Blanks = field(default_factory=_Blanks)
    rows: list[pl.DataFrame] = field(default_factory=list)
    problems: list[pl.DataFrame] = field(default_factory=list)

    def take(self, block: bytes, *, last: bool = False) -> None:
        """Judges the block, and what was carried before it; without ``last``, an open record at its end is carried."""
        data = self.carried + block
        if self.shape is None:
            data = self._after_header(data)
        self.carried = b""
        if not data or self.shape is None:
            return
        records = judge(data, self.line, self.shape, last=last)
        self._keep(records)
        self.carried = records.carried
        self.line += data.count(b"\n", 0, len(data) - len(self.carried))

    def _after_header(self, data: bytes) -> bytes:
        """What follows the header, which it takes; blank lines before it are skipped."""
        at = 0
        while at < len(data):
            end = data.find(b"\n", at)
            end = len(data) if end < 0 else end
            text = data[at:end].decode()
            at = end + 1
            self.line += 1
            if text.strip():
                self._take_header(text, self.line - 1)
                return data[at:]
            self.blanks = _Blanks(first=1, after=self.line - 1)
        return b""

    def _take_header(self, text: str, line: int) -> None:
        if "\r" in text:
            raise NotText("csv.bare-cr", line)
        caps = self.options.caps
        if text.count('"') % 2 or len(text) > caps.line_bytes:
            raise NotText("csv.header", line)
        try:
            names = tuple(name.strip() for name in next(csv.reader([text], strict=True)))
        except csv.Error:
            raise NotText("csv.header", line) from None
        if len(names) > MOST_COLUMNS:
            raise NotText("csv.header", line, f"{len(names):,} columns")
        named = [name for name in names if name]
        if len(set(named)) < len(named):
            twice = [at for at, name in enumerate(names, 1) if name and names.count(name) > 1]
            told = ", ".join(map(str, twice[:5]))  # not by name: where the header is missing, it is a person's value
            raise NotText("csv.duplicate-header", line, f"among columns {told}")
        if len(named) < len(names):
            self.notes.one("csv.unnamed-column", line=line, detail=f"{len(names) - len(named)} without a name")
        folded = [name.casefold() for name in names]
        at = folded.index(self.key) if self.key in folded else None
        self.header = names
        self.shape = Shape(len(names), at, self.bad_key, caps.line_bytes, caps.cell_chars)

    def _keep(self, records: Records) -> None:
        self.count += records.rows.height + records.problems.height
        self.blanks.add(records.blank_lines, last=max(_last(records.rows, LINE), _last(records.problems, "line")))
        self.rows.append(records.rows)
        self.problems.append(records.problems)
        if records.broken_lines:
            self.notes.many("csv.line-break", pl.DataFrame({"line": records.broken_lines}))

    def result(self, name: str) -> CsvFile:
        """The file as a whole, once its last block is taken."""
        header = tuple(column for column in self.header if column)
        if not self.count:
            self.notes.one("csv.empty")
            return _absent(header, f"{name} has no rows")
        rows = self._named(pl.concat(self.rows).sort(LINE))
        problems = pl.concat([pl.DataFrame(schema=PROBLEMS), *self.problems]).sort("line")
        problems = self._told(problems, max(_last(rows, LINE), _last(problems, "line")))
        self.blanks.note(self.notes)
        unreadable = problems.filter(pl.col("key").is_not_null()).unique("key", keep="first", maintain_order=True)
        keys = unreadable.select(sourced_id="key", file=pl.lit(name), line="line").cast(pl.Schema(UNREADABLE))
        spoiling = problems.filter("spoils")
        if spoiling.is_empty():
            return CsvFile(header, rows, keys, "whole")
        first = spoiling.row(0, named=True)
        why = f"{name}:{first['line']}: {self.notes.meaning(first['rule'])}"
        return CsvFile(header, rows, keys, "partial", why)

    def _named(self, rows: pl.DataFrame) -> pl.DataFrame:
        return rows.select(*(pl.col(str(at)).alias(name) for at, name in enumerate(self.header) if name), LINE)

    def _told(self, problems: pl.DataFrame, last: int) -> pl.DataFrame:
        """The problems with what they do to the file (``spoils``: it is partial), each noted.

        ``last``: where the last record of the file begins.
        """
        at_end = pl.col("line") == last
        short = pl.col("text").str.count_matches(",", literal=True) < len(self.header) - 1
        cut = at_end & ((pl.col("rule") == "csv.ragged") | ((pl.col("rule") == "csv.quote") & short))
        problems = problems.with_columns(
            rule=pl.when(cut).then(pl.lit("csv.cut-short")).otherwise("rule"),
            spoils=pl.col("spoils") | cut | pl.col("key").is_null(),
        )
        hashes = pl.Series("hash", [line_hash(text) for text in problems["text"]], pl.String)
        accepted = pl.col("hash").is_in(list(self.options.accepted_lines))
        told = pl.when(accepted).then(pl.lit(" (accepted)")).otherwise(pl.lit(""))
        problems = problems.with_columns(hashes).with_columns(
            detail=pl.when("spoils")
            .then(pl.concat_str("detail", pl.lit("line hash "), "hash", told))
            .otherwise(pl.col("detail").str.strip_chars_end("; ")),
            spoils=pl.col("spoils") & ~accepted,
        )
        for (rule,), found in problems.group_by("rule", maintain_order=True):
            self.notes.many(str(rule), found)
        return problems


def _last(frame: pl.DataFrame, column: str) -> int:
    return frame[column].max() or 0 if frame.height else 0  # type: ignore[return-value] # the column holds integers
