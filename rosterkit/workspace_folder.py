"""The folder of a workspace: its settings, its database to read or to write, and the day. All verbs stand on it."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator, Sequence
from contextlib import closing, contextmanager
from datetime import date, datetime
from pathlib import Path

from rosterkit import config as configuration
from rosterkit.lock import lease
from rosterkit.sources.base import Progress, no_progress
from rosterkit.store import access
from rosterkit.store.access import Caller
from rosterkit.store.database import connect

DATABASE = "roster.db"


class WorkspaceFolder:
    """An opened workspace. Raises UsageError where rosterkit.toml is missing or wrong."""

    def __init__(
        self, folder: Path, progress: Progress = no_progress, *, wait: float = 0.0, caller: Caller | None = None
    ) -> None:
        self.folder = Path(folder)
        self.database = self.folder / DATABASE
        self.config = configuration.load(self.folder)
        self._progress = progress
        self._wait = wait  # seconds for which a verb that writes waits for another run
        self.caller = caller or Caller()  # whom the audit log names

    def audit(self, action: str, verb: str, *, actor: str = "", subject: str = "", records: Sequence[str] = ()) -> None:
        """Writes a line of the audit log: what a person (``actor``, or the caller) saw or did.

        Verbs that decide or change write it themselves; a view is written by whoever shows it, and knows what.
        ``records``: "User stu-1017".
        """
        with access.opened(self.folder) as connection:
            who = actor or self.caller.name
            where = {"address": self.caller.address, "way": self.caller.way}
            access.record(connection, who, action, verb, subject=subject, records=records, **where)

    @contextmanager
    def _read(self) -> Iterator[sqlite3.Connection]:
        """The database, to read."""
        with closing(connect(self.database)) as connection:
            yield connection

    @contextmanager
    def _write(self) -> Iterator[sqlite3.Connection]:
        """The database, with the workspace's lock. Raises Busy where another run holds it."""
        with lease(self.folder, wait=self._wait), self._read() as connection:
            yield connection

    def _today(self) -> date:
        """The day in the district's zone."""
        return datetime.now(self.config.zone).date()
