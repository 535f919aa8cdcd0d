"""What a field's text means under its kind: polars expressions that read whole columns.

Spec: OneRoster 1.1 and 1.2, data types; how servers differ from it: booleans as text, dates with a time, codes in
another case, grades without a leading zero.
"""

from __future__ import annotations

from dataclasses import dataclass

import polars as pl

from providers.oneroster.rest.fields import Field

GRADES = ("IT", "PR", "PK", "TK", "KG", *(f"{n:02}" for n in range(1, 14)), "PS", "UG", "Other")
"""CEDS entry grade levels."""

_GRADE_FORMS = {str(n): f"{n:02}" for n in range(1, 10)} | {
    "k": "KG",
    "kg": "KG",
    "prek": "PK",
    "pre-k": "PK",
    "other": "Other",
}
_TRUE = ("true", "1", "yes", "y", "t")
_FALSE = ("false", "0", "no", "n", "f")
_ROLE_FORMS = {
    "sysadmin": "systemAdministrator",
    "systemadmin": "systemAdministrator",
    "districtadmin": "districtAdministrator",
    "schooladmin": "siteAdministrator",
    "siteadmin": "siteAdministrator",
    "admin": "administrator",
    "counsellor": "counselor",
}
"""How vendors spell roles, in lower case."""


@dataclass(frozen=True)
class Cell:
    """How one field is read: its value, where it cannot be read, where it had to be mended, and the rules for both."""

    value: pl.Expr
    bad: pl.Expr | None = None
    bad_rule: str = ""
    mended: pl.Expr | None = None
    mended_rule: str = ""


def cell(field: Field, *, inclusive_ends: bool) -> Cell:
    """How that field's column is read (not for refs, roles and profiles, which become records of their own)."""
    raw = pl.col(field.name)
    if field.kind == "ref":
        return Cell(stripped(raw.struct.field("sourcedId")))
    if field.kind == "enum":
        return _enum(raw, field)
    if field.kind == "bool":
        return _bool(raw)
    if field.kind in ("date", "end"):
        return _date(raw, inclusive=field.kind == "end" and inclusive_ends)
    if field.kind == "year":
        year = stripped(raw).str.extract(r"^(?:\d{4}\s*[-/]\s*)?(\d{4})$")
        return Cell(year, _unread(raw, year), "rest.year", _changed(raw, year), "rest.year-form")
    if field.kind == "grades":
        return _grades(raw)
    if field.kind == "texts":
        return Cell(json_list(_items(raw)))
    if field.kind == "periods":
        return Cell(json_list(_split(raw)))
    if field.kind == "user_ids":
        return Cell(json_list(_user_ids(raw)))
    null_word = raw == "NULL"
    return Cell(
        pl.when(~null_word & (raw.str.strip_chars() != "")).then(raw), mended=null_word, mended_rule="rest.null-word"
    )


def stripped(text: pl.Expr) -> pl.Expr:
    """The text without spaces around it; null where nothing is left."""
    bare = text.str.strip_chars()
    return pl.when(bare != "").then(bare)


def _unread(raw: pl.Expr, value: pl.Expr) -> pl.Expr:
    return value.is_null() & stripped(raw).is_not_null()


def _changed(raw: pl.Expr, value: pl.Expr) -> pl.Expr:
    return value.is_not_null() & (raw != value)


def _enum(raw: pl.Expr, field: Field) -> Cell:
    value = _word(stripped(raw), field.tokens)
    return Cell(value, _unread(raw, value), "rest.code", _changed(raw, value), "rest.code-form")


def role_word(raw: pl.Expr, tokens: tuple[str, ...]) -> pl.Expr:
    """The standard's word for a role, or null."""
    return _word(stripped(raw), tokens)


def _word(bare: pl.Expr, tokens: tuple[str, ...]) -> pl.Expr:
    words = {token.casefold(): token for token in tokens}
    if "systemAdministrator" in tokens:
        words |= _ROLE_FORMS
    known = bare.str.to_lowercase().replace_strict(words, default=None, return_dtype=pl.String)
    return pl.when(bare.str.starts_with("ext:")).then(bare).otherwise(known)


def _bool(raw: pl.Expr) -> Cell:
    word = stripped(raw).str.to_lowercase()
    value = pl.when(word.is_in(_TRUE)).then(True).when(word.is_in(_FALSE)).then(False)
    mended = value.is_not_null() & ~raw.is_in(["true", "false"])
    return Cell(value, _unread_bool(raw, word), "rest.boolean", mended, "rest.boolean-form")


