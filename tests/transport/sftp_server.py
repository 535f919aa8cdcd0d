"""A real SFTP server on loopback, with the faults that servers have."""

from __future__ import annotations

import asyncio
import os
import threading
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import asyncssh

USER, PASSWORD = "millbrook", "correct-horse-9"


@dataclass
class Faults:
    """What the server does wrong; cuts are used up one by one."""

    cut_writes: list[int] = field(default_factory=list)  # the connection ends when so many bytes came
    cut_reads: list[int] = field(default_factory=list)
    lose_rename_answers: int = 0
    refuse_rename: bool = False
    plain_rename_only: bool = False  # without the rename that replaces, and it refuses to replace
    full_after: int | None = None
    missing_bytes: int = 0  # so many fewer than it took are in the sizes that it states
    hide_sizes: bool = False
    refuse_read: bool = False
    hang: float = 0.0  # seconds before each write is answered
    corrupt: bool = False
    endless: int = 0  # files are read to so many bytes, however long they are


@dataclass
class Seen:
    """What happened at the server."""

    connections: int = 0
    logins: int = 0  # connections that went as far as naming a user
    written: int = 0
    read: int = 0
    renames: list[str] = field(default_factory=list)
    opened: list[str] = field(default_factory=list)  # for writing


class Sftp:
    """The server, in a thread of its own."""

    def __init__(self, root: Path) -> None:
        self.root = root
        self.root.mkdir(exist_ok=True)
        self.faults, self.seen = Faults(), Seen()
        self.watch: Callable[[], None] = lambda: None
        self.host_key = asyncssh.generate_private_key("ssh-ed25519")
        self.user_key = asyncssh.generate_private_key("ssh-ed25519")
        self.port = 0
        self.files: list[Any] = []
        self._loop = asyncio.new_event_loop()
        self._ready = threading.Event()
        self._thread = threading.Thread(target=self._serve, daemon=True)
        self._thread.start()
        assert self._ready.wait(10)

    def _serve(self) -> None:
        asyncio.set_event_loop(self._loop)
        self._loop.run_until_complete(self._listen())
        self._ready.set()
        self._loop.run_forever()
        self._loop.run_until_complete(self._loop.shutdown_default_executor())
        self._loop.close()

    async def _listen(self) -> None:
        self._acceptor = await asyncssh.create_server(
            lambda: _Logins(self),
            "127.0.0.1",
            self.port,
            server_host_keys=[self.host_key],
            sftp_factory=lambda chan: _Files(chan, self),
            allow_scp=False,
        )
        self.port = self._acceptor.get_port()

    def show_another_key(self) -> None:
        async def again() -> None:
            self._acceptor.close()
            await self._acceptor.wait_closed()
            self.host_key = asyncssh.generate_private_key("ssh-ed25519")
            await self._listen()

        asyncio.run_coroutine_threadsafe(again(), self._loop).result(10)

    def close(self) -> None:
        if not self._thread.is_alive():
            return

        async def end() -> None:
            self._acceptor.close()
            await self._acceptor.wait_closed()
            for _ in range(100):
                others = [task for task in asyncio.all_tasks() if task is not asyncio.current_task()]
                if not others:
                    break
                for task in others:
                    task.cancel()
                await asyncio.sleep(0.01)

        asyncio.run_coroutine_threadsafe(end(), self._loop).result(10)
        for file in self.files:
            file.close()
        self._loop.call_soon_threadsafe(self._loop.stop)
        self._thread.join(10)


class _Logins(asyncssh.SSHServer):
    def __init__(self, server: Sftp) -> None:
        self._server = server
        self._began = False

    def connection_made(self, conn: asyncssh.SSHServerConnection) -> None:
        self._server.seen.connections += 1

    def begin_auth(self, username: str) -> bool:
        self._server.seen.logins += not self._began
        self._began = True
        return True

    def password_auth_supported(self) -> bool:
        return True

    def validate_password(self, username: str, password: str) -> bool:
        return (username, password) == (USER, PASSWORD)

    def public_key_auth_supported(self) -> bool:
        return True

    def validate_public_key(self, username: str, key: asyncssh.SSHKey) -> bool:
        return username == USER and key == self._server.user_key.convert_to_public()


