"""What people do about a feed beside its files, as methods of a workspace: the vendor's checklist."""

from __future__ import annotations

import sqlite3
from abc import ABC, abstractmethod
from contextlib import AbstractContextManager

from rosterkit import registry
from rosterkit.config import Config
from rosterkit.errors import UsageError
from rosterkit.feeds.base import VendorFacts
from rosterkit.feeds.checklist import Checklist, checklist, item_named
from rosterkit.store import checklists, deliveries

__all__ = ["VendorVerbs", "checklist_of"]


def checklist_of(connection: sqlite3.Connection, config: Config, name: str) -> Checklist:
    """The checklist of a feed of the configuration; its notice speaks of what was last sent."""
    name, entry = config.feed(name)
    vendor = registry.feed(entry.kind).vendor
    steps = checklist(vendor, entry.settings, checklists.done_items(connection, name))
    sent = next(iter(deliveries.deliveries(connection, name, state="sent")), None)
    text = ""
    if vendor.notice is not None and sent is not None:
        rows = {file.name.rpartition("/")[2]: file.rows for file in sent.files}
        text = vendor.notice(rows, sent.at.astimezone(config.zone).date(), checklists.district_name(connection))
    return Checklist(name, vendor.name, steps, text)


class VendorVerbs(ABC):
    """The verbs. Raises UsageError where there is no such feed or item."""

    config: Config

    @abstractmethod
    def _write(self) -> AbstractContextManager[sqlite3.Connection]:
        """The database, with the workspace's lock."""

    @abstractmethod
    def _read(self) -> AbstractContextManager[sqlite3.Connection]:
        """The database, to read."""

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

    def _vendor(self, feed: str) -> tuple[str, VendorFacts]:
        name, entry = self.config.feed(feed)
        return name, registry.feed(entry.kind).vendor