def _unread_bool(raw: pl.Expr, word: pl.Expr) -> pl.Expr:
    return stripped(raw).is_not_null() & ~word.is_in([*_TRUE, *_FALSE])


def _date(raw: pl.Expr, *, inclusive: bool) -> Cell:
    text = date_text(raw)
    value = text
    if inclusive:
        value = text.str.to_date("%Y-%m-%d", strict=False).dt.offset_by("1d").dt.to_string("%Y-%m-%d")
    return Cell(value, _unread(raw, text), "rest.date", _changed(raw, text), "rest.date-form")


def date_text(raw: pl.Expr) -> pl.Expr:
    """The date as YYYY-MM-DD, or null: also of a date with a time, and of 8/27/2026 where one reading is possible."""
    bare = raw.str.strip_chars()
    iso = bare.str.extract(r"^(\d{4}-\d{2}-\d{2})(?:[T ].*)?$")
    one, other, year = (bare.str.extract(r"^(\d{1,2})/(\d{1,2})/(\d{4})$", n) for n in (1, 2, 3))
    first, last = one.cast(pl.Int32, strict=False), other.cast(pl.Int32, strict=False)
    month_first = pl.concat_str(year, one.str.zfill(2), other.str.zfill(2), separator="-")
    day_first = pl.concat_str(year, other.str.zfill(2), one.str.zfill(2), separator="-")
    slashed = pl.when((last > 12) | (first == last)).then(month_first).when(first > 12).then(day_first)
    found = pl.coalesce(iso, slashed)
    return found.str.to_date("%Y-%m-%d", strict=False).dt.to_string("%Y-%m-%d")


def moment(raw: pl.Expr) -> pl.Expr:
    """A point in time as YYYY-MM-DDTHH:MM:SS.sssZ, or null; without an offset it is taken as UTC."""
    bare = raw.str.strip_chars().str.replace(" ", "T", literal=True)
    bare = bare.str.replace(r"^(\d{4}-\d{2}-\d{2})$", "${1}T00:00:00").str.replace(r"[Zz]$", "+0000")
    bare = bare.str.replace(r"([+-]\d{2}):?(\d{2})$", "${1}${2}")
    bare = pl.when(bare.str.contains(r"T.*[+-]\d{4}$")).then(bare).otherwise(bare + "+0000")
    time = bare.str.to_datetime("%Y-%m-%dT%H:%M:%S%.f%z", time_unit="ms", time_zone="UTC", strict=False)
    return time.dt.to_string("%Y-%m-%dT%H:%M:%S%.3fZ")


def _items(raw: pl.Expr) -> pl.Expr:
    """The items of a list, without spaces around them and without blanks."""
    item = pl.element()
    return raw.list.eval(item.str.strip_chars()).list.eval(item.filter(item != ""))


def _split(raw: pl.Expr) -> pl.Expr:
    """The items of a list in which one text with commas stands for several: servers of 1.1 write "1,2" for periods."""
    return _items(raw.list.eval(pl.element().str.split(",").explode(empty_as_null=False, keep_nulls=False)))


def _grades(raw: pl.Expr) -> Cell:
    item = pl.element()
    form = item.str.to_lowercase().replace_strict(_GRADE_FORMS, default=None, return_dtype=pl.String)
    upper = pl.when(item.str.to_uppercase().is_in(GRADES)).then(item.str.to_uppercase())
    items = _split(raw)
    known = items.list.eval(pl.coalesce(form, upper, item)).list.unique().list.sort()
    odd = known.list.eval(~item.is_in(GRADES)).list.any()
    return Cell(json_list(known), mended=odd, mended_rule="rest.grade")


def _user_ids(raw: pl.Expr) -> pl.Expr:
    item = pl.element()
    kind = pl.coalesce(stripped(item.struct.field("type")), pl.lit("unknown"))
    key = stripped(item.struct.field("identifier"))
    texts = raw.list.eval(pl.concat_str(pl.lit("{"), kind, pl.lit(":"), key, pl.lit("}"))).list.drop_nulls()
    return texts.list.unique().list.sort()


def json_list(items: pl.Expr) -> pl.Expr:
    """A list of texts as the canonical model writes it: JSON without spaces, null for none."""
    text = pl.struct(items.alias("i")).struct.json_encode()
    return pl.when(items.list.len() > 0).then(text.str.slice(5).str.head(-1))
