"""An accident that goes on for days: each day's package is planned and applied, with the guards and without them."""

from __future__ import annotations

import shutil
from collections.abc import Callable, Sequence
from datetime import date
from pathlib import Path

from rosterkit.attention import attention_reason
from rosterkit.plan.calendar import GraceSettings
from rosterkit.plan.limits import Limits
from rosterkit.plan.plan import PlanView
from rosterkit.testing.accidents.tables import Package
from rosterkit.workspace import Workspace

DAYS = tuple(date(2026, 9, day) for day in (15, 16, 17, 18, 21, 22, 23, 24))
"""School days after the first load."""


def apply_days(
    folder: Path,
    template: Path,
    packages: Sequence[Callable[[], Package]],
    limits: Limits | None = None,
    *,
    grace: bool = True,
) -> list[PlanView]:
    """Plans and applies one package after the other in a copy of a workspace, as a person does who approves all plans.

    ``limits``: in place of those of the workspace. ``grace``: whether people who disappear have one.
    """
    shutil.copytree(template, folder)
    workspace = Workspace(folder)
    changed: dict[str, object] = {} if limits is None else {"limits": limits}
    if not grace:
        changed["grace"] = GraceSettings(students=0, guardians=0, staff=0)
    workspace.config = workspace.config.model_copy(update=changed)
    views = []
    for number, (day, package) in enumerate(zip(DAYS, packages, strict=False)):
        written = package().write(folder / f"package-{number}")
        plan = workspace.plan(written, as_of=day)
        shutil.rmtree(written)
        views.append(workspace.show(plan.id))
        workspace.approve(plan.id, reason="looked at", actor="demo")
        workspace.apply(plan.id, actor="demo")
    shutil.rmtree(folder)
    return views


def exit_code(views: Sequence[PlanView]) -> int:
    """1 where somebody should have looked at a plan."""
    return int(any(attention_reason(view.plan) for view in views))
