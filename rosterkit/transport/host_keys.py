"""Host keys of SFTP servers: shown, trusted by a person, and stored in a file in the format of OpenSSH.

key = host_key(settings)                        # what the server shows: compare it with what the vendor wrote
trust(settings, folder, key.fingerprint)        # stores it, if the server still shows that key
"""

from __future__ import annotations

import asyncio
import os
from dataclasses import dataclass
from pathlib import Path

import asyncssh

from rosterkit.errors import UsageError
from rosterkit.transport.settings import SftpSettings

_PORT = 22  # the usual one, which a line of known hosts does not name


@dataclass(frozen=True)
class HostKey:
    """The key by which a server identifies itself; ``fingerprint`` is what ``ssh-keygen -l`` prints (SHA256:...)."""

    host: str
    port: int
    algorithm: str
    fingerprint: str
    line: str  # as it stands in a file of known hosts

    def __str__(self) -> str:
        return f"{self.host} port {self.port}: {self.algorithm} {self.fingerprint}"


def host_key(settings: SftpSettings) -> HostKey:
    """The key that the server shows now. Logs in nowhere. Raises UsageError where it does not answer."""
    return shown(settings, asyncio.run(_asked(settings)))


def shown(settings: SftpSettings, key: asyncssh.SSHKey) -> HostKey:
    """That key, as people compare it and as it is stored."""
    algorithm, public = key.export_public_key("openssh").decode("ascii").split()[:2]
    line = f"{_name(settings)} {algorithm} {public}"
    return HostKey(settings.host, settings.port, algorithm, key.get_fingerprint(), line)


def trust(settings: SftpSettings, folder: Path, fingerprint: str) -> HostKey:
    """Stores the server's key, if it has the fingerprint that a person confirmed; a former key of it goes.

    Raises UsageError where the server shows another key, and where an old entry cannot be replaced.
    """
    key = host_key(settings)
    if key.fingerprint != fingerprint.strip():
        raise UsageError(
            f"The server shows another key than {fingerprint.strip()}: {key}. Nothing was stored. "
            "Ask the vendor which one is right, by a way that does not go through this server."
        )
    path = folder / settings.known_hosts
    kept = list(filter(None, (_without(line, _name(settings)) for line in _lines(path))))
    if _matching("\n".join(kept), settings):
        raise UsageError(
            f"{path} has another entry for {settings.host}, hashed or with a pattern. Take that line out by hand."
        )
    _write(path, "\n".join([*kept, key.line]) + "\n")
    return key


def known(settings: SftpSettings, folder: Path) -> tuple[asyncssh.SSHKnownHosts, bool]:
    """The trusted keys, and whether there is one for this server."""
    path = folder / settings.known_hosts
    text = "\n".join(_lines(path))
    try:
        return asyncssh.import_known_hosts(text), _matching(text, settings)
    except ValueError as error:
        raise UsageError(f"{path} cannot be read: {error}. Mend that line, or take it out.") from error


def _matching(text: str, settings: SftpSettings) -> bool:
    keys, authorities, *_ = asyncssh.import_known_hosts(text).match(settings.host, "", settings.port)
    return bool(keys or authorities)


async def _asked(settings: SftpSettings) -> asyncssh.SSHKey:
    try:
        async with asyncio.timeout(settings.connect_seconds):
            key = await asyncssh.get_server_host_key(settings.host, settings.port, config=None)
    except (OSError, asyncssh.Error) as error:
        raise UsageError(
            f"{settings.host} port {settings.port} does not show a host key ({type(error).__name__}). "
            "Look at host and port, and whether a firewall lets this machine through."
        ) from error
    if key is None:
        raise UsageError(f"{settings.host} port {settings.port} showed no host key. Look at host and port.")
    return key


def _name(settings: SftpSettings) -> str:
    return settings.host if settings.port == _PORT else f"[{settings.host}]:{settings.port}"


def _without(line: str, name: str) -> str:
    """The line without that host, or "" where it named no other."""
    hosts, _, rest = line.partition(" ")
    left = [host for host in hosts.split(",") if host != name]
    return f"{','.join(left)} {rest}" if left else ""


def _lines(path: Path) -> list[str]:
    try:
        text = path.read_text(encoding="utf-8")
    except FileNotFoundError:
        return []
    except (OSError, UnicodeDecodeError) as error:
        raise UsageError(f"{path} cannot be read ({type(error).__name__}). It is the file of trusted keys.") from error
    return [line for line in map(str.strip, text.splitlines()) if line]


def _write(path: Path, text: str) -> None:
    new = path.with_name(f".{path.name}.new")
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        new.unlink(missing_ok=True)
        with os.fdopen(os.open(new, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "w", encoding="utf-8") as out:
            out.write(text)
        new.replace(path)
    except OSError as error:
        raise UsageError(f"{path} cannot be written: {error.strerror}. Permit it, or set known_hosts.") from error
