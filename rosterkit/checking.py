"""``check``: what is wrong with a package, without touching any store."""

from __future__ import annotations

import tempfile
from collections.abc import Iterator, Mapping, Sequence
from datetime import UTC, datetime
from pathlib import Path

import polars as pl
from pydantic import ValidationError

from rosterkit.config import explained
from rosterkit.errors import UsageError
from rosterkit.extraction import Run, extract_one, newest, settings_with
from rosterkit.registry import source
from rosterkit.results import CheckReport
from rosterkit.roster import findings
from rosterkit.roster.rules import catalogue
from rosterkit.roster.schema import by_name
from rosterkit.sources.base import Context, Coverage, Extract, Progress, Source, Table, no_progress
from rosterkit.sources.findings import Findings


def check_source(run: Run, name: str, package: Path | None, reading: Mapping[str, object]) -> CheckReport:
    """Reads and checks what a source of the workspace delivers; ``reading`` takes the place of some of its settings.

    Raises SourceUnreadable when the package is refused whole, UsageError for a wrong value in ``reading``.
    """
    reader = source(run.config.source(name).kind)
    try:
        settings = settings_with(run.config.source(name).settings, reading)
    except ValidationError as problem:
        raise UsageError(explained(problem, reader.Settings)) from None
    chosen = package or newest(run, name)
    return _report(reader, extract_one(run, name, settings, chosen), strict=bool(getattr(settings, "strict", False)))


def check_package(
    package: Path,
    *,
    kind: str = "oneroster",
    reading: Mapping[str, object] | None = None,
    progress: Progress = no_progress,
) -> CheckReport:
    """Reads and checks a package without a workspace, demographics included.

    ``reading``: settings of the source beside ``path``. Raises SourceUnreadable when the package is refused whole,
    UsageError for a wrong value in ``reading``.
    """
    reader = source(kind)
    values = {"path": str(package.absolute()), **(reading or {})}
    try:
        settings = reader.Settings.model_validate(values)
    except ValidationError as problem:
        raise UsageError(explained(problem, reader.Settings)) from None
    strict = bool(values.get("strict"))
    with tempfile.TemporaryDirectory() as scratch:
        context = Context(
            findings=Findings(reader.rules, strict=strict),
            as_of=datetime.now(UTC).date(),
            scratch=Path(scratch),
            folder=Path.cwd(),
            progress=progress,
            demographics=True,
        )
        return _report(reader, reader.extract(settings, context), strict=strict)


def _report(reader: Source, extract: Extract, *, strict: bool) -> CheckReport:
    """The findings of the source, and references inside the extract that lead nowhere."""
    missing = list(_missing(extract, strict=strict))
    return CheckReport(
        package=extract.name,
        package_id=extract.id,
        version=extract.version,
        strict=strict,
        rows_read=extract.rows_read,
        coverage=extract.table_coverage,
        findings=findings.ordered(findings.concat([extract.findings, *missing])),
        rules=catalogue(tuple(reader.rules)),
    )


def _missing(extract: Extract, *, strict: bool) -> Iterator[pl.DataFrame]:
    """References to records that the package should hold and does not.

    Nothing is known of a table that is absent, and a delta's targets may be stored: only strict reading, which wants a
    package complete in itself, asks for those too.
    """
    queries = []
    for table in extract.tables:
        present = table.rows.collect_schema().names()
        for column in by_name(table.entity).refs:
            targets = [found for found in extract.tables if found.entity == column.to]
            if column.label not in present or table.coverage is Coverage.ABSENT or not targets:
                continue
            if any(t.coverage in (Coverage.ABSENT, Coverage.DELTA) for t in targets) and not strict:
                continue
            name = extract.column_names.get(f"{table.entity}.{column.label}", column.label)
            queries.append(_unresolved(table, column.label, name, targets))
    yield from pl.collect_all(queries, engine="in-memory")


def _own(table: Table, label: str) -> pl.LazyFrame:
    """The rows whose reference names a record of this source by its id, with the id space that they mean."""
    columns = table.rows.collect_schema().names()
    space, by = (pl.col(name) if name in columns else None for name in (f"_space_{label}", f"_by_{label}"))
    rows = table.rows.filter(pl.col(label).is_not_null())
    if "_deleted" in columns:
        rows = rows.filter(~pl.col("_deleted"))
    if by is not None:
        rows = rows.filter(by.is_null())
    return rows.with_columns(space=pl.lit("") if space is None else space.fill_null(""))


def _unresolved(table: Table, label: str, name: str, targets: Sequence[Table]) -> pl.LazyFrame:
    known = pl.concat(
        [
            keys.select("sourced_id", space=pl.lit(target.id_space))
            for target in targets
            for keys in (target.rows, target.invalid.lazy())
        ]
    ).unique()
    near = pl.col("sourced_id").alias("near")
    alike = known.select(near, "space", folded=pl.col("sourced_id").str.to_lowercase())
    rows = _own(table, label).join(
        known, left_on=[label, "space"], right_on=["sourced_id", "space"], how="anti", maintain_order="left"
    )
    rows = rows.with_columns(folded=pl.col(label).str.to_lowercase())
    rows = rows.join(alike.unique(["folded", "space"]), on=["folded", "space"], how="left", maintain_order="left")
    return rows.select(
        rule=pl.lit("reference.missing"),
        severity=pl.lit("error"),
        file="_file",
        line="_line",
        column=pl.lit(name),
        value=label,
        key="sourced_id",
        detail=pl.concat_str(pl.lit("did you mean "), "near", pl.lit("?")).fill_null(""),
    )
