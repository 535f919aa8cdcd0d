"""One connection to an SFTP server: host key, log-in, time limits, and what goes wrong in plain words."""

from __future__ import annotations

import asyncio
import socket
from collections.abc import Coroutine, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any, TypeVar, cast

import asyncssh

from rosterkit.errors import UsageError
from rosterkit.transport.base import Fault, Why
from rosterkit.transport.host_keys import known, shown
from rosterkit.transport.secrets import resolve
from rosterkit.transport.settings import SftpSettings

_T = TypeVar("_T")
_ALIVE_SECONDS = 15  # between questions whether the server still answers


class _Client(asyncssh.SSHClient):
    """Remembers a host key that is not trusted, to name it."""

    def __init__(self) -> None:
        self.untrusted: asyncssh.SSHKey | None = None

    def validate_host_public_key(self, host: str, addr: str, port: int, key: asyncssh.SSHKey) -> bool:  # noqa: ARG002
        """Called for a key that is not among the trusted ones; its signature is asyncssh's."""
        self.untrusted = key
        return False


class SftpConnection:
    """Connects when it is first used, and anew after a fault."""

    def __init__(self, settings: SftpSettings, folder: Path) -> None:
        self._settings = settings
        self._folder = folder
        self._options = _log_in(settings, folder)
        self._runner = asyncio.Runner()
        self._connection: asyncssh.SSHClientConnection | None = None
        self._sftp: asyncssh.SFTPClient | None = None

    def close(self) -> None:
        """Ends the connection."""
        self._end()
        self._runner.close()

    def _end(self) -> None:
        connection, self._connection, self._sftp = self._connection, None, None
        if connection is not None:
            with suppress(OSError, asyncssh.Error):
                connection.abort()
                self._runner.run(connection.wait_closed())

    @property
    def is_open(self) -> bool:
        """Whether there is a connection."""
        return self._sftp is not None

    def run(self, work: Coroutine[Any, Any, _T]) -> _T:
        """The result of one request, in the time that one may take."""

        async def limited() -> _T:
            async with asyncio.timeout(self._settings.idle_seconds):
                return await work

        return self._runner.run(limited())

    def read(self, source: asyncssh.SFTPClientFile, start: int, size: int) -> bytes:
        """Up to so many bytes from byte ``start`` on; none at the end of the file."""
        return cast("bytes", self.run(source.read(size, start)))  # it was opened without an encoding

    async def opened(self, path: str, flags: int) -> asyncssh.SFTPClientFile:
        return await (await self.connected()).open(path, flags, encoding=None)

    async def stat(self, path: str) -> asyncssh.SFTPAttrs:
        return await (await self.connected()).stat(path)

    async def connected(self) -> asyncssh.SFTPClient:
        if self._sftp is None:
            client = _Client()
            hosts, is_known = known(self._settings, self._folder)
            try:
                self._connection, _ = await asyncssh.create_connection(
                    lambda: client, self._settings.host, self._settings.port, known_hosts=hosts, **self._options
                )
            except asyncssh.HostKeyNotVerifiable as error:
                raise self._untrusted(client.untrusted, is_known) from error
            # Names in another encoding must not stop the others; they are no plain names.
            self._sftp = await self._connection.start_sftp_client(path_errors="surrogateescape")
        return self._sftp

    def _untrusted(self, key: asyncssh.SSHKey | None, is_known: bool) -> Fault:
        now = f"The server shows {shown(self._settings, key)}." if key else "The server shows no usable host key."
        if is_known:
            text = f"{now} Another one was trusted, so somebody may be in between. Ask the vendor before you trust it."
        else:
            text = f"{now} Nobody has trusted it yet. Compare it with the vendor's, and store it (target trust)."
        return Fault(f"{text} Nothing was sent, not even the password.", Why.SETTINGS)

    @contextmanager
    def plainly(self, path: str) -> Iterator[None]:
        """Turns what goes wrong into a Fault, and ends a connection that is of no use any more."""
        try:
            yield
        except asyncssh.PermissionDenied as error:
            self._end()
            text = f"The server refuses to log in {self._settings.username}. Look at username, password and key."
            raise Fault(text, Why.SETTINGS) from error
        except asyncssh.KeyExchangeFailed as error:
            self._end()
            raise Fault("The server speaks no cipher that is still safe. Ask the vendor.", Why.SETTINGS) from error
        except asyncssh.SFTPError as error:
            if isinstance(error, (asyncssh.SFTPConnectionLost, asyncssh.SFTPNoConnection)):
                raise self._lost(error) from error
            raise _fault(error, path) from error
        except (asyncssh.Error, OSError) as error:
            raise self._lost(error) from error

    def _lost(self, error: Exception) -> Fault:
        self._end()
        if isinstance(error, socket.gaierror) and error.errno == socket.EAI_NONAME:
            return Fault("There is no server of that name. Look at host.", Why.SETTINGS)
        return Fault(f"The connection was lost or could not be made ({reason(error)}).", Why.UNREACHABLE, again=True)


def _log_in(settings: SftpSettings, folder: Path) -> dict[str, Any]:
    """The options of the connection; nothing of this machine's own SSH settings counts."""
    password = resolve(settings.password, folder).get_secret_value() if settings.password else None
    return {
        "username": settings.username,
        "password": password,
        "client_keys": [_key(settings, folder)] if settings.key else None,  # an empty list would mean ~/.ssh
        "config": None,
        "agent_path": None,
        "gss_host": None,
        "connect_timeout": settings.connect_seconds,
        "login_timeout": settings.connect_seconds,
        "keepalive_interval": _ALIVE_SECONDS,
    }


def _key(settings: SftpSettings, folder: Path) -> asyncssh.SSHKey:
    assert settings.key
    passphrase = resolve(settings.key_passphrase, folder).get_secret_value() if settings.key_passphrase else None
    try:
        return asyncssh.import_private_key(resolve(settings.key, folder).get_secret_value() + "\n", passphrase)
    except (asyncssh.KeyImportError, asyncssh.KeyEncryptionError):
        raise UsageError(
            f"What {settings.key} refers to is no private key, or its passphrase is another. "
            "Store the private key there in OpenSSH or PEM form."
        ) from None  # the cause may show a part of the key


def _fault(error: asyncssh.SFTPError, path: str) -> Fault:
    match error:
        case asyncssh.SFTPNoSuchFile() | asyncssh.SFTPNoSuchPath():
            return Fault(f"{path} is not there. Look at path, and at the vendor's folder.", Why.MISSING)
        case asyncssh.SFTPPermissionDenied() | asyncssh.SFTPWriteProtect():
            return Fault(f"The server does not permit it for {path}. Ask the vendor for the right to.", Why.SETTINGS)
        case asyncssh.SFTPNoSpaceOnFilesystem() | asyncssh.SFTPQuotaExceeded():
            return Fault(f"The server has no room for {path}. Ask the vendor to make room.", Why.NO_ROOM)
        case _:
            text = f"The server refuses it for {path} ({reason(error)}). Ask the vendor about room, quota and rights."
            return Fault(text, Why.REFUSED)


def reason(error: Exception) -> str:
    """The error in short; what a server writes is cut, and cleaned of what cannot be shown."""
    text = error.reason if isinstance(error, asyncssh.Error) else getattr(error, "strerror", None) or ""
    return "".join(letter for letter in text if letter.isprintable())[:100] or type(error).__name__
