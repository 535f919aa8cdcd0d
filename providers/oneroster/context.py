"""What the checks of several rows need to know of records that are not read, remembered from night to night."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import polars as pl

from providers.oneroster.celltable import DELETED, KEY
from providers.oneroster.guardians import people_of, roles_of
from providers.oneroster.rosterfile import FileRead, Opened
from providers.oneroster.semantics import class_spans
from providers.oneroster.ties import gone, ties_of
from rosterkit.intake.cache import Cache, tie
from rosterkit.intake.places import AT

__all__ = ["People", "fundament", "listeners", "other_spans", "people_tonight", "spans_tonight"]

_PEOPLE: dict[str, type[pl.DataType]] = {"key": pl.UInt64, "kind": pl.String, "relation": pl.String}
_SPANS: dict[str, type[pl.DataType]] = {"class": pl.UInt64, "first": pl.String, "last": pl.String}


@dataclass(frozen=True)
class People:
    """What everybody is, by the tie of their key: key, kind, relation.

    ``known``: from last time, but for those of whom tonight's files say something else (``touched``); ``read``: these.
    """

    known: pl.DataFrame
    touched: pl.Series
    read: pl.DataFrame

    def of(self, keys: pl.Series) -> pl.DataFrame:
        """What these people are; who is unknown is not there."""
        listed = keys.drop_nulls().implode()
        known = self.known.filter(pl.col("key").is_in(listed) & ~pl.col("key").is_in(self.touched.implode()))
        return pl.concat([known, self.read.filter(pl.col("key").is_in(listed))])

    def every(self) -> pl.DataFrame:
        """What everybody is."""
        return pl.concat([self.known.filter(~pl.col("key").is_in(self.touched.implode())), self.read])

    def moved(self) -> pl.Series:
        """Who is something else than last time, or is nobody, or has become somebody."""
        before = self.known.filter(pl.col("key").is_in(self.touched.implode()))
        both = before.join(self.read, on=list(_PEOPLE), how="full", nulls_equal=True, suffix="_now")
        others = both.filter(pl.col("key").is_null() | pl.col("key_now").is_null())
        return pl.concat([others["key"], others["key_now"]]).drop_nulls()


def fundament(reads: Mapping[str, FileRead], version: str) -> pl.DataFrame:
    """What every other file is judged by: the version, the types of orgs, types and dates of sessions."""
    rows = [pl.DataFrame({"file": ["version"], "key": [version], "told": [""]})]
    for name, columns in (("orgs", ["type"]), ("academicSessions", ["type", "startDate", "endDate"])):
        read = reads[name]
        if read.state != "absent":
            told = [pl.col(c) if c in read.present else pl.lit(None, pl.String) for c in columns]
            text = pl.concat_str([cell.fill_null("") for cell in told], separator="\x1f")
            standing = read.rows.filter(~pl.col(DELETED))
            rows.append(standing.select(file=pl.lit(f"{name} {read.state}"), key=KEY, told=text).sort("key"))
    return pl.concat(rows)


def people_tonight(opened: Mapping[str, Opened], reads: Mapping[str, FileRead], cache: Cache | None) -> People:
    """What is remembered of those whose records were not read, and what was read of the others."""
    told = people_of(roles_of(reads["users"], reads.get("roles")))
    read = told.select("kind", "relation", key=tie("person")).select(list(_PEOPLE))
    name, label = _who_says_roles(reads)
    if cache is None or not (name in opened and opened[name].cached):
        return People(read.clear(), pl.Series([], dtype=pl.UInt64), read)
    touched = pl.concat([gone(opened[name])[label], ties_of(name, opened[name].texts)[label]]).drop_nulls()
    return People(cache.context["people"], touched, read)


def _who_says_roles(reads: Mapping[str, FileRead]) -> tuple[str, str]:
    """The file that says what people are, and its tie to them."""
    return ("roles", "user") if "roles" in reads and "role" not in reads["users"].present else ("users", "key")


def spans_tonight(opened: Mapping[str, Opened], reads: Mapping[str, FileRead], cache: Cache | None) -> pl.DataFrame:
    """First and last day of each class's terms where all are known, by the tie of its key: class, first, last."""
    classes, sessions = reads["classes"], reads["academicSessions"]
    if "termSourcedIds" not in classes.present or not sessions.present.issuperset(("startDate", "endDate")):
        return pl.DataFrame(schema=_SPANS)
    listed = classes.rows.select(item=pl.col("termSourcedIds").str.split(","), **{"class": tie(KEY)}).explode("item")
    read = class_spans(listed, sessions.rows.select("startDate", "endDate", item=KEY)).select(list(_SPANS))
    if cache is None or "classes" not in opened or not opened["classes"].cached:
        return pl.concat([pl.DataFrame(schema=_SPANS), read])
    touched = pl.concat([gone(opened["classes"])["key"], ties_of("classes", opened["classes"].texts)["key"]])
    return pl.concat([cache.context["spans"].filter(~pl.col("class").is_in(touched.drop_nulls().implode())), read])


def other_spans(spans: pl.DataFrame, cache: Cache) -> pl.Series:
    """The classes whose terms span other days than last time."""
    before = cache.context["spans"]
    new, old = (one.join(other, on=list(_SPANS), how="anti") for one, other in ((spans, before), (before, spans)))
    return pl.concat([new["class"], old["class"]]).unique()


def listeners(users: Opened, people: People) -> pl.Series:
    """Of last time's users that are the same, those who list somebody who is now something else."""
    assert users.cached is not None
    assert users.csv.lines is not None
    moved = people.moved()
    if moved.is_empty():
        return pl.Series([], dtype=AT)
    listing = users.cached.frames["list/agents"].filter(pl.col("hash").is_in(moved.implode()))["at"].unique()
    return listing.filter(users.csv.lines.places.now(listing).is_not_null())
