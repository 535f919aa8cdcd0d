"""The daily job without a person: a whole sync of a workspace of its own, and the record of the run."""

from __future__ import annotations

import shutil

from rich.console import Console
from rich.text import Text

from rosterkit import config
from rosterkit.demo.packages import ACTOR, DAYS
from rosterkit.errors import InternalError
from rosterkit.render import runs as tables
from rosterkit.settings_template import template
from rosterkit.workspace import Workspace

TITLE = "The daily job without a person: one sync reads, plans, applies what is clear, sends, and keeps a record."
_REASON = "compared with the office"
_DELIVERED = "delivered"  # the folder to which the SIS writes its package


def step(workspace: Workspace, console: Console) -> None:
    """Syncs a fresh workspace on both days, and prints the record of the second run.

    Raises InternalError where the second run does not end with something held, and everything else done.
    """
    daily = _workspace(workspace, "day-1")
    first = daily.sync(as_of=DAYS["day-1"])
    daily.approve(first.plan, reason=_REASON, actor=ACTOR)
    daily.sync(as_of=DAYS["day-1"])
    daily.feed_approve("oneroster", reason=_REASON, actor=ACTOR)
    console.print(Text("The first plan and the first file waited for a person, who approved both."))

    daily = _workspace(workspace, "day-2")
    run = daily.sync(as_of=DAYS["day-2"])
    tables.run(console, run, daily.config.zone)
    if (run.state, run.exit_code, run.revision) != ("look", 1, 2):
        raise InternalError(f"The second run of the demo ended as {run.state} with {run.exit_code}.")
    console.print(Text("What is held waits for a person; the rest is applied and sent. Exit code 1: done, and look."))


def _workspace(beside: Workspace, package: str) -> Workspace:
    """The workspace in its own folder, which applies what needs no person; the package of that day is delivered."""
    folder = beside.folder / "daily"
    if not folder.exists():
        Workspace.init(folder)
        settings = template(_DELIVERED).replace('mode = "review"', 'mode = "auto"')
        (folder / config.FILE).write_text(settings, encoding="utf-8")
    shutil.rmtree(folder / _DELIVERED, ignore_errors=True)
    shutil.copytree(beside.folder / "packages" / package, folder / _DELIVERED)
    return Workspace(folder)
