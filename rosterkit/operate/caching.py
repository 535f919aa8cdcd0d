"""When a cache may be counted on, and what it must say after a plan.

A cache belongs to a plan: it says which stored record each line of that night's package states *once that plan is
applied*. So it may be used when the plan was applied, or had nothing to apply, and only for records that no later
revision touched. It is written after its plan is stored; if it is not, the one before it still holds.
"""

from __future__ import annotations

import hashlib
import shutil
import sqlite3
from collections.abc import Mapping
from dataclasses import replace
from importlib.metadata import version
from pathlib import Path

import polars as pl

from rosterkit.intake import cachefolder
from rosterkit.intake.bundle import Bundle
from rosterkit.intake.cache import STATED, Cache, CachedFile, Memory, placed
from rosterkit.intake.cachefolder import Damaged
from rosterkit.intake.rules import Rule
from rosterkit.model.schema import entities
from rosterkit.plan.build import Draft
from rosterkit.plan.plan import Plan
from rosterkit.store.history import touched_since

__all__ = ["reader_digest", "remember", "remembered"]

_FORMAT = 3
"""Of the cache's files; another number is another version, and everything is read anew."""


def reader_digest(kind: str, rules: tuple[Rule, ...]) -> str:
    """What the cache's findings and rows depend on beside the settings: who reads, by which rules, of which version."""
    told = repr((version("rosterkit"), kind, rules))
    return hashlib.sha256(told.encode()).hexdigest()


def remembered(
    folder: Path, connection: sqlite3.Connection, source: str, settings_digest: str, reader: str
) -> tuple[Cache | None, str, str]:
    """The newest cache that may be used, why there is none, and the plan that it belongs to."""
    plan, since = _newest(folder, connection, source)
    if not plan:
        return None, "nothing is remembered of an earlier package", ""
    try:
        said = cachefolder.meta(folder / plan)
        if (said.get("format"), said.get("reader")) != (_FORMAT, reader):
            return None, "what was remembered of last time was written by another version of rosterkit", plan
        if said.get("settings") != settings_digest:
            return None, "settings have changed since last time", plan
        cache = cachefolder.load(folder / plan)
    except Damaged as why:
        return None, str(why), plan
    return _without(cache, touched_since(connection, since)), "", plan


def _newest(folder: Path, connection: sqlite3.Connection, source: str) -> tuple[str, int]:
    """The newest plan that has a cache and became what the store says, and the revision since when."""
    query = (
        "select id, state, base, applied_as, changes from plan where source=? and kind='sync' "
        "and (state='applied' or (select count(*) from plan_part p where p.plan=plan.id and p.part in "
        "('create','status','update','stamp'))=0) order by seq desc"
    )
    for plan, _, base, applied_as, _ in connection.execute(query, (source,)):
        if (folder / plan).is_dir():
            return plan, int(base if applied_as is None else applied_as)
    return "", 0


def _without(cache: Cache, touched: Mapping[str, pl.Series]) -> Cache:
    """The cache with these stored records, by entity, in doubt, and what stated them to be read again."""
    if not touched:
        return cache
    doubt = dict(cache.doubt)
    again = [pl.DataFrame(schema=STATED)]
    for entity, ids in touched.items():
        doubt[entity] = pl.concat([doubt.get(entity, ids.clear()), ids]).unique()
        if entity in cache.stated:
            again.append(cache.stated[entity].filter(pl.col("id").is_in(ids.implode())))
    lines = pl.concat(again)
    files = {name: file.reading(lines.filter(pl.col("file") == name)["at"]) for name, file in cache.files.items()}
    return replace(cache, files=files, doubt=doubt, counts={})


def remember(
    folder: Path,
    plan: Plan,
    settings_digest: str,
    draft: Draft,
    bundle: Bundle,
    used: str,
    cache: Cache | None,
    counts: Mapping[str, pl.DataFrame],
    reader: str,
) -> None:
    """Writes what tonight's package said, for when the plan is applied; ``used``: the plan of the cache in use.

    ``counts``: of the entities that were counted, how many are active by role and place. ``reader``: ``reader_digest``.
    """
    memory = bundle.memory
    if memory is None or not memory.files:
        return
    made = replace(_after(memory, draft, bundle, cache), counts=_counts(counts, draft, first=plan.base == 0))
    try:
        cachefolder.save(folder / plan.id, made, {"format": _FORMAT, "reader": reader, "settings": settings_digest})
        others = [other for other in folder.iterdir() if other.name not in (plan.id, used)]
    except OSError:
        return  # the plan is stored, and stands without it: the next one reads more, and says why
    for other in others:
        shutil.rmtree(other, ignore_errors=True)


def _after(memory: Memory, draft: Draft, bundle: Bundle, cache: Cache | None) -> Cache:
    """The cache of tonight: what was read as planning judged it, what was not read as it was."""
    places = {name: _placed(frame) for name, frame in memory.lines.items()}
    stated: dict[str, pl.DataFrame] = {}
    doubt: dict[str, pl.Series] = {}
    shaky = [pl.DataFrame(schema={"file": pl.String, "line": pl.Int64})]
    for entity in (e.name for e in entities()):
        standing = draft.standing[entity]
        doubt[entity] = standing.filter(~pl.col("steady"))["id"]
        here = standing.filter(pl.col("tonight"))
        shaky.append(here.filter(~pl.col("steady")).select("file", "line"))
        if entity in bundle.tables:
            rows = bundle.tables[entity].rows
            shaky.append(rows.filter(pl.col("unread").is_not_null()).select("file", "line"))
        told = [pl.DataFrame(schema=STATED)]
        for file, lines in places.items():
            mine = here.filter(pl.col("file") == file).join(lines, on="line")
            told.append(mine.select(list(STATED)))
            if cache is not None and entity in cache.stated:
                told.append(_moved(cache, entity, file, lines, standing["id"]))
        stated[entity] = pl.concat(told)
    unsure = pl.concat(shaky).unique()
    files = {name: _reading(name, file, places[name], unsure) for name, file in memory.files.items()}
    return Cache(files, stated, doubt, memory.context)


def _counts(before: Mapping[str, pl.DataFrame], draft: Draft, *, first: bool) -> dict[str, pl.DataFrame]:
    """How many there will be, of the entities that were counted; in a store without a revision there is none."""
    out = {}
    for entity, moves in draft.moves.items():
        if first or entity in before:
            counts = [moves] if first else [before[entity], moves]
            both = pl.concat(counts).group_by("role", "place").agg(pl.col("base").sum())
            out[entity] = both.filter(pl.col("base") != 0).sort("role", "place")
    return out


def _moved(cache: Cache, entity: str, file: str, lines: pl.DataFrame, judged: pl.Series) -> pl.DataFrame:
    """What was stated last time and was not judged tonight, at its place in tonight's file."""
    if file not in cache.files:
        return pl.DataFrame(schema=STATED)
    met = lines.drop_nulls("was")
    where = placed(cache.files[file].records.height, met["was"], met["at"])
    old = cache.stated[entity].filter(pl.col("file") == file)
    here = old.with_columns(at=where.gather(old["at"])).drop_nulls("at")
    return here.filter(~pl.col("id").is_in(judged.implode())).select(list(STATED))


def _placed(lines: pl.DataFrame) -> pl.DataFrame:
    return lines.with_row_index("at").with_columns(pl.col("at").cast(pl.Int64))


def _reading(name: str, file: CachedFile, lines: pl.DataFrame, unsure: pl.DataFrame) -> CachedFile:
    again = lines.join(unsure.filter(pl.col("file") == name), on="line", how="semi")
    return file.reading(again["at"])
