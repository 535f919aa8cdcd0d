"""A workspace whose ``rosterkit schedule`` runs in a process with a moved clock, and whatever it sends to, for real."""

from __future__ import annotations

import contextlib
import csv
import io
import json
import os
import queue
import signal
import subprocess
import sys
import threading
import time
import zipfile
from collections.abc import Callable
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

from operated import Files, small_district
from receivers import MailServer, Webhook

from rosterkit import Workspace
from rosterkit.store.runs import Run
from rosterkit.testing.package import write_package
from rosterkit.transport.host_keys import host_key, trust
from rosterkit.transport.settings import SftpSettings

sys.path.append(str(Path(__file__).parents[1] / "transport"))
from sftp_server import PASSWORD, USER, Sftp

ZONE = ZoneInfo("America/Chicago")
PATIENCE = 60.0  # seconds for one event
SETTINGS = """
timezone = "America/Chicago"
mode = "auto"
[sources.main]
kind = "oneroster"
path = "../package.zip"
[feeds.out]
kind = "oneroster"
[feeds.out.target]
transport = "sftp"
host = "127.0.0.1"
port = {port}
username = "{user}"
password = "env:VENDOR_PASSWORD"
attempts = 1
[notices]
to = ["env:NOTICE_MAIL", "env:NOTICE_HOOK"]
district = "Larkspur Valley"
[schedule]
sync = ["{sync}"]
"""


