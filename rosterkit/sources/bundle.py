"""What the planner takes today, a Bundle, made from a source's Extract. It goes when the planner takes an Extract."""

from __future__ import annotations

import tempfile
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, date, datetime
from pathlib import Path
from typing import Any

import polars as pl

from rosterkit.errors import InternalError
from rosterkit.roster.schema import Entity, by_name
from rosterkit.sources import base
from rosterkit.sources.base import Context, Coverage, Extract, Progress, Source, no_progress
from rosterkit.sources.findings import Findings
from rosterkit.sources.limits import SizeLimits
from rosterkit.sources.row_cache import RowCache

__all__ = [
    "ROW_KEYS",
    "UNREADABLE",
    "Bundle",
    "Listing",
    "Package",
    "ReadOptions",
    "Segment",
    "Table",
    "bundle_of",
    "extract_package",
    "incoming_schema",
    "read_bundle",
    "segments_of",
]

ROW_KEYS: dict[str, pl.DataType | type[pl.DataType]] = {
    "sourced_id": pl.String,
    "deleted": pl.Boolean,  # the row says that the record is gone (tobedeleted)
    "unread": pl.List(pl.String),  # labels whose cell could not be read: the stored value stays; null = none
    "modified_at": pl.String,  # dateLastModified, YYYY-MM-DDTHH:MM:SS.sssZ, or null
    "file": pl.String,
    "line": pl.Int64,
}
UNREADABLE: dict[str, type[pl.DataType]] = {"sourced_id": pl.String, "file": pl.String, "line": pl.Int64}


def incoming_schema(entity: Entity) -> dict[str, pl.DataType | type[pl.DataType]]:
    """The columns of ``Table.rows`` when every business column is stated."""
    return {**ROW_KEYS, **entity.incoming_schema}


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

    ``rows``: ``incoming_schema`` of the entity, without the business columns that the source does not have (their
    stored values stay). sourced_id is unique and never null. A blank cell is null.
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


@dataclass(frozen=True)
class ReadOptions:
    """How a package is to be read."""

    strict: bool = False
    demographics: bool = False
    dates: str = "iso"  # iso | month-first | day-first
    accepted_lines: frozenset[str] = frozenset()  # hashes of unreadable lines that a person accepted
    caps: SizeLimits = field(default_factory=SizeLimits)
    progress: Progress = no_progress
    row_cache: RowCache | None = None
    as_of: date | None = None


def extract_package(reader: Source, package: Path, options: ReadOptions, scratch: Path) -> Extract:
    """What the source makes of the package. Frames may be read as long as ``scratch`` is there."""
    reading = {"strict": options.strict, "dates": options.dates}
    known = {name: value for name, value in reading.items() if name in reader.Settings.model_fields}
    settings = reader.Settings.model_validate({"path": str(package.absolute())} | known)
    context = Context(
        findings=Findings(reader.rules, strict=options.strict),
        as_of=options.as_of or datetime.now(UTC).date(),
        scratch=scratch,
        folder=Path.cwd(),
        progress=options.progress,
        demographics=options.demographics,
        ignored_lines=options.accepted_lines,
        size_limits=options.caps,
        row_cache=options.row_cache,
    )
    return reader.extract(settings, context)


def read_bundle(reader: Any, package: Path, options: ReadOptions) -> Bundle:
    """What the source makes of the package, as today's planner takes it."""
    if not isinstance(reader, Source):  # one of the tests, which holds a Bundle
        made: Bundle = reader.read(package, options)
        return made
    with tempfile.TemporaryDirectory() as scratch:
        return bundle_of(extract_package(reader, package, options, Path(scratch)))


def bundle_of(extract: Extract) -> Bundle:
    """The extract as a Bundle."""
    tables = {table.entity: _table(table) for table in extract.tables if table.coverage is not Coverage.ABSENT}
    package = Package(extract.id, extract.name, extract.version, extract.system)
    return Bundle(package, tables, segments_of(extract), extract.findings, extract.rows_read)


def segments_of(extract: Extract) -> tuple[Segment, ...]:
    """The coverage of each table."""
    return tuple(Segment(t.entity, "", str(t.coverage), t.reason, t.changes) for t in extract.tables)


def _table(table: base.Table) -> Table:
    cells = table.invalid.filter(pl.col("column").is_not_null())
    unread = cells.group_by("sourced_id", maintain_order=True).agg(pl.col("column").alias("unread"))
    rows = table.rows.join(unread.lazy(), on="sourced_id", how="left", maintain_order="left").collect(
        engine="in-memory"
    )
    rows = rows.rename({"_file": "file", "_line": "line", "_deleted": "deleted", "_modified_at": "modified_at"})
    labels = [column.label for column in by_name(table.entity).columns if column.label in rows.columns]
    lost = table.invalid.filter(pl.col("column").is_null())
    listings = tuple(Listing(parents.rename({"_file": "file", "_line": "line"})) for parents in table.parents)
    return Table(
        rows.select(
            pl.col(name).cast(dtype)
            for name, dtype in incoming_schema(by_name(table.entity)).items()
            if name in (*ROW_KEYS, *labels)
        ),
        lost.select(sourced_id="sourced_id", file="_file", line="_line"),
        listings,
    )
