"""One CSV file, read strictly: text columns, the line of each row, and how far the file can be trusted.

The file may hold a byte order mark, and lines that end in LF, CR LF or CR. It is read piece by piece; sizes are limited
by what was consumed so far. Rules: ``rosterkit.sources.csv_rules``. Format: RFC 4180.
"""

from __future__ import annotations

import csv
import io
import re
import stat
from dataclasses import dataclass, field
from pathlib import Path

import polars as pl

from rosterkit.errors import SourceUnreadable
from rosterkit.sources.base import Coverage
from rosterkit.sources.csv import line_hash
from rosterkit.sources.findings import Findings
from rosterkit.sources.textlines import CountedBytes, NotReadError, PhysicalLines

LINE = "_line"
BATCH = 20_000  # rows that are lists of Python strings at a time

_CONTROL = re.compile("[\x00-\x08\x0b\x0c\x0e-\x1f\x7f-\x9f\u202a-\u202e\u2066-\u2069]")
_AROUND = r"^[\s\p{Cf}]+|[\s\p{Cf}]+$"  # Cf: zero-width spaces, marks of direction, byte order marks


@dataclass(frozen=True)
class Limits:
    """How much one file may hold."""

    file_bytes: int = 512 << 20
    record_chars: int = 1 << 20
    columns: int = 500
    cells: int = 60_000_000


@dataclass(frozen=True)
class TextFile:
    """One file as text.

    ``header``: the names of the columns without surrounding spaces and invisible characters; columns without a name are
    left out. ``rows``: a String column per name (blank is null, values without surrounding spaces) and LINE (Int64),
    the first line of the record in the file, counting line breaks inside quotes.
    """

    name: str
    header: tuple[str, ...]
    rows: pl.DataFrame
    coverage: Coverage  # full | partial | absent
    reason: str = ""  # why not full
    sha256: str = ""  # over the bytes that were read


def read_text_file(
    path: Path,
    findings: Findings,
    *,
    delimiter: str = ",",
    final_line_break: bool = True,
    ignored_lines: frozenset[str] = frozenset(),
    limits: Limits | None = None,
) -> TextFile:
    """Reads the file; what is wrong with it goes to ``findings``, which must know TEXTFILE_RULES.

    A file that is missing, not UTF-8, without rows or too large is ``absent``. A row that cannot be read makes the file
    ``partial``, unless its ``line_hash`` is in ``ignored_lines``. With ``final_line_break``, a last row that no line
    break ends counts as cut short. Raises SourceUnreadable where the path is no file, or may not be read.
    """
    try:
        if not stat.S_ISREG(path.stat().st_mode):
            raise SourceUnreadable(f"{path} is not a file.", rule="textfile.missing", file=path.name)
        with path.open("rb", buffering=0) as raw:
            counted = CountedBytes(raw, (limits or Limits()).file_bytes)
            reader = _Reader(path.name, findings, delimiter, final_line_break, ignored_lines, limits or Limits())
            return reader.read(counted)
    except (FileNotFoundError, NotADirectoryError):
        findings.add("textfile.missing", file=path.name)
        return _absent(path.name, "there is no such file")
    except OSError as error:
        why = error.strerror or type(error).__name__
        raise SourceUnreadable(f"{path} cannot be read: {why}.", rule="textfile.missing", file=path.name) from None


def _absent(name: str, reason: str, sha256: str = "") -> TextFile:
    return TextFile(name, (), pl.DataFrame(schema={LINE: pl.Int64}), Coverage.ABSENT, f"{name}: {reason}", sha256)


@dataclass
class _Problem:
    rule: str
    line: int
    digest: str
    detail: str = ""


