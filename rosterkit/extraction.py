"""Reading the sources of a workspace: each gets its settings and a context, and delivers an extract."""

from __future__ import annotations

import sqlite3
import tempfile
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, date, datetime
from pathlib import Path

from pydantic import BaseModel

from rosterkit.config import Config
from rosterkit.errors import SourceUnreadable
from rosterkit.plan.merge import Delivered
from rosterkit.registry import source
from rosterkit.sources.base import Context, Extract, Progress
from rosterkit.sources.findings import Findings
from rosterkit.sources.packages import Known, fetch, named
from rosterkit.sources.promises import checked
from rosterkit.sources.row_cache import RowCache
from rosterkit.store import decisions, deltas, places
from rosterkit.store.lookup import switched_off
from rosterkit.transport.incoming import Incoming, Role, Taken
from rosterkit.transport.secrets import resolve
from rosterkit.transport.settings import PlaceSettings

__all__ = ["Extraction", "Run", "extract_one", "extract_sources", "newest_package", "settings_with"]


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
    """What the sources of a workspace delivered, each from old to new.

    ``failed``, by source: why it could not be read. ``applied_before``: sources with changes that were applied before.
    ``left``: a sentence for each package that waits for the next run. ``taken``, by source: the packages that were
    read from its place.
    """

    delivered: tuple[Delivered, ...]
    failed: Mapping[str, str]
    applied_before: frozenset[str] = frozenset()
    left: tuple[str, ...] = ()
    taken: Mapping[str, tuple[Taken, ...]] = field(default_factory=dict)


def settings_with(settings: BaseModel, values: Mapping[str, object]) -> BaseModel:
    """The settings of a source with other values. Raises pydantic's ValidationError for a wrong one."""
    return type(settings).model_validate(settings.model_dump() | dict(values)) if values else settings


def extract_one(run: Run, name: str, settings: BaseModel) -> Extract:
    """What one source delivers, read by these settings.

    Raises SourceUnreadable where it cannot be read, InternalError where it breaks a promise of its contract.
    """
    reader = source(run.config.source(name).kind)
    scratch = Path(tempfile.mkdtemp(prefix=f"{name}-", dir=run.scratch))
    context = Context(
        findings=Findings(reader.rules, strict=bool(getattr(settings, "strict", False))),
        as_of=run.as_of,
        scratch=scratch,
        folder=run.path.parent,
        progress=run.progress,
        demographics=run.config.demographics,
        cursor=deltas.cursor(run.connection, name),
        full=run.full,
        ignored_lines=frozenset(line.hash for line in decisions.ignored_lines(run.connection, name)),
        size_limits=run.config.caps,
        row_cache=RowCache(run.path.parent / "cache" / "rows", may_write=run.keep),
        secret=lambda reference: resolve(reference, run.path.parent).get_secret_value(),
    )
    return checked(reader.extract(settings, context))


def _settings(config: Config, name: str, package: Path | None) -> BaseModel:
    """The settings of a source; a package that was named takes the place of its path."""
    settings = config.source(name).settings
    return settings if package is None else settings.model_copy(update={"path": str(package.absolute())})


def newest_package(run: Run, name: str) -> Path | None:
    """The package that a source at a place would read first, fetched; None where its settings name what it reads."""
    place = run.config.source(name).place
    return None if place is None else _fetched(run, name, place).packages[0].path


def extract_sources(run: Run, packages: Mapping[str, Path]) -> Extraction:
    """Reads every source that is enabled. The records of one that cannot be read stay as they are.

    ``packages``, by source: what is read instead of what its settings name. Raises SourceUnreadable where the only
    source cannot be read.
    """
    delivered: list[Delivered] = []
    failed, left, taken = dict[str, str](), list[str](), dict[str, tuple[Taken, ...]]()
    off = {name for name, schools in switched_off(run.connection).items() if "" in schools}
    names = [n for n, entry in run.config.sources.items() if n in packages or (entry.enabled and n not in off)]
    for name in names:
        place = None if name in packages else run.config.source(name).place
        try:
            if place is None:
                delivered.append(_delivered(run, name, packages.get(name)))
                continue
            found = _fetched(run, name, place)
            delivered += _from_packages(run, name, found)
        except SourceUnreadable as problem:
            if len(names) == 1:
                raise
            failed[name] = str(problem)
            continue
        if run.keep:
            places.remember_look(run.connection, name, found.look)
        left += [f"Source {name} left {one.name} for the next run: {one.why}." for one in found.waiting]
        taken[name] = tuple(package.taken for package in found.packages)
    applied = frozenset(one.source for one in delivered if _applied_before(run, one))
    return Extraction(tuple(delivered), failed, applied, tuple(left), taken)


def _delivered(run: Run, name: str, package: Path | None, *, after_bulk: bool = False) -> Delivered:
    """What the source delivers, and whether the changes in it are known.

    Behind a bulk package, which replaces everything, they count again. What an API delivers is fetched again until it
    is applied: its changes are never queued, so never known.
    """
    extract = extract_one(run, name, _settings(run.config, name, package))
    new = deltas.known(run.connection, name, extract.id) == "new"
    return Delivered(name, extract, known=not (new or after_bulk or extract.cursor is not None))


def _applied_before(run: Run, one: Delivered) -> bool:
    """Whether its changes are left out because a plan that covers them was applied."""
    changes = any(table.changes for table in one.extract.tables)
    return one.known and changes and deltas.known(run.connection, one.source, one.extract.id) == "settled"


def _fetched(run: Run, name: str, place: PlaceSettings) -> Incoming:
    """The packages of a source, in the scratch folder of the run."""
    entry = run.config.source(name)
    return fetch(
        place,
        named(entry.packages, source(entry.kind).capabilities),
        Known(places.taken(run.connection, name), places.last_look(run.connection, name)),
        folder=run.path.parent,
        to=Path(tempfile.mkdtemp(prefix=f"{name}-packages-", dir=run.scratch)),
        now=datetime.now(UTC),
        progress=run.progress,
    )


def _from_packages(run: Run, name: str, found: Incoming) -> list[Delivered]:
    """What the packages deliver, from old to new."""
    delivered, bulk = [], False
    for package in found.packages:
        delivered.append(_delivered(run, name, package.path, after_bulk=bulk))
        bulk = bulk or package.taken.role is Role.BULK
    return delivered
