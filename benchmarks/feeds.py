"""``python -m benchmarks.feeds``: how fast each feed is built and checked, beside the OneRoster feed, on one store.

Seconds are those of the processor, all threads together: other programs on the machine do not change them much. Each
feed is measured in a process of its own, so that its memory is its own. The numbers in benchmarks/README.md under
"Feeds of products" are from here. It is run by hand.
"""

from __future__ import annotations

import argparse
import sqlite3
import sys
import tempfile
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date
from pathlib import Path
from statistics import median

from benchmarks.child import Phases
from benchmarks.measure import measured
from rosterkit import Workspace
from rosterkit.delivery.building import built_files
from rosterkit.delivery.configured_feed import configured
from rosterkit.feeds.base import LastSent
from rosterkit.feeds.content import tables
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

_HEADINGS = (
    *("feed", "rows", "cells a row", "build", "check", "check as anybody's", "with a last file", "peak"),
    *("rows a second, built", "and checked", "and checked as anybody's"),
)


@dataclass(frozen=True)
class Measured:
    """One feed, in seconds of the processor. ``peak``: bytes of memory.

    ``check``: of what was just built. ``read``: the same bytes checked as anybody's, as ``feed check FEED`` does it.
    ``again``: a build and a check with a last file to compare with.
    """

    rows: int
    cells: int
    build: float
    check: float
    read: float
    again: float
    peak: int


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


def repeat(folder: Path, times: int) -> None:
    """Every user and role so many times, each time with other ids, numbers, usernames and addresses.

    A feed of people alone then has a million rows, and the store need not hold the classes of ten districts.
    """
    with sqlite3.connect(folder / "roster.db") as store:
        step = max(store.execute(f"select max(id) from {table}").fetchone()[0] for table in ("user", "role"))
        for table, others in (("user", ("username", "identifier", "state_id", "email")), ("role", ())):
            names = [row[1] for row in store.execute(f"pragma table_info({table})")]
            new = {"id": "id+?1", "user_id": "user_id+?1", "sourced_id": "?2||sourced_id"}
            new |= {name: f"?2||{name}" for name in others}
            made = ",".join(new.get(name, name) for name in names)
            for n in range(1, times):
                query = f"insert into {table} ({','.join(names)}) select {made} from {table} where id<=?3"
                store.execute(query, (n * step, f"{n}-", step))


def one(folder: Path, name: str) -> None:
    """Builds and checks a feed twice, first and against what would have been sent then, and says what it took."""
    workspace = Workspace(folder)
    feed = configured(workspace.folder, workspace.config, name)
    phases = Phases()
    with phases.phase("all"), workspace._read() as connection:  # noqa: SLF001 - no verb builds without recording
        begun = time.process_time()
        with built_files(feed, connection, DAY, None) as (built, _):
            files = [one.file for one in built]
            made = time.process_time()
            feed.feed.check(files, None, feed.entry.settings)
            checked = time.process_time()
            feed.feed.check([replace(file, built=False) for file in files], None, feed.entry.settings)
            read = time.process_time()
            last = LastSent(tuple(files), now(), DAY)
            with built_files(feed, connection, DAY, last) as (second, _):
                feed.feed.check([one.file for one in second], last, feed.entry.settings)
            again = time.process_time() - read
            written = [rows.drop("row") for file in files for _, rows in tables(file)]
    phases.say(
        rows=sum(rows.height for rows in written),
        cells=sum(rows.height * rows.width for rows in written),
        build=made - begun,
        check=checked - made,
        read=read - checked,
        again=again,
    )


def of_feed(folder: Path, name: str) -> Measured:
    """The feed in a process of its own."""
    stage = measured(name, "feeds", "--one", name, "--folder", folder)
    seconds = {key: float(stage.said[key]) for key in ("build", "check", "read", "again")}
    return Measured(stage.rows, int(stage.said["cells"]), peak=stage.peak, **seconds)


def middle(runs: Sequence[Measured]) -> Measured:
    """The medians of several runs."""
    seconds = {key: median(getattr(run, key) for run in runs) for key in ("build", "check", "read", "again")}
    return replace(runs[0], **seconds, peak=max(run.peak for run in runs))


def table(found: Mapping[str, Measured]) -> str:
    """The measurements in Markdown."""
    lines = [
        f"| {' | '.join(_HEADINGS)} |",
        f"|---|{'---:|' * (len(_HEADINGS) - 1)}",
    ]
    for name, one in found.items():
        seconds = f"{one.build:.2f} | {one.check:.2f} | {one.read:.2f} | {one.again:.2f} | {one.peak / 1e9:.2f} GB"
        rates = [one.rows / seconds for seconds in (one.build, one.build + one.check, one.build + one.read)]
        shown = " | ".join(f"{rate:,.0f}" for rate in rates)
        lines.append(f"| {name} | {one.rows:,} | {one.cells / one.rows:.1f} | {seconds} | {shown} |")
    return "\n".join(lines) + "\n"


def main() -> int:
    parser = argparse.ArgumentParser(prog="python -m benchmarks.feeds", description=__doc__)
    parser.add_argument("--students", type=int, default=100_000)
    parser.add_argument("--times", type=int, default=1, help="have every user and role so many times")
    parser.add_argument(
        "--repeat", type=int, default=1, help="measure all feeds so often by turns, and take the medians"
    )
    parser.add_argument("--feed", action="append", help="only this feed; may be given several times")
    parser.add_argument("--folder", type=Path, help="a workspace of an earlier run, or where to leave one")
    parser.add_argument("--one", help=argparse.SUPPRESS)
    asked = parser.parse_args()
    if asked.one:
        one(asked.folder, asked.one)
        return 0
    with tempfile.TemporaryDirectory() as scratch:
        folder = asked.folder or Path(scratch, "district")
        if not folder.exists():
            loaded(folder, asked.students)
            repeat(folder, asked.times)
        names = asked.feed or list(Workspace(folder).config.feeds)
        runs = [{name: of_feed(folder, name) for name in names} for _ in range(asked.repeat)]
        sys.stdout.write(table({name: middle([run[name] for run in runs]) for name in names}))
    return 0


if __name__ == "__main__":
    raise SystemExit(main())
