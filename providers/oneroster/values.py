"""One cell at a time: what a text means under its column's type. Pure functions, called once per distinct value.

Each returns the canonical text (lists as JSON, dates as YYYY-MM-DD, booleans as true and false) and the rules that it
met on the way; no text and a rule means that the cell cannot be read, no text and no ``bad`` that it is blank.
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable
from datetime import UTC, date, datetime
from typing import NamedTuple

from providers.oneroster.spec import Field, tokens_of

__all__ = [
    "GRADES",
    "GRADE_FORMS",
    "GUID",
    "MANGLED",
    "Cell",
    "canonical_list",
    "fast_pattern",
    "read_cell",
    "read_datetime",
]

GUID = r"[0-9A-Za-z./@_-]{1,255}"
MANGLED = r"^\s*\d(?:[.,]\d+)?[eE]\+\d+\s*$"
"""An id that a spreadsheet turned into a number, such as 1.23E+11."""

GRADES = ("IT", "PR", "PK", "TK", "KG", *(f"{n:02}" for n in range(1, 14)), "PS", "UG", "Other")
"""CEDS entry grade levels, as OneRoster 1.1 wants them."""

_TRUE = {"true", "1", "yes", "y", "t"}
_FALSE = {"false", "0", "no", "n", "f"}
GRADE_FORMS = {str(n): f"{n:02}" for n in range(1, 10)} | {"K": "KG", "k": "KG", "kg": "KG"}
"""How grades are often written, and how CEDS writes them."""

_USER_ID = re.compile(r"\{[^:{}]+:[^{}]+\}")
_DATE = re.compile(
    r"(?P<year>\d{4})-(?P<month>\d{1,2})-(?P<day>\d{1,2})"
    r"(?:[T ]\d{2}:\d{2}(?::\d{2}(?:\.\d+)?)?(?:Z|[+-]\d{2}:?\d{2})?)?"
)
_SLASHED = {
    "date-month-first": re.compile(r"(?P<month>\d{1,2})[/.-](?P<day>\d{1,2})[/.-](?P<year>\d{4})"),
    "date-day-first": re.compile(r"(?P<day>\d{1,2})[/.-](?P<month>\d{1,2})[/.-](?P<year>\d{4})"),
}
"""How a district said that it means its dates (the setting ``dates``)."""

_DATETIME = re.compile(r"\d{4}-\d{2}-\d{2}T\d{2}:\d{2}:\d{2}\.\d{3}Z")


class Cell(NamedTuple):
    """What a cell says: its canonical text, the rules that it met, and whether it cannot be read at all."""

    text: str | None
    rules: tuple[str, ...] = ()
    bad: bool = False


def _bad(rule: str) -> Cell:
    return Cell(None, (rule,), bad=True)


def canonical_list(items: list[str]) -> str | None:
    """The items as the canonical model writes a list: JSON without spaces, null for none."""
    return json.dumps(items, ensure_ascii=False, separators=(",", ":")) if items else None


def read_cell(value: str, field: Field) -> Cell:
    """The cell under that column."""
    if value.strip() == "":
        return Cell(None)
    if value == "NULL":
        return Cell(None, ("cell.null-literal",))
    if field.type == "text":
        return Cell(value)
    bare = value.strip()
    found = _READERS[field.type](bare, field)
    spaces = ("cell.space",) if bare != value else ()
    return Cell(found.text, (*spaces, *found.rules), found.bad)


def fast_pattern(field: Field) -> str | None:
    """A regular expression of texts that mean themselves (in user_ids: one item), so that no function need look."""
    return _FAST.get(field.type)


def _guid(value: str, _: Field) -> Cell:
    if re.match(MANGLED, value):
        return _bad("guid.mangled")
    if re.fullmatch(GUID, value):
        return Cell(value)
    return Cell(value, ("guid.long",) if len(value) > 255 else ("guid.characters",))


def _items(value: str) -> tuple[list[str], tuple[str, ...]]:
    """The items of a comma-separated list, and the rules that it met."""
    raw = value.split(",")
    items = [item.strip() for item in raw]
    spaces = ("list.spaces",) if items != raw else ()
    kept = [item for item in items if item]
    return kept, (*spaces, *(("list.empty-item",) if len(kept) < len(items) else ()))


def _refs(value: str, field: Field) -> Cell:
    """Ids stay comma-separated: they are taken apart as a table."""
    items, rules = _items(value)
    cells = [_guid(item, field) for item in items]
    if any(cell.bad for cell in cells):
        return _bad("guid.mangled")
    distinct = list(dict.fromkeys(items))
    repeated = ("list.repeated",) if len(distinct) < len(items) else ()
    met = (*rules, *repeated, *(rule for cell in cells for rule in cell.rules))
    return Cell(",".join(distinct) or None, tuple(dict.fromkeys(met)))


def _texts(value: str, field: Field) -> Cell:
    items, rules = _items(value)
    if field.name != "grades":
        return Cell(canonical_list(items), rules)
    grades = [GRADE_FORMS.get(item, item) for item in items]
    if grades != items:
        rules += ("grade.form",)
    if not set(grades) <= set(GRADES):
        rules += ("grade.unknown",)
    return _set(grades, rules)


def _user_ids(value: str, _: Field) -> Cell:
    if value.startswith(("[", '{"')):  # JSON: its commas part no items
        return Cell(canonical_list([f"{{unknown:{value}}}"]), ("user-ids.form",))
    items, rules = _items(value)
    told = [item if _USER_ID.fullmatch(item) else f"{{unknown:{item}}}" for item in items]
    return _set(told, rules if told == items else (*rules, "user-ids.form"))


def _set(items: list[str], rules: tuple[str, ...]) -> Cell:
    distinct = sorted(set(items))
    return Cell(canonical_list(distinct), rules if len(distinct) == len(items) else (*rules, "list.repeated"))


def _enum(value: str, field: Field) -> Cell:
    if tokens_of(field, value):
        return Cell(value)
    if field.name == "status" and value.casefold() == "inactive":
        return Cell("tobedeleted", ("status.inactive",))
    alike = [token for token in field.tokens if token.casefold() == value.casefold()]
    return Cell(alike[0], ("enum.case",)) if len(alike) == 1 else _bad("enum.unknown")


def _bool(value: str, _: Field) -> Cell:
    if value in ("true", "false"):
        return Cell(value)
    folded = value.casefold()
    if folded in _TRUE | _FALSE:
        return Cell("true" if folded in _TRUE else "false", ("bool.form",))
    return _bad("bool.unknown")


def _date(value: str, field: Field) -> Cell:
    found = _DATE.fullmatch(value) or (_SLASHED[field.type].fullmatch(value) if field.type in _SLASHED else None)
    if not found:
        return _bad("date.unreadable")
    year, month, day = (int(found[name]) for name in ("year", "month", "day"))
    try:
        text = date(year, month, day).isoformat()
    except ValueError:
        return _bad("date.unreadable")
    return Cell(text, () if text == value else ("date.form",))


def read_datetime(value: str, _: Field) -> Cell:
    """A point in time as YYYY-MM-DDTHH:MM:SS.sssZ."""
    try:
        when = datetime.fromisoformat(value)
        when = (when if when.tzinfo else when.replace(tzinfo=UTC)).astimezone(UTC)
    except (ValueError, OverflowError):
        return _bad("datetime.unreadable")
    text = when.strftime("%Y-%m-%dT%H:%M:%S.") + f"{when.microsecond // 1000:03}Z"
    return Cell(text.rjust(24, "0"), () if _DATETIME.fullmatch(value) else ("datetime.form",))


def _year(value: str, _: Field) -> Cell:
    return Cell(value) if re.fullmatch(r"[0-9]{4}", value) else _bad("year.unreadable")


_READERS: dict[str, Callable[[str, Field], Cell]] = {
    "guid": _guid,
    "ref": _guid,
    "refs": _refs,
    "texts": _texts,
    "user_ids": _user_ids,
    "enum": _enum,
    "bool": _bool,
    **dict.fromkeys(("date", *_SLASHED), _date),
    "datetime": read_datetime,
    "year": _year,
}
_FAST = {
    "guid": f"^{GUID}$",
    "ref": f"^{GUID}$",
    "refs": f"^{GUID}(?:,{GUID})*$",
    "year": "^[0-9]{4}$",
    "user_ids": r'^\{[^:{},"\\[:cntrl:]]+:[^:{},"\\[:cntrl:]]+\}$',  # one item that JSON need not escape
}
