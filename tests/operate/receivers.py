"""Real servers on loopback that get what rosterkit sends to people: a mail server and a webhook."""

from __future__ import annotations

import json
import threading
from email import message_from_bytes
from email.message import Message
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

from aiosmtpd.controller import Controller

__all__ = ["MailServer", "Webhook"]


class _OnAnyPort(Controller):
    """A controller that takes any free port."""

    def _trigger_server(self) -> None:
        server: Any = self.server
        self.port = server.sockets[0].getsockname()[1]
        super()._trigger_server()  # type: ignore[no-untyped-call] # aiosmtpd has types in part


class MailServer:
    """Keeps every mail that it gets; with ``down`` it refuses them."""

    def __init__(self) -> None:
        self.mails: list[Message] = []
        self.down = False
        self._controller = _OnAnyPort(self, hostname="127.0.0.1", port=0)
        self._controller.start()

    @property
    def url(self) -> str:
        """The address as Apprise writes it."""
        port = self._controller.port
        return f"mailto://127.0.0.1:{port}/?from=rosterkit@larkspur.example&to=operator@larkspur.example&mode=insecure"

    async def handle_DATA(self, _server: Any, _session: Any, envelope: Any) -> str:
        """The hook that aiosmtpd calls for each mail."""
        if self.down:
            return "451 try again later"
        self.mails.append(message_from_bytes(envelope.content))
        return "250 OK"

    def close(self) -> None:
        """Ends the server."""
        self._controller.stop()


class Webhook:
    """Keeps every JSON document that is posted to it; with ``down`` it answers 503."""

    def __init__(self) -> None:
        self.posts: list[dict[str, Any]] = []
        self.down = False
        hook = self

        class Handler(BaseHTTPRequestHandler):
            def do_POST(self) -> None:
                body = self.rfile.read(int(self.headers["Content-Length"]))
                if not hook.down:
                    hook.posts.append(json.loads(body))
                self.send_response(503 if hook.down else 200)
                self.end_headers()

            def log_message(self, *_: Any) -> None:
                pass

        self._server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.url = f"json://127.0.0.1:{self._server.server_port}/hook"
        self._thread = threading.Thread(target=self._server.serve_forever, args=(0.01,), daemon=True)
        self._thread.start()

    def close(self) -> None:
        """Ends the server."""
        self._server.shutdown()
        self._server.server_close()
        self._thread.join(10)
