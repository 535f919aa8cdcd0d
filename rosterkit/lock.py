"""One run at a time: a locked file in the workspace that the system frees when its holder dies."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from rosterkit.errors import Busy

STORE = "roster.lock"
"""Held by every verb that writes."""
SYNC = "sync.lock"
"""Held by a sync from its beginning to its end; between its stages other verbs may write."""
SCHEDULE = "schedule.lock"
"""Held by the process of ``rosterkit schedule``."""

_BUSY = {
    STORE: "Another run holds this workspace. Wait for it to end, then try again.",
    SYNC: "Another sync of this workspace is running. Wait for it to end: rosterkit status shows it.",
    SCHEDULE: "Another process runs the schedule of this workspace. End that one first, or leave it to it.",
}


@contextmanager
def lease(folder: Path, name: str = STORE, *, wait: float = 0.0) -> Iterator[None]:
    """Holds the workspace for one purpose; Busy when another run still holds it after ``wait`` seconds."""
    from filelock import FileLock, Timeout  # noqa: PLC0415 - takes 10 ms, and verbs that only read hold nothing

    lock = FileLock(folder / name, timeout=wait, mode=0o600)
    try:
        lock.acquire()
    except Timeout:
        raise Busy(_BUSY[name]) from None
    try:
        yield
    finally:
        lock.release()
