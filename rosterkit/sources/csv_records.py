"""Lines to records: which lines belong together, which records are sound, and the cells of those that are."""

from __future__ import annotations

import re
from dataclasses import dataclass

import polars as pl

from rosterkit.errors import InternalError
from rosterkit.sources.csv_lines import FileFormatError
from rosterkit.sources.row_cache import LINE

__all__ = ["MOST_LINES", "PROBLEMS", "Doubt", "Records", "Shape", "lines_of", "records_of"]

MOST_LINES = 200
"""Of one record: a quotation mark that closes later than this was never closed."""

PROBLEMS: dict[str, type[pl.DataType]] = {
    "line": pl.Int64,
    "rule": pl.String,
    "key": pl.String,  # null where it cannot be read
    "text": pl.String,  # the raw record, for its hash only
    "detail": pl.String,
    "partial": pl.Boolean,  # makes the file partial, whether or not the key is known
}
_CELL = r'(?:"[^"]*(?:""[^"]*)*"|[^",]*)'
_RECORD = rf"^{_CELL}(?:,{_CELL})*$"
_WHOLE_RECORD = re.compile(rf"{_CELL}(?:,{_CELL})*")
_EACH_CELL = re.compile(rf"(?:^|,)({_CELL})")
_OPENS = r'(?:^|,)"[^"]*(?:""[^"]*)*$'  # a cell that is opened and not closed on its line
_text = pl.col("text")
_unquoted = _text.str.replace_all(r'"[^"]*"', "")  # the record without its quoted parts


class Doubt(Exception):  # noqa: N818 - it is no error: the file is read again, in full
    """Where a record begins depends on more than its own line."""


@dataclass(frozen=True, slots=True)
class Shape:
    """What a record must be: a cell for each name, its key at that place (None: it has none), within the limits."""

    names: tuple[str, ...]  # of the columns as the frames have them
    key: int | None
    bad_key: str
    line_bytes: int
    cell_chars: int

    @property
    def width(self) -> int:
        return len(self.names)


@dataclass(frozen=True, slots=True)
class Records:
    """The records of a block. ``rows``: LINE and the columns of the shape; ``carried``: the bytes of an open record."""

    rows: pl.DataFrame
    problems: pl.DataFrame
    blank_lines: pl.Series
    line_breaks: pl.Series  # first lines of records that hold line breaks
    carried: bytes = b""


@dataclass(frozen=True, slots=True)
class _Spans:
    """Positions of lines with an odd number of quotation marks, sorted out."""

    joined: list[tuple[int, int]]  # first and last line of a record of several lines
    stray: list[int]
    open_at: int | None  # a record that the next block may close


def lines_of(data: bytes, first: int) -> pl.DataFrame:
    """``text`` and LINE of every line, numbered from ``first`` on."""
    frame = _split(data, first)
    if frame is not None:
        return frame
    texts = data.decode().removesuffix("\n").split("\n")
    lines = {LINE: range(first, first + len(texts)), "text": texts}
    return pl.DataFrame(lines, schema={LINE: pl.UInt32, "text": pl.String})


def records_of(lines: pl.DataFrame, data: bytes | None, shape: Shape, *, last: bool, alone: bool) -> Records:
    """The records of these lines; ``data`` holds their bytes where these are all lines of a block.

    Not ``last``: an open record at the end is carried. ``alone``: every line must be a record by itself, and Doubt is
    raised where one may not be. Raises FileFormatError when a line ends in CR alone.
    """
    sound = lines.select(_is_sound(shape)).to_series()
    if sound.all() and not (data is not None and b"\r" in data):
        none = pl.Series(dtype=pl.UInt32)
        rows, problems = _without_bad_keys(_parsed(lines, data, shape), lines, shape)
        empty = problems.filter(pl.col("rule") == "") if problems.height else problems
        problems = problems.filter(pl.col("rule") != "") if empty.height else problems
        return Records(rows, problems, empty["line"].cast(pl.UInt32), none)
    return _sorted_out(lines, sound, shape, last=last, alone=alone)


