"""Outgoing files as they lie on this machine before they leave: named plainly, not empty, with their digests."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from rosterkit.errors import Refused, UsageError
from rosterkit.transport.base import CHUNK, Outgoing, Staged, is_plain


@dataclass(frozen=True)
class Digests:
    """Size in bytes and digests in hexadecimal; MD5 because some services state nothing else."""

    size: int
    sha256: str
    md5: str


def check_names(names: Sequence[str]) -> None:
    """Raises Refused where there is no name, UsageError where one is not plain or stands twice."""
    if not names:
        raise Refused("There is no file to send. Build the feed, and look at its findings.", why="empty")
    for name in names:
        if not is_plain(name):
            raise UsageError(f'"{name}" is no plain file name. Name the file without folders or a leading dot.')
    if len({name.casefold() for name in names}) < len(names):
        raise UsageError("Two files of one delivery have the same name. Give each a name of its own.")


def staged(file: Outgoing, scratch: Path) -> Staged:
    """The file on this machine; what is no local file yet is written to the path ``scratch``.

    Raises UsageError where it cannot be written or read, and Refused where it has no bytes (vendor-feeds U22).
    """
    path = file.body if isinstance(file.body, Path) else scratch
    try:
        if isinstance(file.body, bytes):
            path.write_bytes(file.body)
        elif not isinstance(file.body, Path):
            with path.open("w+b") as out:
                file.body(out)
        known = digests(path)
    except OSError as error:
        raise UsageError(
            f"{file.name} cannot be prepared in {path.parent}: {error.strerror or type(error).__name__}. "
            "Make room there, or permit reading and writing."
        ) from error
    if not known.size:
        raise Refused(
            f"{file.name} has no bytes, and an empty file never leaves: a vendor may take it for an empty district.",
            why="empty",
        )
    return Staged(file.name, path, known.size, known.sha256, known.md5)


def digests(path: Path) -> Digests:
    """The digests of the file."""
    sha256, md5 = hashlib.sha256(), hashlib.md5(usedforsecurity=False)
    with path.open("rb") as file:
        while chunk := file.read(CHUNK):
            sha256.update(chunk)
            md5.update(chunk)
        return Digests(file.tell(), sha256.hexdigest(), md5.hexdigest())
