"""SFTP: a temporary name and a rename, sizes verified, large files resumed (vendor-feeds A7-A10).

How the server is recognised and logged in to stands in ``sftp_connection``.
"""

from __future__ import annotations

import re
import stat
from collections.abc import Collection, Generator, Iterator, Sequence
from contextlib import suppress
from datetime import UTC, datetime
from pathlib import Path, PurePosixPath

import asyncssh

from rosterkit.errors import UsageError
from rosterkit.transport.base import Fault, Found, Pace, RemoteFile, Report, Staged, Verified, Why, is_same
from rosterkit.transport.settings import SftpSettings
from rosterkit.transport.sftp_connection import SftpConnection, reason

_BLOCK = 1 << 20  # bytes that are sent or asked for at once; asyncssh divides them into requests that overlap
_NO_STAT = "the server does not show the file's size"
_NOT_READ_BACK = "read_back is off"
_NOT_READABLE = "the server does not let the file be read"
_IN_PLACE = "written in place, because rename is off"


class SftpWire:
    """The transport ``sftp``."""

    def __init__(self, settings: SftpSettings, folder: Path) -> None:
        self._settings = settings
        self._line = SftpConnection(settings, folder)
        self._renaming: set[str] = set()  # temporary names whose rename was asked for
        self._path = PurePosixPath(settings.path)
        self.name = f"sftp://{settings.host}:{settings.port}/{settings.path.strip('/')}"
        self.visible: set[str] = set()

    # --- reading

    def files(self) -> Sequence[RemoteFile]:
        """The ordinary files of the folder."""
        with self._line.plainly(str(self._path)):
            entries = self._line.run(self._listed())
        return [_remote(str(name), attrs) for name, attrs in entries if _is_file(attrs)]

    async def _listed(self) -> list[tuple[str | bytes, asyncssh.SFTPAttrs]]:
        sftp = await self._line.connected()
        return [(entry.filename, entry.attrs) for entry in await sftp.readdir(str(self._path))]

    def read(self, file: RemoteFile, start: int) -> tuple[int, Generator[bytes]]:
        """The file from byte ``start`` on."""
        return start, self._chunks(file, start)

    def _chunks(self, file: RemoteFile, start: int) -> Generator[bytes]:
        path = str(self._path / file.name)
        with self._line.plainly(path):
            source = self._line.run(self._line.opened(path, asyncssh.FXF_READ))
            yield from self._blocks(source, start)
            self._line.run(source.close())
            self._unchanged(file, path)

    def _unchanged(self, file: RemoteFile, path: str) -> None:
        if _remote(file.name, self._line.run(self._line.stat(path))) != file:
            text = f"{file.name} changed while it was read. It is taken when it has not changed for a while."
            raise Fault(text, Why.CHANGED)

    def digest(self, _file: RemoteFile) -> tuple[str, str]:
        """SFTP has no checksum that servers agree on."""
        return "", ""

    # --- sending

    def upload(self, file: Staged, report: Report) -> None:
        """Writes the file under its temporary name, goes on where an earlier attempt stopped, and verifies its size."""
        path = self._temporary(file) if self._settings.rename else str(self._path / file.name)
        with self._line.plainly(path):
            start = 0
            if self._settings.rename:
                self._line.run(self._without_leftovers(file))
                start = self._start(path, file.size)
            report(start)
            self._write(file, path, start, report)
            self._whole(path, file)
            if not self._settings.rename:
                self.visible.add(file.name)

    def _start(self, path: str, size: int) -> int:
        """From where to go on. The last block may have holes, since its requests overlap: it is sent again."""
        try:
            there = self._line.run(self._line.stat(path)).size or 0
        except (asyncssh.SFTPNoSuchFile, asyncssh.SFTPPermissionDenied):
            return 0
        return max(0, there - _BLOCK) if there <= size else 0

    def _write(self, file: Staged, path: str, start: int, report: Report) -> None:
        flags = asyncssh.FXF_WRITE | asyncssh.FXF_CREAT | (0 if start else asyncssh.FXF_TRUNC)
        out = self._line.run(self._line.opened(path, flags))
        limit = self._settings.bytes_per_second
        block = min(_BLOCK, limit) if limit else _BLOCK
        pace, done = Pace(limit), 0
        with file.path.open("rb") as source:
            source.seek(start)
            while chunk := source.read(block):
                self._line.run(out.write(chunk, start + done))
                done += len(chunk)
                report(start + done)
                pace.after(done)
        self._line.run(out.close())

    def _whole(self, path: str, file: Staged) -> bool:
        """Whether the server shows the right size; False where it shows none."""
        try:
            size = self._line.run(self._line.stat(path)).size
        except (asyncssh.SFTPPermissionDenied, asyncssh.SFTPOpUnsupported):
            return False
        if size is not None and size != file.size:
            text = (
                f"{file.size:,} bytes of {file.name} were sent, and the server holds {size:,}. "
                "Ask the vendor about room and quota there."
            )
            raise Fault(text, Why.INCOMPLETE)
        return size is not None

    def publish(self, files: Sequence[Staged]) -> Sequence[tuple[str, Verified, str]]:
        """Renames the files into place, one after another, and verifies them."""
        return [self._published(file) for file in files]

    def _published(self, file: Staged) -> tuple[str, Verified, str]:
        final, new = str(self._path / file.name), self._temporary(file)
        verified, why = Verified.SIZE, _NOT_READ_BACK
        with self._line.plainly(final):
            if new in self._renaming and self._is_gone(new):
                self.visible.add(file.name)  # it was renamed, and the answer was lost
            uploaded = final if file.name in self.visible else new
            if self._settings.read_back:
                verified, why = self._read_back(uploaded, file)
            elif not self._whole(uploaded, file):
                verified, why = Verified.NONE, _NO_STAT
            if file.name not in self.visible:
                self._renaming.add(new)
                self._rename(new, final, file)
                self.visible.add(file.name)
        self._renaming.discard(new)
        return final, verified, why if self._settings.rename else "; ".join(filter(None, (why, _IN_PLACE)))

    def look_up(self, file: Staged, others: Collection[int]) -> Found:
        """By name, size and, where the server lets the file be read, by its bytes."""
        path = str(self._path / file.name)
        with self._line.plainly(path):
            try:
                size = self._line.run(self._line.stat(path)).size
            except asyncssh.SFTPNoSuchFile:
                return Found(there=False)
            except (asyncssh.SFTPPermissionDenied, asyncssh.SFTPOpUnsupported):
                return Found(there=None, why=_NO_STAT)
            if size is not None and size != file.size:
                return Found(there=False)
            return self._compared(path, file, others)

    def _compared(self, path: str, file: Staged, others: Collection[int]) -> Found:
        there = self._holds(path, file)
        if there is not None:
            return Found(there, path, Verified.READ_BACK)
        if file.size in others:
            return Found(there=None, why=_NOT_READABLE)
        return Found(True, path, Verified.SIZE, _NOT_READABLE)

    def remove(self, name: str) -> None:
        """Removes the file."""
        with self._line.plainly(str(self._path / name)):
            self._line.run(self._removed(str(self._path / name)))

    def _is_gone(self, path: str) -> bool:
        try:
            self._line.run(self._line.stat(path))
        except asyncssh.SFTPNoSuchFile:
            return True
        return False

    def _read_back(self, path: str, file: Staged) -> tuple[Verified, str]:
        there = self._holds(path, file)
        if there is None:
            return Verified.SIZE if self._whole(path, file) else Verified.NONE, _NOT_READABLE
        if not there:
            raise Fault(f"What the server holds of {file.name} is not what was sent.", Why.CHECKSUM)
        return Verified.READ_BACK, ""

    def _holds(self, path: str, file: Staged) -> bool | None:
        """Whether these bytes lie there; None where the server does not let them be read."""
        try:
            source = self._line.run(self._line.opened(path, asyncssh.FXF_READ))
        except (asyncssh.SFTPPermissionDenied, asyncssh.SFTPOpUnsupported):
            return None
        same = is_same(self._blocks(source, 0), file)
        self._line.run(source.close())
        return same

    def _blocks(self, source: asyncssh.SFTPClientFile, start: int) -> Iterator[bytes]:
        while chunk := self._line.read(source, start, _BLOCK):
            start += len(chunk)
            yield chunk

    def _rename(self, new: str, final: str, file: Staged) -> None:
        try:
            self._line.run(self._renamed(new, final))
        except (asyncssh.SFTPPermissionDenied, asyncssh.SFTPOpUnsupported, asyncssh.SFTPFailure) as error:
            text = f"The server refuses to rename {file.name} ({reason(error)}). If it always does, set rename = false."
            raise Fault(text, Why.SETTINGS) from error

    async def _renamed(self, new: str, final: str) -> None:
        """Renames over what is there. Servers without that get the old file moved aside, and back if need be."""
        sftp = await self._line.connected()
        try:
            await sftp.posix_rename(new, final)
        except asyncssh.SFTPOpUnsupported:
            old = f"{new}.old"
            try:
                await sftp.rename(new, final)
            except (asyncssh.SFTPFailure, asyncssh.SFTPFileAlreadyExists):
                await sftp.rename(final, old)
                try:
                    await sftp.rename(new, final)
                except asyncssh.SFTPError:
                    await sftp.rename(old, final)
                    raise
            with suppress(asyncssh.SFTPError):
                await sftp.remove(old)

    def discard(self, files: Sequence[Staged]) -> None:
        """Removes the temporary files; does not connect for it, since a wrong password may lock the account."""
        if not self._line.is_open:
            return
        with suppress(Fault, UsageError), self._line.plainly(str(self._path)):
            for file in files:
                with suppress(asyncssh.SFTPError):
                    self._line.run(self._removed(self._temporary(file)))

    async def _removed(self, path: str) -> None:
        await (await self._line.connected()).remove(path)

    async def _without_leftovers(self, file: Staged) -> None:
        """Removes temporary files of other contents that runs that died left for this name.

        A file that was moved aside goes back to its place, where nothing took that.
        """
        sftp = await self._line.connected()
        keep, final = PurePosixPath(self._temporary(file)).name, str(self._path / file.name)
        ours = re.compile(rf"\.{re.escape(file.name)}\.[0-9a-f]{{16}}\.part(\.old)?")
        with suppress(asyncssh.SFTPPermissionDenied, asyncssh.SFTPFailure, asyncssh.SFTPOpUnsupported):
            names = set(map(str, await sftp.listdir(str(self._path))))
            for name in sorted(filter(ours.fullmatch, names - {keep})):
                if name.endswith(".old") and file.name not in names:
                    await sftp.rename(str(self._path / name), final)
                    names.add(file.name)
                else:
                    await sftp.remove(str(self._path / name))

    def _temporary(self, file: Staged) -> str:
        """Named by its content, so that what lies there may be gone on with."""
        return str(self._path / f".{file.name}.{file.sha256[:16]}.part")

    def close(self) -> None:
        """Ends the connection."""
        self._line.close()


def _is_file(attrs: asyncssh.SFTPAttrs) -> bool:
    return attrs.permissions is None or stat.S_ISREG(attrs.permissions) or not stat.S_IFMT(attrs.permissions)


def _remote(name: str, attrs: asyncssh.SFTPAttrs) -> RemoteFile:
    modified = None if attrs.mtime is None else datetime.fromtimestamp(attrs.mtime, UTC)
    return RemoteFile(name, attrs.size, modified)
