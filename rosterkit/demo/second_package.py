"""The second package: changes, findings, a held archive and a reused id."""

from __future__ import annotations

import shlex

from rich.console import Console
from rich.text import Text

from rosterkit import registry
from rosterkit.demo.packages import DAYS, carry_out
from rosterkit.render import text as tables
from rosterkit.render.labels import Choice
from rosterkit.workspace import Workspace

TITLE = "The second package: a small plan, with findings, a held archive and a reused id."

_PEOPLE = Choice(entity="User", action="update", limit=0)  # the lines that show most in least room


def step(workspace: Workspace, console: Console) -> None:
    """Plans the second package, shows it and applies what is not held."""
    folder = workspace.folder
    # The demo has no three school days in which people who disappear stay.
    plan = workspace.plan(folder / "packages" / "day-2", as_of=DAYS["day-2"], now=True)
    shown = workspace.show(plan.id)
    tables.view(console, shown, _PEOPLE, registry.rules(), workspace.config.zone)
    tables.print_findings(console, shown.findings, registry.rules())
    every = f"Every line: rosterkit -C {shlex.quote(str(folder))} show {plan.id} --limit 0"
    console.print(Text(every), soft_wrap=True)
    carry_out(console, workspace, plan, "the changes of the day; the held ones wait for the school")
