"""CSV for machines: the same bytes for the same rows, and anybody's bytes read back into texts with line numbers."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from typing import IO

import polars as pl

from rosterkit.feeds.base import PEOPLE, FeedFile

PROBLEMS = {
    "empty": "the file has no bytes",
    "encoding": "bytes that are not UTF-8, or NUL",
    "bom": "a byte-order mark at the start",
    "duplicate-header": "two columns of one name; the second is not read",
    "header-name": "a header that is blank, or has invisible characters or spaces around it",
    "ragged": "a record with more or fewer cells than the header; it is not read",
    "quotes": "a quote inside a cell that is not quoted, or not doubled; the record is not read",
    "cut-short": "a quoted cell that never ends; the record is not read",
    "no-last-line-end": "the last line has no line end: the file may be cut short",
}
"""What can be wrong with the form of a CSV file, by code; a vendor's rules say what follows from it."""

_PROBLEM = {"code": pl.String, "_line": pl.Int64, "column": pl.String, "detail": pl.String}
_CONTROLS = r"[\x00-\x1f\x7f\u{85}\u{2028}\u{2029}]+"
_CELL = r'("(?:[^"]|"")*"|[^,"]*),'


@dataclass(frozen=True)
class CsvTable:
    """A CSV file as texts: ``rows`` has ``_line`` (Int64) and a String column for each header, null where blank.

    ``problems``: ``code`` (PROBLEMS), ``_line`` (0: the whole file), ``column``, ``detail``. ``differences`` keeps what
    ``unmatched`` found.
    """

    name: str
    header: tuple[str, ...]
    rows: pl.DataFrame
    problems: pl.DataFrame
    records: int = 0  # also those that could not be read
    differences: list[tuple[CsvTable, Unmatched]] = field(default_factory=list, init=False, repr=False, compare=False)


Unmatched = tuple[pl.DataFrame, pl.DataFrame]
"""The rows of one table that another has not, and the rows of the other that it has not."""


def csv_file(
    name: str, rows: pl.DataFrame, *, line_end: str = "\r\n", people: pl.DataFrame | None = None, bom: bool = False
) -> FeedFile:
    """The rows, all texts, in their order as a CSV file (RFC 4180): UTF-8, quotes only where they are needed.

    A blank cell is written as nothing. No cell is changed: what a spreadsheet would take for a formula is only text to
    the vendor's machine.
    """
    texts = rows.select(pl.when(pl.col(name) != "").then(pl.col(name)) for name in rows.columns)

    def body(out: IO[bytes]) -> None:
        texts.write_csv(out, line_terminator=line_end, include_bom=bom)

    return FeedFile(name, body, texts.height, pl.DataFrame(schema=PEOPLE) if people is None else people, texts=texts)


def one_line(text: pl.Expr) -> pl.Expr:
    """The text with each run of line breaks and other control characters as one space, and no spaces around it."""
    return text.map_batches(_one_line, return_dtype=pl.String, is_elementwise=True)


def _one_line(texts: pl.Series) -> pl.Series:
    """Hardly any text has such a character: to look for one costs half of replacing them."""
    odd = texts.str.contains(_CONTROLS).any()
    return (texts.str.replace_all(_CONTROLS, " ") if odd else texts).str.strip_chars()


def read_csv(file: FeedFile) -> CsvTable:
    """Reads anybody's CSV: comma, double quotes, CRLF, LF or CR line ends. Blank lines are no records.

    Never raises for what is in the file: the problems say what could not be read. A file is read once: many look at it.
    """
    if not file.parsed:
        file.parsed.append(_read(file))
    table: CsvTable = file.parsed[0]
    return table


def joined(tables: Iterable[CsvTable]) -> CsvTable:
    """The rows of all parts of a split file as one table; of one part itself."""
    first, *others = tables
    if not others:
        return first
    parts = [first, *others]
    rows = pl.concat([part.rows for part in parts], how="diagonal")
    header = tuple(dict.fromkeys(name for part in parts for name in part.header))
    problems = pl.concat([part.problems for part in parts])
    return CsvTable(first.name, header, rows, problems, sum(part.records for part in parts))


def unmatched(now: CsvTable, before: CsvTable) -> Unmatched:
    """The rows of each table that the other has not, by the columns that both have.

    Most rows of a feed are as they were. What compares a file with the last one needs to look at the others only.
    """
    for other, found in now.differences:
        if other is before:
            return found
    shared = [name for name in now.header if name in before.header]
    one, two = _hashes(now, shared), _hashes(before, shared)
    found = _without(now.rows, one, two), _without(before.rows, two, one)
    now.differences.append((before, found))
    return found


def _hashes(table: CsvTable, columns: Sequence[str]) -> pl.DataFrame:
    """128 bits of each row: no two rows that differ share them."""
    rows = table.rows.select(columns)
    return pl.DataFrame({"low": rows.hash_rows(0), "high": rows.hash_rows(1)}).with_row_index("place")


def _without(rows: pl.DataFrame, own: pl.DataFrame, others: pl.DataFrame) -> pl.DataFrame:
    places = own.join(others, on=["low", "high"], how="anti")["place"].sort()
    return rows[places]


