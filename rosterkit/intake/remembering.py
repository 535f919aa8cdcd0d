"""What is remembered of the records of a file: of those that were read what was found, of the others what was known."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from types import MappingProxyType

import polars as pl

from rosterkit.intake.cache import CARRIED, CachedFile
from rosterkit.intake.linefilter import Lines
from rosterkit.intake.notes import Notes
from rosterkit.intake.places import AT, Places, among
from rosterkit.intake.records import LINE

__all__ = ["carry", "remembered"]

_LIST: dict[str, type[pl.DataType]] = {"at": AT, "hash": pl.UInt64}


def carry(notes: Notes, lines: Lines, cached: CachedFile) -> None:
    """Notes what is known of the records that are the same as last time."""
    at = lines.places.now(cached.carried["at"])
    known = cached.carried.with_columns(lines.places.lines(at).alias("line")).drop_nulls("line")
    for (rule, column), hits in known.group_by("rule", "column", maintain_order=True):
        notes.many(str(rule), hits.select("line", "value", "key", "detail"), column=str(column))


def remembered(
    lines: Lines,
    cached: CachedFile | None,
    told: pl.DataFrame,
    hits: pl.DataFrame,
    lists: Mapping[str, pl.DataFrame] = MappingProxyType({}),
    habits: Sequence[str] = (),
) -> CachedFile:
    """The file as tomorrow's night will look at it.

    ``told``: of each record that was read LINE, ``again`` and what else is to be remembered; one that is not among them
    is to be read again. ``hits``: all that was noted of any record. ``lists``: by name LINE and ``hash`` of what the
    records that were read list. ``habits``: what else of ``told`` is kept apart, because every night asks for it.
    """
    places = lines.places
    if places.alike:
        assert cached is not None
        return _judged_anew(lines, cached, told, hits)
    assert lines.hashes is not None
    records = lines.hashes.hstack(_columns(lines, cached, told))
    records = records.with_columns(again=pl.col("again") | _twice(lines))
    frames = {"records": records.drop(habits), "carried": _carried(places, hits, records["again"])}
    if habits:
        frames["habits"] = records.select(habits)
    for name, listed in lists.items():
        items = [listed.select("hash", at=places.at(listed[LINE]))]
        if cached is not None:
            old = cached.frames[f"list/{name}"]
            items.append(old.with_columns(places.now(old["at"]).alias("at")).drop_nulls("at"))
        frames[f"list/{name}"] = pl.concat(part.select(pl.col(n).cast(t) for n, t in _LIST.items()) for part in items)
    return CachedFile(lines.header, places.count, frames, bool(records["again"].any()))


def _carried(places: Places, hits: pl.DataFrame, again: pl.Series) -> pl.DataFrame:
    """CARRIED of the records that need not be read again."""
    of_records = hits.filter(pl.col("line") >= places.first)
    carried = of_records.with_columns(places.at(of_records["line"]).alias("at")).select(list(CARRIED))
    return carried.filter(~again.gather(carried["at"]))


def _judged_anew(lines: Lines, cached: CachedFile, told: pl.DataFrame, hits: pl.DataFrame) -> CachedFile:
    """A file in which nothing changed: all that may differ is which records must be read again."""
    if told.is_empty():
        return cached
    before = cached.records["again"]
    again = before.clone().scatter(lines.places.at(told[LINE]), told["again"]) | _twice(lines)
    if again.equals(before):
        return cached
    frames = {"records": cached.records.with_columns(again.alias("again"))}
    if (before & ~again).any():  # its findings were made anew each night, and from now on are not
        frames["carried"] = _carried(lines.places, hits, again)
    return replace(cached.over(frames), again=bool(again.any()))


def _columns(lines: Lines, cached: CachedFile | None, told: pl.DataFrame) -> list[pl.Series]:
    """``again`` and what else is told: from last time, and on top of it from tonight."""
    places = lines.places
    at = places.at(told[LINE])
    columns = []
    for name, dtype in told.drop(LINE).schema.items():
        if name == "again":
            column = places.was.is_null() if places.was is not None else among(places.count, at.clear())
        elif cached is not None:
            assert places.was is not None
            column = _known(cached, name).gather(places.was)
        else:
            column = pl.repeat(None, places.count, dtype=dtype, eager=True)
        columns.append(column.scatter(at, told[name]).alias(name))
    return columns


def _known(cached: CachedFile, name: str) -> pl.Series:
    kept = cached.records if name in cached.records.columns else cached.frames["habits"]
    return kept[name]


def _twice(lines: Lines) -> pl.Series:
    """Whether a record has the hash of another: the filter could not tell them apart.

    Of records that are the same as last time no two have: only those that were read can be another's twin.
    """
    assert lines.hashes is not None
    h1 = lines.hashes["h1"]
    likely = h1.is_in(h1.gather(lines.places.read()).implode()).arg_true()
    return among(h1.len(), likely.filter(h1.gather(likely).is_duplicated()))
