"""Cells of canonical tables as expressions: keys of several parts, lists, attributes, dates."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence

import polars as pl

_MONTH_FIRST = r"^(\d{1,2})/(\d{1,2})/(\d{4})$"
_YEAR_FIRST = r"^(\d{4}-\d{2}-\d{2})(?:[T ].*)?$"


def joined_key(*parts: pl.Expr) -> pl.Expr:
    """One text for a key of several parts, joined with ":"; a ":" in a part is written %3A, and % is written %25."""
    escaped = [
        part.str.replace_all("%", "%25", literal=True).str.replace_all(":", "%3A", literal=True) for part in parts
    ]
    return pl.concat_str(escaped, separator=":")


def json_text(value: pl.Expr) -> pl.Expr:
    """The text as a JSON string; null stays null."""
    encoded = pl.struct(value.alias("v")).struct.json_encode()  # {"v":"..."}
    return pl.when(value.is_not_null()).then(encoded.str.slice(5).str.head(-1))


def json_list(*values: pl.Expr) -> pl.Expr:
    """The values that are not null as the JSON text of a list; null where there is none."""
    items = pl.concat_str([json_text(value) for value in values], separator=",", ignore_nulls=True)
    return pl.when(items != "").then(pl.concat_str(pl.lit("["), items, pl.lit("]")))


def attributes(values: Mapping[str, pl.Expr], extra: pl.Expr | None = None) -> pl.Expr:
    """The values that are not null as the JSON text of an object, by name; null where there is none.

    ``extra`` is what ``extensions`` made: members whose names all start with "ext.", without braces.
    """
    members: dict[str, pl.Expr] = {
        name: pl.when(value.is_not_null()).then(pl.concat_str(pl.lit(f"{json.dumps(name)}:"), json_text(value)))
        for name, value in values.items()
    }
    if extra is not None:
        members["ext."] = extra
    if not members:
        return pl.lit(None, pl.String)
    inside = pl.concat_str([members[name] for name in sorted(members)], separator=",", ignore_nulls=True)
    return pl.when(inside != "").then(pl.concat_str(pl.lit("{"), inside, pl.lit("}")))


def extensions(objects: pl.Series, names: Sequence[str]) -> pl.Series:
    """The members of a district's own fields (JSON objects) as ``ext.NAME``, sorted, without braces.

    ``names`` are the settings' attributes. Each distinct object is read once; most districts have none.
    """

    def members(found: str) -> str:
        value = json.loads(found)
        if not isinstance(value, dict):
            return ""
        texts = {
            f"ext.{k}": v if isinstance(v, str) else json.dumps(v) for k, v in value.items() if v not in (None, "")
        }
        kept = {k: v for k, v in sorted(texts.items()) if wanted(k, names)}
        return json.dumps(kept, ensure_ascii=False, separators=(",", ":"))[1:-1]

    distinct = objects.drop_nulls().unique()
    read = [members(found) for found in distinct]
    return objects.replace_strict(
        distinct, pl.Series(read, dtype=pl.String), default=None, return_dtype=pl.String
    ).replace("", None)


def wanted(name: str, names: Sequence[str]) -> bool:
    """Whether the settings keep that attribute: by its name, or by a beginning before a *."""
    return any(name == n or (n.endswith("*") and name.startswith(n[:-1])) for n in names)


def day(value: pl.Expr) -> pl.Expr:
    """YYYY-MM-DD of M/D/YYYY, of YYYY-MM-DD, or of a time that starts so; null where it is no such day."""
    month, date, year = (value.str.extract(_MONTH_FIRST, group) for group in (1, 2, 3))
    turned = pl.concat_str([year, month.str.zfill(2), date.str.zfill(2)], separator="-")
    text = pl.coalesce(value.str.extract(_YEAR_FIRST, 1), turned)
    return text.str.to_date("%Y-%m-%d", strict=False).dt.to_string("%Y-%m-%d")


def day_after(value: pl.Expr, *, last_day: str) -> pl.Expr:
    """The end that the canonical model keeps, which is exclusive, of the end that was delivered (YYYY-MM-DD)."""
    if last_day == "exclusive":
        return value
    return value.str.to_date("%Y-%m-%d", strict=False).dt.offset_by("1d").dt.to_string("%Y-%m-%d")
