"""What planning may ask of the store: a small protocol, so that plan/ never imports store/."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from typing import Protocol

import polars as pl

from rosterkit.roster.schema import Column, Entity

KEY_PARTS = ("source", "id_space", "sourced_id")

INDEX: dict[str, type[pl.DataType]] = {
    "id": pl.Int64,
    "sourced_id": pl.String,
    "active": pl.Boolean,
    "modified_at": pl.String,
    "fingerprint_high": pl.Int64,
    "fingerprint_low": pl.Int64,
}
"""What is read of every stored row of an entity that is compared: who it is, and its fingerprint as delivered."""

HOLDS: dict[str, type[pl.DataType]] = {
    "hold_id": pl.Int64,
    "entity": pl.String,
    "key": pl.String,
    "action": pl.String,  # "" = any
    "field": pl.String,  # a label; "" = all
    "value": pl.String,  # of an undo: the reverted value, which alone is held; null elsewhere
    "code": pl.String,  # person | limit | undo
    "reason": pl.String,
}
APPROVED: dict[str, type[pl.DataType]] = {
    "approved_id": pl.Int64,
    "entity": pl.String,
    "key": pl.String,
    "action": pl.String,
    "field": pl.String,  # "" for create, archive and restore
    "before": pl.String,  # of an archive: the digest of the stored row
    "after": pl.String,
}
DEFERRED: dict[str, type[pl.DataType]] = {
    "key": pl.String,
    "body": pl.String,  # JSON object: "row" as it was delivered, by label; "unset" and "invalid", lists of labels
    "deleted": pl.Boolean,
    "modified_at": pl.String,
    "import_id": pl.String,
    "source_file": pl.String,
    "source_line": pl.Int64,
    "reason": pl.String,
}
MATCHES: dict[str, type[pl.DataType]] = {
    "id": pl.Int64,  # of a stored user
    "key": pl.String,  # under which the same person comes
}
"""What people said of new ids: whose they are."""

GROUP_COUNTS: dict[str, type[pl.DataType]] = {
    "role": pl.String,  # "" where the entity has none
    "school_id": pl.Int64,  # 0 = the district; null = over all, where who is at two schools counts once
    "base": pl.Int64,
}
"""How many records of an entity are active at the base revision, by group."""


def key() -> pl.Expr:
    """The planner's key of a record, one text: "source/id space/sourced id". People never see it."""
    return pl.concat_str(KEY_PARTS, separator="/").alias("key")


def with_key_parts(frame: pl.LazyFrame) -> pl.LazyFrame:
    """The frame with source, id_space and sourced_id in place of ``key``. (Neither of the first two holds a "/".)"""
    parts = pl.col("key").str.splitn("/", len(KEY_PARTS)).struct.rename_fields(KEY_PARTS)
    return frame.with_columns(parts).unnest("key")


@dataclass(frozen=True)
class QueuedDelta:
    """One table of a delta that was read and is not yet applied: frames as in ``sources.base.Table``."""

    import_id: str
    source: str
    id_space: str
    rows: pl.DataFrame
    invalid: pl.DataFrame
    parents: tuple[pl.DataFrame, ...] = ()


class Snapshot(Protocol):
    """The store at one revision."""

    def index(self, entity: Entity, source: str, id_space: str, columns: Collection[Column] = ()) -> pl.DataFrame:
        """Every row of that source and id space, archived ones too: INDEX, and these columns."""
        ...

    def find(
        self, entity: Entity, source: str, id_space: str, keys: Collection[str], columns: Collection[Column] = ()
    ) -> pl.DataFrame:
        """The rows with these sourced ids: INDEX, and these columns."""
        ...

    def rows(self, entity: Entity, ids: pl.Series) -> pl.DataFrame:
        """The rows with these integer ids: id, key, active, modified_at and every business column by name."""
        ...

    def children(self, entity: Entity, column: Column, parents: pl.Series) -> pl.Series:
        """Ids of the active rows whose reference in that column is one of these integer ids."""
        ...

    def named(self, entity: Entity, kind: str, values: Collection[str]) -> pl.DataFrame:
        """The active rows with one of these values in the column ``kind``: id, source, value."""
        ...

    def having(self, entity: Entity, values: Mapping[str, Collection[str]]) -> pl.DataFrame:
        """The rows, archived ones too, with one of these values in that column: id, kind (the column) and value."""
        ...

    def places(self, entity: Entity) -> frozenset[tuple[str, str]]:
        """The sources and id spaces of all rows but those that people made."""
        ...

    def usernames(self, values: Collection[str]) -> pl.DataFrame:
        """The persons, archived ones too, with one of these usernames: id, username, given_name, family_name."""
        ...

    def delivers(self, entity: Entity, source: str, id_space: str) -> bool:
        """Whether any row of that source and id space is active."""
        ...

    def keys(self, entity: Entity, ids: pl.Series) -> pl.DataFrame:
        """id, key and active of these rows."""
        ...

    def roles_of(self, people: pl.Series, *, archived: bool = False) -> pl.DataFrame:
        """The active roles of these persons, or archived ones too: id, user_id, role, org_id."""
        ...

    def schools(self) -> pl.Series:
        """Ids of the stored orgs that are schools."""
        ...

    def school_of(self, classes: pl.Series) -> pl.DataFrame:
        """Id and school_id of these classes."""
        ...

    def group_counts(self, entity: Entity) -> pl.DataFrame:
        """How many records are active, by group and over all: GROUP_COUNTS."""
        ...

    def class_counts(self, classes: pl.Series) -> pl.DataFrame:
        """How many enrollments are active in each of these classes: class_id, role, base."""
        ...

    def next_ids(self) -> Mapping[str, int]:
        """By entity the first integer id that was never given out."""
        ...

    def deferred(self) -> Mapping[str, pl.DataFrame]:
        """By entity what was delivered and is not stored so: DEFERRED. An entity without any is missing."""
        ...

    def queued(self) -> Mapping[str, tuple[QueuedDelta, ...]]:
        """By entity the deltas that were read and are not yet applied, oldest first."""
        ...

    def holds(self) -> pl.DataFrame:
        """The holds in force: HOLDS."""
        ...

    def approved(self) -> pl.DataFrame:
        """Held changes that a person approved and that were not used yet: APPROVED."""
        ...

    def matches(self) -> pl.DataFrame:
        """Which new ids are those of stored users, as people said: MATCHES."""
        ...
