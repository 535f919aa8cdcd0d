"""What goes over the line: files, how their arrival was verified, and the contract of one kind of transport."""

from __future__ import annotations

import hashlib
import time
from collections.abc import Callable, Collection, Generator, Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from pathlib import Path
from typing import IO, Protocol

_LONGEST_NAME = 200  # bytes; disks take 255, and a name under way is longer than the last one
CHUNK = 1 << 20
"""Bytes that are read or written at once."""

Progress = Callable[[str, int, int], None]
"""Called as (what, bytes done, bytes in total) while files move; the total is 0 where it is not known."""

Report = Callable[[int], None]
"""Called with the bytes of one file that have moved so far; raises Fault when the file's time is up."""

Body = Path | bytes | Callable[[IO[bytes]], None]
"""A local file, bytes, or what writes them to a new file that can seek."""


def no_progress(_what: str, _done: int, _total: int) -> None:
    """Progress that nobody watches."""


@dataclass(frozen=True)
class RemoteFile:
    """A file that lies at a place; ``size`` in bytes and ``modified`` are None where the place does not say.

    ``version`` changes with the content, where the place has such a mark (an ETag).
    """

    name: str
    size: int | None
    modified: datetime | None  # with its zone
    version: str = ""


@dataclass(frozen=True)
class Fetched:
    """A file that lies on this machine now, whole; its digests in hexadecimal."""

    path: Path
    bytes: int
    sha256: str
    md5: str
    attempts: int
    verified: str  # how: "sha-256", "md5", "size", or "not verifiable"


@dataclass(frozen=True)
class Outgoing:
    """A file to deliver, under a plain name."""

    name: str
    body: Body


@dataclass(frozen=True)
class Staged:
    """An outgoing file as it lies on this machine, with digests in hexadecimal."""

    name: str
    path: Path
    size: int
    sha256: str
    md5: str


class Verified(StrEnum):
    """How the arrival of a file was verified, strongest first."""

    READ_BACK = "read back"  # the bytes were read from the place again, and are the same
    CHECKSUM = "checksum"  # the place computed a checksum of its own, and it is ours
    SIZE = "size only"
    NONE = "not verifiable"


@dataclass(frozen=True)
class Delivered:
    """A file that arrived: the data of a receipt. ``where`` is its path, key or host, without secrets."""

    name: str
    where: str
    bytes: int
    sha256: str
    attempts: int
    verified: Verified
    why: str = ""  # why it was not verified in a stronger way


@dataclass(frozen=True)
class Found:
    """What a look at the place says of one outgoing file.

    ``there``: True where these very bytes lie under its name, False where nothing or something else does, None where
    the place does not let anybody look.
    """

    there: bool | None
    where: str = ""
    verified: Verified = Verified.NONE
    why: str = ""


class Why(StrEnum):
    """Why a place could not do what was asked."""

    SETTINGS = "settings"  # a person has to change a setting, a secret or a permission
    UNREACHABLE = "unreachable"
    MISSING = "missing"
    CHANGED = "changed"
    INCOMPLETE = "incomplete"
    CHECKSUM = "checksum"
    TOO_LARGE = "too-large"
    TIME = "time"
    NO_ROOM = "no-room"
    REFUSED = "refused"


RULES = {
    f"place.{why}": text
    for why, text in {
        Why.UNREACHABLE: "The place does not answer, or the connection is lost again and again.",
        Why.MISSING: "The file or the folder is not there.",
        Why.CHANGED: "The file changed while it was read.",
        Why.INCOMPLETE: "Fewer or more bytes came than the place announced.",
        Why.CHECKSUM: "The bytes that came do not match the checksum that the place states.",
        Why.TOO_LARGE: "The file is larger than `max_bytes`.",
        Why.TIME: "The file took longer than `file_seconds`.",
        Why.NO_ROOM: "There is no room for the file.",
        Why.REFUSED: "The place refuses the file, for a reason that is not a permission.",
        "nothing": "No package there can be read now: none has such a name, or those that have are not whole yet.",
    }.items()
}
"""The rules of ``SourceUnreadable`` that reading from a place raises, with their meaning."""


class Fault(Exception):  # noqa: N818 - it becomes one of the errors of rosterkit.errors
    """What went wrong in one attempt; ``Place`` tries again or turns it into an error for people.

    ``again``: a new attempt may help. ``after``: seconds that the place asks to wait first. ``busy``: the place did
    answer, and will do what is asked later.
    """

    def __init__(
        self, message: str, why: Why, *, again: bool = False, after: float | None = None, busy: bool = False
    ) -> None:
        super().__init__(message)
        self.why = why
        self.again = again or busy
        self.after = after
        self.busy = busy


class Pace:
    """Holds what is sent to so many bytes a second; 0: as fast as the line is."""

    def __init__(self, limit: int) -> None:
        self._limit = limit
        self._began = time.monotonic()

    def after(self, done: int) -> None:
        """Waits until so many bytes may have gone since the beginning."""
        if self._limit:
            time.sleep(max(0.0, self._began + done / self._limit - time.monotonic()))


class Wire(Protocol):
    """One kind of transport. Each method makes one attempt, may be called again, and raises only Fault."""

    name: str  # what people call the place, without secrets
    visible: set[str]  # the files of the delivery that lie under their final name

    def files(self) -> Sequence[RemoteFile]:
        """The files there, in no particular order."""
        ...

    def read(self, file: RemoteFile, start: int) -> tuple[int, Generator[bytes]]:
        """The file from byte ``start`` on; or, where it cannot begin there, from the byte that is returned.

        Raises Fault (changed) where the file is no longer the one that was listed, before or after its bytes.
        """
        ...

    def digest(self, file: RemoteFile) -> tuple[str, str]:
        """A checksum that the place has of the whole file: ("sha-256" or "md5", hexadecimal), or ("", "")."""
        ...

    def upload(self, file: Staged, report: Report) -> None:
        """Brings the bytes there, where possible not yet under the file's name, and goes on where it had stopped."""
        ...

    def publish(self, files: Sequence[Staged]) -> Sequence[tuple[str, Verified, str]]:
        """Makes what was uploaded visible, and verifies it: for each file where it lies, how verified, and why so."""
        ...

    def look_up(self, file: Staged, others: Collection[int]) -> Found:
        """Whether the file lies there, after a run that ended while it sent.

        ``others``: the sizes of other files that may lie there under that name: where one is equal, the size alone does
        not tell them apart.
        """
        ...

    def remove(self, name: str) -> None:
        """Removes the file of that name."""
        ...

    def discard(self, files: Sequence[Staged]) -> None:
        """Removes what was uploaded and not published, as far as that is possible. Raises nothing."""
        ...

    def close(self) -> None:
        """Ends the connection."""
        ...


def is_same(chunks: Iterable[bytes], file: Staged) -> bool:
    """Whether these are the bytes of the file. Reads no further than it is long: a server may go on for ever."""
    digest, size = hashlib.sha256(), 0
    for chunk in chunks:
        size += len(chunk)
        if size > file.size:
            return False
        digest.update(chunk)
    return digest.hexdigest() == file.sha256


def is_plain(name: str) -> bool:
    """Whether the name is one of a file alone: no folder, no leading dot, nothing unseen, and not too long."""
    shown = bool(name) and not name.startswith(".") and name.isprintable() and not set(name) & set('/\\:*?"<>|')
    return shown and len(name.encode()) <= _LONGEST_NAME
