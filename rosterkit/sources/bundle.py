"""What one source said this time: canonical tables, findings, and for every segment how much its absence means."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

import polars as pl

from rosterkit.errors import InternalError
from rosterkit.roster.schema import Entity

__all__ = ["ROW_KEYS", "UNREADABLE", "Bundle", "Listing", "Package", "Segment", "Table", "said_schema"]

ROW_KEYS: dict[str, pl.DataType | type[pl.DataType]] = {
    "sourced_id": pl.String,
    "deleted": pl.Boolean,  # the row says that the record is gone (tobedeleted)
    "unread": pl.List(pl.String),  # labels whose cell could not be read: the stored value stays; null = none
    "modified_at": pl.String,  # dateLastModified, YYYY-MM-DDTHH:MM:SS.sssZ, or null
    "file": pl.String,
    "line": pl.Int64,
}
UNREADABLE: dict[str, type[pl.DataType]] = {"sourced_id": pl.String, "file": pl.String, "line": pl.Int64}


def said_schema(entity: Entity) -> dict[str, pl.DataType | type[pl.DataType]]:
    """The columns of ``Table.rows`` when every business column is stated."""
    return {**ROW_KEYS, **entity.said_schema}


@dataclass(frozen=True)
class Listing:
    """Records that a row of another file lists whole: a student's guardians, a class's terms.

    ``owners`` has some reference labels of the entity (and ``asserted_by``) as columns, beside ``file`` and ``line`` of
    the row that lists: a stored row that matches them and is not in ``Table.rows`` is no longer listed. Only owners
    whose list could be read stand here.
    """

    owners: pl.DataFrame


@dataclass(frozen=True)
class Table:
    """What was said of one entity.

    ``rows``: ``said_schema`` of the entity, without the business columns that the source does not have (their stored
    values stay). sourced_id is unique and never null. A blank cell is null.
    ``unreadable``: records that were there but cannot be read; disjoint from ``rows``.
    """

    rows: pl.DataFrame
    unreadable: pl.DataFrame
    listings: tuple[Listing, ...] = ()


def _promises(table: Table) -> dict[str, bool]:
    """What a table must never be, and whether it is."""
    rows, keys = table.rows, table.rows["sourced_id"]
    texts = pl.col(name for name, dtype in rows.schema.items() if dtype == pl.String)
    blank = rows.select(blank=pl.any_horizontal((texts == "").any()))["blank"].any()
    return {
        "a sourced id is missing or stands twice": keys.null_count() > 0 or keys.n_unique() < rows.height,
        "a record is readable and unreadable": rows.join(table.unreadable, on="sourced_id", how="semi").height > 0,
        "a blank is not null": bool(blank),
    }


@dataclass(frozen=True)
class Segment:
    """One (entity, role) of a source; role "" means every role that has no segment of its own.

    ``state``: ``full`` (what is not said is gone), ``delta`` (what is not said stays), ``absent`` or ``partial``
    (absence never archives; in a partial one explicit deletes wait). ``delta``: the file is a set of changes, also when
    it is partial, so that its rows must be queued.
    """

    entity: str
    role: str
    state: str
    why: str = ""
    delta: bool = False


@dataclass(frozen=True)
class Package:
    """Which bytes were read: ``id`` is the SHA-256 over the members' names and contents, in hexadecimal."""

    id: str
    name: str
    version: str  # as the source calls it, such as "1.1"
    system: str = ""


@dataclass(frozen=True)
class Bundle:
    """What one source said this time. Entities that are missing from ``tables`` said nothing."""

    package: Package
    tables: Mapping[str, Table]
    segments: tuple[Segment, ...]
    findings: pl.DataFrame
    rows_read: Mapping[str, int] = field(default_factory=dict)  # by file

    def checked(self) -> Bundle:
        """The bundle itself, once it is seen to keep this module's promises; InternalError names a broken one."""
        if any(segment.role for segment in self.segments):
            raise InternalError("The source gives a role a segment of its own, which the planner does not know yet.")
        for name, table in self.tables.items():
            for promise, broken in _promises(table).items():
                if broken:
                    raise InternalError(f"The source broke a promise about {name}: {promise}. Report it to its makers.")
        return self

    def segment(self, entity: str, role: str = "") -> Segment:
        """The segment that governs this role of the entity; ``absent`` when the source never spoke of it."""
        fallback = Segment(entity, "", "absent", "the source does not carry it")
        for segment in self.segments:
            if segment.entity == entity and segment.role == role:
                return segment
            if segment.entity == entity and segment.role == "":
                fallback = segment
        return fallback
