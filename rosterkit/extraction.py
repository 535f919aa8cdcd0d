"""Reading the sources of a workspace: each gets its settings and a context, and delivers an extract."""

from __future__ import annotations

import sqlite3
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from pathlib import Path

from pydantic import BaseModel

from rosterkit.config import Config
from rosterkit.errors import SourceUnreadable
from rosterkit.plan.merge import Delivered
from rosterkit.registry import source
from rosterkit.sources.base import Context, Extract, Progress
from rosterkit.sources.findings import Findings
from rosterkit.sources.promises import checked
from rosterkit.sources.row_cache import RowCache
from rosterkit.store import decisions, deltas
from rosterkit.store.lookup import switched_off
from rosterkit.transport.secrets import resolve

__all__ = ["Extraction", "Run", "extract_one", "extract_sources", "settings_with"]


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


@dataclass(frozen=True)
class Extraction:
    """What the sources of a workspace delivered; ``failed``, by source: why it could not be read."""

    delivered: tuple[Delivered, ...]
    states: Mapping[str, str]  # by source, what became of the changes in its extract: new, queued or settled
    failed: Mapping[str, str]


def settings_with(settings: BaseModel, values: Mapping[str, object]) -> BaseModel:
    """The settings of a source with other values. Raises pydantic's ValidationError for a wrong one."""
    return type(settings).model_validate(settings.model_dump() | dict(values)) if values else settings


def extract_one(run: Run, name: str, settings: BaseModel) -> Extract:
    """What one source delivers, read by these settings.

    Raises SourceUnreadable where it cannot be read, InternalError where it breaks a promise of its contract.
    """
    reader = source(run.config.source(name).kind)
    scratch = run.scratch / name
    scratch.mkdir(mode=0o700)
    context = Context(
        findings=Findings(reader.rules, strict=bool(getattr(settings, "strict", False))),
        as_of=run.as_of,
        scratch=scratch,
        folder=run.path.parent,
        progress=run.progress,
        demographics=run.config.demographics,
        cursor=deltas.cursor(run.connection, name),
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


def extract_sources(run: Run, packages: Mapping[str, Path]) -> Extraction:
    """Reads every source that is enabled. The records of one that cannot be read stay as they are.

    ``packages``, by source: what is read instead of what its settings name. Raises SourceUnreadable where the only
    source cannot be read.
    """
    delivered, states, failed = [], {}, {}
    off = {name for name, schools in switched_off(run.connection).items() if "" in schools}
    names = [n for n, entry in run.config.sources.items() if n in packages or (entry.enabled and n not in off)]
    for name in names:
        try:
            extract = extract_one(run, name, _settings(run.config, name, packages.get(name)))
        except SourceUnreadable as problem:
            if len(names) == 1:
                raise
            failed[name] = str(problem)
            continue
        states[name] = deltas.known(run.connection, name, extract.id)
        # What an API delivers is fetched again until it is applied: its changes are never queued, so never known.
        known = states[name] != "new" and extract.cursor is None
        delivered.append(Delivered(name, extract, known=known))
    return Extraction(tuple(delivered), states, failed)
