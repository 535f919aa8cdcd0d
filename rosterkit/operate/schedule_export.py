"""The schedule of a workspace for other programs that begin jobs: cron, systemd, and the Task Scheduler of Windows."""

from __future__ import annotations

import os
import shlex
import subprocess
import sys
from collections.abc import Iterator
from datetime import time
from pathlib import Path
from zoneinfo import ZoneInfo

from rosterkit.config import Config
from rosterkit.operate.slots import SYNC, clocks, is_rehearsal, own_feeds
from rosterkit.run_settings import DAYS

KINDS = ("cron", "systemd", "windows")


def printed_schedule(kind: str, config: Config, folder: Path) -> str:
    """The jobs of the workspace as that program writes them; it is text for a person to look at and install."""
    return {"cron": _cron, "systemd": _systemd, "windows": _windows}[kind](config, folder.absolute())


def _jobs(config: Config) -> Iterator[tuple[str, time, ZoneInfo, list[int]]]:
    """Job, time of day, zone and days of the week (0: Monday)."""
    for job, clock in clocks(config).items():
        for at, zone in clock.times:
            yield job, at, zone, sorted(clock.days)


def _arguments(config: Config, job: str, folder: Path) -> list[str]:
    if is_rehearsal(job):
        return [_program(), "-C", str(folder), "feed", "build", *own_feeds(config, job), "--no-send"]
    feed = [] if job == SYNC else ["--feed", *own_feeds(config, job)]
    return [_program(), "-C", str(folder), "sync", *feed, "--log"]


def _program() -> str:
    """The command of this installation: other programs do not know the PATH of a shell."""
    beside = Path(sys.executable).with_name("rosterkit.exe" if os.name == "nt" else "rosterkit")
    return str(beside) if beside.exists() else "rosterkit"


def _cron(config: Config, folder: Path) -> str:
    out = [
        "# CRON_TZ is known to cronie (Fedora, Red Hat, Arch). Debian's cron uses the machine's zone: set it to the",
        "# zone that is named here. Where clocks go back, cron may begin a job twice: the second run changes nothing.",
        "# An output goes by mail to the owner of the crontab.",
    ]
    zone_of_before = None
    for job, at, zone, days in _jobs(config):
        if zone.key != zone_of_before:
            out.append(f"CRON_TZ={zone.key}")
            zone_of_before = zone.key
        week = "*" if len(days) == len(DAYS) else ",".join(DAYS[day] for day in days)
        command = shlex.join(_arguments(config, job, folder)).replace("%", r"\%")
        out.append(f"{at.minute} {at.hour} * * {week} {command}")
    return "\n".join(out) + "\n"


def _systemd(config: Config, folder: Path) -> str:
    units: dict[str, list[str]] = {}
    for job, at, zone, days in _jobs(config):
        name = f"rosterkit-{job.replace(' ', '-')}"
        week = "" if len(days) == len(DAYS) else ",".join(DAYS[day].capitalize() for day in days) + " "
        units.setdefault(name, []).append(f"OnCalendar={week}*-*-* {at:%H:%M}:00 {zone.key}")
        units.setdefault(f"{name} command", [_unit_line(_arguments(config, job, folder))])
    out = []
    for name, lines in units.items():
        if name.endswith(" command"):
            continue
        command = units[f"{name} command"][0]
        out += [
            f"# /etc/systemd/system/{name}.service",
            "[Unit]\nDescription=" + name.replace("-", " ") + "\nAfter=network-online.target\n",
            "[Service]\nType=oneshot\nUser=rosterkit\nUMask=0077",
            # 1 means: done, and somebody should look.
            f"SuccessExitStatus=1\nExecStart={command}\n",
            f"# /etc/systemd/system/{name}.timer",
            "[Unit]\nDescription=" + name.replace("-", " ") + "\n",
            "[Timer]\n" + "\n".join(lines) + "\nPersistent=true\n",
            "[Install]\nWantedBy=timers.target\n",
        ]
    return "\n".join(out)


def _unit_line(arguments: list[str]) -> str:
    """The command as a unit file has it: "%" and "$" mean something there."""
    quoted = (f'"{one}"' if any(sign in one for sign in " ;'") else one for one in arguments)
    return " ".join(quoted).replace("%", "%%").replace("$", "$$")


def _windows(config: Config, folder: Path) -> str:
    out = [
        "rem The Task Scheduler uses the zone of this machine: set it to the zone that is named here.",
        "rem Run this once as an administrator. Each task then runs as the account that you name with /RU.",
    ]
    for number, (job, at, zone, days) in enumerate(_jobs(config), start=1):
        week = "/SC DAILY" if len(days) == len(DAYS) else "/SC WEEKLY /D " + ",".join(DAYS[d].upper() for d in days)
        command = subprocess.list2cmdline(_arguments(config, job, folder)).replace('"', r"\"").replace("%", "%%")
        out += [
            f"rem {zone.key}",
            f'schtasks /Create /F /TN "rosterkit {job} {number}" {week} /ST {at:%H:%M} /TR "{command}"',
        ]
    return "\r\n".join(out) + "\r\n"
