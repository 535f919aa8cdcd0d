"""A feed as rosterkit.toml names it, with its settings and its target."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from zoneinfo import ZoneInfo

from rosterkit import registry
from rosterkit.clock import Clock, from_cron
from rosterkit.config import NEVER, WITH_SYNC, Config, FeedEntry
from rosterkit.feeds.base import Feed
from rosterkit.transport.place import Place, open_place
from rosterkit.transport.settings import FolderSettings, PlaceSettings


@dataclass(frozen=True)
class ConfiguredFeed:
    """A feed of the configuration, and where its workspace is."""

    folder: Path
    name: str
    entry: FeedEntry
    feed: Feed

    @property
    def is_outbox(self) -> bool:
        """Whether the files go to a folder of the workspace, with a receipt beside them."""
        return self.entry.target is None

    @property
    def outbox(self) -> Path:
        """The folder that the files go to where no target is set."""
        return self.entry.outbox(self.folder, self.name)

    def target(self) -> str:
        """What people call the place that the files go to. Raises UsageError where a secret cannot be read."""
        if self.is_outbox:
            return str(self.outbox.absolute())
        with self.place(()) as place:
            return place.name

    def settings(self, names: Sequence[str]) -> PlaceSettings:
        """The settings of the place for files of these names. Several in a folder of ours are swapped as one."""
        if self.entry.target is not None:
            return self.entry.target
        return FolderSettings(transport="folder", path=str(self.outbox.absolute()), subfolder=self.subfolder(names))

    def subfolder(self, names: Sequence[str]) -> str:
        """The folder within the outbox in which several files lie together; "" where there is one file."""
        return self.name if self.is_outbox and len(names) > 1 else ""

    def place(self, names: Sequence[str]) -> Place:
        """The place, not connected yet."""
        return open_place(self.settings(names), self.folder)

    def unchanged_is_sent(self) -> bool:
        """Whether files that are the same as the last ones are sent again."""
        own = self.entry.send_unchanged
        return self.feed.vendor.takes_unchanged if own is None else own


def clock_of(entry: FeedEntry, zone: ZoneInfo) -> Clock | None:
    """When the vendor is to have a file; None where the feed is sent with each sync.

    ``zone`` is the district's: it counts where the vendor has none.
    """
    vendor = registry.feed(entry.kind).vendor
    line = entry.send_at or vendor.send_at
    if line in ("", WITH_SYNC):
        return None
    return from_cron(line, ZoneInfo(vendor.zone) if vendor.zone else zone)


def rehearsal_of(entry: FeedEntry, zone: ZoneInfo) -> Clock | None:
    """When the file is built and checked, and not sent; None where it is sent with each sync, or never rehearsed."""
    vendor = registry.feed(entry.kind).vendor
    line = entry.rehearse_at or (vendor.rehearse_at if not entry.send_at else "")
    if line in ("", NEVER) or clock_of(entry, zone) is None:
        return None
    return from_cron(line, ZoneInfo(vendor.zone) if vendor.zone else zone)


def configured(folder: Path, config: Config, name: str) -> ConfiguredFeed:
    """The feed of that name, or the only one where the name is ""."""
    name, entry = config.feed(name)
    return ConfiguredFeed(folder, name, entry, registry.feed(entry.kind))
