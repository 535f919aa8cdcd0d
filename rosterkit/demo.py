"""The whole road on a small invented district: what ``rosterkit demo`` and ``make demo`` walk."""

from __future__ import annotations

import shlex
import shutil
from datetime import date
from importlib.resources import files
from pathlib import Path

from rich.console import Console
from rich.text import Text

from rosterkit import config, registry
from rosterkit.errors import InternalError, Refused
from rosterkit.plan.plan import Plan
from rosterkit.render import text as tables
from rosterkit.render.labels import Choice
from rosterkit.settings_template import template
from rosterkit.workspace import Workspace

__all__ = ["NIGHTS", "fixtures", "walk"]

NIGHTS = {"first-night": date(2026, 9, 14), "second-night": date(2026, 9, 15)}
"""The two packages and the day that each is meant for: the demo never asks the clock."""

_MARK = ".rosterkit-demo"
_ACTOR = "demo"
_PEOPLE = Choice(entity="User", action="update", limit=0)  # the lines that show most in least room

_NEXT = {
    "rosterkit -C {folder} show --html -o review.html": "the page for a reviewer without a shell",
    "rosterkit -C {folder} explain User stu-1001": "where each value comes from",
    "rosterkit -C {folder} history User stu-1001": "what was done to her, and undone",
    "rosterkit -C {folder} plan": "the second night again: what was undone stays out",
    "rosterkit -C {folder} holds": "what is set aside, and why",
    "rosterkit check {folder}/packages/second-night": "the finding, alone",
}


def fixtures() -> Path:
    """The folder with the demo's packages: inside an installed wheel, or in a checkout; InternalError without it."""
    package = Path(str(files("rosterkit")))
    for place in (package / "fixtures", package.parent / "fixtures"):
        if all((place / night).is_dir() for night in NIGHTS):
            return place
    raise InternalError("The demo's packages are missing from this installation. Install rosterkit again.")


def walk(folder: Path, console: Console) -> None:
    """Two nights, each planned, approved and applied; the second undone; the feed built before and after.

    Leaves the workspace in ``folder``. Raises Refused when something else is there already, and InternalError when
    undo did not bring the first night's package back byte for byte.
    """
    workspace = _workspace(folder, console)
    zone = workspace.config.zone
    _step(console, 1, "The first night: everybody is new, and a person must look.")
    first = workspace.plan(folder / "packages" / "first-night", as_of=NIGHTS["first-night"])
    tables.plan_summary(console, first, zone)
    _carry_out(console, workspace, first, "the first load, compared with the office")
    before = workspace.feed_build("oneroster", NIGHTS["first-night"])
    workspace.feed_approve("oneroster", reason="the first file, compared with the office", actor=_ACTOR)
    console.print(Text("The first file of the feed waited for a person too: approved and sent."))

    _step(console, 2, "The second night: a small plan, with findings, a held archive and a reused id.")
    second = workspace.plan(folder / "packages" / "second-night", as_of=NIGHTS["second-night"])
    tables.view(console, workspace.show(second.id), _PEOPLE, registry.rules(), zone)
    every = f"Every line: rosterkit -C {shlex.quote(str(folder))} show {second.id} --limit 0"
    console.print(Text(every), soft_wrap=True)
    _carry_out(console, workspace, second, "the changes of the day; the held ones wait for the school")

    _step(console, 3, "Second thoughts: undo takes the night back, by a plan like any other.")
    back = workspace.undo(as_of=NIGHTS["second-night"])
    tables.plan_summary(console, back, zone)
    _carry_out(console, workspace, back, "the school asked for yesterday's roster")

    _step(console, 4, "Out again, as a OneRoster package.")
    after = workspace.feed_build("oneroster", NIGHTS["first-night"])
    if before.files != after.files:
        raise InternalError("Undo did not bring the first night back.")
    tables.receipt(console, after, registry.rules())
    console.print("It is the package that the first night gave, byte for byte: undo brought everything back.")
    console.print(Text(_what_next(folder)), soft_wrap=True)


def _workspace(folder: Path, console: Console) -> Workspace:
    """A fresh workspace with both packages in it; an earlier demo's is made anew, anything else is left alone."""
    if (folder / _MARK).exists():
        shutil.rmtree(folder)
    if folder.exists() and any(folder.iterdir()):
        raise Refused(f"{folder} holds something that no demo made. Name another folder.", why="not-a-demo")
    Workspace.init(folder)
    (folder / _MARK).touch()
    for night in NIGHTS:
        shutil.copytree(fixtures() / night, folder / "packages" / night)
    (folder / config.FILE).write_text(template("packages/second-night"), encoding="utf-8")
    console.print(Text(f"A workspace is made in {folder}; its packages are in {folder / 'packages'}."))
    return Workspace(folder)


def _carry_out(console: Console, workspace: Workspace, plan: Plan, reason: str) -> None:
    signed = workspace.approve(plan.id, reason=reason, actor=_ACTOR)
    done = workspace.apply(plan.id, actor=_ACTOR)
    console.print(Text(f"\nApproved ({signed.reason}) and applied: the store is at revision {done.revision}."))


def _what_next(folder: Path) -> str:
    commands = {line.format(folder=shlex.quote(str(folder))): why for line, why in _NEXT.items()}
    width = max(map(len, commands))
    listed = "".join(f"  {line:<{width}}  {why}\n" for line, why in commands.items())
    last = f"Edit a file in {folder}/packages/second-night and plan again to see what it would change."
    return f"\nWhat to try next, with this workspace:\n{listed}{last}"


def _step(console: Console, number: int, title: str) -> None:
    console.print(Text(f"\n{number}. {title}", style="bold"))
