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

from rosterkit.intake.ahead import ahead
from rosterkit.intake.blocks import NotText, blocks
from rosterkit.intake.bundle import UNREADABLE
from rosterkit.intake.cache import CachedFile, Unfilterable, hashed
from rosterkit.intake.linefilter import LineFilter, Lines, unchanged
from rosterkit.intake.lines import TEXTS, single_lines, texts_at
from rosterkit.intake.notes import Notes
from rosterkit.intake.places import AT, Places
from rosterkit.intake.records import LINE, PROBLEMS, Records, Shape, judge
from rosterkit.intake.source import ReadOptions

__all__ = ["LINE", "CsvFile", "line_hash", "read_again", "read_csv", "same_csv"]

BLOCK = 16 << 20
"""Bytes that are read at a time."""

MOST_COLUMNS = 1000
"""Of a file: each costs memory in every row, also where its cells are blank."""


@dataclass(frozen=True)
class CsvFile:
    """One file as text.

    ``header``: the names as written, without empty ones. ``rows``: a String column per name (a blank cell is null) and
    LINE. ``unreadable``: records whose key could be read and whose row could not. ``state``: ``whole``, ``partial`` or
    ``absent``, and ``why``. Of a file that was filtered, ``rows`` and ``unreadable`` are those that were read.
    """

    header: tuple[str, ...]
    rows: pl.DataFrame
    unreadable: pl.DataFrame
    state: str
    why: str = ""
    lines: Lines | None = None  # of each record, where that was asked for and every line is one
    unread: pl.DataFrame = field(default_factory=lambda: pl.DataFrame(schema=TEXTS))  # what was read, if filtered

    @property
    def same(self) -> int:
        """Records that were not read because they are the same as last time."""
        return self.lines.places.same if self.lines else 0


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
    cached: CachedFile | None = None,
) -> CsvFile:
    """Reads one file; what is wrong with it goes to ``notes``.

    ``key`` names the key column (compared without case); a key that is blank or matches ``bad_key`` cannot be read.
    ``size`` is for progress only, which counts rows, of as many as the file will hold at this rate. Whatever
    ``block_bytes`` is, the result is the same. With ``cached``, lines that are the same as last time are not read;
    raises Unfilterable where that cannot be told.
    """
    reader = _Reader(notes, options, key.casefold(), bad_key, LineFilter(cached) if cached else None)
    done = 0
    try:
        for block, breaks in ahead(blocks(chunks, block_bytes, options.caps.line_bytes)):
            reader.take(block, breaks)
            done += len(block)
            options.progress(name, reader.passed, max(reader.passed, round(reader.passed * size / done)))
        reader.end()
    except NotText as refusal:
        notes.one(refusal.rule, line=refusal.line, detail=refusal.detail)
        return _absent(reader.header, notes.meaning(refusal.rule))
    return reader.result(name)


def same_csv(notes: Notes, options: ReadOptions, cached: CachedFile) -> CsvFile:
    """A file none of whose bytes changed since last time, and no record of which is read."""
    reader = _Reader(notes, options, "", "")
    reader.take(f"{cached.header}\n".encode(), 1)
    names = tuple(name for name in reader.header if name)
    return CsvFile(names, reader.none(), pl.DataFrame(schema=UNREADABLE), "whole", lines=unchanged(cached))


def read_again(
    name: str,
    before: Lines,
    unread: pl.DataFrame,
    cached: CachedFile,
    at: pl.Series,
    chunks: Iterable[bytes],
    notes: Notes,
    options: ReadOptions,
    *,
    key: str,
    bad_key: str,
) -> CsvFile:
    """A file that was filtered, with these records of last time read as well; of the others only bytes pass by.

    ``unread``: TEXTS of the records that were read before. Raises Unfilterable where it is not what it was.
    """
    lines = before.reading(at, cached)
    wanted = before.places.now(at).sort()
    texts = _kept_texts(cached, wanted, lines) if lines.places.alike else None
    if texts is None:
        texts = texts_at(blocks(chunks, BLOCK, options.caps.line_bytes), lines.places.lines(wanted))
    if not texts.select(hashed("text")).equals(lines.hashes_at(wanted)):
        raise Unfilterable("it changed while it was read")
    reader = _Reader(notes, options, key.casefold(), bad_key)
    reader.take(f"{cached.header}\n".encode(), 1)
    reader.read_lines(pl.concat([unread, texts]).sort(LINE), lines)
    return reader.result(name)