def _sorted_out(lines: pl.DataFrame, sound: pl.Series, shape: Shape, *, last: bool, alone: bool) -> Records:
    spans = _spans(lines, shape, last=last)
    if alone and (spans.joined or spans.stray or spans.open_at is not None):
        raise Doubt
    carried = b""
    if spans.open_at is not None:
        carried = "\n".join(lines["text"][spans.open_at :]).encode() + b"\n"
        lines, sound = lines.head(spans.open_at), sound.head(spans.open_at)
    singles, sound = _singles(lines, sound, spans)
    _refuse_bare_cr(singles)
    good, bad = singles.filter(sound), singles.filter(~sound)
    blank = bad.filter(_text.str.strip_chars() == "")
    joined, texts = _joined(lines, spans, shape)
    rows = pl.concat([_parsed(good, None, shape), joined]).sort(LINE)
    rows, unusable = _without_bad_keys(rows, pl.concat([good.select(LINE, "text"), texts]), shape)
    problems = [_bad_lines(bad.join(blank, on=LINE, how="anti"), shape), _stray(lines, spans, shape)]
    empty = unusable.filter(pl.col("rule") == "")
    problems.append(unusable.filter(pl.col("rule") != ""))
    blanks = pl.concat([blank[LINE], empty["line"].cast(pl.UInt32).alias(LINE)])
    return Records(rows, pl.concat(problems), blanks, texts[LINE], carried)


def _split(data: bytes, first: int) -> pl.DataFrame | None:
    """``text`` of each line; None where polars would not take it line by line, as with CR, or 0x01."""
    if b"\x01" in data or b"\r" in data or not data.strip():
        return None
    # The stable neighbour of scan_lines: one column, no quoting, and a separator that no line holds.
    lines = pl.read_csv(
        b"text\n" + data,  # without a header, polars would drop a BOM, or look for a compressed file
        separator="\x01",
        quote_char=None,
        schema={"text": pl.String},
        empty_string_is_null=False,
        row_index_name=LINE,
        row_index_offset=first,
    )
    return lines if lines.height == data.count(b"\n") + (not data.endswith(b"\n")) else None


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


def _singles(lines: pl.DataFrame, sound: pl.Series, spans: _Spans) -> tuple[pl.DataFrame, pl.Series]:
    """The lines that are a record each, or blank, and which of them are sound."""
    taken = [at for start, end in spans.joined for at in range(start, end + 1)] + spans.stray
    if not taken:
        return lines, sound
    kept = ~pl.int_range(lines.height, eager=True).is_in(taken)
    return lines.filter(kept), sound.filter(kept)


def _refuse_bare_cr(singles: pl.DataFrame) -> None:
    found = singles.filter(_unquoted.str.contains("\r", literal=True))
    if found.height:
        raise FileFormatError("csv.bare-cr", found[LINE][0])


def _is_sound(shape: Shape) -> pl.Expr:
    """Whether a line is a record of the right width, within the limit, with quotation marks only where they may be."""
    plain = ~_text.str.contains('"', literal=True)
    fits = _text.str.len_bytes() <= shape.line_bytes
    commas = pl.when(plain).then(_commas()).otherwise(_unquoted.str.count_matches(",", literal=True))
    fits &= commas == shape.width - 1
    if shape.width == 1:
        fits &= _text.str.strip_chars() != ""
    return fits & (plain | _text.str.contains(_RECORD))


def _commas() -> pl.Expr:
    return _text.str.count_matches(",", literal=True)


