"""The second SQLite of this process: ADBC brings a library of its own, and reads whole tables by it.

POSIX locks belong to a process, so that two libraries in one process cannot see each other's: a second one that opens a
database in WAL mode takes itself for the only user, and may empty the shared index, or fold the log into the file and
delete it under the other's feet; what that commits next is lost. So the second one is opened as immutable:
it looks at no lock, log or index. That this is true while it reads is seen to by the first: it folds the log into the
file and holds a read transaction, before whose end nobody, in whatever process, may write to the file itself.
"""

from __future__ import annotations

import sqlite3
import threading
from collections import Counter
from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path
from typing import Any

_PATIENCE = 0.2  # seconds that others may take to let the log be folded, before the table is read by the first

_first: Counter[Path] = Counter()
_second: dict[Path, list[tuple[Any, Any]]] = {}  # the state of the file that each saw, and the connection
_lock = threading.RLock()


@contextmanager
def opening(path: Path) -> Iterator[bool]:
    """Nobody else in this process opens or closes a connection meanwhile; yields whether one is open already.

    Where one is, the file may not be read but through SQLite: closing it would drop the locks of all connections.
    """
    with _lock:
        yield _first[path.absolute()] > 0


def first_opened(path: Path) -> None:
    """A connection of Python's own SQLite to this database was opened."""
    with _lock:
        _first[path.absolute()] += 1


def first_closed(path: Path) -> None:
    """One was closed. With the last of them the second library's go: closing any file drops all locks on it."""
    path = path.absolute()
    with _lock:
        _first[path] -= 1
        if not _first[path]:
            del _first[path]
            _close(_second.pop(path, []))


@contextmanager
def reading(path: Path) -> Iterator[tuple[sqlite3.Connection, Any]]:
    """A connection of the first library with a read transaction, and a cursor of the second one that sees the same.

    None in the place of the cursor where others write, or read what is older: the table must be read by the first.
    """
    path = path.absolute()
    with _lock, closing(sqlite3.connect(path, isolation_level=None, timeout=_PATIENCE)) as guard:
        changed = not _folded(path)
        guard.execute("pragma wal_checkpoint(truncate)")
        guard.execute("begin")
        guard.execute("select 1 from sqlite_master").fetchone()
        if _folded(path):
            with _opened(path, anew=changed) as reader, reader.cursor() as cursor:
                yield guard, cursor
        else:
            yield guard, None


def _folded(path: Path) -> bool:
    """Whether nothing stands in the log: the read transaction that has begun then keeps the file as it is."""
    log = path.with_name(f"{path.name}-wal")
    return not log.exists() or log.stat().st_size == 0


@contextmanager
def _opened(path: Path, *, anew: bool) -> Iterator[Any]:
    """The second library's connection: the one that is there, unless the file changed since, for it would not notice.

    It stays open as long as a connection of the first library is.
    """
    from adbc_driver_sqlite import dbapi  # noqa: PLC0415 - loads a shared library: only where a table is read

    file = path.stat()
    is_now = (file.st_ino, file.st_size, file.st_mtime_ns)
    readers = _second.setdefault(path, [])
    if anew or not readers or readers[-1][0] != is_now:
        readers.append((is_now, dbapi.connect(f"{path.as_uri()}?mode=ro&immutable=1", autocommit=True)))
    try:
        yield readers[-1][1]
    finally:
        if path not in _first:
            _close(_second.pop(path))


def _close(readers: list[tuple[Any, Any]]) -> None:
    for _, reader in readers:
        reader.close()
