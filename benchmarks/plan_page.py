"""The first page of a large plan, as a browser gets it: ``python -m benchmarks.plan_page [SIZE]``.

The plan is the first load of a district; the page is asked for by HTTP, first with nothing kept, then again. It prints
seconds by the clock and of the processor, of the server and the one who asks.
"""

from __future__ import annotations

import re
import socket
import sys
import tempfile
import threading
import time
from contextlib import closing
from datetime import date
from pathlib import Path

import httpx
import uvicorn

from benchmarks.packages import Packages
from rosterkit import Workspace
from rosterkit.settings_template import template
from rosterkit.web import accounts
from rosterkit.web.app import create_app

__all__ = ["main"]

_PASSWORD = "the benchmark has one"  # noqa: S105 - of a workspace that is gone afterwards
_ASKED = {
    "first page, nothing kept": "",
    "first page": "",
    "last page": "?page=1000000",
    "search": "?q=maria",
    "sorted by name": "?sort=name",
    "one school": "?school=Alder+Middle+School",
}


def main(words: list[str]) -> None:
    """Prints a row for each page."""
    package = Packages(Path("build/benchmarks"), words[0] if words else "S", "1.1").zip("first")
    with tempfile.TemporaryDirectory() as scratch:
        workspace = Workspace.init(Path(scratch, "ws"))
        (workspace.folder / "rosterkit.toml").write_text(template(str(package.absolute())), encoding="utf-8")
        workspace = Workspace(workspace.folder)
        plan = workspace.plan(as_of=date(2026, 9, 14))
        accounts.add(workspace.folder, "maria", "viewer", _PASSWORD)
        server = uvicorn.Server(uvicorn.Config(create_app(workspace.folder), log_level="critical", lifespan="off"))
        with closing(socket.create_server(("127.0.0.1", 0))) as listening:
            thread = threading.Thread(target=server.run, kwargs={"sockets": [listening]}, daemon=True)
            thread.start()
            with httpx.Client(base_url=f"http://127.0.0.1:{listening.getsockname()[1]}", timeout=60) as client:
                _measure(client, plan.id, plan.total.total)
            server.should_exit = True
            thread.join(10)


def _measure(client: httpx.Client, plan: str, changes: int) -> None:
    token = re.search(r'name="csrf" value="([^"]*)"', client.get("/log-in").text)
    assert token
    client.post("/log-in", data={"csrf": token[1], "name": "maria", "password": _PASSWORD})
    client.get("/people")  # imports, and the first look at the settings
    for name, query in _ASKED.items():
        begun, worked = time.perf_counter(), time.process_time()
        answer = client.get(f"/plans/{plan}{query}")
        seconds = time.perf_counter() - begun
        assert answer.status_code == 200
        sys.stdout.write(f"| {name} | {changes:,} | {seconds:.2f} | {time.process_time() - worked:.2f} |\n")


if __name__ == "__main__":
    main(sys.argv[1:])
