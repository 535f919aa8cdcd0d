"""What the tables of one set of CSV files have in common: coverage, findings, rows that differ."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import polars as pl

from providers.clever.cells import attributes, wanted
from providers.clever.conversion import PLACE, PROBLEMS, Notes
from providers.clever.csvset import CsvFile
from providers.clever.settings import CsvSettings
from providers.clever.vocabulary import known
from rosterkit.sources.base import INVALID, Context, Coverage, Table

DISTRICT = "district"
"""The id of the district's own Org, which no file has; staff.csv may name it as a school."""


class CsvTables:
    """The tables of one set of files."""

    def __init__(self, files: Mapping[str, CsvFile], settings: CsvSettings, context: Context) -> None:
        self.files = files
        self.settings = settings
        self.context = context
        self.notes = Notes()

    def report(self) -> None:
        problems = pl.concat([pl.DataFrame(schema=PROBLEMS), *self.notes.frames])
        for (rule, file, column), rows in problems.group_by("rule", "_file", "column", maintain_order=True):
            self.context.findings.add_rows(str(rule), rows, file=str(file), column=str(column))

    def table(self, file: CsvFile, entity: str, rows: pl.DataFrame, space: str = "") -> Table:
        keyless = rows.filter(pl.col("sourced_id").is_null())
        self.notes.add("clever.csv-no-key", keyless, key="sourced_id")
        lost = file.unreadable + keyless.height
        reason = f"{lost:,} lines of {file.name}.csv cannot be read" if lost else ""
        coverage = Coverage.PARTIAL if lost else Coverage.FULL
        unusable = pl.concat([pl.DataFrame(schema=INVALID), *self.notes.invalid.pop(f"{entity} {space}", [])])
        return Table(entity, rows.drop_nulls("sourced_id").lazy(), coverage, reason, space, unusable)

    def absent(self, file: CsvFile, entity: str, space: str = "") -> Table:
        empty = pl.LazyFrame(schema={"sourced_id": pl.String, "_file": pl.String, "_line": pl.Int64})
        return Table(entity, empty, Coverage.ABSENT, file.absent, space)

    def kept_attributes(self, file: CsvFile, names: Sequence[str]) -> pl.Expr:
        own = [n for n in file.rows.columns if n.startswith("ext.") or n in names]
        return attributes({n: pl.col(n) for n in own if wanted(n, self.settings.attributes)})

    def unique(self, rows: pl.DataFrame) -> pl.DataFrame:
        """The first row of each id; a later one that says something else is a finding."""
        first = rows.unique("sourced_id", keep="first", maintain_order=True)
        facts = [name for name in rows.columns if name not in PLACE]
        others = rows.unique(facts, keep="first", maintain_order=True).join(
            first, on=["sourced_id", "_line"], how="anti"
        )
        self.notes.add("clever.csv-rows-differ", others.drop_nulls("sourced_id"), key="sourced_id")
        return first

    def unknown(self, rows: pl.DataFrame, value: pl.Expr, words: dict[str, str], column: str, key: str) -> None:
        strange = rows.filter(value.is_not_null() & known(value, words).is_null()).with_columns(v=value)
        shown = None if column in ("race", "gender") else "v"
        self.notes.add("clever.unknown-value", strange, column=column, key=key, value=shown)