class Scheduled:
    """The process, its package, its vendor and its receivers."""

    def __init__(self, folder: Path, *, sync: str = "03:00") -> None:
        self.folder = folder
        self.files = small_district(12)
        self.vendor = Sftp(folder / "vendor")
        self.mail, self.hook = MailServer(), Webhook()
        self.secrets = {"VENDOR_PASSWORD": PASSWORD, "NOTICE_MAIL": self.mail.url, "NOTICE_HOOK": self.hook.url}
        os.environ.update(self.secrets)
        self.ws = Workspace.init(folder / "ws")
        toml = SETTINGS.format(port=self.vendor.port, user=USER, sync=sync)
        (self.ws.folder / "rosterkit.toml").write_text(toml)
        self.ws = Workspace(self.ws.folder)
        target = {"transport": "sftp", "host": "127.0.0.1", "port": self.vendor.port, "username": USER}
        place = SftpSettings.model_validate(target | {"password": "env:VENDOR_PASSWORD"})
        trust(place, self.ws.folder, host_key(place).fingerprint)
        self.reader = threading.Thread()
        self.process: subprocess.Popen[str] | None = None
        self.events: queue.Queue[dict[str, Any]] = queue.Queue()

    def close(self) -> None:
        """Ends everything."""
        self._end_process()
        self.vendor.close()
        self.mail.close()
        self.hook.close()
        for name in self.secrets:
            os.environ.pop(name, None)

    def _end_process(self) -> None:
        if self.process is None:
            return
        if self.process.poll() is None:
            self.process.kill()
        self.process.wait(10)
        self.reader.join(10)
        for pipe in (self.process.stdin, self.process.stderr):
            assert pipe
            with contextlib.suppress(BrokenPipeError):
                pipe.close()
        self.process = None

    def deliver(self, change: Callable[[Files], None] | None = None) -> None:
        """A new package at the place that the source reads."""
        if change:
            change(self.files)
        write_package(self.folder / "package.zip", self.files)

    def first_load(self) -> None:
        """The first plan and the first file, which a person approves, by hand."""
        self.deliver()
        plan = self.ws.plan()
        self.ws.approve(plan.id, reason="compared with the office", actor="kim")
        self.ws.apply(plan.id, actor="kim")
        self.ws.feed_build("out")
        self.ws.feed_approve("out", reason="compared with the office", actor="kim")

    def start(self, at: datetime, *faults: str) -> None:
        """Starts the process with its clock at that time."""
        self._end_process()
        program = [sys.executable, str(Path(__file__).with_name("moved_clock.py"))]
        self.process = subprocess.Popen(
            [*program, str(self.ws.folder), at.isoformat(), *faults],
            stdin=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        )
        events: queue.Queue[dict[str, Any]] = queue.Queue()
        self.events = events
        self.reader = threading.Thread(target=_read, args=(self.process.stderr, events), daemon=True)
        self.reader.start()
        self.wait_for("schedule.started")

    def tell(self, **command: str) -> None:
        """Sends a command to the process."""
        assert self.process
        assert self.process.stdin
        self.process.stdin.write(json.dumps(command) + "\n")
        self.process.stdin.flush()

    def move_to(self, at: datetime) -> None:
        """Sets the clock of the process."""
        self.tell(to=at.isoformat())

    def wait_for(self, event: str) -> dict[str, Any]:
        """The next event of that name; fails where it does not come, with what came."""
        seen: list[dict[str, Any]] = []
        while True:
            try:
                found = self.events.get(timeout=PATIENCE)
            except queue.Empty:
                raise AssertionError(f"{event} did not come; there was {seen[-20:]}") from None
            seen.append(found)
            if found["event"] == event:
                return found
            if found["event"] == "process ended":
                raise AssertionError(f"the process ended before {event}: {seen[-20:]}")

    def run_at(self, at: datetime) -> Run:
        """Moves the clock to that time, and waits until the run that is due then ended."""
        self.move_to(at)
        ended = self.wait_for("run.ended")
        return self.ws.run(int(ended["run"]))

    def wait_for_beats(self, count: int) -> None:
        """Waits until the process has looked at its clock so often."""
        seen: set[str] = set()
        deadline = time.monotonic() + PATIENCE
        while len(seen) <= count and time.monotonic() < deadline:
            beat = self.ws.folder / "schedule.json"
            with contextlib.suppress(OSError, ValueError):
                seen.add(json.loads(beat.read_text())["at"])
            time.sleep(0.02)
        assert len(seen) > count

    def died(self) -> None:
        """Waits until the process was killed."""
        assert self.process
        assert self.process.wait(PATIENCE) == -signal.SIGKILL

    def terminate(self) -> int:
        """Ends the process as a container does; returns its exit code."""
        assert self.process
        self.process.send_signal(signal.SIGTERM)
        return self.process.wait(PATIENCE)

    def notices(self) -> list[str]:
        """The subjects that arrived since the last look; both receivers got the same ones, and nobody's name."""
        mails = [str(mail["Subject"]) for mail in self.mail.mails]
        posts = [str(post["title"]) for post in self.hook.posts]
        assert mails == posts
        texts = [str(post["message"]) for post in self.hook.posts]
        assert [name for name in self.people().values() if any(name in text for text in texts)] == []
        self.mail.mails.clear()
        self.hook.posts.clear()
        return mails

    def sent(self) -> int:
        """How many files the vendor's server got since the last look."""
        found = len(self.vendor.seen.renames)
        self.vendor.seen.renames.clear()
        return found

    def people(self) -> dict[str, str]:
        """Everybody's given name in the package, by sourced id."""
        return {row["sourcedId"]: row["givenName"] for row in self.files["users"]}

    def at_vendor(self) -> dict[str, str]:
        """Everybody's given name in the file at the vendor: there is one, it is whole, and nothing lies beside it."""
        (file,) = [one for one in self.vendor.root.rglob("*") if one.is_file()]
        with zipfile.ZipFile(file) as package, package.open("users.csv") as users:
            rows = csv.DictReader(io.TextIOWrapper(users, encoding="utf-8"))
            return {row["sourcedId"]: row["givenName"] for row in rows}


def _read(stream: Any, events: queue.Queue[dict[str, Any]]) -> None:
    for line in stream:
        try:
            events.put(json.loads(line))
        except ValueError:
            events.put({"event": "no JSON", "line": line})
    events.put({"event": "process ended"})


def local(day: str, clock: str = "03:00:01") -> datetime:
    """A time in the district's zone."""
    return datetime.fromisoformat(f"{day}T{clock}").replace(tzinfo=ZONE)


def days(first: str, count: int) -> list[str]:
    """So many days in a row."""
    begin = datetime.fromisoformat(first)
    return [(begin + timedelta(days=n)).date().isoformat() for n in range(count)]
