"""``check``: what is wrong with a package, without touching any store."""

from __future__ import annotations

from pathlib import Path

import polars as pl

from rosterkit.plan.build import dangling
from rosterkit.registry import source
from rosterkit.results import CheckReport
from rosterkit.roster import findings
from rosterkit.roster.rules import catalogue
from rosterkit.sources.bundle import Bundle
from rosterkit.sources.reading import ReadOptions

__all__ = ["check_package"]


def _judgeable(bundle: Bundle, found: pl.DataFrame) -> pl.DataFrame:
    """Missing targets can be told only where the package holds the whole of what is referred to."""
    whole = {s.entity for s in bundle.segments if s.state == "full"}
    every = {s.entity for s in bundle.segments if s.state != "absent"}
    return found if every <= whole else found.clear()


def check_package(
    package: Path,
    *,
    kind: str = "oneroster",
    options: ReadOptions | None = None,
) -> CheckReport:
    """Reads and checks a package, resolving references inside it; SourceUnreadable when it is refused whole."""
    reader = source(kind)
    options = options or ReadOptions()
    bundle = reader.read(package, options)
    lost = dangling(bundle)
    found = findings.concat([bundle.findings, lost if options.strict else _judgeable(bundle, lost)])
    return CheckReport(
        package=bundle.package.name,
        package_id=bundle.package.id,
        version=bundle.package.version,
        strict=options.strict,
        rows_read=bundle.rows_read,
        segments=bundle.segments,
        findings=findings.ordered(found),
        rules=catalogue(reader.rules),
    )
