"""Rows of text to rows of canonical values: a pure function of each row, so that a row cache may answer in its place.

Whole columns at a time. One look says which columns hold anything that does not mean itself; the distinct odd values of
those are read one by one (``cells``); one step then makes all columns.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from dataclasses import field as default
from functools import reduce

import polars as pl

from providers.oneroster.cells import GRADES, GUID, SPACES, Cell, read_cell
from providers.oneroster.extensions import attributes
from providers.oneroster.spec import Field, File
from rosterkit.sources.findings import ROW_FINDINGS
from rosterkit.sources.row_cache import LINE, Converted

__all__ = ["ATTRIBUTES", "DELETED", "INVALID", "KEY", "LINE", "MODIFIED", "WHOLE_ROW", "Conversion", "shown"]

KEY, DELETED, MODIFIED, INVALID, ATTRIBUTES = "\0key", "\0deleted", "\0modified", "\0invalid", "\0attributes"
"""Columns beside those of the standard. INVALID has a bit for each column of the file, in its order, whose cell could
not be used, and WHOLE_ROW where the whole row could not.
"""

WHOLE_ROW = 1 << 31
_BLANK = "\0blank"  # like INVALID, for cells that are required and blank
_NO_VALUE = ("", "NULL")
_DAY = "[0-9]{4}-(?:0[1-9]|1[0-2])-(?:0[1-9]|1[0-9]|2[0-8])"  # a day that every month has
_FAST = {  # texts that mean themselves
    "guid": f"^{GUID}$",
    "ref": f"^{GUID}$",
    "refs": f"^{GUID}(?:,{GUID})*$",
    "texts": r'^[^,"\\[:cntrl:]]+$',
    "user_ids": r'^\{[^:{},"\\[:cntrl:]]+:[^:{},"\\[:cntrl:]]+\}$',  # one item that JSON need not escape
    "year": "^[0-9]{4}$",
    "date": f"^{_DAY}$",
    "datetime": rf"^{_DAY}T(?:[01][0-9]|2[0-3])(?::[0-5][0-9]){{2}}\.[0-9]{{3}}Z$",
}


def shown(field: Field, value: pl.Expr) -> pl.Expr:
    """The value as a finding shows it: by its length only where it is personal."""
    if field.personal:
        return pl.concat_str(pl.lit("("), value.str.len_chars(), pl.lit(" characters)"))
    return value.str.slice(0, 60)


@dataclass
class _Column:
    """One column of the file: what a look at it saw, and what follows."""

    name: str
    field: Field
    errors: frozenset[str]
    spaced: bool = False  # some cells have spaces around their value
    odd: bool = False  # some values do not mean themselves
    blank: bool = False  # some cells have no value
    cells: Mapping[str, Cell] = default(default_factory=dict)  # what the odd values mean

    @property
    def is_plain(self) -> pl.Expr:
        """Which texts mean themselves, as far as a quick look shows: without spaces around, of the usual form."""
        raw, kind = pl.col(self.name), self.field.type
        if self.field.name == "grades":
            return raw.is_in(GRADES)
        if kind in ("text", "texts"):
            plain = (raw == self.bare) & (raw != "NULL")
            return plain & raw.str.contains(_FAST[kind]) if kind == "texts" else plain
        if kind in ("enum", "bool"):
            return raw.is_in(list(self.field.tokens))
        return raw.str.contains(_FAST[kind if kind != "refs" else "ref"]) & (raw != "NULL")

    def look(self) -> Iterator[pl.Expr]:
        """A closer look at a column that is not plain."""
        raw = pl.col(self.name)
        yield (raw != self.bare).any().alias(f"spaced {self.name}")
        yield self.is_odd.any().alias(f"odd {self.name}")
        yield (raw.is_null() | self.bare.is_in(_NO_VALUE)).any().alias(f"blank {self.name}")

    @property
    def bare(self) -> pl.Expr:
        return pl.col(self.name).str.strip_chars(SPACES)

    @property
    def is_odd(self) -> pl.Expr:
        """Which values do not mean themselves, or may not. False where there is none."""
        bare, kind = self.bare, self.field.type
        if kind == "text":
            return (bare == "NULL").fill_null(value=False)
        if kind in ("enum", "bool"):
            odd = ~bare.is_in(list(self.field.tokens))
        elif self.field.name == "grades":
            odd = ~bare.is_in(GRADES)
        else:
            odd = ~bare.str.contains(_FAST[kind]) | (bare == "NULL")
        if kind == "refs":
            items = bare.str.split(",")
            odd |= items.list.n_unique() < items.list.len()
        return odd.fill_null(value=False) & (bare != "")

    @property
    def space_is_error(self) -> bool:
        return self.spaced and "cell.space" in self.errors

    @property
    def value(self) -> pl.Expr:
        text = pl.col(self.name)
        if self.spaced:
            text = pl.when(self.bare != "").then(self.bare)
            if self.space_is_error:
                text = pl.when(pl.col(self.name) == self.bare).then(self.bare)
        plain = pl.concat_str(pl.lit('["'), text, pl.lit('"]')) if self.field.type in ("texts", "user_ids") else text
        if self.cells:
            new = [cell.text for cell in self.cells.values()]
            plain = text.replace_strict(list(self.cells), pl.Series(new, dtype=pl.String), default=plain)
        if self.field.type == "bool":
            return pl.when(plain.is_not_null()).then(plain == "true")
        return plain

    @property
    def bad(self) -> pl.Expr:
        """Which cells cannot be used."""
        bad = self.bare.is_in([value for value, cell in self.cells.items() if cell.bad]).fill_null(value=False)
        if self.space_is_error:
            bad |= ((pl.col(self.name) != self.bare) & (self.bare != "")).fill_null(value=False)
        return bad

    @property
    def may_be_bad(self) -> bool:
        return self.space_is_error or any(cell.bad for cell in self.cells.values())

    @property
    def may_be_blank(self) -> bool:
        return self.blank or any(cell.text is None and not cell.bad for cell in self.cells.values())

    def findings(self, texts: pl.LazyFrame, key: pl.Expr) -> Iterator[pl.LazyFrame]:
        """A frame of findings for each kind of thing that is wrong with the column."""
        column = pl.lit(self.field.name).alias("column")
        if self.spaced:
            space = texts.filter((pl.col(self.name) != self.bare) & (self.bare != ""))
            yield space.select(LINE, key, column, rule=pl.lit("cell.space"), value=pl.lit(""), detail=pl.lit(""))
        rules = [
            (value, rule, "" if self.field.personal else cell.detail)
            for value, cell in self.cells.items()
            for rule in cell.rules
        ]
        if rules:
            broken = pl.LazyFrame(
                rules, schema={"\0value": pl.String, "rule": pl.String, "detail": pl.String}, orient="row"
            )
            rows = texts.select(LINE, key, self.bare.alias("\0value")).join(broken, on="\0value", maintain_order="left")
            yield rows.select(LINE, "key", column, "rule", value=shown(self.field, pl.col("\0value")), detail="detail")


@dataclass(frozen=True)
class Conversion:
    """How the rows of one file are converted.

    ``fields``: by the name in the file, the column that it is; ``extensions``: columns that are kept as attributes;
    ``errors``: the rules that are errors in this mode: a cell that breaks one cannot be used, and is not corrected.
    """

    file: File
    fields: Mapping[str, Field]
    extensions: tuple[str, ...]
    delta: bool
    dates: str
    errors: frozenset[str]

    def __call__(self, texts: pl.DataFrame) -> Converted:
        """The rows (LINE, KEY, INVALID, DELETED, MODIFIED, columns of the standard, ATTRIBUTES) and their findings."""
        columns = self._looked_at(texts)
        rows = self._rows(texts, columns)
        findings = [found for column in columns for found in column.findings(texts.lazy(), self._key)]
        findings += self._row_findings(texts, rows)
        rows = rows.drop(_BLANK)
        if not findings:
            return Converted(rows)
        line = pl.col(LINE).cast(pl.Int64).alias("_line")
        return Converted(
            rows, pl.concat(f.select(line, *list(ROW_FINDINGS)[1:]) for f in findings).collect(engine="in-memory")
        )

    def _looked_at(self, texts: pl.DataFrame) -> list[_Column]:
        """The columns that are read, after one look at them and at their odd values."""
        apart = {"password"} if self.delta else {"password", "status", "dateLastModified"}
        columns = [_Column(n, f, self.errors) for n, f in self.fields.items() if f.name not in apart]
        if not texts.height:
            return columns
        for column in columns:
            column.blank = texts[column.name].null_count() > 0
        filled = [column for column in columns if texts[column.name].null_count() < texts.height]
        plain = texts.select(column.is_plain.all().alias(column.name) for column in filled).row(0, named=True)
        others = [column for column in filled if not plain[column.name]]
        seen = texts.select(expr for column in others for expr in column.look()).row(0, named=True) if others else {}
        for column in others:
            column.spaced, column.odd, column.blank = (
                bool(seen[f"{w} {column.name}"]) for w in ("spaced", "odd", "blank")
            )
        odd = [column for column in columns if column.odd]
        if odd:
            distinct = texts.select(column.bare.filter(column.is_odd).unique().implode() for column in odd)
            for column, values in zip(odd, distinct.row(0), strict=True):
                column.cells = {value: self._cell(value, column.field) for value in sorted(values)}
        return columns

    def _cell(self, value: str, field: Field) -> Cell:
        if value == "NULL":
            return Cell(None, ("cell.null-literal",))
        cell = read_cell(value, field, self.dates)
        return Cell(None, cell.rules, bad=True, detail=cell.detail) if self.errors & set(cell.rules) else cell

    @property
    def _key(self) -> pl.Expr:
        return self._text("sourcedId").str.strip_chars(SPACES).alias("key")

    def _text(self, standard: str) -> pl.Expr:
        """The text of that column of the standard; null where the file has none."""
        name = next((name for name, field in self.fields.items() if field.name == standard), None)
        return pl.lit(None, pl.String) if name is None else pl.col(name)

    @property
    def _deleting(self) -> pl.Expr:
        """Rows of a bulk file whose status says that their record is to be deleted."""
        status = self._text("status").str.strip_chars(SPACES).str.to_lowercase()
        return status.is_in(["tobedeleted", "inactive"]).fill_null(value=False)

    def _rows(self, texts: pl.DataFrame, columns: Sequence[_Column]) -> pl.DataFrame:
        """The rows, with _BLANK: a bit for each blank cell that is required (not where the record is deleted)."""
        bits = {column.field.name: 1 << self.file.header.index(column.field.name) for column in columns}
        deleted = pl.lit(value=False) if "bulk.delete" in self.errors else self._deleting
        rows = texts.lazy().select(
            LINE,
            self._key.alias(KEY),
            _bits((bits[c.field.name], c.bad) for c in columns if c.may_be_bad).alias(INVALID),
            deleted.alias(DELETED),
            pl.lit(None, pl.String).alias(MODIFIED),
            *(column.value.alias(column.field.name) for column in columns),
            *([attributes(self.extensions).alias(ATTRIBUTES)] if self.extensions else []),
        )
        unusable = (pl.col(INVALID) & bits["sourcedId"]) != 0
        if self.delta:
            status, date = (pl.col(n) if n in bits else pl.lit(None, pl.String) for n in ("status", "dateLastModified"))
            rows = rows.with_columns(
                (status == "tobedeleted").fill_null(value=False).alias(DELETED), date.alias(MODIFIED)
            )
            unusable |= status.is_null() | date.is_null()
        blank = [
            (bits[name], pl.col(name).is_null() & ((pl.col(INVALID) & bits[name]) == 0))
            for name in (c.field.name for c in columns if c.field.required and c.may_be_blank)
        ]
        stays = ~pl.col(DELETED)
        invalid = pl.col(INVALID) | _bits(blank) | _bits([(WHOLE_ROW, unusable)])
        return rows.with_columns(
            invalid, _bits((bit, is_blank & stays) for bit, is_blank in blank).alias(_BLANK)
        ).collect(engine="in-memory")

    def _row_findings(self, texts: pl.DataFrame, rows: pl.DataFrame) -> Iterator[pl.LazyFrame]:
        """What is wrong with required cells, with a row as a whole, and with its status in a bulk file."""
        if rows.is_empty():
            return
        made = rows.lazy().with_columns(pl.col(KEY).alias("key"))
        if rows[_BLANK].max():
            for bit, name in ((1 << at, name) for at, name in enumerate(self.file.header)):
                yield _found(made.filter((pl.col(_BLANK) & bit) != 0), "cell.required", name)
        if int(rows[INVALID].max()) >= WHOLE_ROW:  # type: ignore[arg-type] # an integer
            unusable = made.filter(pl.col(INVALID) >= WHOLE_ROW)
            bad_key = (pl.col(INVALID) & 1) != 0
            yield _found(unusable.filter(bad_key), "row.key")
            yield _found(unusable.filter(~bad_key), "delta.incomplete")
        if not self.delta:
            raw = texts.lazy().with_columns(self._key, value=self._text("status").str.slice(0, 60))
            if self._has_values(texts, "status"):
                yield _found(raw.filter(self._deleting), "bulk.delete", "status", pl.col("value"))
                yield _found(raw.filter(~self._deleting & self._text("status").is_not_null()), "bulk.status", "status")
            if self._has_values(texts, "dateLastModified"):
                dated = raw.filter(self._text("dateLastModified").is_not_null())
                yield _found(dated, "bulk.date", "dateLastModified")

    def _has_values(self, texts: pl.DataFrame, standard: str) -> bool:
        names = [name for name, field in self.fields.items() if field.name == standard]
        return any(texts[name].null_count() < texts.height for name in names)


def _found(rows: pl.LazyFrame, rule: str, column: str = "", value: pl.Expr | None = None) -> pl.LazyFrame:
    """Findings of that rule for these rows, which have LINE and ``key``."""
    value = pl.lit("") if value is None else value
    return rows.select(LINE, "key", column=pl.lit(column), rule=pl.lit(rule), value=value, detail=pl.lit(""))


def _bits(where: Iterable[tuple[int, pl.Expr]]) -> pl.Expr:
    """The bits of what is true."""
    none = pl.lit(0, pl.UInt32)
    parts = [pl.when(is_set).then(pl.lit(bit, pl.UInt32)).otherwise(none) for bit, is_set in where]
    return reduce(pl.Expr.or_, parts, none)
