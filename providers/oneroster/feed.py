"""The OneRoster feed: the roster as a strictly valid bulk package of CSV 1.1 or 1.2, always the same bytes.

The road of a table: laid out as the file of that version (``draft``, ``convert``), sifted until every row is valid and
every reference resolves (``sift``), written (``package``). Everything that is not sent as it was is a finding.
"""

from __future__ import annotations

from collections.abc import Iterable

import polars as pl

from providers.oneroster.export_checks import Sieve, sift, sift_enrollments
from providers.oneroster.export_rows import draft, numbered
from providers.oneroster.feed_rules import RULES
from providers.oneroster.feed_settings import FeedSettings
from providers.oneroster.spec import FILES
from providers.oneroster.writer import InOrder, csv_file, manifest, zipped
from rosterkit.feeds.legacy import FeedFile, FeedInput, Rendered
from rosterkit.feeds.spill_file import Spool
from rosterkit.roster import findings
from rosterkit.roster.rules import Rule

__all__ = ["OneRosterFeed"]


class OneRosterFeed:
    """Writes OneRoster CSV 1.1 and 1.2 (as 1.2.1 has it)."""

    kind: str = "oneroster"
    rules: tuple[Rule, ...] = RULES

    def render(self, given: FeedInput) -> Rendered:
        """One zip, or manifest.csv and the rostering files in its order; no file at all where no row can be sent.

        ``FeedFile.rows`` counts the records of the files (of manifest.csv its properties; a zip does not count them).
        Raises UsageError when a setting is wrong.
        """
        settings = FeedSettings.read(given.settings)
        drafts = draft(given.frames, settings.version, extended=settings.extensions, demographics=settings.demographics)
        sieve = sift(drafts, settings.version)
        enrollments = Spool(given.scratch)
        for rows in sift_enrollments(sieve, drafts.enrollments):
            enrollments.put(rows)
        files = _files(sieve, enrollments, settings)
        found = findings.ordered(findings.concat(sieve.findings))
        if not files:
            return Rendered((), found)
        if settings.form == "zip":
            records = sum(file.rows for file in files)
            members = (manifest(settings.version, _names(files)), *files)
            return Rendered((zipped(settings.name, members, records),), found)
        return Rendered((manifest(settings.version, _names(files)), *files), found)


def _files(sieve: Sieve, enrollments: Spool, settings: FeedSettings) -> tuple[FeedFile, ...]:
    """The CSV files that have rows, in the order of the manifest."""

    def made(name: str, parts: Iterable[pl.DataFrame], filled: Iterable[str], rows: int) -> FeedFile:
        """Without the extensions that only rows left out had."""
        file = sieve.file(name)
        columns = [*file.header, *sorted(set(filled) - set(file.header))]
        return csv_file(name, columns, parts, rows, numbered(file, sieve.ids))

    files = {"enrollments": made("enrollments", enrollments, enrollments.filled, enrollments.rows)}
    for name, rows in sieve.rows.items():
        filled = [column.name for column in rows if column.count()]
        files[name] = made(name, InOrder(rows), filled, rows.height)
    return tuple(files[name] for name in FILES[settings.version] if name in files and files[name].rows)


def _names(files: tuple[FeedFile, ...]) -> list[str]:
    return [file.name.removesuffix(".csv") for file in files]
