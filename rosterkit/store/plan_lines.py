"""A stored plan's changes a page at a time: filtered, searched, sorted and counted without showing the whole plan.

The lines of a plan are made once and kept beside the store, in ``cache/plans``: a memo and nothing else. A file of
another revision is made again, because people may have other names by then. Several requests ask at once: one of them
makes the file, the others wait for it, and nothing takes the place of a file that somebody may be reading.
"""

from __future__ import annotations

import json
import os
import sqlite3
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import polars as pl
from filelock import FileLock, Timeout

from rosterkit.errors import Busy
from rosterkit.plan.lines import lines
from rosterkit.plan.plan import Plan
from rosterkit.private_files import make_private_folder
from rosterkit.roster.schema import by_name
from rosterkit.store import plans
from rosterkit.store.approved_changes import with_approvals
from rosterkit.store.display_names import names_of
from rosterkit.store.schools import BETWEEN, schools_of_changes
from rosterkit.store.snapshot import revision_of

SORTS = {
    "": (),
    "name": ("name", "sourced_id", "field"),
    "school": ("school", "name", "sourced_id", "field"),
    "field": ("field", "name", "sourced_id"),
    "action": ("action", "name", "sourced_id", "field"),
}
"""What lines can be sorted by; "" is entity, action, school and name."""

_KEPT = 20  # plans whose lines are kept
_IN_USE = 600.0  # seconds after a request in which a file is not removed: somebody may still be reading it
_PATIENCE = 60.0  # seconds to wait for another request that makes lines
_VERSION = 2  # of the files


@dataclass(frozen=True)
class LineQuery:
    """Which lines of a plan. ``schools``: sourced ids of the only schools that may be seen; None: all."""

    entity: str = ""
    action: str = ""
    field: str = ""
    school: str = ""  # its name, whole
    held: str = ""  # "yes", "no", or the code of a hold
    search: str = ""  # in name, sourced id and both values
    sort: str = ""
    descending: bool = False
    page: int = 1
    size: int = 50
    schools: tuple[str, ...] | None = None


@dataclass(frozen=True)
class LinePage:
    """One page: LINES, ``schools`` and ``record`` (a number that the lines of one change share).

    ``lines`` and ``records`` count what matches, the rest everything that may be seen.
    """

    rows: pl.DataFrame
    lines: int
    records: int
    by_entity: pl.DataFrame  # entity, action, is_held, records
    by_school: pl.DataFrame  # school, action, is_held, records: a record of several schools counts at each
    fields: tuple[str, ...]
    codes: tuple[str, ...]  # of what holds changes


def page_of(folder: Path, path: Path, connection: sqlite3.Connection, plan: Plan, query: LineQuery) -> LinePage:
    """The page; ``folder`` is the workspace's, ``path`` that of its database."""
    file = _file(folder, path, connection, plan)
    seen = pl.scan_ipc(file)
    if query.schools is not None:
        here = [pl.col("schools").str.contains(f"{BETWEEN}{key}{BETWEEN}", literal=True) for key in query.schools]
        seen = seen.filter(pl.any_horizontal(here) if here else pl.lit(value=False))
    counts = _counted(seen) if query.schools is not None else _counts_of(file)
    wanted = _wanted(query)
    found = seen if wanted is None else seen.filter(wanted)
    if SORTS.get(query.sort):
        found = found.sort(SORTS[query.sort], descending=query.descending, maintain_order=True)
    begin = (max(query.page, 1) - 1) * query.size
    if wanted is None:
        rows, (size, records) = found.slice(begin, query.size).collect(), (counts.lines, counts.records)
    else:
        rows, sizes = pl.collect_all(
            [found.slice(begin, query.size), found.select(pl.len(), pl.col("record").n_unique())]
        )
        size, records = sizes.row(0)
    return LinePage(rows, size, records, counts.by_entity, counts.by_school, counts.fields, counts.codes)


