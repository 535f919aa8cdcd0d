"""The plan: an immutable, stored object that names everything that applying it will do."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date, datetime

import polars as pl

from rosterkit.sources.base import TableCoverage

ACTIONS = ("create", "update", "archive", "restore")


@dataclass(frozen=True, slots=True)
class Counts:
    """How many records an action touches."""

    create: int = 0
    update: int = 0
    archive: int = 0
    restore: int = 0

    @property
    def total(self) -> int:
        return self.create + self.update + self.archive + self.restore


@dataclass(frozen=True)
class Plan:
    """What is known of a plan without opening its changes.

    ``changes`` and ``held`` (disjoint) count records by entity; ``findings`` counts by severity. ``state`` is proposed,
    approved, rejected, superseded, applied or tried; a proposed or approved plan past ``expires_at`` is expired.
    """

    id: str
    sources: tuple[str, ...]  # whose extracts it is made from; of an undo: whose records it takes back
    kind: str  # sync | undo
    state: str
    base: int  # the revision it was made from
    as_of: date  # in the district's zone
    created_at: datetime  # UTC
    expires_at: datetime  # UTC
    content_hash: str  # over its changes sorted by key, without integer ids, provenance, times and plan id
    needs_approval: bool
    approval_why: str  # why a person must look; "" where none must
    undoes: int | None = None  # the revision that an undo reverts
    revision_made: int | None = None  # the revision it became; None before, and where there was nothing to write
    packages: tuple[str, ...] = ()
    changes: Mapping[str, Counts] = field(default_factory=dict)
    held: Mapping[str, Counts] = field(default_factory=dict)
    findings: Mapping[str, int] = field(default_factory=dict)
    coverage: tuple[TableCoverage, ...] = ()  # of every table of every source
    unread: Mapping[str, str] = field(default_factory=dict)  # by source of which nothing was read: why
    notes: tuple[str, ...] = ()  # sentences a reviewer should read first

    @property
    def source(self) -> str:
        """The names of its sources, as people read them."""
        return ", ".join(self.sources)

    @property
    def total(self) -> Counts:
        """The applicable changes over all entities."""
        return Counts(*(sum(getattr(c, action) for c in self.changes.values()) for action in ACTIONS))

    @property
    def total_held(self) -> Counts:
        return Counts(*(sum(getattr(c, action) for c in self.held.values()) for action in ACTIONS))


LINES: dict[str, type[pl.DataType]] = {
    "entity": pl.String,
    "action": pl.String,  # create | update | archive | restore
    "sourced_id": pl.String,
    "name": pl.String,  # what people call the record: a title, a person's name, "who in which class"
    "school": pl.String,  # names of its schools, "; " between; "" where it has none
    "field": pl.String,  # of an update or restore: one line a field; "" for create and archive
    "before": pl.String,  # references as sourced ids; null = no value
    "after": pl.String,
    "before_name": pl.String,  # of references: what people call the record; null elsewhere
    "after_name": pl.String,
    "why": pl.String,  # the reason, a short sentence
    "file": pl.String,
    "line": pl.Int64,  # 0 where there is none (an absence)
    "held": pl.String,  # "" = will be applied; else the code of what holds it (docs/architecture.md)
    "held_why": pl.String,
}
"""The columns of ``PlanView.lines``: one row for each created, archived or restored record and each changed field."""


@dataclass(frozen=True)
class PlanView:
    """A plan with all its changes, for people: the very rows that apply would execute, and those it holds."""

    plan: Plan
    lines: pl.DataFrame  # LINES
    findings: pl.DataFrame  # roster.findings.FINDINGS
    creates: Mapping[str, pl.DataFrame]  # by entity: sourced_id and every business column by label, of created records
