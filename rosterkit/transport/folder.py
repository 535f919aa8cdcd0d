"""A folder of this machine or of a file share: files appear whole or not at all.

Every byte is written and flushed under a hidden name first, and renamed when all files are written. With a subfolder,
that folder is swapped as one: whoever looks sees the old files or the new ones.
"""

from __future__ import annotations

import errno
import os
import shutil
from collections.abc import Collection, Generator, Iterator, Sequence
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path

from rosterkit.transport.base import CHUNK, Fault, Found, RemoteFile, Report, Staged, Verified, Why
from rosterkit.transport.settings import FolderSettings


class FolderWire:
    """The transport ``folder``."""

    def __init__(self, settings: FolderSettings, folder: Path) -> None:
        self._folder = folder / Path(settings.path).expanduser()
        self._subfolder = settings.subfolder
        self._mode = 0o640 if settings.group_may_read else 0o600
        self._folder_mode = 0o750 if settings.group_may_read else 0o700
        self.name = str(self._folder.absolute())
        self.visible: set[str] = set()

    def files(self) -> Sequence[RemoteFile]:
        """The ordinary files of the folder."""
        with _plainly(self._folder), os.scandir(self._folder) as entries:
            return [_seen(Path(entry.path)) for entry in entries if entry.is_file()]

    def read(self, file: RemoteFile, start: int) -> tuple[int, Generator[bytes]]:
        """The file from byte ``start`` on."""
        return start, self._chunks(file, start)

    def _chunks(self, file: RemoteFile, start: int) -> Generator[bytes]:
        path = self._folder / file.name
        with _plainly(path):
            with path.open("rb") as source:
                source.seek(start)
                while chunk := source.read(CHUNK):
                    yield chunk
            _unchanged(file, path)

    def digest(self, _file: RemoteFile) -> tuple[str, str]:
        """A folder has no checksums."""
        return "", ""

    def upload(self, file: Staged, report: Report) -> None:
        """Writes the file under its hidden name; what an earlier run left is removed or put back first."""
        with _plainly(self._folder):
            self._folder.mkdir(parents=True, exist_ok=True, mode=self._folder_mode)
            if self._subfolder:
                put_back(self._folder / self._subfolder)
            put_back(self._folder / file.name)
            new = self._new(file)
            new.parent.mkdir(exist_ok=True, mode=self._folder_mode)
            new.unlink(missing_ok=True)
            copy(file.path, new, self._mode, report)

    def publish(self, files: Sequence[Staged]) -> Sequence[tuple[str, Verified, str]]:
        """Renames the files, or their subfolder, into place; what was replaced comes back when one rename fails."""
        with _plainly(self._folder):
            if self._subfolder:
                new = _hidden(self._folder / self._subfolder, "new")
                _remove_others(new, {file.name for file in files})
                _flush(new)
                swap([(new, self._folder / self._subfolder)])
            else:
                swap([(self._new(file), self._folder / file.name) for file in files])
            self.visible.update(file.name for file in files)
            _flush(self._folder)
            return [self._verified(file) for file in files]

    def _verified(self, file: Staged) -> tuple[str, Verified, str]:
        path = self._folder / self._subfolder / file.name
        if not _same(path, file.path):
            text = f"{path} does not hold what was written to it. Look at the disk, and whether another program writes."
            raise Fault(text, Why.CHECKSUM)
        return str(path), Verified.READ_BACK, ""

    def look_up(self, file: Staged, others: Collection[int]) -> Found:
        """By its bytes."""
        del others
        path = self._folder / self._subfolder / file.name
        with _plainly(path):
            if self._folder.is_dir():
                put_back(self._folder / (self._subfolder or file.name))
            there = path.is_file() and _same(path, file.path)
        return Found(there, str(path), Verified.READ_BACK)

    def remove(self, name: str) -> None:
        """Removes the file."""
        path = self._folder / self._subfolder / name
        with _plainly(path):
            path.unlink()

    def discard(self, files: Sequence[Staged]) -> None:
        """Removes what is hidden, and puts back what was moved aside."""
        try:
            for file in files:
                self._new(file).unlink(missing_ok=True)
                put_back(self._folder / file.name)
            if self._subfolder:
                _remove(_hidden(self._folder / self._subfolder, "new"))
                put_back(self._folder / self._subfolder)
        except OSError:
            return  # the next delivery removes it

    def close(self) -> None:
        """A folder has no connection."""

    def _new(self, file: Staged) -> Path:
        if self._subfolder:
            return _hidden(self._folder / self._subfolder, "new") / file.name
        return _hidden(self._folder / file.name, "new")


