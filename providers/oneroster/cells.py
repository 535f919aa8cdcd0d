"""One cell at a time: what a text means under its column's type. Pure functions, called once per distinct value.

Each returns the canonical text (lists as JSON, dates as YYYY-MM-DD, booleans as true and false) and the rules that it
breaks. No text and ``bad``: the cell cannot be used. No text and not ``bad``: it is blank. The text that they are given
has no spaces around it.
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable
from datetime import UTC, date, datetime
from typing import NamedTuple

from providers.oneroster.spec import Field, tokens_of

SPACES = "".join(letter for letter in map(chr, range(0x3001)) if letter.isspace())
GUID = r"[0-9A-Za-z./@_-]{1,255}"
MANGLED = r"^\s*\d(?:[.,]\d+)?[eE]\+\d+\s*$"
"""An id that a spreadsheet turned into a number, such as 1.23E+11."""

GRADES = ("IT", "PR", "PK", "TK", "KG", *(f"{n:02}" for n in range(1, 14)), "PS", "UG", "Other")
"""CEDS entry grade levels, as OneRoster 1.1 wants them."""

GRADE_FORMS = {str(n): f"{n:02}" for n in range(1, 10)} | {"K": "KG", "k": "KG", "kg": "KG"}
"""How grades are often written, and how CEDS writes them."""

_TRUE = {"true", "1", "yes", "y", "t"}
_FALSE = {"false", "0", "no", "n", "f"}
_USER_ID = re.compile(r"\{[^:{}]+:[^{}]+\}")
_DATE = re.compile(r"(\d{4})-(\d{1,2})-(\d{1,2})(?:[T ]\d{2}:\d{2}(?::\d{2}(?:\.\d+)?)?(?:Z|[+-]\d{2}:?\d{2})?)?")
_OTHER_DATE = re.compile(r"(\d{1,2})[/.-](\d{1,2})[/.-](\d{4})(?: 0?0:00(?::00)?| 12:00:00 AM)?")
_DATETIME = re.compile(r"\d{4}-\d{2}-\d{2}T\d{2}:\d{2}:\d{2}\.\d{3}Z")
_YEARS = re.compile(r"(\d{4})\s?[-/–]\s?(\d{4}|\d{2})")


class Cell(NamedTuple):
    """What a cell means: its canonical text, the rules that it breaks, whether it cannot be used, and why."""

    text: str | None
    rules: tuple[str, ...] = ()
    bad: bool = False
    detail: str = ""  # holds the value: not for personal columns


def _bad(rule: str, detail: str = "") -> Cell:
    return Cell(None, (rule,), bad=True, detail=detail)


def canonical_list(items: list[str]) -> str | None:
    """The items as the canonical model writes a list: JSON without spaces, null for none."""
    return json.dumps(items, ensure_ascii=False, separators=(",", ":")) if items else None


def read_cell(value: str, field: Field, dates: str = "iso") -> Cell:
    """The cell under that column; ``dates``: how 3/4/2026 is meant (iso: nobody knows)."""
    if field.type == "date":
        return _date(value, dates)
    return _READERS[field.type](value, field)


def _guid(value: str, _: Field) -> Cell:
    if re.match(MANGLED, value):
        return _bad("guid.mangled", f"`{value[:40]}`")
    if re.fullmatch(GUID, value):
        return Cell(value)
    return Cell(value, ("guid.long",) if len(value) > 255 else ("guid.characters",))


def _items(value: str) -> tuple[list[str], tuple[str, ...]]:
    """The items of a comma-separated list, and the rules that it breaks."""
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
        return next(cell for cell in cells if cell.bad)
    distinct = list(dict.fromkeys(items))
    repeated = ("list.repeated",) if len(distinct) < len(items) else ()
    broken = (*rules, *repeated, *(rule for cell in cells for rule in cell.rules))
    return Cell(",".join(distinct) or None, tuple(dict.fromkeys(broken)))


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
    typed = [item if _USER_ID.fullmatch(item) else f"{{unknown:{item}}}" for item in items]
    return _set(typed, rules if typed == items else (*rules, "user-ids.form"))


def _set(items: list[str], rules: tuple[str, ...]) -> Cell:
    distinct = sorted(set(items))
    return Cell(canonical_list(distinct), rules if len(distinct) == len(items) else (*rules, "list.repeated"))


def _enum(value: str, field: Field) -> Cell:
    if tokens_of(field, value):
        return Cell(value)
    if field.name == "status" and value.casefold() == "inactive":
        return Cell("tobedeleted", ("status.inactive",))
    alike = [token for token in field.tokens if token.casefold() == value.casefold()]
    if len(alike) == 1:
        return Cell(alike[0], ("enum.case",))
    allowed = ", ".join([*field.tokens, *(["ext:…"] if field.extensible else [])])
    return _bad("enum.unknown", f"`{value[:40]}`; allowed: {allowed}")


def _bool(value: str, _: Field) -> Cell:
    if value in ("true", "false"):
        return Cell(value)
    folded = value.casefold()
    if folded in _TRUE | _FALSE:
        return Cell("true" if folded in _TRUE else "false", ("bool.form",))
    return _bad("bool.unknown", f"`{value[:40]}`")


def _day(year: str, month: str, day: str) -> date | None:
    try:
        return date(int(year), int(month), int(day))
    except ValueError:
        return None


def _date(value: str, dates: str) -> Cell:
    """A date. Where the year is last, day and month are read as the district says, or where only one reading is."""
    if found := _DATE.fullmatch(value):
        day = _day(found[1], found[2], found[3])
        readings = [day] if day else []
    elif found := _OTHER_DATE.fullmatch(value):
        first, second, year = found.groups()
        both = {"month-first": _day(year, first, second), "day-first": _day(year, second, first)}
        wanted = both.values() if dates == "iso" else [both[dates]]
        readings = list(dict.fromkeys(day for day in wanted if day))
    else:
        readings = []
    if not readings:
        return _bad("date.unreadable", f"`{value[:40]}`")
    if len(readings) > 1:
        one, other = (f"{day:%B} {day.day}" for day in readings)
        return _bad("date.ambiguous", f"`{value}` can be {one} or {other}; set `dates`")
    text = readings[0].isoformat()
    return Cell(text, () if text == value else ("date.form",))


def _datetime(value: str, _: Field) -> Cell:
    """A point in time as YYYY-MM-DDTHH:MM:SS.sssZ."""
    try:
        when = datetime.fromisoformat(value)
        when = (when if when.tzinfo else when.replace(tzinfo=UTC)).astimezone(UTC)
    except (ValueError, OverflowError):
        return _bad("datetime.unreadable", f"`{value[:40]}`")
    text = when.strftime("%Y-%m-%dT%H:%M:%S.") + f"{when.microsecond // 1000:03}Z"
    return Cell(text.rjust(24, "0"), () if _DATETIME.fullmatch(value) else ("datetime.form",))


def _year(value: str, _: Field) -> Cell:
    """The year in which a school year ends; ``2026-2027`` and ``2026-27`` name both of its years."""
    if re.fullmatch(r"[0-9]{4}", value):
        return Cell(value)
    if found := _YEARS.fullmatch(value):
        end = str(int(found[1]) + 1)
        if end.endswith(found[2]):
            return Cell(end, ("year.span",), detail=f"`{value}` is read as {end}")
    return _bad("year.unreadable", f"`{value[:40]}`")


_READERS: dict[str, Callable[[str, Field], Cell]] = {
    "guid": _guid,
    "ref": _guid,
    "refs": _refs,
    "texts": _texts,
    "user_ids": _user_ids,
    "enum": _enum,
    "bool": _bool,
    "datetime": _datetime,
    "year": _year,
}
