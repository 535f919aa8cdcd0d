"""A workspace that holds the tiny district, and the packages to come."""

from __future__ import annotations

import atexit
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import date, timedelta
from functools import cache
from pathlib import Path
from tempfile import TemporaryDirectory, mkdtemp
from typing import Any

import polars as pl
from tiny_packages import Package, bulk, tiny_district

from rosterkit import Workspace
from rosterkit.plan.plan import Plan

TIGHT = {"max_removed_percent": 0, "min_removed": 0, "max_removed_overall_percent": 0, "min_removed_overall": 0}


def configure(folder: Path, settings: dict[str, Any]) -> None:
    """Writes the settings of a workspace."""
    lines = ['mode = "review"', f"demographics = {str(settings.get('demographics', True)).lower()}", "[sources.main]"]
    lines += ['kind = "oneroster"', 'path = "package.zip"', f'dates = "{settings.get("dates", "iso")}"']
    lines += [f"strict = {str(settings.get('strict', False)).lower()}", "[limits]"]
    lines += [f"{name} = {value}" for name, value in settings.get("limits", {}).items()]
    lines += ["[caps]", *settings.get("caps", ()), "[grace]", "students = 0", "guardians = 0"]
    (folder / "rosterkit.toml").write_text("\n".join([*lines, ""]), encoding="utf-8")


class Scenario:
    """Plans packages one after the other, a day apart, and does with the plans what a person would."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.workspace = Workspace(folder / "workspace")
        self.plans: list[str] = []

    def configure(self, **settings: Any) -> None:
        configure(self.workspace.folder, settings)
        self.workspace = Workspace(self.workspace.folder)

    def plan(self, package: Package) -> Plan:
        number = len(self.plans) + 1
        path = package.write(self.folder / f"package{number}.zip")
        plan = self.workspace.plan(path, as_of=date(2026, 11, 1) + timedelta(days=number))
        self.plans.append(plan.id)
        return plan

    def approve(self, plan_id: str) -> None:
        self.workspace.approve(plan_id, reason="as expected", actor="kim")

    def apply(self, plan_id: str) -> None:
        self.workspace.apply(plan_id, actor="kim")

    def sync(self, package: Package) -> Plan:
        """A plan that is approved and applied."""
        plan = self.plan(package)
        self.approve(plan.id)
        self.apply(plan.id)
        return plan

    def found(self, plan: Plan) -> pl.DataFrame:
        return self.workspace.show(plan.id).findings

    def rules(self, plan: Plan) -> dict[str, list[int]]:
        """The lines of the plan's findings by rule."""
        return dict(self.found(plan).group_by("rule").agg(pl.col("line").sort()).iter_rows())


@cache
def _synced(version: str, *, demographics: bool) -> Path:
    """A folder with the workspace after the first package, made once."""
    folder = Path(mkdtemp(prefix="rosterkit-tiny-"))
    atexit.register(shutil.rmtree, folder, ignore_errors=True)
    Workspace.init(folder / "workspace")
    scenario = Scenario(folder)
    scenario.configure(demographics=demographics)
    scenario.sync(bulk(tiny_district(version)))
    return folder / "workspace"


@contextmanager
def tiny_scenario(version: str = "1.1", *, demographics: bool = True) -> Iterator[Scenario]:
    """A workspace in a temporary folder, which has ``tiny_district`` of that version."""
    with TemporaryDirectory() as folder:
        shutil.copytree(_synced(version, demographics=demographics), Path(folder) / "workspace")
        yield Scenario(Path(folder))
