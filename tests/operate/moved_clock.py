"""``rosterkit schedule`` as a process of its own whose clock is moved: ``python moved_clock.py WORKSPACE START``.

It reads commands from standard input, one JSON object a line: {"to": TIME} sets the clock, {"fault": NAME} plants a
fault that happens once. Everything else is the product as it is: its jobs, locks, store, transports and notices.
"""

from __future__ import annotations

import json
import os
import signal
import sqlite3
import sys
import threading
import time
from collections.abc import Callable
from datetime import datetime
from pathlib import Path
from typing import Any

import time_machine

import rosterkit.extraction
import rosterkit.operate.schedule
import rosterkit.workspace_folder
from rosterkit.cli.main import run
from rosterkit.store import save
from rosterkit.transport.place import Place

FAULTS: set[str] = set()


def happens(name: str) -> bool:
    """Whether this fault is planted; it happens once."""
    if name in FAULTS:
        FAULTS.discard(name)
        return True
    return False


def die() -> None:
    """Ends the process as a power cut does."""
    os.kill(os.getpid(), signal.SIGKILL)


def before(real: Callable[..., Any], fault: str, act: Callable[..., None]) -> Callable[..., Any]:
    """The function, with something done first where the fault is planted."""

    def wrapped(*args: Any, **more: Any) -> Any:
        if happens(fault):
            act(*args, **more)
        return real(*args, **more)

    return wrapped


def after(real: Callable[..., Any], fault: str, act: Callable[..., None]) -> Callable[..., Any]:
    """The function, with something done last where the fault is planted."""

    def wrapped(*args: Any, **more: Any) -> Any:
        done = real(*args, **more)
        if happens(fault):
            act()
        return done

    return wrapped


def full_disk(real: Callable[[Path], sqlite3.Connection]) -> Callable[[Path], sqlite3.Connection]:
    """While the fault is planted, the database cannot grow: SQLite itself says that the disk is full."""

    def connect(path: Path) -> sqlite3.Connection:
        connection = real(path)
        if "full disk" in FAULTS:
            pages = connection.execute("pragma page_count").fetchone()[0]
            connection.execute(f"pragma max_page_count={pages}")
        return connection

    return connect


def slow(real: Callable[..., Any]) -> Callable[..., Any]:
    """While the fault is planted, reading a source takes a minute, with progress all the while."""

    def extract(run_: Any, *args: Any, **more: Any) -> Any:
        for done in range(600 if happens("slow source") else 0):
            run_.progress("reading", done, 600)
            time.sleep(0.1)
        return real(run_, *args, **more)

    return extract


def obey(clock: Any) -> None:
    """Carries out the commands of the test."""
    for line in sys.stdin:
        command = json.loads(line)
        if "to" in command:
            clock.move_to(datetime.fromisoformat(command["to"]))
        if "fault" in command:
            FAULTS.add(command["fault"])
        if "mended" in command:
            FAULTS.discard(command["mended"])


def main() -> int:
    """Plants the places where faults can happen, and runs the schedule."""
    workspace, start = sys.argv[1], datetime.fromisoformat(sys.argv[2])
    FAULTS.update(sys.argv[3:])
    rosterkit.operate.schedule.BEAT_SECONDS = 0.1
    save.write_revision = after(save.write_revision, "killed in apply", die)  # type: ignore[attr-defined]
    Place.deliver = before(Place.deliver, "killed before sending", lambda *_, **__: die())  # type: ignore[method-assign]
    Place.deliver = after(Place.deliver, "killed after sending", die)  # type: ignore[method-assign]
    rosterkit.extraction.extract_one = slow(rosterkit.extraction.extract_one)
    rosterkit.workspace_folder.connect = full_disk(rosterkit.workspace_folder.connect)  # type: ignore[attr-defined, assignment]
    clock = time_machine.travel(start, tick=True)
    threading.Thread(target=obey, args=(clock.start(),), daemon=True).start()
    return run(["-C", workspace, "schedule"])


if __name__ == "__main__":
    sys.exit(main())
