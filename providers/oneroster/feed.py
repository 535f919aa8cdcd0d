"""The OneRoster feed: the roster as a strictly valid bulk package of CSV 1.1 or 1.2, always the same bytes.

Each table is converted to the file of that version (``export_rows``, ``roles``), checked until every row is valid and
every reference resolves (``export_checks``), and written (``writer``). Each change and each dropped row is a finding.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import polars as pl
from pydantic import BaseModel

from providers.oneroster.export_checks import ExportChecks, check_rows
from providers.oneroster.export_rows import export_rows, ids_by_column
from providers.oneroster.feed_rules import RULES
from providers.oneroster.feed_settings import FeedSettings
from providers.oneroster.numeric_ids import NumberedRoster
from providers.oneroster.preflight import preflight
from providers.oneroster.spec import FILES
from providers.oneroster.writer import SortedParts, csv_file, manifest, zipped
from rosterkit.feeds.base import FeedContext, FeedFile, LastSent, Roster, VendorFacts, Verdict
from rosterkit.roster import findings
from rosterkit.roster.rules import Rule

__all__ = ["OneRosterFeed"]


class OneRosterFeed:
    """Writes OneRoster CSV 1.1 and 1.2 (as 1.2.1 has it)."""

    kind: str = "oneroster"
    rules: Sequence[Rule] = RULES
    Settings: type[BaseModel] = FeedSettings
    vendor = VendorFacts(
        name="Any product that reads OneRoster CSV",
        files="oneroster.zip, or the CSV files in a folder",
        transports=("folder", "sftp", "s3", "https"),
        clock="set by the product that reads it",
        leaver="absent from the file: a bulk package holds everybody who is there",
        absence_deletes=True,
        people_by=("users.csv", "sourcedId"),
        recall="Send the package again: the product takes it as a whole.",
    )

    def build(self, roster: Roster, settings: FeedSettings, context: FeedContext) -> Sequence[FeedFile]:
        """One zip, or manifest.csv and the rostering files in its order; no file where no row can be sent.

        ``FeedFile.rows`` counts the records of the files (of manifest.csv its properties; a zip does not count them).
        """
        export = export_rows(
            NumberedRoster(roster), settings.version, extended=settings.extensions, demographics=settings.demographics
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

    def check(self, files: Sequence[FeedFile], last_sent: LastSent | None, settings: FeedSettings) -> Verdict:
        """The verdict of strict reading: a package with an error is rejected, a header without rows is ignored."""
        return preflight(files, last_sent, settings)

    def identifiers(self, settings: FeedSettings) -> Mapping[str, str]:
        """None: a product that reads OneRoster takes a record by its sourcedId, which the source keeps."""
        del settings
        return {}


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
