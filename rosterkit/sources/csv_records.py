"""Lines to records: which lines belong together, which records are sound, and the cells of those that are."""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass

import polars as pl

from rosterkit.errors import InternalError
from rosterkit.sources.csv_chunks import NotText

__all__ = ["LINE", "MOST_LINES", "PROBLEMS", "Records", "Shape", "judge"]

LINE = "\0line"
"""The column of the first line of each record, 1-based; no header can hold its name."""

MOST_LINES = 200
"""Of one record: a quotation mark that closes later than this was never closed."""

PROBLEMS: dict[str, type[pl.DataType]] = {
    "line": pl.Int64,
    "rule": pl.String,
    "key": pl.String,  # null where it cannot be read
    "text": pl.String,  # the raw record, for its hash only
    "detail": pl.String,
    "spoils": pl.Boolean,  # makes the file partial, whether or not the key is known
}
_CELL = r'(?:"[^"]*(?:""[^"]*)*"|[^",]*)'
_RECORD = rf"^{_CELL}(?:,{_CELL})*$"
_WHOLE_RECORD = re.compile(rf"{_CELL}(?:,{_CELL})*")
_EACH_CELL = re.compile(rf"(?:^|,)({_CELL})")
_OPENS = r'(?:^|,)"[^"]*(?:""[^"]*)*$'  # a cell that is opened and not closed on its line
_text = pl.col("text")
_unquoted = _text.str.replace_all(r'"[^"]*"', "")  # the record without its quoted parts


@dataclass(frozen=True, slots=True)
class Shape:
    """What a record must be: so many cells, its key at that place (None: it has none), not longer than the caps."""

    width: int
    key: int | None
    bad_key: str
    line_bytes: int
    cell_chars: int


@dataclass(frozen=True, slots=True)
class Records:
    """A block, judged. ``rows``: String columns "0", "1", … and LINE; ``carried``: the bytes of an open record."""

    rows: pl.DataFrame
    problems: pl.DataFrame
    blank_lines: pl.Series
    broken_lines: list[int]  # first lines of records that hold line breaks
    carried: bytes


@dataclass(frozen=True, slots=True)
class _Spans:
    """Positions of lines with an odd number of quotation marks, sorted out."""

    joined: list[tuple[int, int]]  # first and last line of a record of several lines
    stray: list[int]
    open_at: int | None  # a record that the next block may close


def judge(data: bytes, first: int, shape: Shape, *, last: bool) -> Records:
    """Judges whole lines, numbered from ``first`` on; not ``last``: an open record at the end is carried.

    Raises NotText when a line ends in CR alone.
    """
    lines = _lines(data, first)
    spans = _spans(lines, shape, last=last)
    carried = b""
    if spans.open_at is not None:
        carried = ("\n".join(lines["text"][spans.open_at :]) + "\n" * data.endswith(b"\n")).encode()
        lines = lines.head(spans.open_at)
    singles = _singles(lines, spans)
    if b"\r" in data:
        _no_bare_cr(singles)
    sound = singles.filter(_is_sound(shape, quoted=b'"' in data))
    if sound.height == lines.height and not carried:
        rows, bad = _parsed(data, sound, shape), singles.clear()
    else:
        rows = _parsed("\n".join(sound["text"]).encode(), sound, shape)
        bad = singles.join(sound, on=LINE, how="anti")
    blank = bad.filter(_text.str.strip_chars() == "")
    joined, texts = _joined(lines, spans, shape)
    rows, spoilt = _without_spoilt(pl.concat([rows, joined]), pl.concat([sound, texts]), shape)
    problems = [_bad_lines(bad.join(blank, on=LINE, how="anti"), shape), _stray(lines, spans, shape)]
    empty = spoilt.filter(pl.col("rule") == "")
    problems.append(spoilt.filter(pl.col("rule") != ""))
    return Records(
        rows,
        pl.concat(problems),
        pl.concat([blank[LINE], empty["line"].alias(LINE)]),
        texts[LINE].to_list(),
        carried,
    )


def _lines(data: bytes, first: int) -> pl.DataFrame:
    """``text`` and LINE of every line."""
    frame = _split(data)
    if frame is None:
        frame = pl.DataFrame({"text": data.decode().removesuffix("\n").split("\n")}, schema={"text": pl.String})
    return frame.with_columns(pl.int_range(first, first + frame.height, dtype=pl.Int64).alias(LINE))


