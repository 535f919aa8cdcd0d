"""The workspace's database: opening it, migrating it, and one transaction at a time.

SQLite in WAL mode. Foreign keys are not enforced by SQLite (bulk loads come in any order): ``store.apply`` checks the
references of everything that it touches before it commits.
"""

from __future__ import annotations

import os
import sqlite3
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from rosterkit.errors import Busy, UsageError
from rosterkit.store.adbc_reader import first_closed, first_opened

__all__ = ["HEAD", "connect", "migrate", "transaction"]

HEAD = "0001"
"""The newest migration; a test keeps it true."""


def migrate(path: Path) -> None:
    """Creates the database, or brings an older one to ``HEAD``. The file is readable by its owner only."""
    from alembic import command  # noqa: PLC0415 - costs 0.3 s with SQLAlchemy, and is needed only here
    from alembic.config import Config  # noqa: PLC0415 - as above
    from sqlalchemy import URL, create_engine  # noqa: PLC0415 - as above

    if not path.exists():
        os.close(os.open(path, os.O_CREAT | os.O_EXCL | os.O_WRONLY, 0o600))
    config = Config()
    config.set_main_option("script_location", str(Path(__file__).with_name("migrations")).replace("%", "%%"))
    engine = create_engine(URL.create("sqlite", database=str(path)))
    try:
        with engine.begin() as connection:
            config.attributes["connection"] = connection
            command.upgrade(config, "head")
    finally:
        engine.dispose()


def _refuse_empty(path: Path) -> None:
    """An empty file is no database that rosterkit made: the roster was lost, and nobody should start over unasked."""
    if path.stat().st_size == 0:
        raise UsageError(f"{path} is empty: the roster is lost. Put the copy of your backup back.")


def _version(connection: sqlite3.Connection) -> str:
    try:
        row = connection.execute("select version_num from alembic_version").fetchone()
    except sqlite3.DatabaseError as error:
        if "no such table" not in str(error):
            raise
        return ""
    return str(row[0]) if row else ""


class _Connection(sqlite3.Connection):
    """A connection that says when it is closed: until then, no other library may close the file (``store.second``)."""

    path: Path

    def close(self) -> None:
        super().close()
        if hasattr(self, "path"):
            first_closed(self.path)
            del self.path


def _opened(path: Path) -> sqlite3.Connection:
    connection = sqlite3.connect(path, isolation_level=None, timeout=10, factory=_Connection)
    connection.path = path
    first_opened(path)
    return connection


def connect(path: Path) -> sqlite3.Connection:
    """Opens the database, migrating it first where an older rosterkit wrote it; UsageError where that cannot be."""
    if not path.exists():
        raise UsageError(
            f"{path} is missing: it holds the roster and its history. Put the copy of your backup back, "
            'or make a new workspace: "rosterkit init DIR".'
        )
    _refuse_empty(path)
    connection = _opened(path)
    version = _version(connection)
    if version != HEAD:
        if version > HEAD:
            connection.close()
            raise UsageError(f"{path.name} was written by a newer rosterkit (schema {version}). Update rosterkit.")
        connection.close()
        migrate(path)
        connection = _opened(path)
    connection.execute("pragma journal_mode=wal")
    connection.execute("pragma synchronous=full")
    connection.execute("pragma cache_size=-262144")
    connection.execute("pragma temp_store=memory")
    return connection


@contextmanager
def transaction(connection: sqlite3.Connection) -> Iterator[None]:
    """One write transaction: committed wholly, or rolled back whatever is raised. Busy when another run writes."""
    try:
        connection.execute("begin immediate")
    except sqlite3.OperationalError as error:
        if "locked" in str(error):
            raise Busy("Another run is writing to this workspace. Wait for it to end, then try again.") from error
        raise
    try:
        yield
        connection.execute("commit")
    except BaseException:
        if connection.in_transaction:  # SQLite itself has rolled back where the disk is full
            connection.execute("rollback")
        raise
