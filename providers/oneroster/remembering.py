"""What is remembered of tonight's files, so that tomorrow only what differs need be read."""

from __future__ import annotations

from dataclasses import replace

import polars as pl

from providers.oneroster.celltable import DELETED, LINE
from providers.oneroster.night import Night
from providers.oneroster.rosterfile import FileRead, Opened
from providers.oneroster.state import HABITS
from providers.oneroster.ties import NOT_FILTERED, SHARED, TOGETHER, ties_of
from rosterkit.intake import remembering
from rosterkit.intake.cache import CachedFile, Memory, tie

__all__ = ["memory_of"]

_OF_SEVERAL = ("row.repeated", "row.conflict", "agents.", "semantic.")
_ALONE = ("semantic.school-type", "semantic.school-year-type", "semantic.subject-codes", "semantic.dates")
"""Of the findings that look at several rows, those that change only where the record does, or what all is judged by."""


def memory_of(night: Night) -> Memory:
    """What is to be remembered, once every file is read and checked."""
    files, places, texts = {}, {}, {}
    for name, one in night.opened.items():
        read = night.reads[name]
        if name in NOT_FILTERED or one.csv.lines is None or one.mode != "bulk" or read.state == "absent":
            continue
        if "roles" in night.opened and name in TOGETHER and read.state != "full":
            continue  # the others are judged by what it does not say, and that changes when it is whole
        files[read.member] = _file(name, one, read)
        places[read.member] = one.csv.lines.places
        texts[read.member] = one.csv.unread.select("text", line=LINE)
    return Memory(
        files, places, texts, {"people": night.people.every(), "spans": night.spans, "fundament": night.fundament}
    )


def _file(name: str, opened: Opened, read: FileRead) -> CachedFile:
    assert opened.csv.lines is not None
    packed, content = opened.digests
    hits = read.notes.hits()
    lists = {"agents": _agents(opened)} if name == "users" else {}
    told, habits = _told(name, opened, read, hits), [rule for rule, _ in HABITS]
    made = remembering.remembered(opened.csv.lines, opened.cached, told, hits, lists, habits)
    return replace(made, packed=packed, content=content)


def _told(name: str, opened: Opened, read: FileRead, hits: pl.DataFrame) -> pl.DataFrame:
    """Of the rows that were read what is to be remembered; to be read again is what is not sound by itself."""
    filled = [pl.col(column).is_not_null().alias(rule) for rule, column in HABITS]
    again = pl.col(LINE).is_in(_of_several(hits)["line"].implode())
    sound = read.rows.select(LINE, *filled, again=again, bad=pl.col(DELETED) | _any_unread(read)).filter(~pl.col("bad"))
    sound = sound.drop("bad")
    told = ties_of(name, opened.texts).join(sound, on=LINE, how="left", maintain_order="left")
    habits = [pl.col(rule).fill_null(value=False) for rule, _ in HABITS]
    told = told.with_columns(*habits, pl.col("again").fill_null(value=True))
    return told.with_columns(again=pl.col("again") | _tied_to(told.filter("again")))


def _tied_to(others: pl.DataFrame) -> pl.Expr:
    """Whether a row shares a tie with one of these, and is read whenever they are: better at once."""
    shared = [pl.col(label).is_in(others[label].drop_nulls().implode()) for label in SHARED if label in others.columns]
    return pl.any_horizontal(pl.lit(value=False), *shared).fill_null(value=False)


def _of_several(hits: pl.DataFrame) -> pl.DataFrame:
    several = pl.any_horizontal(pl.col("rule").str.starts_with(start) for start in _OF_SEVERAL)
    return hits.filter(several & ~pl.col("rule").is_in(_ALONE))


def _any_unread(read: FileRead) -> pl.Expr:
    return pl.any_horizontal(pl.lit(value=False), *(read.unread(name) for name in sorted(read.present)))


def _agents(opened: Opened) -> pl.DataFrame:
    """LINE and hash of each person that a row lists."""
    if "agentSourcedIds" not in opened.texts.columns:
        return pl.DataFrame(schema={LINE: pl.Int64, "hash": pl.UInt64})
    listed = opened.texts.select(LINE, item=pl.col("agentSourcedIds").str.split(",")).explode("item")
    return listed.drop_nulls().select(LINE, hash=tie("item"))
