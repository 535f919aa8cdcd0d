"""Sending into a folder: whole or not at all, private to its owner, with a receipt beside the files.

Every byte is written and flushed under a hidden name first, and then renamed into place, so a product that watches the
folder sees the old files or the new ones. One file lies in the folder itself. Several files belong together: they lie
in a sub-folder named after the feed, which is swapped as one. The receipt is ``{feed}.receipt.json`` and comes last.
"""

from __future__ import annotations

import os
import shutil
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

from rosterkit.errors import Refused, UsageError
from rosterkit.feeds.base import FeedFile
from rosterkit.feeds.receipt import About, Sent, receipt, sent

__all__ = ["send", "worth_sending"]


def send(files: tuple[FeedFile, ...], folder: Path, about: About) -> tuple[Sent, ...]:
    """Writes the files and their receipt into the folder, which is made if missing, and says what lies there now.

    Raises Refused when there is nothing to send (``why`` is ``empty`` without files, ``header-only`` when a file has no
    rows), and UsageError when a name is no plain file name or the folder cannot be written; what lay there stays.
    """
    worth_sending(files)
    _plain([about.feed, *(file.name for file in files)])
    together = len(files) > 1
    with _said_plainly(folder):
        folder.mkdir(parents=True, exist_ok=True, mode=0o700)
        _sweep(folder, about.feed)
        try:
            if together:
                new = _written_folder(_hidden(folder, about.feed, "new"), files)
                done = tuple(sent(new / file.name, f"{about.feed}/{file.name}", file.rows) for file in files)
            else:
                new = _written(_hidden(folder, about.feed, "file"), files[0])
                done = (sent(new, files[0].name, files[0].rows),)
            note = _written(_hidden(folder, about.feed, "receipt"), FeedFile("", receipt(about, done), 1))
            if together:
                _swap(new, folder / about.feed)
            else:
                new.replace(folder / files[0].name)
            note.replace(folder / f"{about.feed}.receipt.json")
            _flush(folder)
        finally:
            _sweep(folder, about.feed)
    return done


def worth_sending(files: Sequence[FeedFile]) -> None:
    """Raises Refused where there is no file (``empty``), or one has a header and no rows (``header-only``)."""
    if not files:
        raise Refused(
            "The feed has no row to send, and an empty delivery would look like an empty district. "
            "Look at its findings, mend the roster, and build it again.",
            why="empty",
        )
    for file in files:
        if not file.rows:
            raise Refused(
                f"{file.name} would hold a header and no rows, which never leaves. "
                "Look at the findings of the feed, mend the roster, and build it again.",
                why="header-only",
            )


def _plain(names: list[str]) -> None:
    for name in names:
        if not name or name.startswith(".") or not name.isprintable() or set(name) & set("/\\"):
            raise UsageError(f'"{name}" is no plain file name. Name feed and file without folders or a leading dot.')


@contextmanager
def _said_plainly(folder: Path) -> Iterator[None]:
    try:
        yield
    except OSError as error:
        raise UsageError(
            f"The feed could not be written to {folder}: {error.strerror or type(error).__name__}. "
            "What lay there stays. Make room or permit writing there, or name another folder, and build it again."
        ) from error


def _hidden(folder: Path, feed: str, part: str) -> Path:
    return folder / f".{feed}.sending-{part}"


def _written(path: Path, file: FeedFile) -> Path:
    """A new file, private to its owner and on the disk when this returns."""
    with os.fdopen(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "wb") as out:
        file.write(out)
        out.flush()
        os.fsync(out.fileno())
    return path


def _written_folder(path: Path, files: tuple[FeedFile, ...]) -> Path:
    path.mkdir(mode=0o700)
    for file in files:
        _written(path / file.name, file)
    _flush(path)
    return path


def _swap(new: Path, place: Path) -> None:
    """Puts the new folder in its place; when that fails, the sweep that follows puts the old one back."""
    if place.exists():
        place.replace(_hidden(place.parent, place.name, "old"))
    new.replace(place)


def _sweep(folder: Path, feed: str) -> None:
    """Removes what a run that died left behind; a folder that it had just moved aside goes back first."""
    old = _hidden(folder, feed, "old")
    if old.exists() and not (folder / feed).exists():
        old.replace(folder / feed)
    for part in ("receipt", "file", "new", "old"):
        _remove(_hidden(folder, feed, part))


def _remove(path: Path) -> None:
    if path.is_dir() and not path.is_symlink():
        shutil.rmtree(path)
    else:
        path.unlink(missing_ok=True)


def _flush(folder: Path) -> None:
    """Brings the names in the folder onto the disk."""
    handle = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)
