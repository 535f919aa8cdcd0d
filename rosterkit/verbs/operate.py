"""The verbs of runs without a person as methods of a workspace."""

from __future__ import annotations

import threading
from abc import ABC, abstractmethod
from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from datetime import date
from pathlib import Path

from rosterkit.errors import Refused
from rosterkit.operate import notices
from rosterkit.operate.base import ACTOR, Verbs
from rosterkit.operate.doctor import examine
from rosterkit.operate.slots import SYNC
from rosterkit.operate.status import status_of
from rosterkit.operate.sync import sync
from rosterkit.plan.plan import Plan
from rosterkit.results import Applied, Check, Status
from rosterkit.sources.base import Progress
from rosterkit.store import runs
from rosterkit.store.runs import Run
from rosterkit.verbs.feeds import FeedVerbs
from rosterkit.verbs.limits import LimitVerbs


class OperateVerbs(FeedVerbs, LimitVerbs, ABC):
    """What happens without a person: runs, notices, and what a monitor asks."""

    @abstractmethod
    def plan(self, package: Path | None = None, *, source: str = "", as_of: date | None = None) -> Plan:
        """Plans all sources together."""

    @abstractmethod
    def apply(self, plan_id: str, *, actor: str) -> Applied:
        """Applies a plan."""

    @abstractmethod
    def reopened(self, progress: Progress) -> OperateVerbs:
        """The same workspace with the settings of now; its verbs wait where another run writes."""

    def verbs(self, go_on: Callable[[], None] = lambda: None) -> Verbs:
        """The workspace as a run sees it. ``go_on`` raises Stopped where the process was asked to end."""
        return Verbs(
            folder=self.folder,
            config=self.config,
            today=self._today,
            read=self._read,
            write=self._write,
            plan=lambda as_of: self.plan(as_of=as_of),
            apply=lambda plan: self.apply(plan, actor=ACTOR),
            feed_send=lambda feed, as_of: self.feed_send(feed, as_of=as_of),
            feed_rehearse=lambda feed, as_of: self.feed_build(feed, as_of, send=False),
            feed_alarms=self.feed_alarms,
            overdue=self._overdue,
            go_on=go_on,
        )

    def _overdue(self) -> Sequence[str]:
        return [
            f"Expectation {one.id}: {one.text}. It was to come by {one.by}, and {one.seen} of {one.count} came. "
            f"If it is off: rosterkit expect withdraw {one.id}"
            for one in self.expectations()
            if one.state == "overdue"
        ]

    def sync(self, feed: str = "", as_of: date | None = None) -> Run:
        """One run: plans every source, applies what is clear, sends the feeds, notifies people.

        ``feed``: only builds and sends that feed. ``as_of``: a date in the district's zone, or today. A run that was
        interrupted goes on where it stopped. Raises Busy where another sync runs.
        """
        job = f"feed {self.config.feed(feed)[0]}" if feed else SYNC
        verbs = self.verbs()
        return sync(replace(verbs, today=lambda: as_of) if as_of else verbs, job)

    def schedule(self, stop: threading.Event) -> None:
        """Runs the jobs at their times until ``stop`` is set. Raises Busy where another process does."""
        from rosterkit.operate.schedule import Scheduled, serve  # noqa: PLC0415 - APScheduler is needed only here

        def opened(go_on: Callable[[], None]) -> Verbs:
            return self.reopened(lambda _what, _done, _total: go_on()).verbs(go_on)

        serve(Scheduled(self.folder, opened, stop))

    def runs(self, limit: int = 50) -> tuple[Run, ...]:
        """The newest runs with their stages, the newest first."""
        with self._read() as connection:
            return runs.recent(connection, limit)

    def run(self, number: int) -> Run:
        """One run with its stages; UsageError where there is none of that number."""
        with self._read() as connection:
            return runs.find(connection, number)

    def status(self) -> Status:
        """How the workspace stands: last good run, age of each source and feed, what waits, what is wrong."""
        return status_of(self.verbs(), self.feed_status())

    def doctor(self) -> tuple[Check, ...]:
        """Everything that must be right before a run without a person, each with what to do."""
        return examine(self.verbs(), self.feed_status)

    def notify_test(self) -> Mapping[str, str]:
        """Sends a test to everybody who is to be notified; returns, by reference, why it did not arrive.

        Raises Refused where the settings name nobody.
        """
        if not self.config.notices.to:
            raise Refused(
                '[notices] in rosterkit.toml names nobody. Set: to = ["env:ROSTERKIT_NOTICES"] (docs/notices.md).',
                why="nobody",
            )
        return notices.send(self.config, self.folder, notices.test_message(self.config))
