"""The CSV files that districts upload to Clever: found in a folder or a zip, checked line by line, read as text.

A record is one line. A line with too many or too few cells, with quotes that do not close or with control characters
cannot be read: it is a finding, and nothing of that file is archived because it is absent.
"""

from __future__ import annotations

import hashlib
import io
import re
from dataclasses import dataclass, field
from pathlib import Path

import polars as pl

from providers.clever.records import text
from rosterkit.errors import SourceUnreadable
from rosterkit.sources.archive import open_package
from rosterkit.sources.findings import Findings
from rosterkit.sources.limits import SizeLimits

FILES: dict[str, tuple[str, ...]] = {
    "schools": ("school_id", "school_name", "school_number"),
    "students": ("school_id", "student_id", "last_name", "first_name"),
    "teachers": ("school_id", "teacher_id", "last_name", "first_name"),
    "sections": ("school_id", "section_id", "teacher_id"),
    "enrollments": ("school_id", "section_id", "student_id"),
    "staff": ("school_id", "staff_id", "last_name", "first_name"),
}
"""The files and the columns that each must have; staff.csv may be missing."""

_CONTROL = r"[\x00-\x08\x0b-\x1f\x7f-\x9f\u202a-\u202e\u2066-\u2069]"
_QUOTED = r'"(?:[^"]|"")*"'


@dataclass(frozen=True)
class CsvFile:
    """One file: its rows as text (blank cells null) with _file and _line, or why there are none."""

    name: str
    rows: pl.DataFrame = field(default_factory=pl.DataFrame)
    absent: str = ""
    unreadable: int = 0  # lines
    digest: str = ""  # SHA-256 of the file

    def column(self, name: str) -> pl.Expr:
        """The column, or nulls where the file does not have it."""
        return pl.col(name) if name in self.rows.columns else pl.lit(None, pl.String)


def open_set(path: Path, findings: Findings, limits: SizeLimits) -> dict[str, CsvFile]:
    """The files by name without ".csv". SourceUnreadable where there is no such folder or zip, or none of the files."""
    with open_package(path, findings, limits) as package:
        known = {re.sub(r"^.*/", "", name).lower().removesuffix(".csv"): name for name in package.names}
        contents = {name: b"".join(package.chunks(known[name])) for name in FILES if name in known}
    if not contents:
        raise SourceUnreadable(
            f"{path} holds none of {', '.join(f'{name}.csv' for name in FILES)}.",
            rule="clever.csv-unreadable",
            file=path.name,
        )
    return {name: _read(name, contents.pop(name, None), findings, limits) for name in FILES}


def _read(name: str, content: bytes | None, findings: Findings, limits: SizeLimits) -> CsvFile:
    file = f"{name}.csv"
    if content is None:
        if name != "staff":
            findings.add("clever.csv-missing", file=file)
        return CsvFile(name, absent=f"{file} is missing")
    try:
        whole = content.decode("utf-8-sig")
    except UnicodeDecodeError:
        whole = "\0"
    if "\0" in whole:
        findings.add("clever.csv-encoding", file=file)
        return CsvFile(name, absent=f"{file} is not UTF-8 text")
    lines = pl.Series("line", re.split(r"\r\n|\n|\r", whole), pl.String).to_frame().with_row_index("_line", 1)
    lines = lines.filter(pl.col("line").str.strip_chars() != "").with_columns(pl.col("_line").cast(pl.Int64))
    cells = pl.col("line").str.replace_all(_QUOTED, "").str.count_matches(",", literal=True) + 1
    lines = lines.with_columns(
        cells=cells, open=pl.col("line").str.replace_all(_QUOTED, "").str.contains('"', literal=True)
    )
    if lines.height < 2:
        findings.add("clever.csv-empty", file=file)
        return CsvFile(name, absent=f"{file} has no row")
    header = [
        _label(cell) for cell in pl.read_csv(io.StringIO(lines["line"][0]), has_header=False, infer_schema=False).row(0)
    ]
    missing = [column for column in FILES[name] if column not in header]
    if missing or len(set(header)) != len(header):
        what = ", ".join(missing) or "a column that stands twice"
        findings.add("clever.csv-columns", file=file, line=1, value=what)
        return CsvFile(name, absent=f"{file} has no usable header: {what}")
    body = lines[1:]
    shown = ~pl.col("line").str.contains(_CONTROL) & (pl.col("line").str.len_bytes() <= limits.line_bytes)
    sound = (pl.col("cells") == len(header)) & ~pl.col("open") & shown
    bad, good = body.filter(~sound), body.filter(sound)
    findings.add_rows("clever.csv-row", bad.select("_line"), file=file)
    rows = pl.DataFrame(schema=dict.fromkeys(header, pl.String))
    if good.height:
        rows = pl.read_csv(
            "\n".join(good["line"]).encode(),
            has_header=False,
            new_columns=header,
            infer_schema=False,
            raise_if_empty=False,
        )
    rows = rows.with_columns(text(pl.all()))
    rows = rows.with_columns(good["_line"], _file=pl.lit(file))
    return CsvFile(name, rows, unreadable=bad.height, digest=hashlib.sha256(content).hexdigest())


def _label(cell: str | None) -> str:
    """A header without regard to case, blank or underscore; an extension is ``ext.NAME``."""
    name = (cell or "").strip()
    extension = re.match(r"(?i)ext(?:\.|__)(.+)$", name)
    return f"ext.{extension[1]}" if extension else re.sub(r"[ _]+", "_", name.lower())
