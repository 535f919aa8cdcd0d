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

__all__ = ["Context", "context_of", "fundament", "listeners"]

_PEOPLE: dict[str, type[pl.DataType]] = {"key": pl.UInt64, "kind": pl.String, "relation": pl.String}
_SPANS: dict[str, type[pl.DataType]] = {"class": pl.UInt64, "first": pl.String, "last": pl.String}


@dataclass(frozen=True)
class Context:
    """``people``: what everybody is, by the tie of their key; ``spans``: first and last day of each class's terms."""

    people: pl.DataFrame
    spans: pl.DataFrame


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


def context_of(opened: Mapping[str, Opened], reads: Mapping[str, FileRead], cache: Cache | None) -> Context:
    """The context after tonight: what is remembered of records that were not read, and what was read of the others."""
    people = _people(opened, reads, cache)
    return Context(people, _spans(opened, reads, cache))


def _people(opened: Mapping[str, Opened], reads: Mapping[str, FileRead], cache: Cache | None) -> pl.DataFrame:
    told = people_of(roles_of(reads["users"], reads.get("roles")))
    read = told.select("kind", "relation", key=tie("person")).select(list(_PEOPLE))
    name, label = _who_says_roles(reads)
    if cache is None or not (name in opened and opened[name].cached):
        return pl.concat([pl.DataFrame(schema=_PEOPLE), read])
    touched = pl.concat([gone(opened[name])[label], ties_of(name, opened[name].texts)[label]]).drop_nulls()
    return pl.concat([cache.context["people"].filter(~pl.col("key").is_in(touched.implode())), read])


def _who_says_roles(reads: Mapping[str, FileRead]) -> tuple[str, str]:
    """The file that says what people are, and its tie to them."""
    return ("roles", "user") if "roles" in reads and "role" not in reads["users"].present else ("users", "key")


def _spans(opened: Mapping[str, Opened], reads: Mapping[str, FileRead], cache: Cache | None) -> pl.DataFrame:
    classes, sessions = reads["classes"], reads["academicSessions"]
    if "termSourcedIds" not in classes.present or not sessions.present.issuperset(("startDate", "endDate")):
        return pl.DataFrame(schema=_SPANS)
    listed = classes.rows.select(item=pl.col("termSourcedIds").str.split(","), **{"class": tie(KEY)}).explode("item")
    read = class_spans(listed, sessions.rows.select("startDate", "endDate", item=KEY)).select(list(_SPANS))
    if cache is None or "classes" not in opened or not opened["classes"].cached:
        return pl.concat([pl.DataFrame(schema=_SPANS), read])
    touched = pl.concat([gone(opened["classes"])["key"], ties_of("classes", opened["classes"].texts)["key"]])
    return pl.concat([cache.context["spans"].filter(~pl.col("class").is_in(touched.drop_nulls().implode())), read])


def listeners(opened: Mapping[str, Opened], context: Context, cache: Cache) -> pl.Series:
    """Of last time's users, those who list somebody who is now something else, or is nobody, or has become somebody."""
    users = opened["users"]
    assert users.cached is not None
    assert users.csv.lines is not None
    before, now = cache.context["people"], context.people
    both = before.join(now, on=list(_PEOPLE), how="full", nulls_equal=True, suffix="_now")
    others = both.filter(pl.col("key").is_null() | pl.col("key_now").is_null())
    moved = pl.concat([others["key"], others["key_now"]]).drop_nulls()
    listing = users.cached.lists["agents"].filter(pl.col("hash").is_in(moved.implode()))["at"].unique()
    return listing.filter(listing.is_in(users.csv.lines.frame["was"].drop_nulls().implode()))
