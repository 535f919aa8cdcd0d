"""The sign of life of the schedule: a small file that its process writes every half minute, and others read."""

from __future__ import annotations

import json
from contextlib import suppress
from datetime import UTC, datetime, timedelta
from pathlib import Path

from rosterkit.errors import Busy
from rosterkit.lock import SCHEDULE, lease
from rosterkit.results import Beat

_FILE = "schedule.json"
_SILENT = timedelta(minutes=5)  # a process that gave no sign of life for so long does not work any more


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


def responds(folder: Path) -> bool:
    """Whether a process runs the schedule, and gave a sign of life within the last minutes."""
    beat = read_beat(folder)
    return beat is not None and alive(folder) and datetime.now(UTC) - beat.at < _SILENT
