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
from providers.oneroster.spec import FILES
from rosterkit.errors import SourceUnreadable
from rosterkit.feeds.base import FeedFile, LastSent, Outcome, Verdict
from rosterkit.feeds.preflight import SHARED_RULES, exceeds
from rosterkit.roster import findings
from rosterkit.sources.base import Context
from rosterkit.sources.findings import Findings

_MANY = 5  # from so many rows on, a file that falls below half is held


def preflight(files: Sequence[FeedFile], last_sent: LastSent | None, settings: FeedSettings) -> Verdict:
    """The verdict on the files of one package: a zip, or the CSV files of a folder.

    What the feed itself built is not read again: its rows were checked one by one. It is held where a file lost more
    rows against what was last sent than the limits of the settings allow.
    """
    if not files:
        return Verdict(Outcome.IGNORED, findings.empty())
    found, rows = (findings.empty(), _row_counts(files)) if all(file.built for file in files) else _read(files)
    if (found["severity"] == "error").any():
        return Verdict(Outcome.REJECTED, found, rows)
    if not any(rows.values()):
        return Verdict(Outcome.IGNORED, found, rows)
    known = {f"{name}.csv" for name in FILES[settings.version]}
    before = {n: c for n, c in _row_counts(last_sent.files).items() if n in known} if last_sent else {}
    lost = Findings(SHARED_RULES)
    for name, count in before.items():
        gone = count - rows.get(name, 0)
        halved = count >= _MANY and rows.get(name, 0) * 2 < count
        if halved or exceeds(gone, count, settings.limits.gone_percent, settings.limits.gone_rows):
            lost.add("feed.gone", file=name, detail=f"{name} has {rows.get(name, 0):,} rows, and had {count:,}")
    compared = {f"rows more in {n}": rows.get(n, 0) - before.get(n, 0) for n in sorted({*rows, *before}) if last_sent}
    compared = {name: count for name, count in compared.items() if count}
    if lost.frame().height:
        return Verdict(Outcome.HELD, findings.concat([found, lost.frame()]), rows, compared=compared)
    return Verdict(Outcome.WARNINGS if found.height else Outcome.ACCEPTED, found, rows, compared=compared)


def _row_counts(files: Sequence[FeedFile]) -> dict[str, int]:
    """Rows by rostering file of what the feed built."""
    counts = {name: count for file in files for name, count in (file.parts or {file.name: file.rows}).items()}
    return {name: count for name, count in counts.items() if name != "manifest.csv"}


def _written(files: Sequence[FeedFile], folder: Path) -> Path:
    for file in files:
        with (folder / file.name).open("xb") as out:
            file.write(out)
    zips = [file.name for file in files if file.name.endswith(".zip")]
    return folder / zips[0] if len(files) == 1 and zips else folder


def _read(files: Sequence[FeedFile]) -> tuple[pl.DataFrame, dict[str, int]]:
    """What strict reading finds, and the rows by file."""
    from providers.oneroster.source import extract_package  # noqa: PLC0415 - the reader is needed only here

    with TemporaryDirectory() as sent, TemporaryDirectory() as scratch:
        context = Context(
            findings=Findings(RULES, strict=True),
            as_of=datetime.now(UTC).date(),
            scratch=Path(scratch),
            folder=Path(scratch),
            demographics=True,
        )
        try:
            package = _written(files, Path(sent))
            extract = extract_package(OneRosterSettings(path=str(package), strict=True), context)
        except SourceUnreadable as refused:
            return findings.finding(refused.rule, "error", file=refused.file, line=refused.line), {}
    return extract.findings, {name: count for name, count in extract.rows_read.items() if name != "manifest.csv"}
