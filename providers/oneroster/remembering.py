"""What is remembered of tonight's files, so that tomorrow only what differs need be read."""

from __future__ import annotations

from collections.abc import Mapping

import polars as pl

from providers.oneroster.celltable import DELETED, LINE
from providers.oneroster.context import Context
from providers.oneroster.rosterfile import FileRead, Opened
from providers.oneroster.state import HABITS
from providers.oneroster.ties import NOT_FILTERED, ties_of
from rosterkit.intake.cache import CARRIED, CachedFile, Memory, tie

__all__ = ["carry", "memory_of"]

_OF_SEVERAL = ("row.repeated", "row.conflict", "agents.", "semantic.")
_ALONE = ("semantic.school-type", "semantic.school-year-type", "semantic.subject-codes", "semantic.dates")
"""Of the findings that look at several rows, those that change only where the record does, or what all is judged by."""


def carry(opened: Opened) -> None:
    """Notes what is known of the records that are the same as last time."""
    cached, lines = opened.cached, opened.csv.lines
    if cached is None or lines is None:
        return
    places = lines.frame.select("was", line=LINE).drop_nulls()
    known = cached.carried.join(places, left_on="at", right_on="was")
    for (rule, column), hits in known.group_by("rule", "column", maintain_order=True):
        opened.notes.many(str(rule), hits.select("line", "value", "key", "detail"), column=str(column))
    for rule, column in HABITS:
        with_habit = cached.records.with_row_index("was").filter(pl.col(rule))
        met = places.join(with_habit.select(pl.col("was").cast(pl.Int64)), on="was", how="semi")
        opened.notes.habit(rule, met["line"], column=column)


def memory_of(
    opened: Mapping[str, Opened], reads: Mapping[str, FileRead], context: Context, fundament: pl.DataFrame
) -> Memory:
    """What is to be remembered, once every file is read and checked."""
    files, lines = {}, {}
    for name, one in opened.items():
        if name in NOT_FILTERED or one.csv.lines is None or one.mode != "bulk" or reads[name].state == "absent":
            continue
        member = reads[name].member
        files[member] = _file(name, one, reads[name])
        lines[member] = one.csv.lines.frame.select("was", line=LINE)
    return Memory(files, lines, {"people": context.people, "spans": context.spans, "fundament": fundament})


def _file(name: str, opened: Opened, read: FileRead) -> CachedFile:
    assert opened.csv.lines is not None
    lines = opened.csv.lines.frame
    hits = read.notes.hits()
    records = _records(name, opened, read, lines, _of_several(hits)["line"])
    places = lines.select(line=LINE).with_row_index("at").with_columns(pl.col("at").cast(pl.Int64))
    steady = places.filter(~records["again"])
    carried = hits.join(steady, on="line").select(list(CARRIED))
    lists = {"agents": _agents(opened, places)} if name == "users" else {}
    return CachedFile(opened.csv.lines.header, records, *opened.digests, lists, carried)


def _of_several(hits: pl.DataFrame) -> pl.DataFrame:
    several = pl.any_horizontal(pl.col("rule").str.starts_with(start) for start in _OF_SEVERAL)
    return hits.filter(several & ~pl.col("rule").is_in(_ALONE))


def _records(name: str, opened: Opened, read: FileRead, lines: pl.DataFrame, several: pl.Series) -> pl.DataFrame:
    """CachedFile.records of tonight."""
    rows = read.rows.filter(~pl.col(DELETED) & ~_any_unread(read))
    filled = [pl.col(column).is_not_null().alias(rule) for rule, column in HABITS]
    told = ties_of(name, opened.texts).join(rows.select(LINE, *filled, sound=pl.lit(value=True)), on=LINE, how="left")
    told = told.with_columns(again=pl.col("sound").is_null() | pl.col(LINE).is_in(several.implode())).drop("sound")
    new = lines.join(told, on=LINE, how="left", maintain_order="left")
    if opened.cached is not None:
        kept = lines.drop_nulls("was")
        before = opened.cached.records.drop("h1", "h2")[kept["was"]].with_columns(again=pl.lit(value=False))
        kept = pl.concat([kept, before], how="horizontal")
        new = pl.concat([kept, new.filter(pl.col("was").is_null()).select(kept.columns)]).sort(LINE)
    new = new.drop(LINE, "was").with_columns(pl.col("again").fill_null(value=True))
    twice = pl.struct("h1", "h2").is_duplicated()
    return new.with_columns(pl.col(rule).fill_null(value=False) for rule, _ in HABITS).with_columns(
        again=pl.col("again") | twice
    )


def _any_unread(read: FileRead) -> pl.Expr:
    return pl.any_horizontal(pl.lit(value=False), *(read.unread(name) for name in sorted(read.present)))


def _agents(opened: Opened, places: pl.DataFrame) -> pl.DataFrame:
    """At and hash of each person that a row lists."""
    out = [pl.DataFrame(schema={"at": pl.Int64, "hash": pl.UInt64})]
    if "agentSourcedIds" in opened.texts.columns:
        listed = opened.texts.select(line=LINE, item=pl.col("agentSourcedIds").str.split(",")).explode("item")
        out.append(listed.drop_nulls().join(places, on="line").select("at", hash=tie("item")))
    if opened.cached is not None and opened.csv.lines is not None:
        moved = opened.csv.lines.frame.drop_nulls("was").select("was", line=LINE).join(places, on="line")
        old = opened.cached.lists["agents"].rename({"at": "was"})
        out.append(old.join(moved, on="was").select("at", "hash"))
    return pl.concat(out)