def _parsed(sound: pl.DataFrame, data: bytes | None, shape: Shape) -> pl.DataFrame:
    """LINE and the cells of sound lines; ``data`` holds just these."""
    if sound.is_empty():
        return pl.DataFrame(schema={LINE: pl.UInt32, **dict.fromkeys(shape.names, pl.String)})
    if data is None:
        data = "\n".join(sound["text"]).encode()
    numbers = [str(at) for at in range(shape.width)]  # names may hold commas
    frame = pl.read_csv(",".join(numbers).encode() + b"\n" + data, schema=dict.fromkeys(numbers, pl.String))
    if frame.height != sound.height:
        raise InternalError("The fast CSV parser and the line check disagree. Report this with the file's shape.")
    if b'""' in data:
        frame = frame.with_columns(pl.all().replace("", None))  # a quoted blank is a blank
    frame.columns = list(shape.names)
    return frame.insert_column(0, sound[LINE])


def _joined(lines: pl.DataFrame, spans: _Spans, shape: Shape) -> tuple[pl.DataFrame, pl.DataFrame]:
    """Records of several lines: their cells, and their texts (LINE, text)."""
    texts = [(int(lines[LINE][start]), _spanned(lines, start, end)) for start, end in spans.joined]
    cells = [[line, *(_bare(cell) for cell in _EACH_CELL.findall(text))] for line, text in texts]
    schema = {LINE: pl.UInt32, **dict.fromkeys(shape.names, pl.String)}
    return pl.DataFrame(cells, schema=schema, orient="row"), pl.DataFrame(
        texts, schema={LINE: pl.UInt32, "text": pl.String}, orient="row"
    )


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
    return _problems(lines[spans.stray], rule, shape, partial=opens)


def _problems(
    bad: pl.DataFrame,
    rule: pl.Expr,
    shape: Shape,
    *,
    detail: pl.Expr | None = None,
    partial: pl.Expr | None = None,
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
        pl.col(LINE).cast(pl.Int64).alias("line"),
        rule.alias("rule"),
        key.alias("key"),
        "text",
        (pl.lit("") if detail is None else detail).alias("detail"),
        (of_two if partial is None else of_two | partial).alias("partial"),
    )


def _is_bad_key(key: pl.Expr, shape: Shape) -> pl.Expr:
    blank = key.is_null() | (key.str.strip_chars() == "")
    return blank | key.str.contains(shape.bad_key) if shape.bad_key else blank


def _without_bad_keys(rows: pl.DataFrame, texts: pl.DataFrame, shape: Shape) -> tuple[pl.DataFrame, pl.DataFrame]:
    """The rows without those whose key is bad or a cell too long, and these as PROBLEMS (rule "": no value at all)."""
    columns = [pl.col(name) for name in shape.names]
    bad_key = pl.lit(value=False) if shape.key is None else _is_bad_key(columns[shape.key], shape)
    long = pl.lit(value=False)
    if (texts.select(_text.str.len_bytes().max()).item() or 0) > shape.cell_chars:
        long = pl.any_horizontal(column.str.len_chars() > shape.cell_chars for column in columns).fill_null(False)
    unusable = rows.select(bad=bad_key | long)["bad"] if rows.height else pl.Series(dtype=pl.Boolean)
    if not unusable.any():
        return rows, pl.DataFrame(schema=PROBLEMS)
    if unusable.len() < rows.height:  # a literal
        unusable = unusable.new_from_index(0, rows.height)
    empty = pl.all_horizontal(column.is_null() for column in columns)
    rule = (
        pl.when(empty).then(pl.lit("")).when(long).then(pl.lit("csv.too-long")).otherwise(pl.lit("csv.key-unreadable"))
    )
    key = pl.lit(None, pl.String)
    if shape.key is not None:
        key = pl.when(bad_key).then(None).otherwise(columns[shape.key].str.strip_chars())
    found = rows.filter(unusable).select(LINE, rule=rule, key=key)
    problems = found.join(texts, on=LINE, how="left", maintain_order="left").select(
        pl.col(LINE).cast(pl.Int64).alias("line"), "rule", "key", "text", detail=pl.lit(""), partial=pl.lit(value=False)
    )
    return rows.filter(~unusable), problems
