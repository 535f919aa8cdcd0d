"""What the sources of a workspace deliver in one run: their packages are fetched, and each source reads."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field, replace
from datetime import UTC, date, datetime
from pathlib import Path

from pydantic import BaseModel

from rosterkit.config import Config
from rosterkit.errors import SourceUnreadable
from rosterkit.plan.merge import Delivered
from rosterkit.registry import source
from rosterkit.sources.base import Context, Extract, Progress
from rosterkit.sources.extract_checks import checked
from rosterkit.sources.findings import Findings
from rosterkit.sources.packages import Known, fetch, named
from rosterkit.sources.row_cache import RowCache
from rosterkit.sources.scope import marked, scoped, unmarked
from rosterkit.store import deltas, places
from rosterkit.store.decisions import ignored_lines
from rosterkit.store.lookup import switched_off
from rosterkit.transport.incoming import Incoming, Role, Taken
from rosterkit.transport.secrets import revealed
from rosterkit.transport.settings import PlaceSettings


@dataclass(frozen=True)
class Run:
    """What one run of a workspace is given: its settings, the day, and a folder that is removed afterwards."""

    path: Path  # of roster.db
    connection: sqlite3.Connection
    config: Config
    as_of: date
    scratch: Path
    progress: Progress
    keep: bool = True  # whether the plan is stored
    full: bool = False  # read everything, whatever was read before


@dataclass(frozen=True)
class Extraction:
    """What the sources of a workspace delivered, by source from old to new.

    ``applied``: the sources whose changes were applied before. ``failed``, by source: why it could not be read.
    ``waiting``: why a package was left for the next run, as sentences. ``taken``, by source: its packages in this run.
    """

    delivered: tuple[Delivered, ...]
    applied: frozenset[str] = frozenset()
    failed: Mapping[str, str] = field(default_factory=dict)
    waiting: tuple[str, ...] = ()
    taken: Mapping[str, tuple[Taken, ...]] = field(default_factory=dict)


def settings_with(settings: BaseModel, values: Mapping[str, object]) -> BaseModel:
    """The settings of a source with other values. Raises pydantic's ValidationError for a wrong one."""
    return type(settings).model_validate(settings.model_dump() | dict(values)) if values else settings


def extract_one(run: Run, name: str, settings: BaseModel, package: Path | None = None) -> Extract:
    """What one source delivers, read by these settings; ``package`` takes the place of their path.

    Raises SourceUnreadable where it cannot be read, InternalError where it breaks a promise of its contract.
    """
    entry = run.config.source(name)
    reader = source(entry.kind)
    if package is not None:
        settings = settings.model_copy(update={"path": str(package.absolute())})
    scratch = run.scratch / name / f"reading-{package.name if package else ''}"
    scratch.mkdir(mode=0o700, parents=True)
    context = Context(
        findings=Findings(reader.rules, strict=bool(getattr(settings, "strict", False))),
        as_of=run.as_of,
        scratch=scratch,
        folder=run.path.parent,
        progress=run.progress,
        demographics=run.config.demographics,
        cursor=unmarked(deltas.cursor(run.connection, name), entry.scope),
        full=run.full,
        ignored_lines=frozenset(line.hash for line in ignored_lines(run.connection, name)),
        size_limits=run.config.caps,
        row_cache=RowCache(run.path.parent / "cache" / "rows", may_write=run.keep),
        secret=lambda reference: revealed(reference, run.path.parent),
    )
    read = checked(reader.extract(settings, context))
    return replace(scoped(read, entry.scope), cursor=marked(read.cursor, entry.scope))


def extract_sources(run: Run, packages: Mapping[str, Path]) -> Extraction:
    """Reads every source that is enabled. One that cannot be read leaves its own records as they are.

    ``packages``, by source: what is read instead of what its settings name. Raises SourceUnreadable where the source
    is the only one.
    """
    delivered: list[Delivered] = []
    applied, failed, waiting, taken = set[str](), dict[str, str](), list[str](), dict[str, tuple[Taken, ...]]()
    off = {name for name, schools in switched_off(run.connection).items() if "" in schools}
    names = [n for n, entry in run.config.sources.items() if n in packages or (entry.enabled and n not in off)]
    for name in names:
        entry = run.config.source(name)
        try:
            if entry.place is None or name in packages:
                found = [_delivered(run, name, extract_one(run, name, entry.settings, packages.get(name)))]
            else:
                found, taken[name], left = _from_place(run, name)
                waiting += left
        except SourceUnreadable as problem:
            if len(names) == 1:
                raise
            failed[name] = str(problem)
            continue
        delivered += found
        if any(_applied(run, one) for one in found):
            applied.add(name)
    return Extraction(tuple(delivered), frozenset(applied), failed, tuple(waiting), taken)


def _delivered(run: Run, name: str, extract: Extract, *, after_bulk: bool = False) -> Delivered:
    """The extract, and whether its changes are known.

    Behind a bulk package, which replaces everything, they count again. What an API delivers is fetched again until it
    is applied: its changes are never queued, so never known.
    """
    new = deltas.known(run.connection, name, extract.id) == "new"
    return Delivered(name, extract, known=not (new or after_bulk or extract.cursor is not None))


def _applied(run: Run, one: Delivered) -> bool:
    """Whether its changes are left out because a plan that covers them was applied."""
    changes = any(table.changes for table in one.extract.tables)
    return one.known and changes and deltas.known(run.connection, one.source, one.extract.id) == "applied"


def _fetched(run: Run, name: str, place: PlaceSettings) -> Incoming:
    """The packages of a source, in the scratch folder of the run."""
    to = run.scratch / name / "packages"
    to.mkdir(mode=0o700, parents=True)
    known = Known(places.taken(run.connection, name), places.last_look(run.connection, name))
    entry = run.config.source(name)
    return fetch(
        place,
        named(entry.packages, source(entry.kind).capabilities),
        known,
        folder=run.path.parent,
        to=to,
        now=datetime.now(UTC),
        progress=run.progress,
    )


def newest(run: Run, name: str) -> Path | None:
    """The package that a source at a place would read first; None where its settings name what it reads."""
    place = run.config.source(name).place
    return None if place is None else _fetched(run, name, place).packages[0].path


def _from_place(run: Run, name: str) -> tuple[list[Delivered], tuple[Taken, ...], list[str]]:
    """What the packages at the place of a source deliver; which packages; and a sentence for each that was left."""
    place = run.config.source(name).place
    assert place is not None
    found = _fetched(run, name, place)
    if run.keep:
        places.remember_look(run.connection, name, found.look)
    delivered = list(_read_packages(run, name, [(p.path, p.taken.role) for p in found.packages]))
    left = [f"Source {name} left {one.name} for the next run: {one.why}." for one in found.waiting]
    return delivered, tuple(package.taken for package in found.packages), left


def _read_packages(run: Run, name: str, packages: list[tuple[Path, Role]]) -> Iterator[Delivered]:
    bulk, settings = False, run.config.source(name).settings
    for path, role in packages:
        yield _delivered(run, name, extract_one(run, name, settings, path), after_bulk=bulk)
        bulk = bulk or role is Role.BULK