class _Files(asyncssh.SFTPServer):
    def __init__(self, chan: Any, server: Sftp) -> None:
        super().__init__(chan, chroot=os.fsencode(server.root))
        self._server = server

    def open(self, path: bytes, pflags: int, attrs: asyncssh.SFTPAttrs) -> Any:
        if pflags & asyncssh.FXF_WRITE:
            self._server.seen.opened.append(Path(os.fsdecode(path)).name)
        elif self._server.faults.refuse_read:
            raise asyncssh.SFTPPermissionDenied("no")
        opened = super().open(path, pflags, attrs)
        self._server.files.append(opened)
        self._server.watch()
        return opened

    def write(self, file_obj: Any, offset: int, data: bytes) -> Any:
        faults, seen = self._server.faults, self._server.seen
        if faults.hang:
            return self._late(file_obj, offset, data)
        if faults.full_after is not None and seen.written + len(data) > faults.full_after:
            raise asyncssh.SFTPFailure("No space left on device")
        if faults.cut_writes and seen.written + len(data) >= faults.cut_writes[0]:
            data = data[: max(0, faults.cut_writes.pop(0) - seen.written)]
            seen.written += len(data)
            super().write(file_obj, offset, data)
            self._cut()
        seen.written += len(data)
        if faults.corrupt:
            data = data[:-1] + bytes([data[-1] ^ 1])
        done = super().write(file_obj, offset, data)
        self._server.watch()
        return done

    async def _late(self, file_obj: Any, offset: int, data: bytes) -> int:
        await asyncio.sleep(self._server.faults.hang)
        return int(super().write(file_obj, offset, data))  # type: ignore[arg-type] # it writes at once

    def read(self, file_obj: Any, offset: int, size: int) -> Any:
        faults, seen = self._server.faults, self._server.seen
        data = bytes(super().read(file_obj, offset, size))  # type: ignore[arg-type] # it reads at once
        if offset < faults.endless:
            data = data.ljust(size, b"x")
        if faults.cut_reads and seen.read + len(data) >= faults.cut_reads[0]:
            faults.cut_reads.pop(0)
            self._cut()
        seen.read += len(data)
        return data

    def rename(self, oldpath: bytes, newpath: bytes) -> Any:
        if self._server.faults.refuse_rename:
            raise asyncssh.SFTPPermissionDenied("no renames here")
        return self._renamed(lambda: super(_Files, self).rename(oldpath, newpath), newpath)

    def posix_rename(self, oldpath: bytes, newpath: bytes) -> Any:
        if self._server.faults.refuse_rename:
            raise asyncssh.SFTPPermissionDenied("no renames here")
        if self._server.faults.plain_rename_only:
            raise asyncssh.SFTPOpUnsupported("not here")
        return self._renamed(lambda: super(_Files, self).posix_rename(oldpath, newpath), newpath)

    def _renamed(self, rename: Callable[[], Any], newpath: bytes) -> Any:
        self._server.watch()
        done = rename()
        self._server.seen.renames.append(Path(os.fsdecode(newpath)).name)
        self._server.watch()
        if self._server.faults.lose_rename_answers:
            self._server.faults.lose_rename_answers -= 1
            self._cut()
        return done

    def stat(self, path: bytes) -> Any:
        if self._server.faults.hide_sizes:
            raise asyncssh.SFTPPermissionDenied("no")
        attrs = asyncssh.SFTPAttrs.from_local(super().stat(path))  # type: ignore[arg-type] # it stats at once
        if attrs.size is not None:
            attrs.size -= self._server.faults.missing_bytes
        return attrs

    def _cut(self) -> None:
        self.connection.abort()
        raise asyncssh.SFTPConnectionLost("cut")
