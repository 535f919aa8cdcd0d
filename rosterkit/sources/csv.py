"""CSV bytes to rows: whole columns, exact line numbers, and nothing swallowed in silence.

A file is read in blocks cut at line ends. Each line's quotation marks say which lines belong to one record (a quoted
cell may hold line breaks); each record is checked against RFC 4180 and the header's length before the fast parser,
which would pad or guess, is given the sound ones. The others become unreadable records with a finding at their line.

Rows are converted block by block. Lines that a row cache knows are neither parsed nor converted, as long as every other
line is a record by itself; where one may not be, the file is read again in full.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field

import polars as pl

from rosterkit.errors import SourceUnreadable
from rosterkit.sources.base import INVALID, Coverage, Progress, no_progress
from rosterkit.sources.csv_header import SAMPLE, Header, header_of, with_width_of_rows
from rosterkit.sources.csv_lines import FileFormatError, blocks
from rosterkit.sources.csv_problems import PROBLEMS, Shape
from rosterkit.sources.csv_records import Doubt, lines_of, records_of
from rosterkit.sources.findings import Findings
from rosterkit.sources.limits import SizeLimits
from rosterkit.sources.row_cache import LINE, CachedRows, Collected, Converted

__all__ = ["LINE", "Convert", "CsvFile", "CsvRows", "Reading", "line_hash", "unchanged"]

BLOCK = 8 << 20
"""Bytes that are read at a time: larger blocks cost page faults on fresh memory."""

Convert = Callable[[pl.DataFrame], Converted]
"""From rows of text (LINE, and a String column for each named column, blank cells null) to rows and their findings.

