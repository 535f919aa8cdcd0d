"""A workspace that sends to a place, a reader who looks at it all the while, and a process that can be killed."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import threading
from collections.abc import Sequence
from datetime import date
from pathlib import Path
from typing import Any, Self

from blob_feed import blob
from served_places import RemotePlace, ServedFolder, ServedPlace, ServedS3

from rosterkit import Workspace
from rosterkit.store.deliveries import Delivery

BEFORE, DAY = date(2026, 9, 14), date(2026, 9, 15)
SECRETS = ("VENDOR_PASSWORD", "KEY_ID", "KEY_SECRET", "VENDOR_ADDRESS", "AWS_EC2_METADATA_DISABLED")


class Killable:
    """The process of ``killed``."""

    def __init__(self) -> None:
        here = Path(__file__).parent
        command = [sys.executable, str(here / "killed.py")]
        self._process = subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True, cwd=here)

    def order(self, folder: Path, day: date, kill: dict[str, Any] | None = None) -> dict[str, Any]:
        assert self._process.stdin
        assert self._process.stdout
        env = {name: os.environ[name] for name in SECRETS if name in os.environ}
        order = {"folder": str(folder), "env": env, "day": day.isoformat(), "kill": kill or {}}
        self._process.stdin.write(json.dumps(order) + "\n")
        self._process.stdin.flush()
        answer: dict[str, Any] = json.loads(self._process.stdout.readline())
        return answer

    def close(self) -> None:
        self._process.communicate()


class Reader:
    """Reads what lies at the place, over and over, as a vendor may: ``wrong`` is what it saw beside whole files.

    A server has it look at each step of its own; at a folder, which has no steps, it looks as often as it can.
    """

    def __init__(self, served: ServedPlace, allowed: Sequence[bytes]) -> None:
        self.wrong: list[int] = []
        self.looks = 0
        self._served, self._allowed = served, allowed
        self._end = threading.Event()
        self._thread = threading.Thread(target=self._look_on)

    def __enter__(self) -> Self:
        if isinstance(self._served, RemotePlace):
            self._served.server.watch = self._look
        else:
            self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        if isinstance(self._served, RemotePlace):
            self._served.server.watch = lambda: None
        else:
            self._end.set()
            self._thread.join()

    def _look(self) -> None:
        seen = self._served.there()
        self.looks += 1
        self.wrong += [len(content) for content in seen.values() if content not in self._allowed]

    def _look_on(self) -> None:
        while not self._end.wait(0.003):
            self._look()


class Sender:
    """A workspace whose feed ``out`` goes to the place; the file of the day before lies there."""

    def __init__(
        self, served: ServedPlace, folder: Path, *, size: int, files: int = 1, first: bool = True, **more: Any
    ) -> None:
        self.served = served
        self.folder = folder
        self.size = size
        self.files = files
        self.target(**more)
        if first:
            self.ws.feed_build("out", BEFORE)
            self.ws.feed_approve("out", reason="compared", actor="kim")
        self.carried = self.sent()

    def target(self, **more: Any) -> None:
        given = {"attempts": 1} | self.served.given | more
        if isinstance(self.served, ServedFolder):
            given.pop("attempts")
            given["path"] = str(self.served.root)
        given |= {name: str(self.served.work / given[name]) for name in ("ca",) if given.get(name)}
        if self.served.kind == "sftp":
            given["known_hosts"] = str(self.served.work / "known_hosts")
        if self.served.kind != "s3":
            given.pop("part_bytes", None)
        lines = "".join(f"{name} = {json.dumps(value)}\n" for name, value in given.items())
        feed = f'[feeds.out]\nkind = "blob"\nsize = {self.size}\nfiles = {self.files}\n[feeds.out.target]\n{lines}'
        (self.folder / "rosterkit.toml").write_text(f'timezone = "UTC"\n{feed}', encoding="utf-8")
        self.ws = Workspace(self.folder)

    def names(self) -> list[str]:
        return ["users.csv", *(f"more{n}.csv" for n in range(1, self.files))]

    def content(self, day: date) -> dict[str, bytes]:
        return {name: blob(day, self.size, n) for n, name in enumerate(self.names())}

    def reader(self) -> Reader:
        return Reader(self.served, [*self.content(BEFORE).values(), *self.content(DAY).values()])

    def sent(self) -> int:
        """How many files were sent to their end, counted at the server."""
        if not isinstance(self.served, RemotePlace):
            return 0
        if isinstance(self.served, ServedS3) and self.size > 5 << 20:  # in parts: what counts is that they are joined
            return sum(method == "POST" and length > 0 for method, _, length in self.served.server.requests)
        return sum(self.served.carried_out(name) for name in self.names())

    def newly_sent(self) -> int:
        return self.sent() - self.carried

    def last(self) -> Delivery:
        return self.ws.feed_log("out")[0]
