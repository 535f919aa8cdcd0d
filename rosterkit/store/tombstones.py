"""Who was purged, known by a keyed hash only: enough to recognise an id that somebody names, and not to list any.

The key lies in a file of the workspace, beside the database: a copy of the database alone tells nothing.
"""

from __future__ import annotations

import hashlib
import hmac
import os
import secrets
import sqlite3
from collections.abc import Iterable
from pathlib import Path

from rosterkit.errors import UsageError
from rosterkit.feeds.ledger import PURGED

_FILE = "purge.key"
_BYTES = 32


class Hasher:
    """Hashes texts with the key of the workspace."""

    def __init__(self, key: bytes) -> None:
        self._key = key

    def __call__(self, text: str) -> str:
        """The keyed hash of a text, with PURGED before it."""
        return PURGED + hmac.new(self._key, text.encode(), hashlib.sha256).hexdigest()


def hasher(folder: Path, *, make: bool = False) -> Hasher | None:
    """The hasher of the workspace; None where nothing was ever purged. ``make``: makes the key where there is none."""
    path = folder / _FILE
    if not path.exists():
        if not make:
            return None
        with os.fdopen(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "wb") as out:
            out.write(secrets.token_bytes(_BYTES))
            out.flush()
            os.fsync(out.fileno())
    key = path.read_bytes()
    if len(key) != _BYTES:
        raise UsageError(f"{path} is damaged: it is the key of what was purged. Put it back from your backup.")
    return Hasher(key)


def hashes(folder: Path, connection: sqlite3.Connection, users: Iterable[str]) -> set[str]:
    """Of these keys (source and sourced id, "/" between), the hashes of those who were purged."""
    hashed = hasher(folder)
    if hashed is None:
        return set()
    known = {hashed(user) for user in users}
    query = "select 1 from tombstone where hash=?"
    return {one for one in known if connection.execute(query, (one,)).fetchone()}
