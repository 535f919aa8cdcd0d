"""The verbs about feeds as methods of a workspace: build, check, send, approve, and what became of each file."""

from __future__ import annotations

import sqlite3
from abc import ABC, abstractmethod
from collections.abc import Sequence
from contextlib import AbstractContextManager
from datetime import date
from pathlib import Path

import polars as pl

from rosterkit.config import Config
from rosterkit.feed_building import approve_feed, build_feed, check_feed, reject_feed
from rosterkit.results import FeedCheck, FeedReceipt, FeedStatus
from rosterkit.roster import findings
from rosterkit.sources.base import Progress
from rosterkit.store import deliveries
from rosterkit.store.deliveries import Delivery

__all__ = ["FeedVerbs"]


class FeedVerbs(ABC):
    """What a workspace does with its feeds. ``name`` may be left out where there is one feed."""

    folder: Path
    config: Config
    _progress: Progress

    @abstractmethod
    def _write(self) -> AbstractContextManager[sqlite3.Connection]:
        """The database, with the workspace's lock."""

    @abstractmethod
    def _read(self) -> AbstractContextManager[sqlite3.Connection]:
        """The database, to read."""

    @abstractmethod
    def _today(self) -> date:
        """The day in the district's zone."""

    def feed_build(self, name: str = "", as_of: date | None = None) -> FeedReceipt:
        """Builds a feed from the newest revision, and sends it where no person need look at it first."""
        with self._write() as connection:
            return build_feed(self.folder, connection, self.config, name, as_of or self._today())

    def feed_send(
        self,
        name: str = "",
        file: Path | None = None,
        *,
        as_of: date | None = None,
        again: bool = False,
        actor: str = "",
        reason: str = "",
    ) -> FeedReceipt:
        """Sends a feed: ends what was interrupted, else sends what is ready, else builds and sends the newest file.

        ``file``: sends that file instead, once it passed the feed's preflight. ``again``: sends also a file that is
        the same as the last one. The receipt's ``state`` says what became of it: sent, verified, waiting (for a
        person), checked (it may leave later), unchanged (since the last file), refused. Raises NotDelivered where the
        file did not arrive; the next call goes on with it.
        """
        del file, again, actor, reason
        with self._write() as connection:
            return build_feed(self.folder, connection, self.config, name, as_of or self._today())

    def feed_check(self, name: str = "", files: Sequence[Path] = (), *, as_of: date | None = None) -> FeedCheck:
        """How the vendor would take these files, or what would be built now. Changes nothing."""
        with self._read() as connection:
            return check_feed(self.folder, connection, self.config, name, files, as_of or self._today())

    def feed_approve(self, name: str = "", *, reason: str, actor: str) -> Delivery:
        """Approves the file that waits, and sends it."""
        with self._write() as connection:
            return approve_feed(self.folder, connection, self.config, name, actor=actor, reason=reason)

    def feed_reject(self, name: str = "", *, reason: str, actor: str) -> Delivery:
        """Rejects the file that waits: it never leaves."""
        with self._write() as connection:
            return reject_feed(connection, self.config, name, actor=actor, reason=reason)

    def feed_pause(self, name: str = "", *, reason: str, actor: str) -> None:
        """Pauses a feed: nothing of it is built or sent until it is resumed."""
        with self._write() as connection:
            deliveries.pause(connection, self.config.feed(name)[0], actor, reason)

    def feed_resume(self, name: str = "") -> None:
        """Ends the pause of a feed; Refused where it is not paused."""
        with self._write() as connection:
            deliveries.resume(connection, self.config.feed(name)[0])

    def feed_log(self, name: str = "") -> tuple[Delivery, ...]:
        """What was built and sent, the newest first: of one feed, or of all."""
        feed = self.config.feed(name)[0] if name else ""
        with self._read() as connection:
            return tuple(deliveries.deliveries(connection, feed))

    def feed_status(self, name: str = "") -> tuple[FeedStatus, ...]:
        """How each feed (or one) stands: when it was last sent, when it is next, what waits, and its alarms."""
        names = [self.config.feed(name)[0]] if name else list(self.config.feeds)
        return tuple(FeedStatus(feed, self.config.feeds[feed].kind) for feed in names)

    def feed_alarms(self) -> pl.DataFrame:
        """The alarms of all feeds as FINDINGS; ``file`` is the feed's name. Empty where all is well."""
        parts = [status.alarms for status in self.feed_status()]
        return findings.concat(parts) if parts else findings.empty()
