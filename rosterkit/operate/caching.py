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
from rosterkit.intake.cache import AGAIN, STATED, Cache, CachedFile, Damaged, Memory
from rosterkit.intake.places import Places
from rosterkit.intake.rules import Rule
from rosterkit.intake.source import Caps
from rosterkit.plan.build import Draft
from rosterkit.plan.plan import Plan
from rosterkit.store.history import parents_of, touched_since

__all__ = ["reader_digest", "remember", "remembered"]

_FORMAT = 4
"""Of the cache's files; another number is another version, and everything is read anew."""

_FEW = 10_000
"""So many records that are to be read again are remembered as they are written."""


def reader_digest(kind: str, rules: tuple[Rule, ...], caps: Caps) -> str:
    """What the cache's findings and rows depend on beside the settings: who reads, by which rules and caps, of which
    version.
    """
    told = repr((version("rosterkit"), kind, rules, caps))
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
        if said.get("plan") != plan:
            return None, "what was remembered of last time is of another plan", plan
        if said.get("settings") != settings_digest:
            return None, "settings have changed since last time", plan
        return _without(cachefolder.load(folder / plan), connection, since), "", plan
    except Damaged as why:
        return None, str(why), plan


def _newest(folder: Path, connection: sqlite3.Connection, source: str) -> tuple[str, int]:
    """The newest plan that has a cache and became what the store says, and the revision since when."""
    query = (
        "select id, coalesce(applied_as, base) from plan where source=? and kind='sync' "
        "and (state='applied' or (select count(*) from plan_part p where p.plan=plan.id and p.part in "
        "('create','status','update','stamp'))=0) order by seq desc"
    )
    for plan, since in connection.execute(query, (source,)):
        if (folder / plan).is_dir():
            return plan, int(since)
    return "", 0


def _without(cache: Cache, connection: sqlite3.Connection, since: int) -> Cache:
    """The cache with what any later revision touched in doubt, and what stated that, or lists it, to be read again."""
    touched = {entity: ids for entity, ids in touched_since(connection, since).items() if ids.len()}
    if not touched:
        return cache
    doubt = dict(cache.doubt)
    for entity, ids in touched.items():
        known = [doubt[entity]["id"]] if entity in doubt else []
        doubt[entity] = pl.concat([*known, ids]).unique().to_frame("id")
    # What was touched may be listed by a record that did not state it last time: by one of those that it refers to.
    asked = [touched, parents_of(connection, touched)]
    files = {}
    for name, file in cache.files.items():
        again = [pl.Series([], dtype=STATED["at"])]
        for entity, ids in ((entity, ids) for some in asked for entity, ids in some.items()):
            stated = file.stated(entity)
            again.append(stated.filter(pl.col("id").is_in(ids.implode()))["at"])
        files[name] = file.reading(pl.concat(again))
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
    told = {"format": _FORMAT, "plan": plan.id, "reader": reader, "settings": settings_digest}
    try:
        made = replace(_after(memory, draft, bundle, cache), counts=_counts(counts, draft.moves, first=plan.base == 0))
        cachefolder.save(folder / plan.id, made, told)
        others = [other for other in folder.iterdir() if other.name not in (plan.id, used)]
    except (OSError, Damaged):
        return  # the plan is stored, and stands without it: the next one reads more, and says why
    for other in others:
        shutil.rmtree(other, ignore_errors=True)


def _after(memory: Memory, draft: Draft, bundle: Bundle, cache: Cache | None) -> Cache:
    """The cache of tonight: what was read as planning judged it, what was not read as it was."""
    files = {}
    for name in memory.files:
        before = cache.files[name] if cache and memory.places[name].before else None
        files[name] = _file_after(name, memory, before, draft, bundle)
    known = {frame for file in files.values() for frame in file.frames}
    doubt = {}
    for name, standing in draft.standing.items():
        sure = pl.col("steady")
        if f"stated/{name}" in known:  # and so may be filtered: what a file states that is not remembered is in doubt
            sure = sure & pl.col("file").is_in(list(files))
        doubt[name] = standing.filter(~sure).select("id")
    return Cache(files, doubt, memory.context)


def _file_after(name: str, memory: Memory, before: CachedFile | None, draft: Draft, bundle: Bundle) -> CachedFile:
    """A file with what it states; its frames are those of last time where nothing became of it."""
    file, places = memory.files[name], memory.places[name]
    frames: dict[str, pl.DataFrame] = {}
    shaky = [pl.Series([], dtype=pl.Int64)]
    for entity, standing in draft.standing.items():
        here = standing.filter(pl.col("tonight") & (pl.col("file") == name))
        shaky.append(here.filter(~pl.col("steady"))["line"])
        shaky.append(standing.filter(pl.col("unlisted") & (pl.col("file") == name))["line"])
        if entity in bundle.tables:
            rows = bundle.tables[entity].rows
            shaky.append(rows.filter(pl.col("unread").is_not_null() & (pl.col("file") == name))["line"])
        told = here.select("id", at=places.at(here["line"])).select(list(STATED))
        if before is None or f"stated/{entity}" not in before.frames:
            frames |= {f"stated/{entity}": told} if told.height else {}
        elif standing.height or not places.alike:
            frames |= _restated(f"stated/{entity}", told, standing["id"], places, before)
    made = file.over(frames).reading(places.at(pl.concat(shaky).unique()))
    return made.over(_texts(made, memory.texts.get(name), places))


def _restated(
    name: str, told: pl.DataFrame, judged: pl.Series, places: Places, before: CachedFile
) -> dict[str, pl.DataFrame]:
    """STATED of tonight: what was judged, where it is said, and what was not, where it stands now; {} if as before."""
    old = before.frames[name]
    now = old.with_columns(places.now(old["at"]).alias("at"))
    kept = now["at"].is_not_null() & ~now["id"].is_in(judged.implode())
    if places.alike and old.filter(~kept).sort("at", "id").equals(told.sort("at", "id")):
        return {}
    return {name: pl.concat([now.filter(kept), told])}


def _texts(file: CachedFile, read: pl.DataFrame | None, places: Places) -> dict[str, pl.DataFrame]:
    """AGAIN of the file, where that is worth it."""
    if not file.again or read is None or read.is_empty():
        return {}
    again = file.records["again"].arg_true()
    texts = read.select("text", at=places.at(read["line"])).filter(pl.col("at").is_in(again.implode()))
    return {"texts": texts.select(list(AGAIN))} if texts.height == again.len() <= _FEW else {}


def _counts(
    before: Mapping[str, pl.DataFrame], moves: Mapping[str, pl.DataFrame], *, first: bool
) -> dict[str, pl.DataFrame]:
    """How many there will be, of what was counted; in a store without a revision there is none.

    What may have moved in a way that cannot be told is not there, and is counted anew when it is asked for.
    """
    if first:
        before = {name: some.clear() for name, some in moves.items()}
    return {name: _moved(counts, moves[name]) for name, counts in before.items() if name in moves}


def _moved(counts: pl.DataFrame, moves: pl.DataFrame) -> pl.DataFrame:
    if moves.is_empty():
        return counts
    by = [name for name in counts.columns if name != "base"]
    both = pl.concat([counts, moves.select(counts.columns)]).group_by(by).agg(pl.col("base").sum())
    return both.filter(pl.col("base") != 0).select(counts.columns).sort(by)
