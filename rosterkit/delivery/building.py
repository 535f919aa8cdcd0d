"""A feed's files out of the newest revision, as they lie on this machine; and how the vendor would take them."""

from __future__ import annotations

import shutil
import sqlite3
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import replace
from datetime import date
from functools import partial
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import IO

import polars as pl

from rosterkit import registry
from rosterkit.config import FILE, Config
from rosterkit.delivery.configured_feed import ConfiguredFeed, configured
from rosterkit.errors import Refused, UsageError
from rosterkit.feeds.base import FeedContext, FeedFile, LastSent, Roster
from rosterkit.feeds.content import indexed
from rosterkit.feeds.named_fields import attributes_named, nobody_has
from rosterkit.feeds.receipt import sent
from rosterkit.results import FeedCheck
from rosterkit.roster import findings
from rosterkit.sources.findings import Findings
from rosterkit.store import deliveries
from rosterkit.store.effective import overlay
from rosterkit.store.roster import StoredRoster
from rosterkit.store.sent_files import BuiltFile
from rosterkit.store.snapshot import revision_of
from rosterkit.store.tombstones import hasher
from rosterkit.toml_lines import key_lines, line_of


@contextmanager
def built_files(
    feed: ConfiguredFeed, connection: sqlite3.Connection, as_of: date, last: LastSent | None
) -> Iterator[tuple[list[BuiltFile], pl.DataFrame]]:
    """The files as they lie in a folder of their own until the block ends, and the findings of the build."""
    revision = revision_of(connection)
    if revision == 0:
        raise Refused("The store is empty: nothing was applied yet. Apply a plan first.", why="no-revision")
    with TemporaryDirectory(dir=feed.folder) as scratch:
        known = Findings(registry.feed_rules())
        ledger = deliveries.ledger(connection, feed.name)
        path = feed.folder / "roster.db"
        over = overlay(path, connection, feed.name)
        context = FeedContext(known, as_of, Path(scratch), last, over.suppressed, ledger, hasher(feed.folder))
        roster = StoredRoster(path, revision, over)
        _report_unknown_attributes(feed, roster, known)
        made = feed.feed.build(roster, feed.entry.settings, context)
        by = feed.feed.vendor.people_by
        yield [written(file, Path(scratch, f"built-{n}"), by) for n, file in enumerate(made)], known.frame()


def _report_unknown_attributes(feed: ConfiguredFeed, roster: Roster, known: Findings) -> None:
    """A finding for each attribute that the settings name and nobody has, with the line of the setting."""
    named = attributes_named(feed.entry.settings)
    unknown = nobody_has(roster, list(named))
    lines = key_lines((feed.folder / FILE).read_text(encoding="utf-8")) if unknown else {}
    for name in unknown:
        path = ("feeds", feed.name, *named[name])
        known.add("feed.no-attribute", file=FILE, line=line_of(lines, path), column=".".join(path), detail=name)


def written(file: FeedFile, path: Path, people_by: tuple[str, str] | None) -> BuiltFile:
    """The file as it lies under that path, which is new; ``people_by`` as in VendorFacts."""
    with path.open("w+b") as out:
        file.write(out)
    built = replace(file, body=partial(_copy, path), built=True)
    done = sent(path, file.name, file.rows)
    index, header = indexed(built, done, people_by)
    if people_by and file.people.is_empty() and index.height:
        built = replace(built, people_in=people_by[0])
    return BuiltFile(built, done, path, index, header)


def _copy(path: Path, out: IO[bytes]) -> None:
    with path.open("rb") as file:
        shutil.copyfileobj(file, out, 1 << 20)


def check_feed(
    folder: Path, connection: sqlite3.Connection, config: Config, name: str, paths: Sequence[Path], as_of: date
) -> FeedCheck:
    """How the vendor would take these files; without files, what a build would send. Nothing is stored or sent."""
    feed = configured(folder, config, name)
    last = deliveries.last_sent(connection, feed.name)
    sent_before = last[1] if last else None
    if paths:
        files = [given_file(path) for path in paths]
        verdict = feed.feed.check(files, sent_before, feed.entry.settings)
        return FeedCheck(feed.name, feed.entry.kind, verdict.outcome, verdict.findings, verdict.rows, verdict.compared)
    with built_files(feed, connection, as_of, sent_before) as (built, found):
        made = [replace(one.file, built=False) for one in built]
        verdict = feed.feed.check(made, sent_before, feed.entry.settings)
    every = findings.ordered(findings.concat([found, verdict.findings]))
    return FeedCheck(feed.name, feed.entry.kind, verdict.outcome, every, verdict.rows, verdict.compared)


def given_file(path: Path, copy: Path | None = None) -> FeedFile:
    """A file that a person named, or a ``copy`` of it that is made there. Raises UsageError where there is none."""
    if not path.is_file():
        raise UsageError(f"{path.absolute()} is not a file. Name the file, or the files, that would be sent.")
    if copy is not None:
        shutil.copyfile(path, copy)
    return FeedFile(path.name, partial(_copy, copy or path), 0)
