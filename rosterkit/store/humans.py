"""Which rows of the store are one human: a block outlasts a new id, another spelling and a second source.

Names are compared as words and as letters, without case, accents, punctuation and order. With each block lies what was
known of its people since (``Known``): an id may be given to another person, and the earlier one come back under a new
id.
"""

from __future__ import annotations

import json
import re
import sqlite3
import unicodedata
from collections import defaultdict
from collections.abc import Collection, Iterable, Iterator, Mapping
from dataclasses import dataclass
from functools import cached_property

_OWN = ("identifier", "state_id", "username")
"""What one person alone has."""
_NAMES = ("given_name", "family_name")
_NUMBERS = ("sms", "phone")
COLUMNS = (*_NAMES, *_OWN, "email", *_NUMBERS)
"""The columns of a user that say who it is."""
_DIGITS = 7  # fewer are no telephone number
_WHOLE = 2  # so many words are a name by themselves

_PLAIN = str.maketrans({"ø": "o", "ł": "l", "đ": "d", "ð": "d", "ß": "ss", "æ": "a", "œ": "o", "þ": "th", "ı": "i"})


def _words(name: str | None) -> frozenset[str]:
    """The words of a name: "Ó'Müller-Søn" has "omuller" and "son", as has "OMueller Son"."""
    bare = "".join(c for c in unicodedata.normalize("NFKD", name or "") if unicodedata.category(c) not in ("Mn", "Cf"))
    plain = re.sub("['\u2019\u02bc`]", "", bare.lower().translate(_PLAIN))
    return frozenset(re.sub("([aou])e", r"\1", word) for word in re.findall(r"\w+", plain))


def _number(value: str) -> str:
    digits = re.sub(r"\D", "", value)[-10:]
    return digits if len(digits) >= _DIGITS else ""


@dataclass(frozen=True)
class Known:
    """What is known of a person: the texts of COLUMNS."""

    values: tuple[str | None, ...]

    @cached_property
    def _by_name(self) -> dict[str, str | None]:
        return dict(zip(COLUMNS, self.values, strict=True))

    @cached_property
    def given(self) -> frozenset[str]:
        return _words(self._by_name["given_name"])

    @cached_property
    def words(self) -> frozenset[str]:
        """The words of both names."""
        return self.given | _words(self._by_name["family_name"])

    @cached_property
    def letters(self) -> str:
        """The letters of both names, sorted: "O Brien" has those of "OBrien"."""
        return "".join(sorted("".join(self.words)))

    @cached_property
    def own(self) -> frozenset[tuple[str, str]]:
        """What this person alone has: kind and value."""
        found = {(name, (self._by_name[name] or "").strip().lower().lstrip("0")) for name in _OWN}
        return frozenset(pair for pair in found if pair[1])

    @cached_property
    def email(self) -> str:
        return (self._by_name["email"] or "").strip().lower()

    @cached_property
    def numbers(self) -> frozenset[str]:
        return frozenset(filter(None, (_number(self._by_name[name] or "") for name in _NUMBERS)))


def _begins(some: frozenset[str], every: frozenset[str]) -> bool:
    """Whether each of some words is one of the others, or one of the two begins as the other."""
    return all(any(a.startswith(b) or b.startswith(a) for b in every) for a in some)


def _alike(one: Known, other: Known) -> bool:
    """Whether the names may be those of one person: all words of one are words of the other, or begin so."""
    return one.letters == other.letters or _begins(one.words, other.words) or _begins(other.words, one.words)


def _met(one: Known, other: Known) -> bool:
    """Whether a word of the names is the same, or begins so; or one of them has no name."""
    return not one.words or not other.words or any(_begins(frozenset({word}), other.words) for word in one.words)


def same_human(one: Known, other: Known) -> bool:
    """A number, state id or username in common, and a word of the names; or the e-mail address, and names alike."""
    own = bool(one.own & other.own) and _met(one, other)
    return own or (bool(one.email) and one.email == other.email and _alike(one, other))


def same_adult(one: Known, other: Known) -> bool:
    """As ``same_human``; an address or telephone in common also where only the given name is alike."""
    shared = bool(one.numbers & other.numbers) or (bool(one.email) and one.email == other.email)
    near = _alike(one, other) or (bool(one.given) and one.given == other.given)
    return same_human(one, other) or (shared and near)


def same_name(one: Known, other: Known) -> bool:
    """The same letters, or every word of one name, if it has two, in the other."""
    if not one.words or not other.words:
        return False
    few, many = sorted((one.words, other.words), key=len)
    return one.letters == other.letters or (len(few) >= _WHOLE and few <= many)


@dataclass(frozen=True)
class Row:
    """A user of the store that may be one of those who were looked for."""

    id: int
    created: int  # the revision
    known: Known


Side = tuple[int, str]
"""A block, and which of its people: the ``record`` or the ``student``."""


class People:
    """The users of a store, as the connection sees them."""

    def __init__(self, connection: sqlite3.Connection) -> None:
        self._connection = connection

    def rows(self, ids: Iterable[int]) -> dict[int, Row]:
        """These users, by id."""
        return {row.id: row for row in self._select("id in (select value from json_each(?))", sorted(set(ids)))}

    def humans(self, wanted: Mapping[Side, Collection[Known]]) -> dict[Side, list[Row]]:
        """The rows of everybody who is looked for (``same_human``), by the side of a block. One look at the table."""
        index: dict[tuple[str, str], set[Side]] = defaultdict(set)
        for key, several in wanted.items():
            for pair in (pair for known in several for pair in _evidence(known)):
                index[pair].add(key)
        found: dict[Side, list[Row]] = {key: [] for key in wanted}
        compared = {name: f"ltrim(lower(trim({name})),'0')" for name in _OWN} | {"email": "lower(trim(email))"}
        texts = " or ".join(f"{text} in (select value from json_each(?1))" for text in compared.values())
        for row in self._select(texts, sorted({value for _, value in index})) if index else ():
            for key in sorted({key for pair in _evidence(row.known) for key in index.get(pair, ())}):
                if any(same_human(known, row.known) for known in wanted[key]):
                    found[key].append(row)
        return found

    def linked(self, side: str, ids: Collection[int]) -> dict[int, set[int]]:
        """By these guardians or students (``side``) whom a link ever joined with them."""
        own, other = ("guardian_id", "student_id") if side == "guardian" else ("student_id", "guardian_id")
        query = f"select {own}, {other} from guardian_link where {own} in (select value from json_each(?))"
        found: dict[int, set[int]] = defaultdict(set)
        for one, another in self._connection.execute(query, (json.dumps(sorted(ids)),)):
            found[one].add(another)
        return found

    def _select(self, where: str, values: list[int] | list[str]) -> Iterator[Row]:
        query = f"select id, created_revision, {','.join(COLUMNS)} from user where {where}"
        for row in self._connection.execute(query, (json.dumps(values),)):
            yield Row(row[0], row[1], Known(tuple(row[2:])))


def _evidence(known: Known) -> Iterator[tuple[str, str]]:
    yield from known.own
    if known.email:
        yield "email", known.email
