"""The sign of life of the schedule: a small file that its process writes every half minute, and others read."""

from __future__ import annotations

import json
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

from rosterkit.errors import Busy
from rosterkit.lock import SCHEDULE, lease

__all__ = ["Beat", "alive", "read_beat", "write_beat"]

_FILE = "schedule.json"


@dataclass(frozen=True)
class Beat:
    """What the process of a schedule last said of itself; times in UTC."""

    pid: int
    started_at: datetime
    at: datetime
    next: Mapping[str, datetime]  # by job, when it is due next
    running: str  # the job that ran then; "" = none
    problem: str  # why changed settings could not be taken over; "" = they could


def write_beat(folder: Path, beat: Beat) -> None:
    """Writes the sign of life; where the disk is full there is none, and the process goes on."""
    value = {
        "pid": beat.pid,
        "started_at": beat.started_at.isoformat(),
        "at": beat.at.isoformat(),
        "next": {job: at.isoformat() for job, at in beat.next.items()},
        "running": beat.running,
        "problem": beat.problem,
    }
    with suppress(OSError):
        new = folder / f"{_FILE}.new"
        new.write_text(json.dumps(value), encoding="utf-8")
        new.chmod(0o600)
        new.replace(folder / _FILE)


def read_beat(folder: Path) -> Beat | None:
    """The last sign of life; None where there is none that can be read."""
    try:
        value = json.loads((folder / _FILE).read_text(encoding="utf-8"))
        times = {name: datetime.fromisoformat(value[name]) for name in ("started_at", "at")}
        coming = {job: datetime.fromisoformat(at) for job, at in value["next"].items()}
        return Beat(int(value["pid"]), times["started_at"], times["at"], coming, value["running"], value["problem"])
    except (OSError, ValueError, KeyError, TypeError, AttributeError):
        return None


def alive(folder: Path) -> bool:
    """Whether a process runs the schedule of this workspace now."""
    try:
        with lease(folder, SCHEDULE):
            return False
    except Busy:
        return True
