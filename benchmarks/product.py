"""rosterkit itself, one verb a process: init, plan, apply, feed."""

from __future__ import annotations

from benchmarks.child import Phases  # isort: skip - first, so that imports are timed

import shutil
import sys
from collections.abc import Callable
from dataclasses import asdict
from pathlib import Path

import filelock  # noqa: F401 - what is imported when it is needed would be counted as work

import providers.oneroster.feed_files
import providers.oneroster.preflight
import providers.oneroster.source  # noqa: F401 - as above
from rosterkit import Workspace

_SETTINGS = """timezone = "America/Chicago"
mode = "auto"
demographics = true

# A plain count knows neither the day nor yesterday's absences.
[grace]
students = 0
guardians = 0

[rollover]
close_ended = false
settling_days = 0

[sources.main]
kind = "oneroster"
path = "package.zip"

[feeds.oneroster]
kind = "oneroster"
version = "{version}"
demographics = true
"""


def init(folder: str, version: str) -> None:
    phases = Phases()
    with phases.phase("init"):
        Workspace.init(Path(folder))
    (Path(folder) / "rosterkit.toml").write_text(_SETTINGS.format(version=version), encoding="utf-8")
    phases.say()


def plan(folder: str, package: str, full: str = "") -> None:
    """``full``: nothing is known of earlier packages, so that every record is converted."""
    if full:
        shutil.rmtree(Path(folder) / "cache", ignore_errors=True)
    phases = Phases()
    with phases.phase("plan"):
        made = Workspace(Path(folder)).plan(Path(package))
    changes = {entity: asdict(counts) for entity, counts in made.changes.items() if counts.total}
    phases.say(
        plan=made.id,
        changes=changes,
        held=made.total_held.total,
        findings=dict(made.findings),
        needs_approval=made.needs_approval,
    )


def apply(folder: str, plan_id: str, needs_approval: str = "") -> None:
    phases = Phases()
    workspace = Workspace(Path(folder))
    if needs_approval:
        workspace.approve(plan_id, reason="measured", actor="benchmark")
    with phases.phase("apply"):
        done = workspace.apply(plan_id, actor="benchmark")
    phases.say(wrote=done.wrote, rows=sum(counts.total for counts in done.changes.values()))


def feed(folder: str) -> None:
    phases = Phases()
    with phases.phase("feed"):
        receipt = Workspace(Path(folder)).feed_build("oneroster")
    phases.say(rows=sum(rows for _, rows, _, _ in receipt.files), findings=receipt.findings.height)


if __name__ == "__main__":
    verbs: dict[str, Callable[..., None]] = {"init": init, "plan": plan, "apply": apply, "feed": feed}
    verbs[sys.argv[1]](*sys.argv[2:])
