"""The second package is undone."""

from __future__ import annotations

from rich.console import Console

from rosterkit.demo.packages import DAYS, carry_out
from rosterkit.render import text as tables
from rosterkit.workspace import Workspace

TITLE = "Undo takes the second package back, by a plan like any other."


def step(workspace: Workspace, console: Console) -> None:
    """Plans, approves and applies the undo of the newest revision."""
    plan = workspace.undo(as_of=DAYS["day-2"])
    tables.plan_summary(console, plan, workspace.config.zone)
    carry_out(console, workspace, plan, "the school asked for the roster of the day before")
