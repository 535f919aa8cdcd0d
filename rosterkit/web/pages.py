"""Templates: everything that is shown is escaped, and what an account may not see is masked on its way out."""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Mapping
from contextvars import ContextVar
from dataclasses import dataclass
from datetime import datetime, tzinfo
from functools import cache
from typing import Any
from urllib.parse import urlencode

from jinja2 import Environment, PackageLoader, StrictUndefined
from markupsafe import Markup

from rosterkit.render.labels import moment, visible, where

ANOTHER = "another school"
"""What stands in the place of the id or name of a school that the account does not see."""

_LONG = 3  # characters, of numbers one more: a shorter id is masked where it is the whole value, not within a text


@dataclass(frozen=True)
class Mask:
    """Words of schools that are not to be seen: ids, names and numbers."""

    whole: frozenset[str]
    within: re.Pattern[str] | None

    @classmethod
    def of(cls, words: Iterable[str]) -> Mask:
        every = {word for word in words if word}
        long = sorted((word for word in every if len(word) >= _LONG + word.isdecimal()), key=len, reverse=True)
        pattern = re.compile(rf"(?<!\w)(?:{'|'.join(map(re.escape, long))})(?!\w)") if long else None
        return cls(frozenset(every), pattern)

    def __call__(self, text: str) -> str:
        if text in self.whole:
            return ANOTHER
        return self.within.sub(ANOTHER, text) if self.within else text


_MASK: ContextVar[Mask | None] = ContextVar("mask", default=None)


def seen_through(mask: Mask | None) -> None:
    """From here on, in this request, every text that is shown goes through this mask."""
    _MASK.set(mask)


def masked(text: str) -> str:
    """The text as the account may see it."""
    mask = _MASK.get()
    return mask(text) if mask else text


def _finalized(value: Any) -> Any:
    return visible(masked(value)) if isinstance(value, str) and not isinstance(value, Markup) else value


def _count(number: float) -> Markup:
    return Markup(f"{number:,}")  # noqa: S704 - a number; as Markup it is not taken for the number of a school


def _many(number: int, one: str, several: str = "") -> Markup:
    """``1 record``, ``2 records``."""
    return _count(number) + " " + (one if number == 1 else several or f"{one}s")


def _plain(text: str) -> str:
    """A list without JSON's brackets and quotation marks: ``03, 04``."""
    if not text.startswith('["'):
        return text
    return ", ".join(json.loads(text))


def _query(values: Mapping[str, object], **changed: object) -> str:
    """A query with some values changed; blank ones are left out."""
    return "?" + urlencode({k: str(v) for k, v in {**values, **changed}.items() if v not in ("", None, False)})


def _size(number: int) -> Markup:
    """``1.4 MB``."""
    for unit, size in (("GB", 1 << 30), ("MB", 1 << 20), ("kB", 1 << 10)):
        if number >= size:
            return Markup("{:.1f} {}").format(number / size, unit)
    return _many(number, "byte")


def _age(at: datetime, now: datetime) -> Markup:
    """``3 hours ago``."""
    seconds = max(int((now - at).total_seconds()), 0)
    for one, size in (("day", 86_400), ("hour", 3_600), ("minute", 60)):
        if seconds >= size:
            return _many(seconds // size, one) + " ago"
    return Markup("just now")


@cache
def _environment() -> Environment:
    made = Environment(
        loader=PackageLoader("rosterkit.web", "templates"),
        autoescape=True,
        undefined=StrictUndefined,
        finalize=_finalized,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    made.filters |= {"count": _count, "many": _many, "size": _size, "query": _query, "plain": _plain}
    made.globals |= {"place": where}
    return made


def rendered(template: str, zone: tzinfo, at: datetime, /, **values: object) -> str:
    """The page. Times are shown in the district's zone; ages are those at ``at``."""
    shown = {
        "moment": lambda then: Markup("{}").format(moment(then, zone)),
        "age": lambda then: _age(then, at),
    }
    return _environment().get_template(template).render(**shown, **values)
