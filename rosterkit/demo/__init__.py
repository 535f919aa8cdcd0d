"""A small invented district, from the first load to the daily run: what ``rosterkit demo`` and ``make demo`` run.

Each step is a module with a title and a function ``step(workspace, console)``. ``STEPS`` lists them in order. A step
that needs a workspace of its own makes it beside the first one's packages, in a folder of ``workspace.folder``.
"""

from __future__ import annotations

import shlex
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from rich.console import Console
from rich.text import Text

from rosterkit.demo import (
    comparison,
    daily_run,
    delivery,
    export,
    first_load,
    products,
    second_package,
    sources,
    undo,
)
from rosterkit.demo.packages import DAYS, fixtures, fresh_workspace
from rosterkit.workspace import Workspace

__all__ = ["DAYS", "STEPS", "Step", "fixtures", "run"]


@dataclass(frozen=True)
class Step:
    """One part of the demo. ``run`` prints what it shows, and raises InternalError where it does not come out."""

    title: str
    run: Callable[[Workspace, Console], None]


STEPS = (
    Step(first_load.TITLE, first_load.step),
    Step(second_package.TITLE, second_package.step),
    Step(undo.TITLE, undo.step),
    Step(export.TITLE, export.step),
    Step(sources.TITLE, sources.step),
    Step(products.TITLE, products.step),
    Step(delivery.TITLE, delivery.step),
    Step(comparison.TITLE, comparison.step),
    Step(daily_run.TITLE, daily_run.step),
)
"""The steps in their order."""

_NEXT = {
    "rosterkit -C {folder} show --html -o review.html": "the page for a reviewer without a shell",
    "rosterkit -C {folder} explain User stu-1001": "where each value comes from",
    "rosterkit -C {folder} history User stu-1001": "what was done to her, and undone",
    "rosterkit -C {folder} plan": "the second package again: what was undone stays out",
    "rosterkit -C {folder} holds": "what is set aside, and why",
    "rosterkit -C {folder} web user add reviewer --role approver": "a log-in for the page where people review",
    "rosterkit -C {folder} web": "the page: http://127.0.0.1:8080",
    "rosterkit check {folder}/packages/day-2": "the finding, alone",
}


def run(folder: Path, console: Console) -> None:
    """Runs every step, and leaves the workspace in ``folder``.

    Raises Refused when something else is there already, and InternalError where a step does not come out.
    """
    workspace = fresh_workspace(folder, console)
    for number, step in enumerate(STEPS, 1):
        console.print(Text(f"\n{number}. {step.title}", style="bold"))
        step.run(workspace, console)
    console.print(Text(_what_next(folder)), soft_wrap=True)


def _what_next(folder: Path) -> str:
    commands = {line.format(folder=shlex.quote(str(folder))): why for line, why in _NEXT.items()}
    width = max(map(len, commands))
    listed = "".join(f"  {line:<{width}}  {why}\n" for line, why in commands.items())
    last = (
        f"Edit a file in {folder}/packages/day-2 and plan again to see what it would change.\n"
        f"The comparison of the providers is a page: open {folder / comparison.PAGE} in a browser."
    )
    return f"\nWhat to try next, with this workspace:\n{listed}{last}"