def _split(data: bytes) -> pl.DataFrame | None:
    """``text`` of each line; None where polars would not take it line by line, as with CR, or 0x01."""
    if b"\x01" in data or b"\r" in data or not data.strip():
        return None
    # The stable neighbour of scan_lines: one column, no quoting, and a separator that no line holds.
    lines = pl.read_csv(
        _headed(data, ["text"]),
        separator="\x01",
        quote_char=None,
        schema={"text": pl.String},
        empty_string_is_null=False,
    )
    return lines if lines.height == data.count(b"\n") + (not data.endswith(b"\n")) else None


def _headed(data: bytes, names: Iterable[str]) -> bytes:
    """The text with a header: without one, polars would drop a BOM where it begins, or take its first bytes for those
    of a compressed file.
    """
    return b"".join((",".join(names).encode(), b"\n", data))


def _spans(lines: pl.DataFrame, shape: Shape, *, last: bool) -> _Spans:
    """Pairs each line that leaves a quoted cell open with the next such line, where that makes a sound record."""
    is_odd = (_text.str.count_matches('"', literal=True) % 2 == 1) & (_text.str.len_bytes() <= shape.line_bytes)
    odd = lines.select(is_odd).to_series().arg_true().to_list()
    joined: list[tuple[int, int]] = []
    stray: list[int] = []
    at = 0
    while at < len(odd):
        start = odd[at]
        if at + 1 == len(odd):
            if not last and lines.height - start < MOST_LINES:
                return _Spans(joined, stray, start)
            stray.append(start)
            break
        end = odd[at + 1]
        if end - start < MOST_LINES and _is_one_record(_spanned(lines, start, end), shape):
            joined.append((start, end))
            at += 2
        else:
            stray.append(start)
            at += 1
    return _Spans(joined, stray, None)


def _is_one_record(text: str, shape: Shape) -> bool:
    """Whether these lines are one sound record, and none of them could be a record that its quoted cell swallows."""
    if len(text.encode()) > shape.line_bytes or not _WHOLE_RECORD.fullmatch(text):
        return False
    swallows = any(line.count(",") >= shape.width - 1 for line in text.split("\n")[1:])
    return not swallows and len(_EACH_CELL.findall(text)) == shape.width


def _spanned(lines: pl.DataFrame, start: int, end: int) -> str:
    return "\n".join(lines["text"].slice(start, end - start + 1))


def _singles(lines: pl.DataFrame, spans: _Spans) -> pl.DataFrame:
    """The lines that are a record each, or blank."""
    taken = [at for start, end in spans.joined for at in range(start, end + 1)] + spans.stray
    if not taken:
        return lines
    return lines.filter(~pl.int_range(pl.len()).is_in(taken))


def _no_bare_cr(singles: pl.DataFrame) -> None:
    found = singles.filter(_unquoted.str.contains("\r", literal=True))
    if found.height:
        raise NotText("csv.bare-cr", found[LINE][0])


def _is_sound(shape: Shape, *, quoted: bool) -> pl.Expr:
    """Whether a line is a record of the right width, within the cap, and its quotation marks are where they may be."""
    fits = _text.str.len_bytes() <= shape.line_bytes
    fits &= (
        _unquoted.str.count_matches(",", literal=True) == shape.width - 1 if quoted else _commas() == shape.width - 1
    )
    if shape.width == 1:
        fits &= _text.str.strip_chars() != ""
    return fits & _text.str.contains(_RECORD) if quoted else fits


def _commas() -> pl.Expr:
    return _text.str.count_matches(",", literal=True)


def _parsed(data: bytes, sound: pl.DataFrame, shape: Shape) -> pl.DataFrame:
    """The cells of sound lines; ``data`` holds just these."""
    schema = {str(at): pl.String for at in range(shape.width)}
    if sound.is_empty():
        return pl.DataFrame(schema={**schema, LINE: pl.Int64})
    frame = pl.read_csv(_headed(data, schema), schema=schema)
    if frame.height != sound.height:
        raise InternalError("The fast CSV parser and the line check disagree. Report this with the file's shape.")
    if b'""' in data:
        frame = frame.with_columns(pl.all().replace("", None))  # a quoted blank is a blank
    return frame.with_columns(sound[LINE])


def _joined(lines: pl.DataFrame, spans: _Spans, shape: Shape) -> tuple[pl.DataFrame, pl.DataFrame]:
    """Records of several lines: their cells, and their texts (text, LINE)."""
    texts = [(_spanned(lines, start, end), int(lines[LINE][start])) for start, end in spans.joined]
    cells = [[*(_bare(cell) for cell in _EACH_CELL.findall(text)), line] for text, line in texts]
    schema = {**{str(at): pl.String for at in range(shape.width)}, LINE: pl.Int64}
    told = {"text": pl.String, LINE: pl.Int64}
    return pl.DataFrame(cells, schema=schema, orient="row"), pl.DataFrame(texts, schema=told, orient="row")


