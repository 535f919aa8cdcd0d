"""What ties the records of a package together: where one changed, which others must be read again with it.

The checks of ``semantics`` and ``guardians`` look at several rows at once. A record that is the same as last time is
spared them only if nothing that they look at beside it has changed: whoever shares a tie with a record that is read, is
read too. What ties a record to rows that are not read, and of which little need be known, stands in ``Context``.
"""

from __future__ import annotations

from collections.abc import Mapping

import polars as pl

from providers.oneroster.celltable import LINE
from providers.oneroster.rosterfile import Opened
from rosterkit.intake.cache import among, tie

__all__ = ["NOT_FILTERED", "further", "gone", "same", "ties_of"]

NOT_FILTERED = ("orgs", "academicSessions")
"""Few, and so much depends on them: always read whole."""

_ROLE = pl.col("role").str.to_lowercase()
_TIES: dict[str, dict[str, tuple[str | pl.Expr, ...]]] = {
    "courses": {"key": ("sourcedId",)},
    "classes": {"key": ("sourcedId",), "terms": ("termSourcedIds",)},
    "users": {"key": ("sourcedId",), "username": ("username",)},
    "userProfiles": {"key": ("sourcedId",), "user": ("userSourcedId",)},
    "roles": {"key": ("sourcedId",), "user": ("userSourcedId",), "profile": ("userProfileSourcedId",)},
    "enrollments": {
        "key": ("sourcedId",),
        "seat": ("classSourcedId", "userSourcedId", _ROLE),
        "class": ("classSourcedId",),
    },
    "demographics": {"key": ("sourcedId",)},
}
_SHARED = ("key", "username", "seat")
"""Ties that records of one file have with each other."""

_OF_A_USER = {"users": "key", "userProfiles": "user", "roles": "user"}
_COLUMNS = {"seat": ("classSourcedId", "userSourcedId", "role")}


def ties_of(name: str, texts: pl.DataFrame) -> pl.DataFrame:
    """LINE and the ties of these rows of a file, each a hash or null."""

    def of(cells: tuple[str | pl.Expr, ...], label: str) -> pl.Expr:
        needed = _COLUMNS.get(label, cells)
        known = all(isinstance(c, str) and c in texts.columns for c in needed)
        return (tie(*cells) if known else pl.lit(None, pl.UInt64)).alias(label)

    return texts.select(LINE, *(of(cells, label) for label, cells in _TIES.get(name, {}).items()))


def _parted(opened: Opened, *, met: bool) -> pl.DataFrame:
    """Last time's records that were met tonight, or those that were not, with ``at``."""
    if opened.cached is None or opened.csv.lines is None:
        return pl.DataFrame(schema={"at": pl.Int64})
    records = opened.cached.records
    there = among(records.height, opened.csv.lines.frame["was"].drop_nulls())
    at = pl.int_range(records.height, dtype=pl.Int64, eager=True).alias("at")
    return records.with_columns(at).filter(there if met else ~there)


def same(opened: Opened) -> pl.DataFrame:
    """Last time's records, with ``at``, that are the same tonight; none of a file that was read whole."""
    return _parted(opened, met=True)


def gone(opened: Opened) -> pl.DataFrame:
    """Last time's records, with ``at``, that are not there, are others, or were read though they are the same."""
    return _parted(opened, met=False)


def further(opened: Mapping[str, Opened]) -> dict[str, pl.Series]:
    """By file the records of last time that must be read again because of others, beyond those that are."""
    read = {name: ties_of(name, one.texts) for name, one in opened.items() if one.texts.width}
    filtered = {name: one for name, one in opened.items() if one.cached}
    kept = {name: same(one) for name, one in filtered.items()}
    left = {name: gone(one) for name, one in filtered.items()}
    users = _users(read, left)
    out: dict[str, pl.Series] = {}
    for name, records in kept.items():
        hit = pl.lit(value=False)
        for label in _SHARED:
            if label in records.columns:
                hit = hit | pl.col(label).is_in(read[name][label].drop_nulls().implode())
        if "roles" in opened and name in _OF_A_USER:
            hit = hit | pl.col(_OF_A_USER[name]).is_in(users.implode())
        if name == "userProfiles" and "roles" in read:
            hit = hit | pl.col("key").is_in(read["roles"]["profile"].drop_nulls().implode())
        if name == "enrollments" and "classes" in filtered:
            hit = hit | pl.col("class").is_in(_other_terms(read["classes"], left["classes"]).implode())
        more = records.filter(hit)["at"]
        if more.len():
            out[name] = more
    return out


def _users(read: Mapping[str, pl.DataFrame], left: Mapping[str, pl.DataFrame]) -> pl.Series:
    """Of 1.2, users of whom a row of any file is read, or is gone: their rows are read together."""
    found = [pl.Series([], dtype=pl.UInt64)]
    for name, label in _OF_A_USER.items():
        found += [frames[name][label] for frames in (read, left) if name in frames and label in frames[name].columns]
    return pl.concat(found).drop_nulls().unique()


def _other_terms(read: pl.DataFrame, left: pl.DataFrame) -> pl.Series:
    """Classes that list other terms than last time."""
    both = read.join(left.select("key", old="terms"), on="key")
    return both.filter(pl.col("terms").ne_missing(pl.col("old")))["key"]
