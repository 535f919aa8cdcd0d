"""The first load: everybody is new."""

from __future__ import annotations

from rich.console import Console
from rich.text import Text

from rosterkit.demo.packages import ACTOR, DAYS, carry_out
from rosterkit.render import text as tables
from rosterkit.workspace import Workspace

TITLE = "The first package: everybody is new, and a person must look."


def step(workspace: Workspace, console: Console) -> None:
    """Plans, approves and applies the first package, and sends the feed."""
    day = DAYS["day-1"]
    plan = workspace.plan(workspace.folder / "packages" / "day-1", as_of=day)
    tables.plan_summary(console, plan, workspace.config.zone)
    carry_out(console, workspace, plan, "the first load, compared with the office")
    workspace.feed_build("oneroster", day)
    workspace.feed_approve("oneroster", reason="the first file, compared with the office", actor=ACTOR)
    console.print(Text("The first file of the feed waited for a person too: approved and sent."))
