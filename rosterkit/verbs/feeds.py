"""The verbs about feeds as methods of a workspace: build, check, send, approve, and what became of each file."""

from __future__ import annotations

import sqlite3
from collections.abc import Sequence
from datetime import date
from pathlib import Path

import polars as pl

from rosterkit.delivery.building import check_feed
from rosterkit.delivery.configured_feed import configured
from rosterkit.delivery.decisions import approve_feed, confirm_feed, reject_feed
from rosterkit.delivery.delivery import build_feed, send_feed, send_given
from rosterkit.delivery.disclosure import disclosed
from rosterkit.delivery.status import feed_alarms, feed_status, vendors_hold
from rosterkit.errors import Refused, UsageError
from rosterkit.manual.revision import Actor
from rosterkit.purging import Purged, purge_people
from rosterkit.results import Disclosure, FeedCheck, FeedReceipt, FeedStatus, Holding
from rosterkit.store import deliveries
from rosterkit.store.deliveries import Delivery
from rosterkit.transport.rights import Right, rights
from rosterkit.workspace_folder import WorkspaceFolder


class FeedVerbs(WorkspaceFolder):
    """What a workspace does with its feeds. ``name`` may be left out where there is one feed."""

    def feed_build(self, name: str = "", as_of: date | None = None, *, send: bool = True) -> FeedReceipt:
        """Builds a feed from the newest revision, and sends it where no person need look at it first."""
        with self._write() as connection:
            day = as_of or self._today()
            return build_feed(self.folder, connection, self.config, name, day, self._progress, send=send)

    def feed_send(
        self,
        name: str = "",
        files: Sequence[Path] = (),
        *,
        as_of: date | None = None,
        again: bool = False,
        actor: str = "",
        reason: str = "",
    ) -> FeedReceipt:
        """Sends a feed: ends what was interrupted, else sends what is ready, else builds and sends the newest file.

        ``files``: sends these instead, once they pass the feed's preflight; ``reason`` is needed then. ``again``: sends
        also a file that is the same as the last one. The receipt's ``state`` says what became of it: sent, verified,
        waiting (for a person), checked (it may leave later), unchanged (since the last file), refused. Raises
        NotDelivered where the file did not arrive; the next call goes on with it.
        """
        day = as_of or self._today()
        with self._write() as connection:
            where = (self.folder, connection, self.config, name)
            if files:
                sent = send_given(*where, files, day, self._progress, actor=actor, reason=reason)
            else:
                return send_feed(*where, day, self._progress, again=again)
        self.audit("act", "feed send", actor=actor, subject=f"{self.config.feed(name)[0]}: given files")
        return sent

    def target_test(self, name: str) -> tuple[str, tuple[Right, ...]]:
        """What the key may do at the target of a feed, or at the place of a source: its name, and what was tried.

        A small file is written, read back and removed; where a source reads from, nothing is written. ``name`` is that
        of a feed or a source, or ``feeds.NAME`` or ``sources.NAME`` where both are called so.
        """
        word, _, rest = name.rpartition(".")
        if word != "sources" and rest in self.config.feeds:
            with self._write():  # no delivery may be under way
                return rights(configured(self.folder, self.config, rest).settings(()), self.folder)
        if word != "feeds" and rest in self.config.sources and (place := self.config.sources[rest].place):
            return rights(place, self.folder, write=False)
        known = ", ".join(self.config.feeds)
        raise UsageError(f"{name} is not a feed, or a source that reads from a place. Feeds: {known or 'none'}.")

    def feed_check(self, name: str = "", files: Sequence[Path] = (), *, as_of: date | None = None) -> FeedCheck:
        """How the vendor would take these files, or what would be built now. Changes nothing."""
        with self._read() as connection:
            return check_feed(self.folder, connection, self.config, name, files, as_of or self._today())

    def feed_approve(self, name: str = "", *, reason: str, actor: str, seen: int = 0) -> Delivery:
        """Approves the file that waits, and sends it.

        ``seen``: the id of the delivery that the person looked at; Refused where another one waits by now.
        """
        who = Actor.of(actor, self.config)
        who.permit("feed approve")
        with self._write() as connection:
            self._refuse_another(connection, name, seen)
            where = (self.folder, connection, self.config, name)
            decided = approve_feed(*where, self._progress, actor=who.name, reason=reason)
        self.audit("act", "feed approve", actor=who.name, subject=f"{decided.feed} {decided.id}")
        return decided

    def feed_reject(self, name: str = "", *, reason: str, actor: str, seen: int = 0) -> Delivery:
        """Rejects the file that waits: it never leaves. ``seen`` as of ``feed_approve``."""
        who = Actor.of(actor, self.config)
        who.permit("feed reject")
        with self._write() as connection:
            self._refuse_another(connection, name, seen)
            decided = reject_feed(connection, self.config, name, actor=who.name, reason=reason)
        self.audit("act", "feed reject", actor=who.name, subject=f"{decided.feed} {decided.id}")
        return decided

    def _refuse_another(self, connection: sqlite3.Connection, name: str, seen: int) -> None:
        waiting = deliveries.newest(connection, self.config.feed(name)[0], "waiting")
        if seen and (waiting is None or waiting.id != seen):
            raise Refused(
                "The file that you looked at no longer waits: somebody decided, or a newer one took its place. Nothing "
                "was done. Look again, then decide.",
                why="changed",
            )

    def feed_confirm(self, name: str = "", *, reason: str, actor: str) -> Delivery:
        """Records that a person saw the last file at the vendor; Refused where no file arrived unverified."""
        with self._write() as connection:
            return confirm_feed(connection, self.config, name, actor=actor, reason=reason)

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
        with self._read() as connection:
            return tuple(feed_status(self.folder, connection, self.config, feed) for feed in names)

    def feed_alarms(self) -> pl.DataFrame:
        """The alarms of all feeds as FINDINGS; ``file`` is the feed's name. Empty where all is well."""
        with self._read() as connection:
            return feed_alarms(self.folder, connection, self.config)

    def vendors_hold(self, revision: int | None = None) -> tuple[Holding, ...]:
        """What vendors hold of a revision (or the newest) and later ones, and how each takes it back."""
        with self._read() as connection:
            return vendors_hold(self.folder, connection, self.config, revision)

    def disclosed(self, person: str) -> tuple[Disclosure, ...]:
        """What left about a person: when, to whom, in which file and which fields, the newest first.

        ``person``: a sourced id, or SOURCE/SOURCED_ID; also of somebody who was purged.
        """
        with self._read() as connection:
            return disclosed(self.folder, connection, self.config, person)

    def purge(self, days: int, *, reason: str, actor: str, person: str = "", dry_run: bool = False) -> Purged:
        """Removes people who are archived for longer than so many days, and every trace of them but a keyed hash.

        ``dry_run``: only says whom it would reach. Raises Refused where a plan may still be applied.
        """
        who = Actor.of(actor, self.config)
        with self._write() as connection:
            done = purge_people(
                self.folder,
                connection,
                self.config,
                days=days,
                actor=actor,
                reason=reason,
                person=person,
                dry_run=dry_run,
            )
        if done.done:  # without their ids: who they were is what a purge removes
            people = "1 person" if done.people == 1 else f"{done.people} people"
            self.audit("act", "purge", actor=who.name, subject=people)
        return done
