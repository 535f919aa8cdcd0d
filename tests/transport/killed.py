"""A process that sends a feed again and again, each time in a child that kills itself with SIGKILL where it is to.

It reads one order as JSON from each line of its input: folder, env, day, and ``kill``: before or after the n-th call of
a function. It answers with the signal that ended the child, its exit code and what it raised.
"""

from __future__ import annotations

import importlib
import json
import os
import signal
import sys
from datetime import date
from functools import reduce
from pathlib import Path
from typing import Any

import blob_feed
import stamina
from service_models import read_once

import rosterkit.transport.folder
import rosterkit.transport.https
import rosterkit.transport.s3
import rosterkit.transport.sftp
from rosterkit.workspace import Workspace

assert rosterkit.transport  # imported once, for all children


def die() -> None:
    os.kill(os.getpid(), signal.SIGKILL)


def arm(kill: dict[str, Any]) -> None:
    """Wraps the function, so that its n-th call is the last thing that this process does."""
    module, _, path = kill["at"].partition(":")
    *owners, name = path.split(".")
    owner = reduce(getattr, owners, importlib.import_module(module))
    real = getattr(owner, name)
    calls: list[None] = []

    def wrapped(*given: Any, **named: Any) -> Any:
        calls.append(None)
        mine = len(calls) == kill.get("call", 1)
        if mine and kill["when"] == "before":
            die()
        got = real(*given, **named)
        if mine:
            die()
        return got

    setattr(owner, name, wrapped)


def send(order: dict[str, Any]) -> None:
    os.environ.update(order["env"])
    if order.get("kill", {}).get("at"):
        arm(order["kill"])
    limit = order.get("kill", {}).get("bytes")

    def progress(what: str, done: int, _total: int) -> None:
        if limit is not None and what.startswith("sending") and done >= limit:
            die()

    Workspace(Path(order["folder"]), progress).feed_send("out", as_of=date.fromisoformat(order["day"]))


def main() -> None:
    blob_feed.install()
    read_once()
    stamina.set_testing(True, attempts=3, cap=True)
    for line in sys.stdin:
        order, (reading, writing) = json.loads(line), os.pipe()
        child = os.fork()
        if child == 0:
            raised = ""
            try:
                send(order)
            except Exception as problem:  # noqa: BLE001 - whatever it is goes to the test
                raised = f"{type(problem).__name__}: {problem}"
            os.write(writing, raised.encode())
            os._exit(0)
        os.close(writing)
        with os.fdopen(reading) as answer:
            raised = answer.read()
        status = os.waitpid(child, 0)[1]
        sys.stdout.write(json.dumps({"signal": os.WTERMSIG(status), "raised": raised}) + "\n")
        sys.stdout.flush()


if __name__ == "__main__":
    main()
