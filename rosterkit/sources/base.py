"""The contract of a source: what a provider's package gives to the engine (entry points ``rosterkit.sources``).

A source reads; it never writes to the store and never decides what a change means. It answers with an ``Extract``:
canonical tables, findings with file and line, and for every table its coverage.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date
from enum import StrEnum
from pathlib import Path
from typing import Any, NamedTuple, Protocol, runtime_checkable

import polars as pl
from pydantic import BaseModel

from rosterkit.roster.rules import Rule
from rosterkit.sources.findings import Findings
from rosterkit.sources.limits import SizeLimits
from rosterkit.sources.row_cache import RowCache

Progress = Callable[[str, int, int], None]
"""Called as (what, done, total) while long work goes on; total is 0 where it is not known."""

KEY_KINDS = ("sourced_id", "identifier", "username", "email")
"""By what a reference to a record of another source may name it: the values of a ``_by_<reference>`` column."""

INVALID: dict[str, type[pl.DataType]] = {
    "sourced_id": pl.String,
    "column": pl.String,  # the label of a column whose value could not be used; null: the whole record
    "_file": pl.String,
    "_line": pl.Int64,
}
"""The columns of ``Table.invalid``."""


def no_progress(_what: str, _done: int, _total: int) -> None:
    """Progress that nobody watches."""


class Coverage(StrEnum):
    """How much the absence of a record means (design: absence archives only where coverage is full)."""

    FULL = "full"  # every record that exists is in the table: a stored one that is not here is gone
    DELTA = "delta"  # a set of changes: what is not here stays
    PARTIAL = "partial"  # cut short, or a row whose key cannot be read: nothing is archived by absence, deletes wait
    ABSENT = "absent"  # file missing, header only, unreadable, or without a required column: nothing is known


@dataclass(frozen=True)
class Table:
    """What one source delivered of one entity, in one id space.

    ``rows`` has one row for each record that could be read:

    ==================  =======  ==============================================================================
    column              type     content
    ==================  =======  ==============================================================================
    sourced_id          String   the id by which the source knows the record; unique in the table, never null
    <column label>      by kind  a business column of the entity (``class``, ``given_name``); a column that the
                                 source does not have is left out, and what is stored stays; a blank cell is
                                 null, and clears; a list or object is its JSON text, without spaces
    <reference label>   String   the sourced_id of the record that is meant
    _by_<reference>     String   optional: null where the reference names a sourced_id of this source; else the
                                 kind of key (KEY_KINDS) by which it names a record of the *other* sources
    _space_<reference>  String   optional: the id space of the record that is meant, where its entity has several
    _file, _line        String,  where the record was read: a file's name and first line (an API: the resource
                        Int64    and the record's position in it, from 1)
    _deleted            Boolean  optional: the source says that the record is gone
    _modified_at        String   optional: when the source last changed it, YYYY-MM-DDTHH:MM:SS.sssZ, or null
    ==================  =======  ==============================================================================

    ``invalid`` (INVALID) names what was seen and could not be used: a cell (``column`` is its label; the record is in
    ``rows``, and the stored value stays) or a whole record (``column`` is null; it is not in ``rows``, and it is
    protected from absence). ``parents``: of records that come as a whole list with their parent (a class's terms, a
    student's guardians), the parents whose list could be read: the references (and other labels) that name the parent,
    ``_file`` and ``_line``. A stored row of such a parent that is not in ``rows`` is gone.
    """

    entity: str
    rows: pl.LazyFrame
    coverage: Coverage
    reason: str = ""  # why coverage is not full, as a clause people can read
    id_space: str = ""  # "" where the source has one id space for the entity
    invalid: pl.DataFrame = field(default_factory=lambda: pl.DataFrame(schema=INVALID))
    parents: tuple[pl.DataFrame, ...] = ()
    outside: pl.Series = field(default_factory=lambda: pl.Series("sourced_id", [], pl.String))  # out of scope: not rows
    changes: bool = False  # it came as a set of changes: true for every delta, also for one that is partial or absent
    columns: Mapping[str, str] = field(default_factory=dict)  # what the source calls a column, by label: for findings


class TableCoverage(NamedTuple):
    """How completely one table was delivered, for people."""

    entity: str
    coverage: str  # full | delta | partial | absent
    reason: str = ""  # why it is not full


def coverage_in_words(tables: Iterable[TableCoverage]) -> list[str]:
    """Each coverage once for each reason: one short file may be that of several tables."""
    found: dict[tuple[str, str], list[str]] = {}
    for entity, coverage, reason in dict.fromkeys(tables):
        found.setdefault((coverage, reason), []).append(entity)
    texts = []
    for (coverage, reason), (*names, last) in found.items():
        what = f"{', '.join(names)} and {last} are" if names else f"{last} is"
        texts.append(f"{what} {coverage} ({reason})" if reason else f"{what} {coverage}")
    return texts


@dataclass(frozen=True)
class Extract:
    """What one source delivered in one run. An entity without a table is ``absent``.

    ``id`` identifies what was read: the SHA-256, in hexadecimal, over names and contents of a package's files, or over
    the answers of an API. ``cursor`` is where the next incremental run of an API goes on; it is stored only when the
    plan is applied.
    """

    id: str
    name: str  # what people call it: a file's name, or an address without secrets
    version: str  # of the format, such as "1.1"
    tables: tuple[Table, ...]
    findings: pl.DataFrame
    system: str = ""  # the Student Information System, where the source tells it
    rows_read: Mapping[str, int] = field(default_factory=dict)  # by file or resource
    cursor: str | None = None
    column_names: Mapping[str, str] = field(default_factory=dict)  # the source's own, by "Entity.label": for findings

    def table(self, entity: str, id_space: str = "") -> Table | None:
        """The table of that entity and id space, or None."""
        return next((t for t in self.tables if (t.entity, t.id_space) == (entity, id_space)), None)

    @property
    def table_coverage(self) -> tuple[TableCoverage, ...]:
        """The coverage of each table."""
        return tuple(TableCoverage(table.entity, str(table.coverage), table.reason) for table in self.tables)


@dataclass(frozen=True)
class OwnPull:
    """What a product gets where it reads this system itself, without rosterkit between (vendor-feeds C4-C28)."""

    name: str  # what people call it: the system's name
    sign_on: bool  # the product lets people sign on with this system only where it reads the roster from it (C28)
    primary_school_only: bool  # a student with several schools arrives at the primary one only (C33)
    splits_schools: bool  # one school can become two schools of the product, each read every day (C9)
    guardians_need_schools: bool  # guardians whose organisation is the district do not arrive (C19)
    district_staff: bool  # staff of the district arrive (C15)
    files_by_district: bool  # the district makes and reviews the files itself (C22, C25)


@dataclass(frozen=True)
class Capabilities:
    """What a source can carry, and what it asks of the district's people: data for ``rosterkit compare`` and the docs.

    Every text is a short sentence; "" means that nobody knows.
    """

    entities: tuple[str, ...]
    guardians: str  # none | linked | unlinked
    stable_contact_ids: bool
    demographics: bool
    incremental: str  # "", delta-files, events, modified-since
    sso: str
    filters: tuple[str, ...]  # what can be filtered at the vendor: school, grade, course, term, ...
    set_up_by: str  # who sets it up
    needs: tuple[str, ...] = ()  # what it needs of the district
    cannot: tuple[str, ...] = ()  # what cannot be done with it
    own_pull: OwnPull | None = None  # None: products do not read it themselves
    package_names: str = "*.zip"  # of a source of files: how its packages are named, where the settings do not say


@dataclass(frozen=True)
class Context:
    """What a run hands to a source beside its settings."""

    findings: Findings
    as_of: date  # in the district's zone
    scratch: Path  # a private folder that is removed after the run
    folder: Path  # the workspace: relative paths in settings are meant from here
    progress: Progress = no_progress
    demographics: bool = False
    cursor: str | None = None  # of the last applied extract of this source
    full: bool = False  # read everything, whatever the cursor says
    ignored_lines: frozenset[str] = frozenset()  # hashes of unreadable lines that a person set aside
    size_limits: SizeLimits = field(default_factory=SizeLimits)
    row_cache: RowCache | None = None  # converted rows of earlier runs; the extract is the same without it
    secret: Callable[[str], str] = lambda reference: reference  # resolves env:, file: and keyring: references


@runtime_checkable
class Source(Protocol):
    """Reads one kind of roster."""

    kind: str
    rules: Sequence[Rule]
    capabilities: Capabilities
    Settings: type[BaseModel]  # the keys of [sources.NAME] beside ``kind``, with descriptions: the docs are made of it

    def extract(self, settings: Any, context: Context) -> Extract:
        """Reads the roster, wholly or as far as it goes. Writes nothing outside ``context.scratch``.

        Raises SourceUnreadable where nothing can be read, UsageError where a setting is wrong.
        """
        ...