def copy(source: Path, new: Path, mode: int, report: Report) -> None:
    """A new file with these bytes, on the disk when this returns."""
    binary = getattr(os, "O_BINARY", 0)  # Windows would translate line ends
    handle = os.open(new, os.O_WRONLY | os.O_CREAT | os.O_EXCL | binary, mode)
    with source.open("rb") as reading, os.fdopen(handle, "wb") as out:
        while chunk := reading.read(CHUNK):
            out.write(chunk)
            report(out.tell())
        out.flush()
        os.fsync(out.fileno())


def swap(renames: Sequence[tuple[Path, Path]]) -> None:
    """Renames each new path to its final one. When one fails, the earlier ones are undone."""
    if len(renames) == 1 and renames[0][0].is_file():
        renames[0][0].replace(renames[0][1])  # replaces a file in one step
        return
    aside: list[Path] = []
    placed: list[Path] = []
    try:
        for new, final in renames:
            if final.exists():
                final.replace(_hidden(final, "old"))
                aside.append(final)
            new.replace(final)
            placed.append(final)
    except OSError:
        for final in placed:
            _remove(final)
        for final in aside:
            _hidden(final, "old").replace(final)
        raise
    for _, final in renames:
        _remove(_hidden(final, "old"))


def put_back(final: Path) -> None:
    """What a run that died had moved aside goes back to its place, or away if the new one is there."""
    old = _hidden(final, "old")
    if old.exists() and not final.exists():
        old.replace(final)
    _remove(old)


def _hidden(final: Path, part: str) -> Path:
    return final.with_name(f".{final.name}.rosterkit-{part}")


def _remove(path: Path) -> None:
    if path.is_dir() and not path.is_symlink():
        shutil.rmtree(path)
    else:
        path.unlink(missing_ok=True)


def _remove_others(folder: Path, names: set[str]) -> None:
    """Removes what a run that died left among the new files."""
    for path in folder.iterdir():
        if path.name not in names:
            _remove(path)


def _flush(folder: Path) -> None:
    """Brings the names in the folder onto the disk, where the system can do that."""
    if os.name != "posix":
        return
    handle = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)


def _same(left: Path, right: Path) -> bool:
    with left.open("rb") as one, right.open("rb") as other:
        while True:
            chunk = one.read(CHUNK)
            if chunk != other.read(CHUNK):
                return False
            if not chunk:
                return True


def _seen(path: Path) -> RemoteFile:
    at = path.stat()
    return RemoteFile(path.name, at.st_size, datetime.fromtimestamp(at.st_mtime, UTC), str(at.st_mtime_ns))


def _unchanged(file: RemoteFile, path: Path) -> None:
    if _seen(path) != file:
        text = f"{file.name} changed while it was read. It is taken when it has not changed for a while."
        raise Fault(text, Why.CHANGED)


@contextmanager
def _plainly(path: Path) -> Iterator[None]:
    try:
        yield
    except FileNotFoundError as error:
        raise Fault(
            f"{path} is not there. Look at the path, and whether the share is connected.", Why.MISSING
        ) from error
    except PermissionError as error:
        text = f"{path} may not be read or written. Permit it for the account that runs rosterkit."
        raise Fault(text, Why.SETTINGS) from error
    except (NotADirectoryError, FileExistsError) as error:
        raise Fault(f"{path}: a file lies where a folder should be. Name another path.", Why.SETTINGS) from error
    except OSError as error:
        full = error.errno in (errno.ENOSPC, errno.EDQUOT)
        remedy = "Make room there." if full else "Look at the disk or the share."
        text = f"{path}: {error.strerror or type(error).__name__}. What lay there stays. {remedy}"
        raise Fault(text, Why.NO_ROOM if full else Why.UNREACHABLE) from error
