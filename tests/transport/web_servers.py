"""Real HTTP servers on loopback with the faults that networks have: one of their own, and one before moto's S3."""

from __future__ import annotations

import hashlib
import http.client
import socket
import ssl
import struct
import threading
from abc import ABC, abstractmethod
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass, field
from email.utils import formatdate
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

Answer = tuple[int, dict[str, str], bytes]


@dataclass
class Faults:
    """What goes wrong. A cut is where the connection ends; cuts are used up one by one."""

    cut_writes: list[int | None] = field(default_factory=list)  # ... when so many bytes of a body came; None: not
    cut_reads: list[int] = field(default_factory=list)  # ... when so many bytes of an answer went
    lose_answers: list[str] = field(default_factory=list)  # the request is done, and its answer lost, by method
    forbid: set[str] = field(default_factory=set)  # methods
    answers: list[Answer] = field(default_factory=list)  # given instead, to requests with a body or GET
    corrupt_reads: int = 0  # so many bodies arrive with one bit changed


class _Server(ThreadingHTTPServer):
    daemon_threads = True
    request_queue_size = 64

    def handle_error(self, request: Any, client_address: Any) -> None:
        """A client that hangs up is not worth a line."""


class Web(ABC):
    """A server with faults, in threads of its own; a subclass says what it serves."""

    def __init__(self, context: ssl.SSLContext | None = None) -> None:
        self.faults = Faults()
        self.requests: list[tuple[str, str, int]] = []  # method, path, bytes of the body: those that were carried out
        self.received: list[tuple[str, str]] = []  # method, path: all
        self.headers: list[dict[str, str]] = []
        self.watch: Callable[[], None] = lambda: None
        self._server = _Server(("127.0.0.1", 0), _handler(self))
        if context:
            self._server.socket = context.wrap_socket(self._server.socket, server_side=True)
        self.port = int(self._server.server_address[1])
        self._thread = threading.Thread(target=lambda: self._server.serve_forever(0.01), daemon=True)
        self._thread.start()

    @abstractmethod
    def answer(self, method: str, path: str, headers: dict[str, str], body: bytes) -> Answer: ...

    def close(self) -> None:
        if not self._thread.is_alive():
            return
        self._server.shutdown()
        self._server.server_close()
        self._thread.join(10)


def _handler(web: Web) -> type[BaseHTTPRequestHandler]:
    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def log_message(self, *args: Any) -> None:
            """Nothing is printed."""

        def handle_one(self) -> None:
            length = int(self.headers.get("Content-Length") or 0)
            faults = web.faults
            web.received.append((self.command, self.path))
            web.headers.append({name.lower(): value for name, value in self.headers.items()})
            if length and faults.cut_writes and (cut := faults.cut_writes.pop(0)) is not None:
                self.rfile.read(min(length, cut))
                return self._cut()
            body = self.rfile.read(length)
            if len(body) < length:
                return self._cut()  # whoever sent it is gone: no server takes a part for the whole
            if self.command in faults.forbid:
                return self._send(403, {}, b"<Error><Code>AccessDenied</Code></Error>")
            if faults.answers and (length or self.command == "GET"):
                return self._send(*faults.answers.pop(0))
            status, headers, answer = web.answer(self.command, self.path, dict(self.headers.items()), body)
            web.requests.append((self.command, self.path.partition("?")[0], length))
            web.watch()
            if self.command in faults.lose_answers:
                faults.lose_answers.remove(self.command)
                return self._cut()
            if faults.corrupt_reads and self.command == "GET" and answer and "list-type" not in self.path:
                faults.corrupt_reads -= 1
                answer = answer[:-1] + bytes([answer[-1] ^ 1])
            return self._send(status, headers, answer)

        do_GET = do_PUT = do_POST = do_HEAD = do_DELETE = handle_one

        def _send(self, status: int, headers: dict[str, str], body: bytes) -> None:
            cuts = web.faults.cut_reads if self.command != "HEAD" and "list-type" not in self.path else []
            cut = cuts.pop(0) if cuts else None  # a test may plant the next one once this goes
            self.send_response(status)
            for name, value in headers.items():
                if name.lower() not in ("content-length", "connection", "transfer-encoding", "date", "server"):
                    self.send_header(name, value)
            length = {name.lower(): value for name, value in headers.items()}.get("content-length", "")
            self.send_header("Content-Length", length if self.command == "HEAD" else str(len(body)))
            self.end_headers()
            if self.command == "HEAD":
                return None
            if cut is not None:
                with suppress(OSError):
                    self.wfile.write(body[:cut])
                return self._cut(at_once=False)
            self.wfile.write(body)
            return None

        def _cut(self, *, at_once: bool = True) -> None:
            """Ends the connection; at once means that what is under way is lost too."""
            self.close_connection = True
            with suppress(OSError):
                self.wfile.flush()
                if at_once:
                    self.connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
                self.connection.close()

    return Handler


class S3(Web):
    """Hands everything on to moto."""

    def __init__(self, moto_port: int) -> None:
        self._moto = moto_port
        super().__init__()

    def answer(self, method: str, path: str, headers: dict[str, str], body: bytes) -> Answer:
        connection = http.client.HTTPConnection("127.0.0.1", self._moto, timeout=20)
        try:
            headers = {name: value for name, value in headers.items() if name.lower() != "expect"}
            connection.request(method, path, body, headers)
            got = connection.getresponse()
            return got.status, dict(got.getheaders()), got.read()
        finally:
            connection.close()


class Https(Web):
    """Keeps what is put, and gives it back; knows ranges."""

    def __init__(self, context: ssl.SSLContext) -> None:
        self.files: dict[str, bytes] = {}
        self.redirects: dict[str, str] = {}
        self.states_checksum = self.knows_ranges = True
        super().__init__(context)

    def answer(self, method: str, path: str, headers: dict[str, str], body: bytes) -> Answer:
        path = path.partition("?")[0]
        if method == "PUT":
            self.files[path] = body
            etag = hashlib.md5(body).hexdigest()
            return 200, {"ETag": f'"{etag}"'} if self.states_checksum else {}, b""
        if path in self.redirects:
            return 302, {"Location": self.redirects[path]}, b""
        if path not in self.files:
            return 404, {}, b""
        whole = self.files[path]
        about = {"ETag": f'"{hashlib.md5(whole).hexdigest()}"', "Last-Modified": formatdate(1_767_000_000, usegmt=True)}
        wanted = headers.get("Range", "")
        if wanted and self.knows_ranges and headers.get("If-Range") == about["ETag"]:
            start = int(wanted.removeprefix("bytes=").rstrip("-"))
            return 206, about | {"Content-Range": f"bytes {start}-{len(whole) - 1}/{len(whole)}"}, whole[start:]
        return 200, about, whole