def prepare(folder: Path, path: Path, connection: sqlite3.Connection, plan: Plan) -> None:
    """Makes what ``page_of`` keeps, before somebody asks for a page."""
    _file(folder, path, connection, plan)


@dataclass(frozen=True)
class _Counts:
    lines: int
    records: int
    by_entity: pl.DataFrame
    by_school: pl.DataFrame
    fields: tuple[str, ...]
    codes: tuple[str, ...]


def _counted(seen: pl.LazyFrame) -> _Counts:
    held = (pl.col("held") != "").alias("is_held")
    records = pl.col("record").n_unique().alias("records")
    groups, schools, sizes, fields, codes = pl.collect_all(
        [
            seen.group_by("entity", "action", held).agg(records),
            seen.group_by("school", "action", held).agg(records),
            seen.select(pl.len(), pl.col("record").n_unique()),
            seen.select(pl.col("field").unique()),
            seen.select(pl.col("held").unique()),
        ]
    )
    split = schools.with_columns(pl.col("school").str.split("; ")).explode("school")
    by_school = split.group_by("school", "action", "is_held").agg(pl.col("records").sum())
    lines, different = sizes.row(0)
    words = [tuple(sorted(filter(None, frame.to_series()))) for frame in (fields, codes)]
    return _Counts(lines, different, groups, by_school, *words)


def _counts_of(file: Path) -> _Counts:
    """The counts of everything, kept beside the lines."""
    kept = json.loads(_beside(file).read_text(encoding="utf-8"))
    frames = {name: pl.DataFrame(kept[name], schema=schema) for name, schema in _COUNTED.items()}
    return _Counts(kept["lines"], kept["records"], frames["by_entity"], frames["by_school"], *map(tuple, kept["words"]))


def _counts_text(made: _Counts) -> str:
    kept = {"lines": made.lines, "records": made.records, "words": [made.fields, made.codes]}
    kept |= {"by_entity": made.by_entity.to_dict(as_series=False), "by_school": made.by_school.to_dict(as_series=False)}
    return json.dumps(kept)


def _beside(file: Path) -> Path:
    return file.with_suffix(".json")


_GROUP: dict[str, type[pl.DataType]] = {"action": pl.String, "is_held": pl.Boolean, "records": pl.Int64}
_COUNTED: dict[str, dict[str, type[pl.DataType]]] = {
    "by_entity": {"entity": pl.String, **_GROUP},
    "by_school": {"school": pl.String, **_GROUP},
}


def created_values(connection: sqlite3.Connection, plan: Plan, rows: pl.DataFrame) -> dict[tuple[str, str], str]:
    """What the created records among these lines hold, without references: (entity, sourced id) → a text."""
    found = {}
    for (entity,), some in rows.filter(pl.col("action") == "create").partition_by("entity", as_dict=True).items():
        columns = [c for c in by_name(str(entity)).columns if c.kind != "ref" and c.label != "attributes"]
        wanted = some["sourced_id"].implode()
        for part in ("create", "held.create"):
            for piece in plans.Stored(connection, plan.id, part).pieces(str(entity)):
                for row in piece.filter(pl.col("sourced_id").is_in(wanted)).iter_rows(named=True):
                    shown = [f"{c.label}: {_plain(row[c.name])}" for c in columns if row[c.name] is not None]
                    found[str(entity), str(row["sourced_id"])] = ", ".join(shown)
    return found


def _plain(value: object) -> str:
    text = str(value)
    return ", ".join(json.loads(text)) if text.startswith("[") else text.lower() if isinstance(value, bool) else text


