"""A small S3 server and an SFTP server on this machine, for the demonstration: they keep what they are sent."""

from __future__ import annotations

import asyncio
import base64
import hashlib
import os
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from email.utils import formatdate
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from urllib.parse import unquote, urlsplit
from xml.sax.saxutils import escape

import asyncssh

_HOST = "127.0.0.1"


class LocalS3:
    """Objects by bucket and key; checks the SHA-256 that comes along, as S3 does."""

    def __init__(self) -> None:
        self.objects: dict[str, tuple[bytes, dict[str, str]]] = {}  # "bucket/key": bytes and metadata
        self._server = ThreadingHTTPServer((_HOST, 0), _handler(self))
        self._thread = threading.Thread(target=self._server.serve_forever, args=(0.02,), daemon=True)
        self._thread.start()
        self.address = f"http://{_HOST}:{self._server.server_address[1]}"

    def close(self) -> None:
        """Stops the server."""
        self._server.shutdown()
        self._server.server_close()
        self._thread.join()


@contextmanager
def local_s3() -> Iterator[LocalS3]:
    """A server that runs until the block ends."""
    server = LocalS3()
    try:
        yield server
    finally:
        server.close()


def _handler(server: LocalS3) -> type[BaseHTTPRequestHandler]:
    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def log_message(self, *_: object) -> None:
            """Nothing is printed."""

        def do_PUT(self) -> None:
            body = self.rfile.read(int(self.headers["Content-Length"]))
            checksum = base64.b64encode(hashlib.sha256(body).digest()).decode()
            if self.headers.get("x-amz-checksum-sha256", checksum) != checksum:
                self._answer(400, b"<Error><Code>BadDigest</Code></Error>")
                return
            marks = {name: value for name, value in self.headers.items() if name.lower().startswith("x-amz-meta-")}
            server.objects[self._name()] = body, marks
            self._answer(200, b"", {"x-amz-checksum-sha256": checksum} | _about(body))

        def do_GET(self) -> None:
            if "list-type=2" in self.path:
                self._answer(200, _listing(server, self._name()))
                return
            body, marks = server.objects.get(self._name(), (None, {}))
            if body is None:
                self._answer(404, b"<Error><Code>NoSuchKey</Code></Error>")
            else:
                self._answer(200, body, marks | _about(body))

        do_HEAD = do_GET  # noqa: N815 - as above

        def do_DELETE(self) -> None:
            server.objects.pop(self._name(), None)
            self._answer(204, b"")

        def _name(self) -> str:
            return unquote(urlsplit(self.path).path).strip("/")

        def _answer(self, status: int, body: bytes, headers: dict[str, str] | None = None) -> None:
            self.send_response(status)
            for name, value in (headers or {}).items():
                self.send_header(name, value)
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            if self.command != "HEAD":
                self.wfile.write(body)

    return Handler


def _about(body: bytes) -> dict[str, str]:
    md5 = hashlib.md5(body, usedforsecurity=False).hexdigest()
    return {"ETag": f'"{md5}"', "Last-Modified": formatdate(usegmt=True)}


def _listing(server: LocalS3, bucket: str) -> bytes:
    rows = "".join(
        f"<Contents><Key>{escape(name.partition('/')[2])}</Key><Size>{len(body)}</Size>"
        f"<LastModified>2026-09-14T00:00:00Z</LastModified><ETag>{escape(_about(body)['ETag'])}</ETag></Contents>"
        for name, (body, _) in sorted(server.objects.items())
        if name.startswith(f"{bucket}/")
    )
    return f"<ListBucketResult><IsTruncated>false</IsTruncated>{rows}</ListBucketResult>".encode()


class LocalSftp:
    """A folder behind an SFTP server that knows one user."""

    def __init__(self, root: Path, username: str, password: str) -> None:
        self._root, self._user = root, (username, password)
        self._loop = asyncio.new_event_loop()
        self._ready = threading.Event()
        self.port = 0
        self._thread = threading.Thread(target=self._serve, daemon=True)
        self._thread.start()
        self._ready.wait()

    def _serve(self) -> None:
        self._loop.run_until_complete(self._listen())
        self._ready.set()
        self._loop.run_forever()
        self._loop.run_until_complete(self._loop.shutdown_default_executor())
        self._loop.close()

    async def _listen(self) -> None:
        root = os.fsencode(self._root)
        self._acceptor = await asyncssh.create_server(
            lambda: _OneUser(self._user),
            _HOST,
            0,
            server_host_keys=[asyncssh.generate_private_key("ssh-ed25519")],
            sftp_factory=lambda channel: asyncssh.SFTPServer(channel, chroot=root),
        )
        self.port = self._acceptor.get_port()

    def close(self) -> None:
        """Stops the server."""

        async def end() -> None:
            self._acceptor.close()
            await self._acceptor.wait_closed()
            others = [task for task in asyncio.all_tasks() if task is not asyncio.current_task()]
            for task in others:
                task.cancel()
            await asyncio.gather(*others, return_exceptions=True)

        asyncio.run_coroutine_threadsafe(end(), self._loop).result(10)
        self._loop.call_soon_threadsafe(self._loop.stop)
        self._thread.join()


class _OneUser(asyncssh.SSHServer):
    def __init__(self, user: tuple[str, str]) -> None:
        self._user = user

    def begin_auth(self, username: str) -> bool:
        del username
        return True

    def password_auth_supported(self) -> bool:
        return True

    def validate_password(self, username: str, password: str) -> bool:
        return (username, password) == self._user


@contextmanager
def local_sftp(root: Path, username: str, password: str) -> Iterator[LocalSftp]:
    """A server that runs until the block ends."""
    root.mkdir(parents=True, exist_ok=True)
    server = LocalSftp(root, username, password)
    try:
        yield server
    finally:
        server.close()