def _kept_texts(cached: CachedFile, at: pl.Series, lines: Lines) -> pl.DataFrame | None:
    """TEXTS of these records where they are remembered."""
    if "texts" not in cached.frames:
        return None
    kept = cached.frames["texts"].sort("at")
    kept = kept.filter(pl.col("at").is_in(at.implode()))
    return kept.select("text", lines.places.lines(kept["at"]).alias(LINE)) if kept.height == at.len() else None


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
    filter: LineFilter | None = None
    heading: str = ""  # the first line as it is written
    header: tuple[str, ...] = ()  # with its empty names
    shape: Shape | None = None  # None until the header is read
    carried: bytes = b""  # the lines of a record that the next block may go on with
    line: int = 1  # of the first byte not yet judged
    count: int = 0  # of records
    seen: list[pl.DataFrame] = field(default_factory=list)  # hashes of its lines, as long as each is a record
    lines: Lines | None = None  # of a file that is filtered, and what of it was read
    unread: pl.DataFrame = field(default_factory=lambda: pl.DataFrame(schema=TEXTS))
    simple: bool = True
    blanks: _Blanks = field(default_factory=_Blanks)
    rows: list[pl.DataFrame] = field(default_factory=list)
    problems: list[pl.DataFrame] = field(default_factory=list)

    @property
    def passed(self) -> int:
        """How many records there were so far."""
        return self.line - 2 if self.filter else self.count

    def take(self, block: bytes, breaks: int, *, last: bool = False) -> None:
        """Judges the block, and what was carried before it; without ``last``, an open record at its end is carried.

        ``breaks``: how many line breaks the block holds.
        """
        data = self.carried + block
        if self.shape is None:
            before = self.line
            data = self._after_header(data)
            breaks -= self.line - before
        self.carried = b""
        if not data or self.shape is None:
            return
        if self.filter:
            lines = single_lines(data, breaks)
            numbers = pl.int_range(self.line, self.line + lines.height, dtype=pl.Int64).alias(LINE)
            self.filter.take(lines.with_columns(numbers))
            self.line += lines.height
            return
        records = judge(data, self.line, self.shape, last=last)
        self._keep(records)
        self.carried = records.carried
        self.line += data.count(b"\n", 0, len(data) - len(self.carried))

    def end(self) -> None:
        """Judges what is left after the last block: an open record, or all that the filter did not know."""
        if self.filter is None or self.shape is None:
            self.take(b"", 0, last=True)
            return
        self.read_lines(*self.filter.finish(self.heading))

    def read_lines(self, unread: pl.DataFrame, lines: Lines) -> None:
        """Judges all that the filter did not know (TEXTS)."""
        assert self.shape is not None
        self.unread, self.lines = unread, lines
        if unread.height:
            self._keep(judge("\n".join(unread["text"]).encode(), unread[LINE], self.shape, last=True))
        self.count += lines.places.same

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
                self.heading, self.simple = text, self.line == 2
                if self.filter and (not self.simple or self.filter.cached.header != text):
                    raise Unfilterable("its columns are others than last time")
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
        self.simple = self.simple and records.simple
        if self.options.remember and self.simple and not self.lines:
            bare = records.singles.with_columns(pl.col("text").str.strip_chars_end("\r"))
            self.seen.append(bare.select(*hashed("text")))
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
        if self.lines and not self.simple:
            raise Unfilterable("a line is no record by itself")
        rows = (pl.concat(self.rows) if self.rows else self._unnamed()).sort(LINE)
        rows = self._named(rows)
        lines = self._lines()
        problems = pl.concat([pl.DataFrame(schema=PROBLEMS), *self.problems]).sort("line")
        last = max(_last(rows, LINE), _last(problems, "line"), self.lines.places.last if self.lines else 0)
        problems = self._told(problems, last)
        self.blanks.note(self.notes)
        unreadable = problems.filter(pl.col("key").is_not_null()).unique("key", keep="first", maintain_order=True)
        keys = unreadable.select(sourced_id="key", file=pl.lit(name), line="line").cast(pl.Schema(UNREADABLE))
        spoiling = problems.filter("spoils")
        if spoiling.is_empty():
            return CsvFile(header, rows, keys, "whole", "", lines, self.unread)
        first = spoiling.row(0, named=True)
        why = f"{name}:{first['line']}: {self.notes.meaning(first['rule'])}"
        return CsvFile(header, rows, keys, "partial", why, lines, self.unread)

    def none(self) -> pl.DataFrame:
        """Not one row."""
        return self._named(self._unnamed())

    def _unnamed(self) -> pl.DataFrame:
        return pl.DataFrame(schema={**{str(at): pl.String for at in range(len(self.header))}, LINE: pl.Int64})

    def _named(self, rows: pl.DataFrame) -> pl.DataFrame:
        return rows.select(*(pl.col(str(at)).alias(name) for at, name in enumerate(self.header) if name), LINE)

    def _lines(self) -> Lines | None:
        """Of each record, where that was asked for and every line is one."""
        if self.lines or not self.options.remember or not self.simple:
            return self.lines
        hashes = pl.concat(self.seen)
        was = pl.repeat(None, hashes.height, dtype=AT, eager=True)
        return Lines(self.heading, hashes, Places(0, hashes.height, was, 2))

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
