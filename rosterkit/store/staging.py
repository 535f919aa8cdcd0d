"""Rows on their way into the database, by way of private files of their own beside it.

ADBC writes a frame three times as fast as ``executemany``, but on a connection of its own, and a revision is written in
one transaction or not at all. So ADBC writes to a file that nobody else knows, and the transaction copies it in with
one statement. While one file is copied, a thread writes the next. The files hold what the database will hold: they are
readable by their owner only, and gone afterwards; what a run that was killed left behind goes when the next one begins.
"""

from __future__ import annotations

import os
import sqlite3
from collections.abc import Iterable, Iterator, Mapping
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import contextmanager
from pathlib import Path

import polars as pl

from rosterkit.store.bulk import indexes_after, quoted

_OUT = "-staging-"
_PRAGMAS = ("journal_mode=off", "synchronous=off")  # nobody reads a file that is not whole


@contextmanager
def staging(connection: sqlite3.Connection) -> Iterator[Staging]:
    """Staging for one transaction that begins and ends inside; the caller holds the workspace's lease."""
    stage = Staging(connection)
    stage.sweep()
    try:
        yield stage
    finally:
        stage.close()


class Staging:
    """Files of rows, each brought by a thread and poured into a table by the transaction."""

    files: int = 8
    """How many there may be: SQLite attaches ten databases at most."""

    def __init__(self, connection: sqlite3.Connection) -> None:
        self._connection = connection
        self._database = Path(
            connection.execute("select file from pragma_database_list where name='main'").fetchone()[0]
        )
        self._thread = ThreadPoolExecutor(1)
        self._brought: list[Future[None]] = []
        self._attached: list[str] = []

    def bring(self, frames: Iterable[pl.DataFrame]) -> int:
        """Begins to write the rows of these frames to a file; returns its number."""
        number = len(self._brought)
        self._brought.append(self._thread.submit(_write, self._path(number), frames))
        return number

    def pour(self, number: int, table: str, same: Mapping[str, object], rows: int) -> None:
        """Copies all rows of a file into the table, with the values that are the same in all of them."""
        self._brought[number].result()
        name = f"staging_{number}"
        self._connection.execute(f'attach ? as "{name}"', (str(self._path(number)),))
        self._attached.append(name)
        columns = [row[1] for row in self._connection.execute(f'pragma "{name}".table_info("rows")')]
        marks = ",".join("?" * len(same))
        with indexes_after(self._connection, table, rows):
            self._connection.execute(
                f'insert into main."{table}" ({quoted([*columns, *same])}) '
                f'select {quoted(columns)},{marks} from "{name}"."rows"',
                tuple(same.values()),
            )

    def close(self) -> None:
        """Takes the files away: after the transaction, for SQLite lets none go before."""
        self._thread.shutdown(wait=True, cancel_futures=True)
        for name in self._attached:
            self._connection.execute(f'detach "{name}"')
        self.sweep()

    def sweep(self) -> None:
        """Removes the files, also those of a run that was killed."""
        for path in self._database.parent.glob(f"{self._database.name}{_OUT}*"):
            path.unlink()

    def _path(self, number: int) -> Path:
        return self._database.with_name(f"{self._database.name}{_OUT}{number}")


def _write(path: Path, frames: Iterable[pl.DataFrame]) -> None:
    from adbc_driver_sqlite import dbapi  # noqa: PLC0415 - loads a shared library: only where there is much to write

    os.close(os.open(path, os.O_CREAT | os.O_EXCL | os.O_WRONLY, 0o600))
    with dbapi.connect(str(path), autocommit=True) as connection, connection.cursor() as cursor:
        for pragma in _PRAGMAS:
            cursor.adbc_statement.set_sql_query(f"pragma {pragma}")
            cursor.adbc_statement.execute_update()
        try:
            for frame in frames:
                cursor.adbc_ingest("rows", frame, mode="create_append")
                del frame  # before the next one is made
        except dbapi.Error as error:
            if "no transaction is active" not in str(error):
                raise
            full = sqlite3.OperationalError("database or disk is full")  # SQLite rolled back: ADBC says no more of it
            full.sqlite_errorcode = sqlite3.SQLITE_FULL
            raise full from error
