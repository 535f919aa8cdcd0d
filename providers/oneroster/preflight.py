"""What a strict reader of OneRoster says of a package, and how it differs from the one that was last sent."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, datetime
from pathlib import Path
from tempfile import TemporaryDirectory

import polars as pl

from providers.oneroster.feed_settings import FeedSettings
from providers.oneroster.rules import RULES
from providers.oneroster.settings import OneRosterSettings
from rosterkit.errors import SourceUnreadable
from rosterkit.feeds.base import FeedFile, LastSent, Outcome, Verdict
from rosterkit.roster import findings
from rosterkit.sources.base import Context
from rosterkit.sources.findings import Findings

__all__ = ["preflight"]


def preflight(files: Sequence[FeedFile], last_sent: LastSent | None, settings: FeedSettings) -> Verdict:
    """The verdict on the files of one package: a zip, or the CSV files of a folder."""
    del last_sent, settings
    if not files:
        return Verdict(Outcome.IGNORED, findings.empty())
    with TemporaryDirectory() as sent, TemporaryDirectory() as scratch:
        path = _written(files, Path(sent))
        try:
            found, rows = _read(path, Path(scratch))
        except SourceUnreadable as refused:
            found = findings.finding(refused.rule, "error", file=refused.file, line=refused.line)
            return Verdict(Outcome.REJECTED, found)
    if (found["severity"] == "error").any():
        return Verdict(Outcome.REJECTED, found, rows)
    if not any(rows.values()):
        return Verdict(Outcome.IGNORED, found, rows)
    return Verdict(Outcome.WARNINGS if found.height else Outcome.ACCEPTED, found, rows)


def _written(files: Sequence[FeedFile], folder: Path) -> Path:
    for file in files:
        with (folder / file.name).open("xb") as out:
            file.write(out)
    zips = [file.name for file in files if file.name.endswith(".zip")]
    return folder / zips[0] if len(files) == 1 and zips else folder


def _read(path: Path, scratch: Path) -> tuple[pl.DataFrame, dict[str, int]]:
    from providers.oneroster.source import extract_package  # noqa: PLC0415 - the reader is needed only here

    context = Context(
        findings=Findings(RULES, strict=True),
        as_of=datetime.now(UTC).date(),
        scratch=scratch,
        folder=scratch,
        demographics=True,
    )
    extract = extract_package(OneRosterSettings(path=str(path), strict=True), context)
    return extract.findings, dict(extract.rows_read)