def _wanted(query: LineQuery) -> pl.Expr | None:
    """None where every line is."""
    wanted = [pl.col(column) == getattr(query, column) for column in ("entity", "action", "field")]
    wanted = [one for one, column in zip(wanted, ("entity", "action", "field"), strict=True) if getattr(query, column)]
    if query.school:
        wanted.append(("; " + pl.col("school") + "; ").str.contains(f"; {query.school}; ", literal=True))
    if query.held in ("yes", "no"):
        wanted.append((pl.col("held") != "") == (query.held == "yes"))
    elif query.held:
        wanted.append(pl.col("held") == query.held)
    if text := query.search.strip().lower():
        shown = [pl.col(name) for name in ("name", "sourced_id", "before", "after", "before_name", "after_name")]
        hits = [one.str.to_lowercase().str.contains(text, literal=True).fill_null(value=False) for one in shown]
        wanted.append(pl.any_horizontal(hits))
    return pl.all_horizontal(wanted) if wanted else None


def _file(folder: Path, path: Path, connection: sqlite3.Connection, plan: Plan) -> Path:
    """The file with the plan's lines, and its counts beside it, made where there is none."""
    cache = folder / "cache" / "plans"
    file = cache / f"{plan.id}-{revision_of(connection)}-{_VERSION}.arrow"
    if not _there(file):
        make_private_folder(cache)
        with _alone(cache):
            if not _there(file):
                _make(file, _made(path, connection, plan))
                _forget(cache, plan, file)
    os.utime(file)  # somebody looks at it
    return file


@contextmanager
def _alone(cache: Path) -> Iterator[None]:
    """One request at a time; Busy where another takes longer than people wait."""
    try:
        with FileLock(cache / "lines.lock", timeout=_PATIENCE, mode=0o600):
            yield
    except Timeout:
        raise Busy("The changes of a plan are being made ready for another page. Wait, then open this one.") from None


def _there(file: Path) -> bool:
    return file.exists() and _beside(file).exists()


def _make(file: Path, made: pl.DataFrame) -> None:
    """Writes the counts, then the lines. Each appears whole; only their owner may read them."""
    half = file.with_suffix(".half")
    half.touch(mode=0o600)
    half.write_text(_counts_text(_counted(made.lazy())), encoding="utf-8")
    half.replace(_beside(file))
    half.touch(mode=0o600)
    made.write_ipc(half, compression="lz4")
    half.replace(file)


def _made(path: Path, connection: sqlite3.Connection, plan: Plan) -> pl.DataFrame:
    both = plans.parts(connection, plan.id), plans.parts(connection, plan.id, held=True)
    names, places = names_of(path, *both), schools_of_changes(path, *both)
    known = {
        name: rows.join(places[name], on="id", how="left")
        if name in places
        else rows.with_columns(schools=pl.lit(None, pl.String))
        for name, rows in names.items()
    }
    made = with_approvals(connection, plan, lines(both, known, ["schools"]))
    record = pl.struct("entity", "sourced_id", "action").rle_id().cast(pl.UInt32)
    return made.with_columns(pl.col("schools").fill_null(""), record=record)


def _forget(cache: Path, plan: Plan, file: Path) -> None:
    """Keeps the files of the plans that were looked at last, and what somebody may still be reading."""
    seen = {one: one.stat().st_mtime for one in cache.glob("*.arrow") if one != file}
    newest = sorted(seen, key=lambda one: seen[one], reverse=True)
    old = [one for one in newest if one.name.startswith(f"{plan.id}-")] + newest[_KEPT - 1 :]
    for one in [one for one in old if time.time() - seen[one] > _IN_USE]:
        one.unlink(missing_ok=True)
        _beside(one).unlink(missing_ok=True)


def schools_in_plan(
    folder: Path, path: Path, connection: sqlite3.Connection, plan: Plan, entity: str, sourced_id: str
) -> list[frozenset[str]]:
    """The schools of each record of that id that the plan changes; [] where it changes none."""
    seen = pl.scan_ipc(_file(folder, path, connection, plan))
    mine = seen.filter((pl.col("entity") == entity) & (pl.col("sourced_id") == sourced_id)).select("schools").unique()
    return [frozenset(filter(None, text.split(BETWEEN))) for text in mine.collect()["schools"]]
