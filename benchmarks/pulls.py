"""``python -m benchmarks.pulls``: how fast each API source reads a large district, and how much memory that takes.

The vendor's server runs in a process of its own, the source in another, so that neither's memory counts for the other.
"""

from __future__ import annotations

import argparse
import json
import multiprocessing
import os
import resource
import sys
import tempfile
import time
from collections.abc import Callable
from contextlib import AbstractContextManager
from datetime import date
from multiprocessing.connection import Connection
from pathlib import Path
from typing import Any

VENDORS = ("clever", "classlink", "oneroster-rest")
_MIB = 1 << 20


def _clever(students: int) -> tuple[AbstractContextManager[Any], Callable[[Any], dict[str, object]]]:
    from providers.clever.fake import FakeClever, invent  # noqa: PLC0415 - each process imports what it needs

    def settings(server: Any) -> dict[str, object]:
        os.environ["PULL_SECRET"] = server.token
        return {"token": "env:PULL_SECRET", "address": server.address, "token_address": server.address}

    return FakeClever(invent(students), events_on=False), settings


def _oneroster(students: int, kind: str) -> tuple[AbstractContextManager[Any], Callable[[Any], dict[str, object]]]:
    from providers.classlink.fake import PARTNER_KEY, TENANT, FakeClassLink  # noqa: PLC0415 - as above
    from providers.oneroster.rest.fake import KEY, SECRET, FakeServer, serving  # noqa: PLC0415 - as above
    from providers.oneroster.rest.fake_roster import invented  # noqa: PLC0415 - as above

    roster = invented(students, schools=max(3, students // 555))
    if kind == "classlink":
        os.environ["PULL_SECRET"] = PARTNER_KEY
        return serving(FakeClassLink(roster)), lambda fake: {
            "proxy_url": fake.base,
            "partner_key": "env:PULL_SECRET",
            "tenant_id": TENANT,
        }
    os.environ["PULL_SECRET"] = SECRET
    return serving(FakeServer(roster)), lambda fake: {
        "url": fake.base,
        "client_id": KEY,
        "client_secret": "env:PULL_SECRET",
        "token_url": f"{fake.base}/token",
    }


def _serve(kind: str, students: int, pipe: Connection) -> None:
    """Runs the vendor's server until the other end says that it is done."""
    context, settings = _clever(students) if kind == "clever" else _oneroster(students, kind)
    with context as server:
        pipe.send((settings(server), os.environ["PULL_SECRET"]))
        pipe.recv()


def _pull(kind: str, settings: dict[str, object], secret: str, pipe: Connection) -> None:
    """Reads the district once, every table to its last row, and sends what that took."""
    from rosterkit import registry  # noqa: PLC0415 - as above
    from rosterkit.sources.base import Context  # noqa: PLC0415 - as above
    from rosterkit.sources.findings import Findings  # noqa: PLC0415 - as above

    source = registry.source(kind)
    heard: list[tuple[str, int, int]] = []
    before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024
    with tempfile.TemporaryDirectory() as folder:
        context = Context(
            Findings(source.rules),
            date(2026, 10, 1),
            Path(folder),
            Path(folder),
            progress=lambda what, done, total: heard.append((what, done, total)),
            demographics=True,
            secret=lambda text: secret if text == "env:PULL_SECRET" else text,
        )
        started = time.perf_counter()
        extract = source.extract(source.Settings.model_validate(settings), context)
        rows = sum(table.rows.collect().height for table in extract.tables)
        seconds = time.perf_counter() - started
    used = resource.getrusage(resource.RUSAGE_SELF)
    pipe.send(
        {
            "records": sum(extract.rows_read.values()),
            "rows": rows,
            "seconds": seconds,
            "processor": used.ru_utime + used.ru_stime,
            "memory": (used.ru_maxrss * 1024 - before) / _MIB,
            "progress": len(heard),
            "coverage": sorted({str(table.coverage) for table in extract.tables}),
        }
    )


def measured(kind: str, students: int) -> dict[str, Any]:
    """One pull of a district of so many students, in fresh processes."""
    processes = multiprocessing.get_context("spawn")
    here, there = processes.Pipe()
    server = processes.Process(target=_serve, args=(kind, students, there), daemon=True)
    server.start()
    settings, secret = here.recv()
    mine, theirs = processes.Pipe()
    reader = processes.Process(target=_pull, args=(kind, settings, secret, theirs), daemon=True)
    reader.start()
    found: dict[str, Any] = mine.recv()
    reader.join()
    here.send("done")
    server.join()
    return found


def row(kind: str, students: int, found: dict[str, Any]) -> str:
    """A line of the table in README.md."""
    rate = found["records"] / found["seconds"]
    return (
        f"| {kind} | {students:,} | {found['records']:,} | {found['rows']:,} | {found['seconds']:.1f} | "
        f"{rate:,.0f} | {found['processor']:.1f} | {found['memory']:,.0f} | {found['progress']} |"
    )


def main() -> int:
    parser = argparse.ArgumentParser(prog="python -m benchmarks.pulls", description=__doc__)
    parser.add_argument("--students", type=int, default=100_000)
    parser.add_argument("--vendor", choices=VENDORS, action="append", help="left out: every one")
    parser.add_argument("--json", type=Path, help="writes everything to this file")
    asked = parser.parse_args()
    head = ("vendor", "students", "records", "rows", "s", "records/s", "processor s", "MiB", "progress calls")
    sys.stdout.write(f"| {' | '.join(head)} |\n|{'---|' * len(head)}\n")
    every = {}
    for kind in asked.vendor or VENDORS:
        every[kind] = measured(kind, asked.students)
        sys.stdout.write(row(kind, asked.students, every[kind]) + "\n")
        sys.stdout.flush()
    if asked.json:
        asked.json.write_text(json.dumps(every, indent=2) + "\n", encoding="utf-8")
    return 0 if all(found["coverage"] == ["full"] for found in every.values()) else 1


if __name__ == "__main__":
    sys.exit(main())