def _bare(cell: str) -> str | None:
    return (cell[1:-1].replace('""', '"') if cell.startswith('"') else cell) or None


def _bad_lines(bad: pl.DataFrame, shape: Shape) -> pl.DataFrame:
    """Problems of records that are too long, badly quoted or ragged."""
    cells = (_unquoted.str.count_matches(",", literal=True) + 1).cast(pl.String)
    rule = (
        pl.when(_text.str.len_bytes() > shape.line_bytes)
        .then(pl.lit("csv.too-long"))
        .when(_text.str.contains(_RECORD))
        .then(pl.lit("csv.ragged"))
        .otherwise(pl.lit("csv.quote"))
    )
    ragged = pl.concat_str(cells, pl.lit(f" cells where the header has {shape.width}; "))
    detail = pl.when(rule == "csv.ragged").then(ragged).otherwise(pl.lit(""))
    return _problems(bad, rule, shape, detail=detail)


def _stray(lines: pl.DataFrame, spans: _Spans, shape: Shape) -> pl.DataFrame:
    """Problems of lines whose odd quotation mark belongs to no record of several lines.

    Where the mark opens a cell, nobody knows where that cell was to end: the file is partial.
    """
    opens = _text.str.contains(_OPENS)
    rule = pl.when(opens).then(pl.lit("csv.unclosed-quote")).otherwise(pl.lit("csv.quote"))
    return _problems(lines[spans.stray], rule, shape, spoils=opens)


def _problems(
    bad: pl.DataFrame,
    rule: pl.Expr,
    shape: Shape,
    *,
    detail: pl.Expr | None = None,
    spoils: pl.Expr | None = None,
) -> pl.DataFrame:
    """These records as PROBLEMS; their key is the first cell where that is the key and sound.

    One that has the cells of two may be two, whose line break was lost: of whom the other speaks is unknown.
    """
    of_two = _commas() >= 2 * (shape.width - 1)
    key = pl.lit(None, pl.String)
    if shape.key == 0:
        first = pl.coalesce(_text.str.extract(r'^"([^"]+)",'), _text.str.extract(r'^([^",]+),'))
        key = pl.when(_is_bad_key(first, shape)).then(None).otherwise(first.str.strip_chars())
    return bad.select(
        pl.col(LINE).alias("line"),
        rule.alias("rule"),
        key.alias("key"),
        "text",
        (pl.lit("") if detail is None else detail).alias("detail"),
        (of_two if spoils is None else of_two | spoils).alias("spoils"),
    )


def _is_bad_key(key: pl.Expr, shape: Shape) -> pl.Expr:
    blank = key.is_null() | (key.str.strip_chars() == "")
    return blank | key.str.contains(shape.bad_key) if shape.bad_key else blank


def _without_spoilt(rows: pl.DataFrame, texts: pl.DataFrame, shape: Shape) -> tuple[pl.DataFrame, pl.DataFrame]:
    """The rows without those whose key is bad or a cell too long, and these as PROBLEMS (rule "": no value at all)."""
    columns = [pl.col(str(at)) for at in range(shape.width)]
    long = pl.lit(value=False)
    if (texts["text"].str.len_bytes().max() or 0) > shape.cell_chars:  # type: ignore[operator] # an integer
        long = pl.any_horizontal(column.str.len_chars() > shape.cell_chars for column in columns).fill_null(False)
    bad_key = pl.lit(value=False) if shape.key is None else _is_bad_key(columns[shape.key], shape)
    found = rows.filter(bad_key | long)
    if found.is_empty():
        return rows, pl.DataFrame(schema=PROBLEMS)
    empty = pl.all_horizontal(column.is_null() for column in columns)
    rule = (
        pl.when(empty).then(pl.lit("")).when(long).then(pl.lit("csv.too-long")).otherwise(pl.lit("csv.key-unreadable"))
    )
    key = pl.lit(None, pl.String)
    if shape.key is not None:
        key = pl.when(bad_key).then(None).otherwise(columns[shape.key].str.strip_chars())
    told = found.select(pl.col(LINE).alias("line"), rule.alias("rule"), key.alias("key"))
    told = told.join(texts.rename({LINE: "line"}), on="line", how="left", maintain_order="left")
    problems = told.with_columns(detail=pl.lit(""), spoils=pl.lit(value=False)).select(*PROBLEMS)
    return rows.filter(~(bad_key | long)), problems
