"""From the roster to the files of a OneRoster package.

Each table is converted to the file of that version (``export_rows``, ``roles``), checked until every row is valid and
every reference resolves (``export_checks``), and written (``writer``). Each change and each dropped row is a finding.
"""

from __future__ import annotations

from collections.abc import Sequence

import polars as pl

from providers.oneroster.export_checks import ExportChecks, check_rows
from providers.oneroster.export_rows import export_rows, ids_by_column
from providers.oneroster.feed_settings import FeedSettings
from providers.oneroster.numeric_ids import NumberedRoster
from providers.oneroster.spec import FILES
from providers.oneroster.writer import SortedParts, csv_file, manifest, zipped
from rosterkit.feeds.base import FeedContext, FeedFile, Roster
from rosterkit.roster import findings


def feed_files(roster: Roster, settings: FeedSettings, context: FeedContext) -> Sequence[FeedFile]:
    """The files of the feed, as ``OneRosterFeed.build`` returns them."""
    export = export_rows(
        NumberedRoster(roster),
        settings.version,
        extended=settings.extensions,
        demographics=settings.demographics,
        accounts=settings.complete_guardians,
    )
    checks = check_rows(export, settings.version)
    found = findings.ordered(findings.concat(checks.findings)).rename({"line": "_line"})
    for (rule, file, column), rows in found.group_by("rule", "file", "column", maintain_order=True):
        context.findings.add_rows(str(rule), rows, file=str(file), column=str(column))
    files = _files(checks)
    if not files:
        return ()
    package = (manifest(settings.version, [file.name.removesuffix(".csv") for file in files]), *files)
    if settings.form == "zip":
        return (zipped(settings.name, package, sum(file.rows for file in files)),)
    return package


def _files(checks: ExportChecks) -> tuple[FeedFile, ...]:
    """The CSV files that have rows, in the order of the manifest, without the extensions that no row has."""

    def made(name: str, rows: pl.DataFrame) -> FeedFile:
        file = checks.file(name)
        extensions = [column.name for column in rows if column.name not in file.header and column.count()]
        columns = [*file.header, *sorted(extensions)]
        return csv_file(name, columns, SortedParts(rows), rows.height, ids_by_column(file, checks.ids))

    return tuple(
        made(name, checks.rows[name])
        for name in FILES[checks.version]
        if name in checks.rows and checks.rows[name].height
    )
