"""Servers of this process.

One that is no longer needed waits for the next test: to end a server takes longer than most tests.
"""

from __future__ import annotations

import socket
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager

import uvicorn
from starlette.types import ASGIApp, Receive, Scope, Send

__all__ = ["Server", "serving"]

_IDLE: list[Server] = []


class Server:
    """It listens on loopback until the process ends; ``app`` answers."""

    def __init__(self) -> None:
        self.app: ASGIApp
        config = uvicorn.Config(
            self._answer, interface="asgi3", log_level="critical", lifespan="off", server_header=False
        )
        listening = socket.create_server(("127.0.0.1", 0))
        self.address = f"http://127.0.0.1:{listening.getsockname()[1]}"
        server = uvicorn.Server(config)
        threading.Thread(target=server.run, kwargs={"sockets": [listening]}, daemon=True).start()
        while not server.started:
            time.sleep(0.005)

    async def _answer(self, scope: Scope, receive: Receive, send: Send) -> None:
        await self.app(scope, receive, send)


@contextmanager
def serving(app: ASGIApp) -> Iterator[str]:
    """The address at which the application is served meanwhile."""
    server = _IDLE.pop() if _IDLE else Server()
    server.app = app
    try:
        yield server.address
    finally:
        _IDLE.append(server)
