"""The OneRoster feed: the roster as a strictly valid bulk package of CSV 1.1 or 1.2, always the same bytes.

The road of a table: laid out as the file of that version (``draft``, ``convert``), sifted until every row is valid and
every reference resolves (``sift``), written (``package``). Everything that is not sent as it was is a finding.
"""

from __future__ import annotations

from collections.abc import Mapping

import polars as pl

from providers.oneroster.draft import draft
from providers.oneroster.feed_rules import RULES
from providers.oneroster.feed_settings import FeedSettings
from providers.oneroster.format import FILES
from providers.oneroster.package import csv_file, manifest, zipped
from providers.oneroster.sift import sift
from rosterkit.delivery.feed import FeedFile, FeedInput, Rendered
from rosterkit.intake import findings
from rosterkit.intake.rules import Rule

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
        frames = _allowed(given.frames, demographics=settings.demographics)
        drafts, converting = draft(frames, settings.version, extended=settings.extensions)
        rows, sifting = sift(drafts, settings.version)
        files = _files(rows, settings)
        found = findings.ordered(findings.concat([*converting, *sifting]))
        if not files:
            return Rendered((), found)
        if settings.form == "zip":
            records = sum(file.rows for file in files)
            members = (manifest(settings.version, _names(files)), *files)
            return Rendered((zipped(settings.name, members, records),), found)
        return Rendered((manifest(settings.version, _names(files)), *files), found)


def _allowed(frames: Mapping[str, pl.DataFrame], *, demographics: bool) -> dict[str, pl.DataFrame]:
    return {name: frame for name, frame in frames.items() if demographics or name != "Demographics"}


def _files(rows: Mapping[str, pl.DataFrame], settings: FeedSettings) -> tuple[FeedFile, ...]:
    """The CSV files that have rows, in the order of the manifest."""
    names = [name for name in FILES[settings.version] if name in rows and rows[name].height]
    return tuple(csv_file(name, _without_empty_extensions(name, rows[name], settings)) for name in names)


def _without_empty_extensions(name: str, rows: pl.DataFrame, settings: FeedSettings) -> pl.DataFrame:
    """The file without the extensions that only rows left out had."""
    specified = FILES[settings.version][name].header
    return rows.select(column for column in rows.columns if column in specified or rows[column].count())


def _names(files: tuple[FeedFile, ...]) -> list[str]:
    return [file.name.removesuffix(".csv") for file in files]
