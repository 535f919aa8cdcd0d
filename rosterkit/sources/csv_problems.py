"""Records that cannot be read: what is wrong with each, and its key where that can be read."""

from __future__ import annotations

from dataclasses import dataclass

import polars as pl

from rosterkit.sources.row_cache import LINE

PROBLEMS: dict[str, type[pl.DataType]] = {
    "line": pl.Int64,
    "rule": pl.String,
    "key": pl.String,  # null where it cannot be read
    "text": pl.String,  # the raw record, for its hash only
    "detail": pl.String,
    "partial": pl.Boolean,  # makes the file partial, whether or not the key is known
}
CELL = r'(?:"[^"]*(?:""[^"]*)*"|[^",]*)'
RECORD = rf"^{CELL}(?:,{CELL})*$"
_OPENS = r'(?:^|,)"[^"]*(?:""[^"]*)*$'  # a cell that is opened and not closed on its line
_text = pl.col("text")
UNQUOTED = _text.str.replace_all(r'"[^"]*"', "")  # the record without its quoted parts


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


def bad_lines(bad: pl.DataFrame, shape: Shape) -> pl.DataFrame:
    """Problems of records that are too long, badly quoted or ragged."""
    cells = (UNQUOTED.str.count_matches(",", literal=True) + 1).cast(pl.String)
    rule = (
        pl.when(_text.str.len_bytes() > shape.line_bytes)
        .then(pl.lit("csv.too-long"))
        .when(_text.str.contains(RECORD))
        .then(pl.lit("csv.ragged"))
        .otherwise(pl.lit("csv.quote"))
    )
    ragged = pl.concat_str(cells, pl.lit(f" cells where the header has {shape.width}; "))
    detail = pl.when(rule == "csv.ragged").then(ragged).otherwise(pl.lit(""))
    return _problems(bad, rule, shape, detail=detail)


def stray_marks(lines: pl.DataFrame, shape: Shape) -> pl.DataFrame:
    """Problems of lines whose odd quotation mark belongs to no record of several lines.

    Where the mark opens a cell, nobody knows where that cell was to end: the file is partial.
    """
    opens = _text.str.contains(_OPENS)
    rule = pl.when(opens).then(pl.lit("csv.unclosed-quote")).otherwise(pl.lit("csv.quote"))
    return _problems(lines, rule, shape, partial=opens)


def _problems(
    bad: pl.DataFrame,
    rule: pl.Expr,
    shape: Shape,
    *,
    detail: pl.Expr | None = None,
    partial: pl.Expr | None = None,
) -> pl.DataFrame:
    """These records as PROBLEMS; their key is the first cell where that is the key and sound.

    One that has the cells of two may be two whose line break was lost: the key of the other is unknown.
    """
    of_two = _text.str.count_matches(",", literal=True) >= 2 * (shape.width - 1)
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


def without_bad_keys(rows: pl.DataFrame, texts: pl.DataFrame, shape: Shape) -> tuple[pl.DataFrame, pl.DataFrame]:
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
