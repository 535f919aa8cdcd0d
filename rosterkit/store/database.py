"""The workspace's database: opening it, migrating it, and one transaction at a time.

SQLite in WAL mode. Foreign keys are not enforced by SQLite (bulk loads come in any order): ``store.apply`` checks the
references of everything that it touches before it commits.
"""

from __future__ import annotations

import os
import shutil
import sqlite3
from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path

from rosterkit.errors import Busy, UsageError
from rosterkit.roster.schema import entities
from rosterkit.store.adbc_reader import first_closed, first_opened, opening

HEAD = "0001"
"""The newest migration; a test keeps it true."""

APPLICATION_ID = 0x524B6974
"""The mark of a store in the header of its file ("RKit"): another program's database is never touched."""

TABLES = frozenset(entity.table for entity in entities()) | {
    "absence",
    "alembic_version",
    "approval",
    "approved_change",
    "block",
    "checklist_entry",
    "counter",
    "deferred",
    "delivery",
    "earlier_key",
    "expectation",
    "feed_pause",
    "feed_result",
    "finding",
    "hold",
    "ignored_line",
    "ledger",
    "notice",
    "override",
    "package",
    "person_match",
    "pin",
    "place_look",
    "plan",
    "plan_part",
    "purge",
    "queued_delta",
    "revision",
    "run",
    "run_stage",
    "sent_body",
    "sent_chunk",
    "sent_file",
    "sign_in",
    "source_cursor",
    "source_switch",
    "taken_package",
    "tombstone",
    "touch",
}
"""Every table that a store has; a test keeps it true."""

_MAGIC = b"SQLite format 3\0"
_NO_ROOM = 64 << 10  # bytes that are free where a disk counts as full


def migrate(path: Path) -> None:
    """Creates the database, or brings an older one to ``HEAD``, in one transaction.

    The file is readable by its owner only.
    """
    from alembic import command  # noqa: PLC0415 - costs 0.3 s with SQLAlchemy, and is needed only here
    from alembic.config import Config  # noqa: PLC0415 - as above
    from sqlalchemy import URL, create_engine  # noqa: PLC0415 - as above

    if not path.exists():
        os.close(os.open(path, os.O_CREAT | os.O_EXCL | os.O_WRONLY, 0o600))
        with closing(sqlite3.connect(path)) as new:
            new.execute(f"pragma application_id={APPLICATION_ID}")
    config = Config()
    config.set_main_option("script_location", str(Path(__file__).with_name("migrations")).replace("%", "%%"))
    engine = create_engine(URL.create("sqlite", database=str(path)))
    try:
        with engine.begin() as connection:
            connection.exec_driver_sql("begin immediate")  # sqlite3 would commit each statement that makes a table
            config.attributes["connection"] = connection
            command.upgrade(config, "head")
    finally:
        engine.dispose()


def damaged(path: Path, what: str = "") -> UsageError:
    """The error for a store that cannot be used any more."""
    return UsageError(
        f"{path} is damaged{f': {what}' if what else ''}. Put back a copy of the workspace from your backup, and run "
        "it again."
    )


def _refuse_foreign(path: Path) -> None:
    """Looks at the header of the file alone: nothing is opened, and nothing written, before this is a store."""
    with path.open("rb") as file:
        header = file.read(100)
    if not header:
        raise UsageError(f"{path} is empty: the roster is lost. Put the copy of your backup back.")
    if not header.startswith(_MAGIC):
        raise damaged(path, "it is not an SQLite file")
    if int.from_bytes(header[68:72], "big") != APPLICATION_ID:
        raise UsageError(
            f"{path} is a database of another program. It was not touched. Move it away, and put the copy of your "
            "backup back."
        )


def _version(connection: sqlite3.Connection, path: Path) -> str:
    """The store's migration; "" where it has no table yet. Raises UsageError where a table is lost."""
    tables = {name for (name,) in connection.execute("select name from sqlite_master where type='table'")}
    if not tables:
        return ""
    if "alembic_version" not in tables:
        raise damaged(path, "the table alembic_version is missing")
    row = connection.execute("select version_num from alembic_version").fetchone()
    version = str(row[0]) if row else ""
    if version == HEAD and (lost := sorted(TABLES - tables)):
        raise damaged(path, f"the table {', '.join(lost)} is missing")
    return version


class _Connection(sqlite3.Connection):
    """A connection that says when it is closed: until then, no other library may close the file (``adbc_reader``)."""

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
    with opening(path) as is_open:
        if not is_open:
            _refuse_foreign(path)
    try:
        connection = _migrated(path)
        connection.execute("pragma journal_mode=wal")
    except sqlite3.OperationalError:
        if not _full(path) or _log(path):
            raise
        return sqlite3.connect(f"{path.absolute().as_uri()}?mode=ro&immutable=1", uri=True, isolation_level=None)
    connection.execute("pragma synchronous=full")
    connection.execute("pragma cache_size=-262144")
    connection.execute("pragma temp_store=memory")
    return connection


def _migrated(path: Path) -> sqlite3.Connection:
    connection = _opened(path)
    try:
        version = _version(connection, path)
        _refuse_unknown(version, path)
    except BaseException:
        connection.close()
        raise
    if version == HEAD:
        return connection
    connection.close()
    migrate(path)
    return _opened(path)


def _refuse_unknown(version: str, path: Path) -> None:
    if version and not version.isdigit():
        raise damaged(path, f"it has the unknown version {version}")
    if version > HEAD:
        raise UsageError(f"{path.name} was written by a newer rosterkit (schema {version}). Update rosterkit.")


def _full(path: Path) -> bool:
    return shutil.disk_usage(path.parent).free < _NO_ROOM


def _log(path: Path) -> bool:
    """Whether something stands in the log that is not in the file yet."""
    log = path.with_name(f"{path.name}-wal")
    return log.exists() and log.stat().st_size > 0


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
    except BaseException as error:
        if isinstance(error, sqlite3.Error) and error.sqlite_errorcode & 0xFF == sqlite3.SQLITE_READONLY:
            raise UsageError(
                "The workspace can only be read: the disk is full, or the file is read-only. Mend that, and try again."
            ) from error
        if connection.in_transaction:  # SQLite itself has rolled back where the disk is full
            connection.execute("rollback")
        raise


def quick_check(connection: sqlite3.Connection) -> str:
    """What SQLite finds damaged; "" where the database is sound."""
    found = [str(row[0]) for row in connection.execute("pragma quick_check(1)")]
    return "" if found == ["ok"] else found[0]
