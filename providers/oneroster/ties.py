"""What ties the records of a package together: where one changed, which others must be read again with it.

The checks of ``semantics`` and ``guardians`` look at several rows at once. A record that is the same as last time is
spared them only if nothing that they look at beside it has changed: whoever shares a tie with a record that is read, is
read too. What ties a record to rows that are not read, and of which little need be known, stands in ``Context``.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping

import polars as pl

from providers.oneroster.celltable import LINE
from providers.oneroster.rosterfile import Opened
from rosterkit.intake.cache import CachedFile, tie
from rosterkit.intake.places import AT

__all__ = ["NOT_FILTERED", "SHARED", "TOGETHER", "further", "gone", "tied", "ties_of"]

NOT_FILTERED = ("orgs", "academicSessions")
"""Few, and so much depends on them: always read whole."""

TOGETHER = ("users", "userProfiles", "roles")
"""Of 1.2: each is judged by all of the others, so that they are filtered together or not at all."""

_TIES: dict[str, dict[str, tuple[str, ...]]] = {
    "courses": {"key": ("sourcedId",)},
    "classes": {"key": ("sourcedId",)},
    "users": {"key": ("sourcedId",), "username": ("username",)},
    "userProfiles": {"key": ("sourcedId",), "user": ("userSourcedId",)},
    "roles": {"key": ("sourcedId",), "user": ("userSourcedId",), "profile": ("userProfileSourcedId",)},
    "enrollments": {
        "key": ("sourcedId",),
        "seat": ("classSourcedId", "userSourcedId", "role"),
        "class": ("classSourcedId",),
    },
    "demographics": {"key": ("sourcedId",)},
}
SHARED = ("key", "username", "seat")
"""Ties that records of one file have with each other."""

_OF_A_USER = {"users": "key", "userProfiles": "user", "roles": "user"}


def ties_of(name: str, texts: pl.DataFrame) -> pl.DataFrame:
    """LINE and the ties of these rows of a file, each a hash or null."""

    def of(cells: tuple[str, ...], label: str) -> pl.Expr:
        if not set(cells) <= set(texts.columns):
            return pl.lit(None, pl.UInt64).alias(label)
        return tie(*(_folded(texts["role"]) if cell == "role" else cell for cell in cells)).alias(label)

    return texts.select(LINE, *(of(cells, label) for label, cells in _TIES.get(name, {}).items()))


def _folded(words: pl.Series) -> pl.Expr:
    """The words without their case, as tokens are read: few of them stand in many rows."""
    distinct = words.drop_nulls().unique().to_list()
    return pl.col(words.name).replace_strict({word: word.casefold() for word in distinct}, return_dtype=pl.String)


def gone(opened: Opened) -> pl.DataFrame:
    """Ties of last time's records that are not there, are others, or were read though they are the same."""
    labels = list(_TIES.get(opened.file.name, {}))
    if opened.cached is None or opened.csv.lines is None or not (left := opened.csv.lines.places.left()).len():
        return pl.DataFrame(schema=dict.fromkeys(labels, pl.UInt64))
    return opened.cached.records.select(labels)[left]


def further(opened: Mapping[str, Opened], waiting: Mapping[str, CachedFile]) -> dict[str, pl.Series]:
    """By file the records of last time that must be read again because of others, beyond those that are.

    ``waiting``: files that are not opened yet, as they are remembered.
    """
    read = {name: ties_of(name, one.texts) for name, one in opened.items() if one.texts.width}
    left = {name: gone(one) for name, one in opened.items()}
    users = _users(read, left)
    out: dict[str, pl.Series] = {}
    for name, cached in ({name: one.cached for name, one in opened.items() if one.cached} | dict(waiting)).items():
        asked = [(label, read[name][label]) for label in SHARED if name in read and label in _TIES[name]]
        if name in _OF_A_USER and ("roles" in opened or "roles" in waiting):
            asked.append((_OF_A_USER[name], users))
        if name == "userProfiles" and "roles" in read:
            asked.append(("key", read["roles"]["profile"]))
        if name == "roles":
            asked += [("profile", some["userProfiles"]["key"]) for some in (read, left) if "userProfiles" in some]
        more = tied(cached, asked)
        lines = opened[name].csv.lines if name in opened else None
        more = more.filter(lines.places.now(more).is_not_null()) if lines else more
        if more.len():
            out[name] = more
    return out


def tied(cached: CachedFile, asked: Iterable[tuple[str, pl.Series]]) -> pl.Series:
    """Which of last time's records have one of these ties, by label."""
    hits = [pl.col(label).is_in(values.drop_nulls().implode()) for label, values in asked if values.count()]
    if not hits:
        return pl.Series([], dtype=AT)
    return cached.records.select(pl.any_horizontal(hits)).to_series().fill_null(value=False).arg_true()


def _users(read: Mapping[str, pl.DataFrame], left: Mapping[str, pl.DataFrame]) -> pl.Series:
    """Of 1.2, users of whom a row of any file is read, or is gone: their rows are read together."""
    found = [pl.Series([], dtype=pl.UInt64)]
    for name, label in _OF_A_USER.items():
        found += [frames[name][label] for frames in (read, left) if name in frames and label in frames[name].columns]
    return pl.concat(found).drop_nulls().unique()