A pure function of each row: a cache may answer in its place.
"""


def unchanged(texts: pl.DataFrame) -> Converted:
    """The conversion that leaves the text as it is."""
    return Converted(texts)


def line_hash(text: str) -> str:
    """By which a person sets an unreadable row aside: the first 16 hex digits of the SHA-256 of its text."""
    return hashlib.sha256(text.encode(errors="surrogateescape")).hexdigest()[:16]


@dataclass(frozen=True)
class Reading:
    """How a file is read.

    ``key`` names the key column (compared without case); a key that is blank or matches ``bad_key`` cannot be read.
    ``size`` is for progress only, which counts rows, of as many as the file will hold at this rate. Whatever
    ``block_bytes`` is, the result is the same.
    """

    key: str = ""
    bad_key: str = ""
    limits: SizeLimits = field(default_factory=SizeLimits)
    ignored_lines: frozenset[str] = frozenset()
    progress: Progress = no_progress
    size: int = 0
    block_bytes: int = BLOCK


@dataclass(frozen=True)
class CsvRows:
    """The rows of one file, in its order.

    ``rows``: LINE and what the conversion makes of each row. ``unreadable`` (INVALID): records whose key could be read
    and whose row could not. ``count``: all records. ``coverage``: full, partial or absent.
    """

    rows: pl.LazyFrame
    unreadable: pl.DataFrame
    count: int
    coverage: Coverage
    reason: str = ""


class CsvFile:
    """One file: first its header, then its rows.

    ``header``: the names as written, without empty ones; ``width``: how many cells a row has; ``reason`` says why the
    file cannot be read, "" where it can.
    """

    def __init__(self, name: str, open_chunks: Callable[[], Iterable[bytes]], findings: Findings, how: Reading) -> None:
        self._arguments = (name, open_chunks, findings, how)
        self._findings = findings
        self._pass = self._begin()
        self.reason = self._pass.start()
        self.header = tuple(column for column in self._pass.header.names if column)
        self.width = self._pass.header.width
        if self.reason:
            findings.take(self._pass.findings)

    def _begin(self) -> _Pass:
        name, open_chunks, findings, how = self._arguments
        return _Pass(name, open_chunks(), findings.attempt(), how)

    def read(self, convert: Convert = unchanged, cached: CachedRows | None = None) -> CsvRows:
        """The rows. Call it once, and only where there is no ``reason``."""
        try:
            rows = self._pass.finish(Collected(convert, cached))
        except Doubt:
            self._pass = self._begin()
            self._pass.start()
            rows = self._pass.finish(Collected(convert, None))
        self._findings.take(self._pass.findings)
        return rows


@dataclass
class _Pass:
    """One pass over the bytes: what is known between two blocks."""

    name: str
    chunks: Iterable[bytes]
    findings: Findings
    how: Reading
    header: Header = field(default_factory=Header)
    carried: bytes = b""  # bytes that the next block may go on with
    line: int = 1  # of the first byte not yet looked at
    blanks: list[pl.Series] = field(default_factory=list)  # lines without any value
    problems: list[pl.DataFrame] = field(default_factory=list)

    def start(self) -> str:
        """Reads the header and a sample of rows; returns why the file cannot be read."""
        self.blocks = iter(blocks(self.chunks, self.how.block_bytes, self.how.limits.line_bytes))
        try:
            self.carried = data = self._after_header()
        except FileFormatError as problem:
            return self._refuse(problem)
        named = self.header.width
        end = SAMPLE if len(data) <= SAMPLE else data.rfind(b"\n", 0, SAMPLE) + 1
        self.header = with_width_of_rows(self.header, data[:end])
        if self.header.width > named:
            detail = f"{named} columns in the header, {self.header.width} cells in each row"
            self.findings.add("csv.extra-cell", file=self.name, line=self.line, detail=detail)
        return ""

    def _refuse(self, problem: FileFormatError) -> str:
        self.findings.add(problem.rule, file=self.name, line=problem.line, detail=problem.detail)
        return problem.detail or self.findings.meaning(problem.rule)

    def _after_header(self) -> bytes:
        """What was read after the header, enough for a sample."""
        data = b""
        for block in self.blocks:
            data += block
            if not self.header.names:
                data = self._without_header(data)
            if len(data) > SAMPLE:
                return data
        return data if self.header.names else self._without_header(data + b"\n" * bool(data))

    def _without_header(self, data: bytes) -> bytes:
        """What follows the header; blank lines before it are skipped."""
        at, blank = 0, []
        while not self.header.names and (end := data.find(b"\n", at)) >= 0:
            text = data[at:end].decode()
            at = end + 1
            if text.strip():
                self.header = header_of(text, self.line, self.how.limits.line_bytes)
                if unnamed := self.header.unnamed:
                    detail = f"{unnamed} without a name"
                    self.findings.add("csv.unnamed-column", file=self.name, line=self.line, detail=detail)
            else:
                blank.append(self.line)
            self.line += 1
        self.blanks.append(pl.Series(blank, dtype=pl.UInt32))
        return data[at:]

    def finish(self, collected: Collected) -> CsvRows:
        """Reads the rest. Raises Doubt where the file must be read without the cached rows."""
        how, limits = self.how, self.how.limits
        folded = [name.casefold() for name in self.header.columns]
        key = folded.index(how.key.casefold()) if how.key and how.key.casefold() in folded else None
        shape = Shape(self.header.columns, key, how.bad_key, limits.line_bytes, limits.cell_chars)
        done = count = 0
        try:
            for block in self.blocks:
                done += len(self.carried) + len(block)
                self._take(block, shape, collected)
                count = collected.count + sum(problems.height for problems in self.problems)
                how.progress(self.name, count, max(count, round(count * how.size / done)))
            self._take(b"", shape, collected, last=True)
        except FileFormatError as problem:
            return self._absent(self._refuse(problem))
        return self._result(collected)

    def _take(self, block: bytes, shape: Shape, collected: Collected, *, last: bool = False) -> None:
        """Reads the block, and what was carried before it; without ``last``, an open record at its end is carried."""
        data, self.carried = self.carried + block, b""
        if not data:
            return
        alone = collected.cached is not None
        if alone and b"\r" in data:
            raise Doubt
        lines = lines_of(data, self.line)
        count = lines.height
        lines = collected.take_known(lines)
        if lines.height:
            records = records_of(lines, None if alone else data, shape, last=last, alone=alone)
            self.carried = records.carried
            self.blanks.append(records.blank_lines)
            self.problems.append(records.problems)
            if records.line_breaks.len():
                broken = pl.DataFrame({"_line": records.line_breaks.cast(pl.Int64)})
                self.findings.add_rows("csv.line-break", broken, file=self.name)
            collected.take_new(records.rows)
        self.line += count - self.carried.count(b"\n")
        if collected.count * shape.width > self.how.limits.cells:
            raise self._too_many_cells()

    def _too_many_cells(self) -> SourceUnreadable:
        return SourceUnreadable(
            f"{self.name} holds more than {self.how.limits.cells:,} cells. Check what the package holds, or raise the "
            "limit in the configuration.",
            rule="package.too-large",
            file=self.name,
        )

    def _absent(self, reason: str) -> CsvRows:
        return CsvRows(pl.LazyFrame(), pl.DataFrame(schema=INVALID), 0, Coverage.ABSENT, reason)

    def _result(self, collected: Collected) -> CsvRows:
        problems = pl.concat(self.problems) if self.problems else pl.DataFrame(schema=PROBLEMS)
        count = collected.count + problems.height
        self.how.progress(self.name, count, count)
        if not count:
            self.findings.add("csv.empty", file=self.name)
            return self._absent(f"{self.name} has no rows")
        last = collected.last_line
        if problems.height:
            last = max(last, int(problems["line"].max()))  # type: ignore[arg-type] # an integer
            problems = self._reported(problems.sort("line"), last)
        self._report_blanks(last)
        unreadable = pl.DataFrame(schema=INVALID)
        reason = ""
        if problems.height:
            first = problems.filter(pl.col("key").is_not_null()).unique("key", keep="first", maintain_order=True)
            unreadable = first.select(
                sourced_id="key", column=pl.lit(None, pl.String), _file=pl.lit(self.name), _line="line"
            )
            spoiling = problems.filter("partial").head(1)
            if spoiling.height:
                row = spoiling.row(0, named=True)
                reason = f"{self.name}:{row['line']}: {self.findings.meaning(row['rule'])}"
        if not collected.count:
            empty = dict.fromkeys(self.header.columns, pl.String)
            collected.take_new(pl.DataFrame(schema={LINE: pl.UInt32, **empty}))
        rows, found = collected.result()
        for frame in found:
            self.findings.add_all(frame, file=self.name)
        return CsvRows(rows, unreadable, count, Coverage.PARTIAL if reason else Coverage.FULL, reason)

    def _report_blanks(self, last: int) -> None:
        """One finding for all blank lines before the last record."""
        inside = [lines.filter(lines < last) for lines in self.blanks]
        if number := sum(lines.len() for lines in inside):
            first = min(int(lines.min()) for lines in inside if lines.len())  # type: ignore[arg-type] # an integer
            self.findings.add("csv.blank-line", file=self.name, line=first, detail=f"{number} in all")

    def _reported(self, problems: pl.DataFrame, last: int) -> pl.DataFrame:
        """The problems, each reported, with what they do to the file. ``last``: where its last record begins."""
        short = pl.col("text").str.count_matches(",", literal=True) < self.header.width - 1
        cut = (pl.col("line") == last) & pl.col("rule").is_in(["csv.ragged", "csv.quote"]) & short
        problems = problems.with_columns(
            rule=pl.when(cut).then(pl.lit("csv.cut-short")).otherwise("rule"),
            partial=pl.col("partial") | cut | pl.col("key").is_null(),
        )
        hashes = pl.Series("hash", [line_hash(text) for text in problems["text"]], pl.String)
        ignored = pl.col("hash").is_in(list(self.how.ignored_lines))
        note = pl.when(ignored).then(pl.lit(" (ignored)")).otherwise(pl.lit(""))
        problems = problems.with_columns(hashes).with_columns(
            detail=pl.when("partial")
            .then(pl.concat_str("detail", pl.lit("line hash "), "hash", note))
            .otherwise(pl.col("detail").str.strip_chars_end("; ")),
            partial=pl.col("partial") & ~ignored,
        )
        rows = problems.select(
            "rule", "detail", _line="line", column=pl.lit(""), key=pl.col("key").fill_null(""), value=pl.lit("")
        )
        self.findings.add_all(rows, file=self.name)
        return problems
