"""What a key may and may not do at a place, found out with a small file: written, read back, removed."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory
from uuid import uuid4

from rosterkit.errors import RosterkitError
from rosterkit.transport.base import Outgoing, RemoteFile
from rosterkit.transport.place import Place, open_place
from rosterkit.transport.settings import FolderSettings, HttpsSettings, PlaceSettings

TEST_FILE = "rosterkit-test.txt"
"""The name of the small file: no vendor takes it for a roster, and whoever finds it knows whose it is."""


@dataclass(frozen=True)
class Right:
    """One thing that was tried. ``allowed``: None where it was not tried, for the reason in ``detail``."""

    right: str  # connect | list | write | read | remove
    allowed: bool | None
    detail: str = ""


def rights(settings: PlaceSettings, folder: Path, *, write: bool = True) -> tuple[str, tuple[Right, ...]]:
    """The name of the place, and what the key may do there. Leaves nothing behind where it may remove files.

    ``write``: off, nothing is written; of a place that files are only read from. Raises UsageError where a secret
    cannot be read, before it connects.
    """
    with open_place(settings, folder) as place:
        if isinstance(settings, HttpsSettings):
            return place.name, tuple(_of_address(place))
        if write:
            return place.name, tuple(_of_folder(place, settings))
        listed = _try("list", place.list)
        return place.name, (Right("connect", listed.allowed, listed.detail), listed)


def _of_address(place: Place) -> Iterator[Right]:
    """An address is the one file: a test that writes would take the place of the roster."""
    listed = _try("read", place.list)
    connected = listed.allowed or "does not answer" not in listed.detail
    yield Right("connect", connected, "" if connected else listed.detail)
    yield listed
    yield Right("write", None, "the address takes one file, and a test would take the place of the roster")


def _of_folder(place: Place, settings: PlaceSettings) -> Iterator[Right]:
    body = f"rosterkit writes this to see what its key may do, and removes it. {uuid4().hex}\n".encode()
    listed = _try("list", place.list)
    if "log in" in listed.detail or "host key" in listed.detail:  # a second wrong log-in may lock the account
        yield Right("connect", allowed=False, detail=listed.detail)
        return
    written = _try("write", lambda: place.deliver([Outgoing(TEST_FILE, body)]))
    works = bool(listed.allowed or written.allowed)
    yield Right("connect", works, "" if works else listed.detail)
    if not works:
        return
    yield listed
    yield written
    if not written.allowed:
        return
    yield _try("read", lambda: _read_back(place, body))
    removed = _try("remove", lambda: place.remove(TEST_FILE))
    left = "" if removed.allowed else f" {TEST_FILE} lies there now: ask the vendor to remove it."
    yield Right("remove", removed.allowed, removed.detail + left)
    if isinstance(settings, FolderSettings) and settings.subfolder:
        yield Right("swap", None, "the subfolder is swapped as one with each delivery; the test did not touch it")


def _try(right: str, work: Callable[[], object]) -> Right:
    try:
        work()
    except RosterkitError as problem:
        return Right(right, allowed=False, detail=str(problem))
    return Right(right, allowed=True)


def _read_back(place: Place, body: bytes) -> None:
    with TemporaryDirectory(prefix="rosterkit-") as scratch:
        path = Path(scratch, "read")
        there = next((file for file in place.list() if file.name == TEST_FILE), None)
        place.fetch(there or RemoteFile(TEST_FILE, None, None), path)
        if path.read_bytes() != body:
            raise RosterkitError("Something else came back than was written.")