def _read(file: FeedFile) -> CsvTable:
    content = file.content
    if file.built and (table := _own(file, content)) is not None:
        return table
    text, problems = _decoded(content)
    records = _records(text)
    if records.is_empty():
        return CsvTable(file.name, (), pl.DataFrame(schema={"_line": pl.Int64}), _problems((("empty", 0, "", ""),)))
    if not text.endswith(("\n", "\r")):
        problems.append(("no-last-line-end", int(records["_line"][-1]), "", ""))
    cells = _cells(records)
    first = cells.row(0, named=True)["_cells"]
    named, header_problems = _header(first)
    body = cells.slice(1)
    whole = body.filter(~pl.col("_broken"))
    fits = pl.col("_cells").list.len() == len(first)
    rows = whole.filter(fits).select("_line", *(_cell(place).alias(name) for place, name in named))
    found = pl.concat(
        [
            _problems([*problems, *header_problems]),
            cells.filter("_broken").select(
                code=pl.when("_unclosed").then(pl.lit("cut-short")).otherwise(pl.lit("quotes")),
                _line="_line",
                column=pl.lit(""),
                detail=pl.lit(""),
            ),
            whole.filter(~fits).select(
                code=pl.lit("ragged"),
                _line="_line",
                column=pl.lit(""),
                detail=pl.format("{} cells, the header has {}", pl.col("_cells").list.len(), pl.lit(len(first))),
            ),
        ]
    )
    return CsvTable(file.name, tuple(name for _, name in named), rows, found, body.height)


def _own(file: FeedFile, content: bytes) -> CsvTable | None:
    """A file that ``csv_file`` has just written, without a look at each line; None where a record may have several."""
    rows = pl.read_csv(content, infer_schema=False) if file.texts is None else file.texts
    lines = content.count(b"\n")
    if lines != rows.height + 1 or not content.endswith(b"\n") or "_line" in rows.columns:
        return None
    numbered = rows.with_row_index("_line", offset=2).with_columns(pl.col("_line").cast(pl.Int64))
    return CsvTable(file.name, tuple(rows.columns), numbered, _problems(()), rows.height)


_Row = tuple[str, int, str, str]


def _problems(rows: Iterable[_Row]) -> pl.DataFrame:
    return pl.DataFrame(list(rows), schema=_PROBLEM, orient="row")


def _decoded(content: bytes) -> tuple[str, list[_Row]]:
    problems = []
    if content.startswith(b"\xef\xbb\xbf"):
        problems.append(("bom", 1, "", ""))
        content = content[3:]
    try:
        text = content.decode()
    except UnicodeDecodeError as error:
        line = content.count(b"\n", 0, error.start) + 1
        problems.append(("encoding", line, "", f"byte {content[error.start]:#04x}"))
        text = content.decode(errors="replace")
    if "\0" in text:
        problems.append(("encoding", text.count("\n", 0, text.index("\0")) + 1, "", "NUL"))
        text = text.replace("\0", "\ufffd")
    return text, problems


def _records(text: str) -> pl.DataFrame:
    """``_line`` and ``_record``. A line goes on in the next one where the quotes so far are of an odd number."""
    ends = "\n" if "\n" in text else "\r"
    lines = pl.DataFrame({"_text": text.removesuffix(ends).split(ends)})
    quotes = pl.col("_text").str.count_matches('"', literal=True)
    if '"' not in text:  # each line is a record
        plain = lines.with_row_index("_line", offset=1).select(
            pl.col("_line").cast(pl.Int64), _record=pl.col("_text").str.strip_suffix("\r")
        )
        return plain.filter(pl.col("_record") != "")
    return (
        lines.with_columns(pl.col("_text").str.strip_suffix("\r"))
        .with_row_index("_line", offset=1)
        .with_columns(_start=((quotes.cum_sum() - quotes) % 2 == 0))
        .with_columns(_number=pl.col("_start").cum_sum())
        .group_by("_number", maintain_order=True)
        .agg(pl.col("_line").first().cast(pl.Int64), pl.col("_text").str.join("\n").alias("_record"))
        .filter(pl.col("_record") != "")
        .select("_line", "_record")
    )


def _cells(records: pl.DataFrame) -> pl.DataFrame:
    """Adds ``_cells`` (as written, with quotes), ``_broken`` and ``_unclosed`` (an odd number of quotes)."""
    if not records["_record"].str.contains('"', literal=True).any():
        split = pl.col("_record").str.split(",").alias("_cells")
        return records.select("_line", split, _broken=pl.lit(value=False), _unclosed=pl.lit(value=False))
    ended = pl.col("_record") + ","
    found = ended.str.extract_all(_CELL)
    return records.select(
        "_line",
        found.list.eval(pl.element().str.strip_suffix(",")).alias("_cells"),
        (found.list.join("").str.len_bytes() != ended.str.len_bytes()).alias("_broken"),
        (pl.col("_record").str.count_matches('"', literal=True) % 2 == 1).alias("_unclosed"),
    )


def _cell(place: int) -> pl.Expr:
    cell = pl.col("_cells").list.get(place)
    bare = pl.when(cell.str.starts_with('"')).then(_unquoted(cell)).otherwise(cell)
    return pl.when(bare != "").then(bare)


def _unquoted(cell: pl.Expr) -> pl.Expr:
    return cell.str.strip_prefix('"').str.strip_suffix('"').str.replace_all('""', '"', literal=True)


def _header(cells: Sequence[str]) -> tuple[list[tuple[int, str]], list[_Row]]:
    """The columns that are read, as (place, name), and what is wrong with the names."""
    named: dict[str, int] = {}
    problems: list[_Row] = []
    for place, cell in enumerate(cells):
        name = re.sub(r'^"|"$', "", cell).replace('""', '"') if cell.startswith('"') else cell
        odd = [char for char in name if char != " " and unicodedata.category(char) in {"Cf", "Cc", "Zs"}]
        if odd or not name or name != name.strip() or name == "_line":
            codes = " ".join(f"U+{ord(char):04X}" for char in odd)
            problems.append(("header-name", 1, name, f"column {place + 1}" + (f" has {codes}" if codes else "")))
        if name in named:
            problems.append(("duplicate-header", 1, name, f"column {place + 1}"))
        elif name and name != "_line":
            named[name] = place
    return [(place, name) for name, place in named.items()], problems
