"""The packages of the demo, and the workspace that its steps share."""

from __future__ import annotations

import shutil
from datetime import date
from importlib.resources import files
from pathlib import Path

from rich.console import Console
from rich.text import Text

from rosterkit import config
from rosterkit.errors import InternalError, Refused
from rosterkit.plan.plan import Plan
from rosterkit.settings_template import template
from rosterkit.workspace import Workspace

DAYS = {"day-1": date(2026, 9, 14), "day-2": date(2026, 9, 15)}
"""The two packages and the day that each is meant for: the demo never asks the clock."""

ACTOR = "demo"
_MARK = ".rosterkit-demo"


def fixtures() -> Path:
    """The folder with the demo's packages: inside an installed wheel, or in a checkout; InternalError without it."""
    package = Path(str(files("rosterkit")))
    for place in (package / "fixtures", package.parent / "fixtures"):
        if all((place / day).is_dir() for day in DAYS):
            return place
    raise InternalError("The demo's packages are missing from this installation. Install rosterkit again.")


def fresh_workspace(folder: Path, console: Console) -> Workspace:
    """A workspace with both packages in it; an earlier demo's is made anew, anything else is left alone (Refused)."""
    if (folder / _MARK).exists():
        shutil.rmtree(folder)
    if folder.exists() and any(folder.iterdir()):
        raise Refused(f"{folder} holds something that no demo made. Name another folder.", why="not-a-demo")
    Workspace.init(folder)
    (folder / _MARK).touch()
    for day in DAYS:
        shutil.copytree(fixtures() / day, folder / "packages" / day)
    (folder / config.FILE).write_text(template("packages/day-2"), encoding="utf-8")
    console.print(Text(f"A workspace is made in {folder}; its packages are in {folder / 'packages'}."))
    return Workspace(folder)


def carry_out(console: Console, workspace: Workspace, plan: Plan, reason: str) -> None:
    """Approves and applies the plan."""
    approval = workspace.approve(plan.id, reason=reason, actor=ACTOR)
    done = workspace.apply(plan.id, actor=ACTOR)
    console.print(Text(f"\nApproved ({approval.reason}) and applied: the store is at revision {done.revision}."))
