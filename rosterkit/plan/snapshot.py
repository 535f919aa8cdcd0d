"""What planning may ask of the store: a small protocol, so that plan/ never imports store/."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Protocol

import polars as pl

from rosterkit.roster.schema import Column, Entity
from rosterkit.sources.bundle import Listing

__all__ = ["APPROVED", "HOLDS", "PENDING", "Layer", "Snapshot"]

HOLDS: dict[str, type[pl.DataType]] = {
    "hold_id": pl.Int64,
    "entity": pl.String,
    "sourced_id": pl.String,
    "action": pl.String,  # "" = any
    "field": pl.String,  # a label; "" = all
    "value": pl.String,  # of an undo: the reverted value, which alone is held; null elsewhere
    "code": pl.String,  # person | limit | undo
    "reason": pl.String,
}
APPROVED: dict[str, type[pl.DataType]] = {
    "approved_id": pl.Int64,
    "entity": pl.String,
    "sourced_id": pl.String,
    "action": pl.String,
    "field": pl.String,  # "" for create, archive and restore
    "before": pl.String,  # of an archive: the digest of the stored row
    "after": pl.String,
}
PENDING: dict[str, type[pl.DataType]] = {
    "sourced_id": pl.String,
    "body": pl.String,  # JSON object: "row" as it was said, by label, and "unread", the labels that were not read
    "deleted": pl.Boolean,
    "modified_at": pl.String,
    "package": pl.String,
    "file": pl.String,
    "line": pl.Int64,
    "why": pl.String,
}


@dataclass(frozen=True)
class Layer:
    """One entity of one package, as the fold of what was said takes it: frames as in ``intake.bundle.Table``."""

    package: str
    state: str  # full | delta | absent | partial
    rows: pl.DataFrame
    unreadable: pl.DataFrame
    listings: tuple[Listing, ...] = ()


class Snapshot(Protocol):
    """The store at one revision, for one origin."""

    def rows(self, entity: Entity) -> pl.DataFrame:
        """Every row of this origin, archived ones too: ``entity.judged_schema``."""
        ...

    def some(self, entity: Entity, ids: pl.Series, keys: pl.Series) -> pl.DataFrame:
        """The rows with one of these integer ids or sourced ids: ``entity.judged_schema``."""
        ...

    def children(self, entity: Entity, column: Column, parents: pl.Series) -> pl.DataFrame:
        """The rows whose reference in that column is one of these integer ids: ``entity.judged_schema``."""
        ...

    def census(self, entity: Entity) -> pl.DataFrame:
        """How many records are active, by unit and over all: CENSUS (plan.limits)."""
        ...

    def class_census(self, classes: pl.Series) -> pl.DataFrame:
        """How many enrollments are active in each of these classes: CLASS_CENSUS (plan.limits)."""
        ...

    def roles_of(self, people: pl.Series) -> pl.DataFrame:
        """The active roles of these persons: user_id, role, org_id."""
        ...

    def next_id(self, entity: Entity) -> int:
        """The first integer id that was never given out."""
        ...

    def pending(self, entity: Entity) -> pl.DataFrame:
        """What was said and is not stored: PENDING."""
        ...

    def queued(self, entity: Entity) -> tuple[Layer, ...]:
        """Deltas that were read and not yet applied, oldest first."""
        ...

    def holds(self) -> pl.DataFrame:
        """The holds in force: HOLDS."""
        ...

    def approved(self) -> pl.DataFrame:
        """Held changes that a person approved and that were not used yet: APPROVED."""
        ...
