"""Whole columns from text to canonical text, by their distinct values."""

from __future__ import annotations

import polars as pl

from providers.oneroster.spec import PERSONAL, Field
from providers.oneroster.values import Cell, fast_pattern, read_cell
from rosterkit.sources.csv import LINE
from rosterkit.sources.file_findings import Notes

__all__ = ["DELETED", "KEY", "LINE", "MODIFIED", "is_unread", "note_rows", "read_column"]

KEY, DELETED, MODIFIED = "\0key", "\0deleted", "\0modified"
"""Columns beside the file's own; no header can hold their names."""

_RAW, _NEW, _BAD = "\0raw", "\0new", "\0bad"


def is_unread(name: str) -> str:
    """The column that says whether the cell of column ``name`` could not be read."""
    return f"\0unread {name}"


def read_column(rows: pl.DataFrame, field: Field, file: str, notes: Notes) -> pl.DataFrame:
    """``rows`` with that column canonical (null where blank or unreadable), and its ``is_unread`` where any is unread.

    What the cells meet on the way is noted. In strict reading whatever is an error makes the cell unread. A required
    cell that is blank is unread; in rows that delete their record nothing is required of the others.
    """
    name = field.name
    odd = rows.select(_needs_look(field)).to_series()
    if odd.any():
        new, bad = _looked_at(rows, odd, field, file, notes)
    else:
        new = rows.select(_as_is(field)).to_series()
        bad = pl.repeat(False, rows.height, dtype=pl.Boolean, eager=True)
    if field.required:
        blank = new.is_null() & ~bad
        note_rows(rows.filter(blank & ~_deleting(rows)), "cell.required", name, file, notes)
        bad |= blank
    rows = rows.with_columns(new.alias(name))
    return rows.with_columns(bad.alias(is_unread(name))) if bad.any() else rows


def _looked_at(
    rows: pl.DataFrame, odd: pl.Series, field: Field, file: str, notes: Notes
) -> tuple[pl.Series, pl.Series]:
    """The canonical texts of the column, and which cells cannot be read; only ``odd`` ones need a look."""
    name = field.name
    cells = _distinct(rows[name].filter(odd), field, notes)
    looked = rows.select(name).join(cells, left_on=name, right_on=_RAW, how="left", maintain_order="left")
    new = looked.select(pl.when(odd).then(_NEW).otherwise(_as_is(field))).to_series()
    bad = looked.select((pl.col(_BAD) & odd).fill_null(False)).to_series()
    for (rule,), hit in cells.explode("rules").drop_nulls("rules").group_by("rules", maintain_order=True):
        note_rows(rows.filter(odd & rows[name].is_in(hit[_RAW].implode())), str(rule), name, file, notes)
    return new, bad


def note_rows(rows: pl.DataFrame, rule: str, column: str, file: str, notes: Notes) -> None:
    """Notes the rule for these rows; the value is that of ``column``, by its length only where it is personal."""
    if rows.is_empty():
        return
    value = pl.col(column) if column in rows.columns else pl.lit(None, pl.String)
    hits = rows.select(line=LINE, key=KEY, value=_shown(file, column, value))
    notes.many(rule, hits, column=column)


def _shown(file: str, column: str, value: pl.Expr) -> pl.Expr:
    if column in PERSONAL.get(file, ()) or column.startswith("metadata."):
        return pl.concat_str(pl.lit("("), value.str.len_chars(), pl.lit(" characters)"))
    return value.str.slice(0, 60)


def _needs_look(field: Field) -> pl.Expr:
    """Which cells may mean something other than themselves."""
    value = pl.col(field.name)
    if field.type == "text":
        odd = value.str.contains(r"^(?:\s*|NULL)$")
    elif pattern := fast_pattern(field):
        odd = ~value.str.contains(pattern) | (value == "NULL")
        if field.type == "refs":
            items = value.str.split(",")
            odd |= items.list.n_unique() < items.list.len()
    else:
        odd = value.is_not_null()
    return odd.fill_null(False)


def _as_is(field: Field) -> pl.Expr:
    """The canonical text of a cell that means itself."""
    return pl.concat_str(pl.lit('["'), field.name, pl.lit('"]')) if field.type == "user_ids" else pl.col(field.name)


def _distinct(values: pl.Series, field: Field, notes: Notes) -> pl.DataFrame:
    """What each distinct value says: _RAW, _NEW, _BAD, and the rules that it meets."""
    raws = values.unique().sort().to_list()
    cells = [_as_strict(read_cell(raw, field), notes) for raw in raws]
    return pl.DataFrame(
        {
            _RAW: raws,
            _NEW: [cell.text for cell in cells],
            _BAD: [cell.bad for cell in cells],
            "rules": [list(cell.rules) for cell in cells],
        },
        schema={_RAW: pl.String, _NEW: pl.String, _BAD: pl.Boolean, "rules": pl.List(pl.String)},
    )


def _as_strict(cell: Cell, notes: Notes) -> Cell:
    """What is an error in this mode is not mended."""
    wrong = any(notes.severity(rule) == "error" for rule in cell.rules)
    return Cell(None, cell.rules, bad=True) if wrong else cell


def _deleting(rows: pl.DataFrame) -> pl.Series:
    return rows[DELETED] if DELETED in rows.columns else pl.repeat(False, rows.height, eager=True)
