"""One run at a time: the workspace's lease, a locked file that the system frees when its holder dies."""

from __future__ import annotations

import fcntl
import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from rosterkit.errors import Busy

__all__ = ["lease"]


@contextmanager
def lease(folder: Path) -> Iterator[None]:
    """Holds the workspace for one verb that writes; Busy when another run holds it."""
    handle = os.open(folder / "roster.lock", os.O_RDWR | os.O_CREAT, 0o600)
    try:
        try:
            fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            raise Busy("Another run holds this workspace. Wait for it to end, then try again.") from None
        yield
    finally:
        os.close(handle)
