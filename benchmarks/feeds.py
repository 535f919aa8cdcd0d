"""``python -m benchmarks.feeds``: how fast each feed is built and checked, beside the OneRoster feed, on one store.

Seconds are those of the processor, all threads together: other programs on the machine do not change them much. The
numbers in benchmarks/README.md under "Feeds of products" are from here. It is run by hand.
"""

from __future__ import annotations

import argparse
import sys
import tempfile
import time
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from pathlib import Path

from rosterkit import Workspace
from rosterkit.configured_feed import configured
from rosterkit.feed_building import built_files
from rosterkit.feeds.base import LastSent
from rosterkit.store.plans import now
from rosterkit.testing.district import District, write_district

DAY = date(2026, 9, 14)
_GRADES = ("IT", "PR", "PK", "TK", "KG", *(f"{grade:02}" for grade in range(1, 14)), "PS", "UG", "Other")
_SETTINGS = f"""
[sources.main]
kind = "oneroster"
path = "package.zip"

[feeds.standard]
kind = "oneroster"

[feeds.careers]
kind = "uconnect"
identity = "user_id"
populations = [{{ name = "Student", roles = ["student"] }}]

[feeds.jobs]
kind = "handshake"
username = "identifier"
auth_identifier = "username"

[feeds.jobs.school_years]
{chr(10).join(f'{grade} = "Freshman"' for grade in _GRADES)}

[feeds.app]
kind = "edlio"
guardians = "file"

[feeds.messages]
kind = "connect"
"""


@dataclass(frozen=True)
class Measured:
    """One feed, in seconds of the processor. ``again``: with a last file to compare with."""

    rows: int
    build: float
    check: float
    again: float

    @property
    def rate(self) -> float:
        return self.rows / (self.build + self.check)


def loaded(folder: Path, students: int) -> Workspace:
    """A workspace with an invented district of so many students."""
    Workspace.init(folder)
    (folder / "rosterkit.toml").write_text(_SETTINGS, encoding="utf-8")
    workspace = Workspace(folder)
    write_district(folder / "package.zip", District(students, seed=1))
    plan = workspace.plan(as_of=DAY)
    workspace.approve(plan.id, reason="a benchmark", actor="benchmark")
    workspace.apply(plan.id, actor="benchmark")
    return workspace


def measured(workspace: Workspace, name: str) -> Measured:
    """Builds and checks a feed twice: first, and against what would have been sent then."""
    feed = configured(workspace.folder, workspace.config, name)
    with workspace._read() as connection:  # noqa: SLF001 - no verb builds without recording
        begun = time.process_time()
        with built_files(feed, connection, DAY, None) as (built, _):
            files = [one.file for one in built]
            made = time.process_time()
            feed.feed.check(files, None, feed.entry.settings)
            checked = time.process_time()
            rows = sum(sum(file.parts.values()) or file.rows for file in files)
            last = LastSent(tuple(files), now(), DAY)
            with built_files(feed, connection, DAY, last) as (second, _):
                feed.feed.check([one.file for one in second], last, feed.entry.settings)
    return Measured(rows, made - begun, checked - made, time.process_time() - checked)


def table(found: Mapping[str, Measured]) -> str:
    """The measurements in Markdown."""
    lines = [
        "| feed | rows | build | check | rows a second | with a last file |",
        "|---|---:|---:|---:|---:|---:|",
    ]
    for name, one in found.items():
        seconds = f"{one.build:.2f} | {one.check:.2f} | {one.rate:,.0f} | {one.again:.2f}"
        lines.append(f"| {name} | {one.rows:,} | {seconds} |")
    return "\n".join(lines) + "\n"


def main() -> int:
    parser = argparse.ArgumentParser(prog="python -m benchmarks.feeds", description=__doc__)
    parser.add_argument("--students", type=int, default=100_000)
    asked = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        workspace = loaded(Path(folder, "district"), asked.students)
        sys.stdout.write(table({name: measured(workspace, name) for name in workspace.config.feeds}))
    return 0


if __name__ == "__main__":
    raise SystemExit(main())
