"""What passes between people and a feed's vendor, as methods of a workspace: checklist, results, two documents."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from datetime import date
from pathlib import Path

import polars as pl

from rosterkit import registry
from rosterkit.delivery.building import given_file
from rosterkit.delivery.checklist import checklist_of
from rosterkit.errors import Refused, UsageError
from rosterkit.feeds.base import FeedContext, VendorFacts
from rosterkit.feeds.checklist import Checklist, item_named
from rosterkit.feeds.csvout import read_csv
from rosterkit.feeds.mapping_document import ExportsMapping
from rosterkit.feeds.results import ReadsResults, failed_rows
from rosterkit.feeds.worksheet import MakesWorksheets
from rosterkit.sources.findings import Findings
from rosterkit.store import checklists, deliveries, feed_results
from rosterkit.store.effective import overlay
from rosterkit.store.feed_results import Answer
from rosterkit.store.roster import StoredRoster
from rosterkit.store.snapshot import revision_of
from rosterkit.workspace_folder import WorkspaceFolder


class VendorVerbs(WorkspaceFolder):
    """The verbs. Raises UsageError where there is no such feed or item."""

    def checklist(self, feed: str = "") -> Checklist:
        """What is to be done at the vendor of a feed, what is done, by whom and when."""
        with self._read() as connection:
            return checklist_of(connection, self.config, feed)

    def checklist_done(self, feed: str, item: str, *, note: str, actor: str) -> Checklist:
        """Marks an item of the checklist as done."""
        name, vendor = self._vendor(feed)
        found = item_named(vendor, name, item)
        if not note.strip():
            raise UsageError(f"Say in a note what was done about {found.name}, or what was decided.")
        with self._write() as connection:
            checklists.mark(connection, name, found.name, actor, note.strip())
            return checklist_of(connection, self.config, name)

    def checklist_reopen(self, feed: str, item: str, *, actor: str) -> Checklist:
        """Takes back that an item is done; Refused where it is not."""
        name, vendor = self._vendor(feed)
        found = item_named(vendor, name, item)
        with self._write() as connection:
            checklists.reopen(connection, name, found.name, actor)
            return checklist_of(connection, self.config, name)

    def feed_results(self, feed: str, files: Sequence[Path] = (), *, actor: str = "") -> tuple[Answer, ...]:
        """What the vendor could not import; ``files``: its newest answer, which takes the place of what it said before.

        Raises UsageError where a file is not one that the vendor returns, and Refused where nothing was sent yet.
        """
        name, entry = self.config.feed(feed)
        if not files:
            with self._read() as connection:
                return feed_results.answers(connection, name)
        reader = registry.feed(entry.kind)
        if not isinstance(reader, ReadsResults):
            raise UsageError(f"{reader.vendor.name} returns no file about single rows. Look into its own log.")
        tables = [read_csv(given_file(path)) for path in files]
        answered = [(table, reader.results(table, entry.settings)) for table in tables]
        with self._write() as connection:
            if deliveries.last_sent(connection, name) is None:
                raise Refused(f"Nothing of the feed {name} was sent yet, so there is no answer to it.", why="not-sent")
            ledger = deliveries.ledger(connection, name)
            failed = pl.concat(failed_rows(table, answers, ledger) for table, answers in answered)
            feed_results.replace_answers(connection, name, failed, actor)
            return feed_results.answers(connection, name)

    def feed_mapping(self, feed: str = "", *, as_of: date | None = None) -> pl.DataFrame:
        """The mapping document for the vendor of a feed (MAPPING). Raises UsageError where the vendor wants none."""
        name, entry = self.config.feed(feed)
        maker = registry.feed(entry.kind)
        if not isinstance(maker, ExportsMapping):
            raise UsageError(f"{maker.vendor.name} asks for no mapping document. See the settings of {name}.")
        with self._roster(name) as roster:
            return maker.mapping(roster, entry.settings, self._context(as_of))

    def feed_worksheet(self, feed: str, path: Path, *, as_of: date | None = None) -> pl.DataFrame:
        """The vendor's list of what it holds already, and beside each line what that may be in the roster.

        Raises UsageError where the vendor needs no worksheet, or the file is no list that can be matched.
        """
        name, entry = self.config.feed(feed)
        maker = registry.feed(entry.kind)
        if not isinstance(maker, MakesWorksheets):
            raise UsageError(f"{maker.vendor.name} needs no worksheet. See the settings of {name}.")
        existing = read_csv(given_file(path))
        with self._roster(name) as roster:
            return maker.worksheet(existing, roster, entry.settings, self._context(as_of))

    @contextmanager
    def _roster(self, feed: str) -> Iterator[StoredRoster]:
        """The roster as the feed may see it. Raises Refused where nothing was applied yet."""
        with self._read() as connection:
            revision = revision_of(connection)
            if revision == 0:
                raise Refused("The store is empty: nothing was applied yet. Apply a plan first.", why="no-revision")
            yield StoredRoster(self.database, revision, overlay(self.database, connection, feed))

    def _context(self, as_of: date | None) -> FeedContext:
        return FeedContext(Findings(registry.feed_rules()), as_of or self._today(), self.folder)

    def _vendor(self, feed: str) -> tuple[str, VendorFacts]:
        name, entry = self.config.feed(feed)
        return name, registry.feed(entry.kind).vendor
