"""What was read of one resource, and the parts of tables that depend on how it was read."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field

import polars as pl

from providers.clever.conversion import PROBLEMS, Converted
from rosterkit.sources.base import INVALID, Coverage, Table
from rosterkit.sources.findings import Findings


@dataclass
class Pull:
    """What was read of one resource: converted pages, and how much their absence of a record means."""

    resource: str
    coverage: Coverage = Coverage.FULL
    reason: str = ""
    pages: list[Converted] = field(default_factory=list)
    rows: int = 0
    digest: str = ""
    deleted: list[str] = field(default_factory=list)  # ids that events say are gone
    changes: bool = False

    def table(self, name: str) -> pl.DataFrame | None:
        """The rows of that name in all pages, or None where no page has any."""
        frames = [page.tables[name] for page in self.pages if name in page.tables]
        return pl.concat(frames, how="vertical_relaxed") if frames else None

    def invalid(self, entity: str) -> pl.DataFrame:
        frames = [page.invalid[entity] for page in self.pages if entity in page.invalid]
        return pl.concat([pl.DataFrame(schema=INVALID), *frames])

    def meaning(self) -> tuple[Coverage, str]:
        """Coverage and why it is not full; a record without an id makes it partial."""
        keyless = sum(page.keyless for page in self.pages)
        if keyless and self.coverage in (Coverage.FULL, Coverage.DELTA):
            return Coverage.PARTIAL, f"{keyless:,} records of {self.resource} have no readable id"
        return self.coverage, self.reason


def report_problems(pulls: Iterable[Pull], findings: Findings) -> None:
    """Row-level findings of all pages, in groups as ``Findings`` keeps them."""
    frames = [page.problems for pull in pulls for page in pull.pages]
    every = pl.concat([pl.DataFrame(schema=PROBLEMS), *frames])
    for (rule, file, column), rows in every.group_by("rule", "_file", "column", maintain_order=True):
        findings.add_rows(str(rule), rows, file=str(file), column=str(column))


def absent(entity: str, space: str, reason: str, *, changes: bool = False) -> Table:
    empty = pl.LazyFrame(schema={"sourced_id": pl.String, "_file": pl.String, "_line": pl.Int64})
    return Table(entity, empty, Coverage.ABSENT, reason, space, changes=changes)


def nothing(pull: Pull, entity: str, space: str = "") -> Table:
    """The table of a resource of which no page came. That is never "everything is gone"."""
    if pull.coverage == Coverage.DELTA:
        empty = pl.LazyFrame(schema={"sourced_id": pl.String, "_file": pl.String, "_line": pl.Int64})
        return Table(entity, empty, Coverage.DELTA, pull.reason, space, changes=True)
    return absent(entity, space, pull.reason or f"{pull.resource} has no record", changes=pull.changes)


def with_deleted(rows: pl.DataFrame, pull: Pull) -> pl.LazyFrame:
    """The rows, and in a set of changes a row for each record that is gone."""
    if not pull.changes:
        return rows.lazy()
    deleted = pl.DataFrame({"sourced_id": pull.deleted}, schema={"sourced_id": pl.String})
    marked = deleted.with_columns(_file=pl.lit("events"), _line=pl.lit(0, pl.Int64), _deleted=pl.lit(value=True))
    return pl.concat([rows.with_columns(_deleted=pl.lit(value=False)), marked], how="diagonal").lazy()


def without_unshared(rows: pl.DataFrame, pull: Pull) -> pl.DataFrame:
    """Without the columns that no record of a whole pull has: the field is not shared, and what is stored stays.

    sms and phone are one field of Clever: neither is left out while the other has a number.
    """
    if pull.changes or rows.is_empty():
        return rows
    counts = rows.null_count().row(0, named=True)
    never = [name for name, count in counts.items() if count == rows.height and not name.startswith("_")]
    numbers = {"sms", "phone"} & set(rows.columns)
    return rows.drop(name for name in never if name not in numbers or numbers <= set(never))
