"""Mapping as configuration: where each column of a vendor's file comes from.

A value comes from a field of the canonical model, an attribute, a constant, the first of several values that is not
blank, several values joined, or a template. It may then be taken apart by a pattern, turned into a year, split into
items and looked up in a table. There is no general language.

    [feeds.careers.columns]
    FIRST_NAME = "given_name"
    PROGRAM    = { attribute = "program", split = ";", values = { "BUS-01" = "Business" } }
    GRADUATION = { first_of = [{ attribute = "graduation", year_ends = "08-31" }, "graduation_year"] }
"""

from __future__ import annotations

import re
from datetime import date
from difflib import get_close_matches
from typing import Any, Self

import polars as pl
from pydantic import BaseModel, ConfigDict, Field, model_validator

from rosterkit.feeds.people import ATTRIBUTE, FIELDS

_WHERE_FROM = ("field", "attribute", "constant", "first_of", "join", "template")

LIST_FIELDS = frozenset({"grades", "roles", "schools", "school_names"})
"""Fields that are lists already: ``values``, ``extract`` and ``split`` work on each of their items."""


class Value(BaseModel):
    """Where one value comes from. A text alone is the name of a field."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    field: str | None = Field(default=None, description="a field of the canonical model")
    attribute: str | None = Field(default=None, description="an attribute of the user, by its name in the source")
    constant: str | None = Field(default=None, description="the same text in every row")
    first_of: tuple[Value, ...] | None = Field(default=None, description="the first of these that is not blank")
    join: tuple[Value, ...] | None = Field(
        default=None, description="these values without blanks, with `separator` between"
    )
    template: str | None = Field(default=None, description='fields in a text: "{family_name}, {given_name}"')

    separator: str = Field(default=" ", description="what stands between the values of `join`")
    extract: str | None = Field(default=None, description="a pattern: its first group (or all) is kept, else blank")
    year_ends: str | None = Field(
        default=None,
        description="turns a date into a year that ends on this day (MM-DD); a later date is of the next year",
    )
    date_format: str = Field(default="%Y-%m-%d", description="how the date for `year_ends` is written")
    split: str | None = Field(default=None, description="what stands between the items of one cell")
    values: dict[str, str] | None = Field(default=None, description="a table: what is sent for each value")
    otherwise: str | None = Field(
        default=None,
        description='what is sent for a value that is not in the table ("" for blank); without it the value stays',
    )

    @model_validator(mode="before")
    @classmethod
    def _short(cls, given: Any) -> Any:
        return {"field": given} if isinstance(given, str) else given

    @model_validator(mode="after")
    def _consistent(self) -> Self:
        named = [name for name in _WHERE_FROM if getattr(self, name) is not None]
        if len(named) != 1:
            raise ValueError(f"name one of {', '.join(_WHERE_FROM)}; it has {', '.join(named) or 'none'}")
        if self.extract is not None:
            _group(self.extract)
        if self.year_ends is not None and not re.fullmatch(r"(0[1-9]|1[0-2])-(0[1-9]|[12]\d|3[01])", self.year_ends):
            raise ValueError(f'year_ends is a month and a day, such as "08-31", not "{self.year_ends}"')
        if self.year_ends is not None:
            _date_format(self.date_format)
        if self.otherwise is not None and self.values is None:
            raise ValueError("otherwise stands beside a table of values")
        if self.split == "":
            raise ValueError("split is a character, such as ;")
        if self.template is not None and self.template.count("{") != len(_names(self.template)):
            raise ValueError("a template has names of fields in braces, such as {family_name}, {given_name}")
        for name in [self.field, *_names(self.template or "")]:
            if name is not None and name not in FIELDS:
                near = get_close_matches(name, list(FIELDS), 1)
                hint = f'Did you mean "{near[0]}"?' if near else f'Write {{ attribute = "{name}" }} for an attribute.'
                raise ValueError(f'it names the field "{name}", which does not exist. {hint}')
        return self


def texts_sent(value: Value) -> set[str]:
    """The texts that a mapping itself states, whatever the roster holds: constants, and what its tables send."""
    stated = {value.constant} if value.constant is not None and value.values is None else set()
    stated |= set((value.values or {}).values()) | ({value.otherwise} if value.otherwise is not None else set())
    return stated.union(*(texts_sent(part) for part in value.first_of or ()))


def expression(value: Value) -> pl.Expr:
    """The value as one text, null where it is blank; items are joined by ";"."""
    found = _found(value)
    if _is_list(value):
        found = found.list.join(";")
    return _blank_is_null(found)


def items(value: Value) -> pl.Expr:
    """The value as List(String): trimmed, without blanks and repeats, in their order; null where there is none."""
    found = _found(value)
    listed = found if _is_list(value) else pl.concat_list(_blank_is_null(found)).list.drop_nulls()
    return pl.when(listed.list.len() > 0).then(listed)


def year_of(text: pl.Expr, ends: str, date_format: str = "%Y-%m-%d") -> pl.Expr:
    """The year that ends on the day ``ends`` (MM-DD, that day included) and holds the date, as four digits.

    A text of four digits stays. What is neither is null.
    """
    day = text.str.to_date(date_format, strict=False)
    month, last = (int(part) for part in ends.split("-"))
    later = (day.dt.month().cast(pl.Int32) * 100 + day.dt.day()) > month * 100 + last
    year = (day.dt.year() + later.cast(pl.Int32)).cast(pl.String)
    return pl.when(text.str.contains(r"^\d{4}$")).then(text).otherwise(year)


def _is_list(value: Value) -> bool:
    return value.split is not None or value.field in LIST_FIELDS


def _found(value: Value) -> pl.Expr:
    """Text, or List(String) where ``_is_list``."""
    found = _raw(value)
    if value.field in LIST_FIELDS:
        return _cleaned(found.list.eval(_text_steps(pl.element(), value)))
    if value.split is not None:
        return _cleaned(found.str.split(value.split).list.eval(_text_steps(pl.element().str.strip_chars(), value)))
    return _text_steps(found, value)


def _raw(value: Value) -> pl.Expr:
    if value.field is not None:
        return pl.col(value.field) if value.field in LIST_FIELDS else _text(value.field)
    if value.attribute is not None:
        return pl.col(ATTRIBUTE + value.attribute).str.strip_chars()
    if value.first_of is not None:
        return pl.coalesce([expression(part) for part in value.first_of])
    if value.join is not None:
        return pl.concat_str([expression(part) for part in value.join], separator=value.separator, ignore_nulls=True)
    if value.template is not None:
        fields = [
            (pl.col(name).list.join(", ") if name in LIST_FIELDS else _text(name)).fill_null("")
            for name in _names(value.template)
        ]
        return pl.format(re.sub(r"\{\w+\}", "{}", value.template), *fields).str.strip_chars()
    return pl.lit(value.constant, dtype=pl.String)


def _text(field: str) -> pl.Expr:
    """A field as text; a Boolean is TRUE or FALSE."""
    text = pl.col(field).cast(pl.String)
    return text.str.to_uppercase() if field in {"enabled", "account_enabled", "primary"} else text


def _text_steps(text: pl.Expr, value: Value) -> pl.Expr:
    if value.extract is not None:
        text = text.str.extract(value.extract, _group(value.extract))
    if value.year_ends is not None:
        text = year_of(text, value.year_ends, value.date_format)
    if value.values is not None:
        keep = text if value.otherwise is None else pl.lit(value.otherwise)
        text = pl.when(text.is_not_null()).then(text.replace_strict(value.values, default=keep, return_dtype=pl.String))
    return text


def _cleaned(listed: pl.Expr) -> pl.Expr:
    return listed.list.eval(pl.element().filter(pl.element().is_not_null() & (pl.element() != ""))).list.unique(
        maintain_order=True
    )


def _blank_is_null(text: pl.Expr) -> pl.Expr:
    return pl.when(text.str.strip_chars() != "").then(text)


def _names(template: str) -> list[str]:
    return re.findall(r"\{(\w+)\}", template)


def _date_format(written: str) -> None:
    """Raises ValueError where it is no format of whole dates: a date that it writes is not read back."""
    day = pl.Series([date(2026, 11, 21)])
    try:
        same = day.dt.strftime(written).str.to_date(written, strict=False).equals(day)
    except pl.exceptions.PolarsError:
        same = False
    if not same:
        raise ValueError(f'date_format is written as in "%m/%d/%Y", not {written}')


def _group(pattern: str) -> int:
    """1 where the pattern has a group, otherwise 0. Raises ValueError where it is no pattern."""
    try:
        found = pl.Series([""]).str.extract_groups(pattern)
    except pl.exceptions.ComputeError:
        raise ValueError(f"extract is a regular expression, and this is none: {pattern}") from None
    return min(len(found.struct.fields), 1)