@dataclass
class _Reader:
    name: str
    findings: Findings
    delimiter: str
    final_line_break: bool
    ignored_lines: frozenset[str]
    limits: Limits
    header: tuple[str, ...] = ()  # with its unnamed cells as ""
    width: int = 0  # cells up to the last that has a name
    batch: list[list[str]] = field(default_factory=list)
    numbers: list[int] = field(default_factory=list)
    frames: list[pl.DataFrame] = field(default_factory=list)
    problems: list[_Problem] = field(default_factory=list)
    blank: list[int] = field(default_factory=list)
    longer: list[int] = field(default_factory=list)
    cells: int = 0

    def read(self, source: CountedBytes) -> TextFile:
        try:
            buffered = io.BufferedReader(source, 1 << 20)
            if buffered.peek(2)[:2] in {b"\xff\xfe", b"\xfe\xff"}:
                raise NotReadError("textfile.encoding", 1, "it is UTF-16")  # noqa: TRY301 - as any other refusal
            text = io.TextIOWrapper(buffered, "utf-8-sig", errors="surrogateescape", newline="")
            self._records(PhysicalLines(text, self.limits.record_chars))
            rows = self._rows()
        except NotReadError as refusal:
            self.findings.add(refusal.rule, file=self.name, line=refusal.line, detail=refusal.reason)
            return _absent(self.name, refusal.reason, source.sha256.hexdigest())
        header = tuple(name for name in self.header if name)
        coverage, reason = self._coverage()
        return TextFile(self.name, header, rows, coverage, reason, source.sha256.hexdigest())

    def _records(self, lines: PhysicalLines) -> None:
        reader = csv.reader(lines, delimiter=self.delimiter, strict=True)
        last, cut = 0, ""  # the line of the last record, and why it looks cut short
        while True:
            lines.begin()
            try:
                cells = next(reader)
            except StopIteration:
                break
            except csv.Error as error:
                if not self.header:
                    raise NotReadError("textfile.header", lines.first, "the header cannot be read") from None
                self._problem("textfile.quote", lines)
                last, cut = lines.first, "a quoted cell is not closed" if "unexpected end" in str(error) else ""
                continue
            if not any(map(str.strip, cells)):
                self.blank.append(lines.first)
                last, cut = (lines.first, self._open_end(cells, lines)) if not lines.ended else (last, cut)
            elif not self.header:
                self._take_header(cells, lines)
            else:
                last, cut = lines.first, self._record(cells, lines)
        self.blank = [line for line in self.blank if line < last]
        if cut and self.problems:
            self.problems[-1].rule, self.problems[-1].detail = "textfile.cut-short", cut

    def _open_end(self, cells: list[str], lines: PhysicalLines) -> str:
        """Why the last line of the file, which has no value and no line break, looks cut short."""
        if not self.header or (not self.final_line_break and len(cells) >= self.width):
            return ""
        self._problem("textfile.cut-short", lines)
        return "no line break ends it"

    def _record(self, cells: list[str], lines: PhysicalLines) -> str:
        """Takes one record; says why it looks cut short, should it be the last one."""
        count, expected = len(cells), len(self.header)
        if _CONTROL.search(lines.text):
            self._problem("textfile.control-character", lines)
        elif count < self.width:
            self._problem("textfile.ragged", lines, f"{count} cells instead of {expected}")
            return "it has too few cells"
        elif any(map(str.strip, cells[expected:])):
            self._problem("textfile.ragged", lines, f"{count} cells instead of {expected}")
        elif self.final_line_break and not lines.ended:
            self._problem("textfile.cut-short", lines)  # the last cell may lack its end
            return "no line break ends it"
        else:
            if count > expected:
                self.longer.append(lines.first)
            self._keep(cells, lines.first)
        return ""

    def _keep(self, cells: list[str], line: int) -> None:
        self.cells += len(self.header)
        if self.cells > self.limits.cells:
            raise NotReadError("textfile.too-large", line, f"it holds more than {self.limits.cells:,} cells")
        if len(self.batch) >= BATCH:
            self._flush()
        self.batch.append(cells[: self.width])
        self.numbers.append(line)

    def _problem(self, rule: str, lines: PhysicalLines, detail: str = "") -> None:
        self.problems.append(_Problem(rule, lines.first, line_hash(lines.text.rstrip("\r\n")), detail))

    def _take_header(self, cells: list[str], lines: PhysicalLines) -> None:
        if _CONTROL.search(lines.text):
            hint = ": perhaps it is UTF-16" if "\x00" in lines.text else ""
            raise NotReadError("textfile.header", lines.first, f"the header holds control characters{hint}")
        if len(cells) > self.limits.columns:
            raise NotReadError("textfile.too-large", lines.first, f"it has {len(cells):,} columns")
        names = pl.Series(cells, dtype=pl.String).str.replace_all(r"\p{Cf}", "").str.strip_chars().to_list()
        if changed := [at for at, (raw, name) in enumerate(zip(cells, names, strict=True), 1) if raw != name]:
            points = sorted(
                {f"U+{ord(char):04X}" for at in changed for char in set(cells[at - 1]) - set(names[at - 1])}
            )
            detail = f"columns {', '.join(map(str, changed[:10]))}{': ' + ' '.join(points) if points else ''}"
            self.findings.add("textfile.header-cleaned", file=self.name, line=lines.first, detail=detail)
        named = [name.casefold() for name in names if name]
        if not named:
            raise NotReadError("textfile.header", lines.first, "no column has a name")
        if len(set(named)) < len(named):  # by number, not by name: where the header is missing, it is a person's value
            twice = [at for at, name in enumerate(names, 1) if name and named.count(name.casefold()) > 1]
            raise NotReadError("textfile.duplicate-header", lines.first, f"columns {', '.join(map(str, twice))}")
        if len(named) < len(names):
            count = len(names) - len(named)
            self.findings.add("textfile.unnamed-column", file=self.name, line=lines.first, detail=f"{count} columns")
        self.header = tuple(names)
        self.width = max(at for at, name in enumerate(names, 1) if name)

    def _flush(self) -> None:
        columns = dict(zip(self.header, zip(*self.batch, strict=True), strict=False))
        data = {name: pl.Series(columns.get(name, ()), dtype=pl.String) for name in self.header if name}
        self.frames.append(pl.DataFrame(data | {LINE: pl.Series(self.numbers, dtype=pl.Int64)}))
        self.batch, self.numbers = [], []

    def _rows(self) -> pl.DataFrame:
        """All rows, values trimmed and blank ones null; adds the findings about rows."""
        if not self.header:
            raise NotReadError("textfile.empty", 0, "it has no header")
        self._flush()
        raw = pl.concat(self.frames)
        self._add_findings()
        if raw.is_empty():
            raise NotReadError("textfile.empty", 0, "it has no rows that can be read")
        names = [name for name in raw.columns if name != LINE]
        rows = raw.with_columns(pl.col(names).str.replace_all(_AROUND, ""))
        for name in names:
            trimmed = raw.filter(raw[name] != rows[name])
            if trimmed.height:
                line, detail = trimmed.item(0, LINE), f"{trimmed.height:,} values"
                self.findings.add("textfile.spaces", file=self.name, line=line, column=name, detail=detail)
        return rows.with_columns(pl.col(name).replace("", None) for name in names)

    def _add_findings(self) -> None:
        for rule, lines in (("textfile.blank-line", self.blank), ("textfile.extra-cells", self.longer)):
            if lines:
                self.findings.add(rule, file=self.name, line=lines[0], detail=f"{len(lines):,} in all")
        for rule in sorted({problem.rule for problem in self.problems}):
            found = [(p.line, self._detail(p)) for p in self.problems if p.rule == rule]
            rows = pl.DataFrame(found, schema={LINE: pl.Int64, "detail": pl.String}, orient="row")
            self.findings.add_rows(rule, rows, file=self.name)

    def _detail(self, problem: _Problem) -> str:
        aside = ", set aside" if problem.digest in self.ignored_lines else ""
        return f"{problem.detail}; line hash {problem.digest}{aside}".removeprefix("; ")

    def _coverage(self) -> tuple[Coverage, str]:
        for problem in self.problems:
            if problem.digest not in self.ignored_lines:
                why = problem.detail or problem.rule.removeprefix("textfile.").replace("-", " ")
                return Coverage.PARTIAL, f"{self.name}:{problem.line}: a row cannot be read ({why})"
        return Coverage.FULL, ""
