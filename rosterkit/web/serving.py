"""Where the page listens, and by which address people reach it."""

from __future__ import annotations

import socket
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import urlsplit

from rosterkit.errors import UsageError
from rosterkit.web import accounts
from rosterkit.workspace import Workspace


@dataclass(frozen=True, slots=True)
class Bind:
    """What the command line says."""

    host: str
    port: int
    certificate: Path | None = None
    key: Path | None = None


@dataclass(frozen=True)
class Bound:
    """A socket that listens, and what the application must know of it."""

    socket: socket.socket
    address: str
    hosts: tuple[str, ...]
    secure: bool
    proxied: bool
    accounts: int


def bound(folder: Path, bind: Bind, *, loopback: tuple[str, ...]) -> Bound:
    """Binds the socket. Raises UsageError where passwords would cross a network unencrypted, or the port is taken."""
    url = Workspace(folder).config.web.url
    if (bind.certificate is None) != (bind.key is None):
        raise UsageError("A certificate and its key belong together: --certificate FILE --key FILE.")
    for file in (bind.certificate, bind.key):
        if file is not None and not file.is_file():
            raise UsageError(f"{file} is not a file.")
    if bind.host not in loopback and bind.certificate is None:
        raise UsageError(
            f"Passwords would cross the network unencrypted. Serve {bind.host} with --certificate and --key, or let a "
            "proxy on this machine speak TLS and leave --host out."
        )
    listening = _socket(bind)
    port = listening.getsockname()[1]
    secure = bind.certificate is not None or url.startswith("https://")
    own = f"{'https' if bind.certificate else 'http'}://{f'[{bind.host}]' if ':' in bind.host else bind.host}:{port}"
    named = urlsplit(url).hostname if url else None
    hosts = tuple(dict.fromkeys([*loopback, bind.host, *([named] if named else [])]))
    return Bound(listening, url or own, hosts, secure, bool(url), len(accounts.listed(folder)))


def _socket(bind: Bind) -> socket.socket:
    made = socket.socket(socket.AF_INET6 if ":" in bind.host else socket.AF_INET)
    try:
        made.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        made.bind((bind.host, bind.port))
        made.listen(128)  # whoever reads the address may ask at once
    except OSError as problem:
        made.close()
        raise UsageError(f"{bind.host}:{bind.port} cannot be had: {problem.strerror}. Choose another --port.") from None
    return made
