"""Lines to records: which lines belong together, which records are sound, and the cells of those that are."""

from __future__ import annotations

import re
from dataclasses import dataclass

import polars as pl

from rosterkit.errors import InternalError
from rosterkit.sources.csv_lines import FileFormatError
from rosterkit.sources.csv_problems import CELL, RECORD, UNQUOTED, Shape, bad_lines, stray_marks, without_bad_keys
from rosterkit.sources.row_cache import LINE

MOST_LINES = 200
"""Of one record: a quotation mark that closes later than this was never closed."""

_WHOLE_RECORD = re.compile(rf"{CELL}(?:,{CELL})*")
_EACH_CELL = re.compile(rf"(?:^|,)({CELL})")
_text = pl.col("text")


class Doubt(Exception):  # noqa: N818 - it is no error: the file is read again, in full
    """Where a record begins depends on more than its own line."""


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
    sound = _sound(lines, shape, quoted=data is None or b'"' in data)
    if sound.all() and not (data is not None and b"\r" in data):
        none = pl.Series(dtype=pl.UInt32)
        rows, problems = without_bad_keys(_parsed(lines, data, shape), lines, shape)
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
    rows, unusable = without_bad_keys(rows, pl.concat([good.select(LINE, "text"), texts]), shape)
    problems = [bad_lines(bad.join(blank, on=LINE, how="anti"), shape), stray_marks(lines[spans.stray], shape)]
    empty = unusable.filter(pl.col("rule") == "")
    problems.append(unusable.filter(pl.col("rule") != ""))
    blanks = pl.concat([blank[LINE], empty["line"].cast(pl.UInt32).alias(LINE)])
    return Records(rows, pl.concat(problems), blanks, texts[LINE], carried)


def _split(data: bytes, first: int) -> pl.DataFrame | None:
    """``text`` of each line; None where polars would not take it line by line, as with CR, or 0x01."""
    if b"\x01" in data or b"\r" in data or not data or data.isspace():
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
    found = singles.filter(UNQUOTED.str.contains("\r", literal=True))
    if found.height:
        raise FileFormatError("csv.bare-cr", found[LINE][0])


def _sound(lines: pl.DataFrame, shape: Shape, *, quoted: bool) -> pl.Series:
    """Whether each line is a record of the right width, within the limit, with quotation marks where they may be."""
    fits = _text.str.len_bytes() <= shape.line_bytes
    if shape.width == 1:
        fits &= _text.str.strip_chars() != ""
    plain = fits & (_text.str.count_matches(",", literal=True) == shape.width - 1)
    if not quoted:
        return lines.select(sound=plain).to_series()
    marked = lines.select(sound=plain, quoted=_text.str.contains('"', literal=True))
    places = marked["quoted"].arg_true()
    if places.is_empty():
        return marked["sound"]
    commas = UNQUOTED.str.count_matches(",", literal=True) == shape.width - 1
    careful = lines[places].select(sound=fits & commas & _text.str.contains(RECORD))
    return marked["sound"].scatter(places, careful["sound"])


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
