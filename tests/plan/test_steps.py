"""Planning takes few steps: each costs the same whatever its size, and most districts are small."""

from __future__ import annotations

import shutil
from collections import Counter
from pathlib import Path
from typing import Any

import polars as pl
import pytest

from rosterkit import Workspace, pipeline
from rosterkit.demo import DAYS, fixtures

PLAN = 435  # steps of the demo's second plan in all
PLANNING = 311  # without reading the package and storing the plan


@pytest.fixture
def steps(monkeypatch: pytest.MonkeyPatch) -> Counter[str]:
    """How often polars collects, in all and inside ``propose``: what looks eager collects a query, too."""
    found = Counter[str]()
    inside: list[str] = []

    def counting(real: Any) -> Any:
        def collect(*arguments: Any, **named: Any) -> Any:
            found.update(["all", *inside])
            return real(*arguments, **named)

        return collect

    propose = pipeline.propose

    def proposing(*arguments: Any, **named: Any) -> Any:
        inside.append("planning")
        try:
            return propose(*arguments, **named)
        finally:
            inside.clear()

    monkeypatch.setattr(pipeline, "propose", proposing)
    for name in ("collect", "_collect_eager"):
        monkeypatch.setattr(pl.LazyFrame, name, counting(getattr(pl.LazyFrame, name)))
    return found


def test_the_second_plan_of_the_demo_takes_few_steps(tmp_path: Path, steps: Counter[str]) -> None:
    workspace = Workspace.init(tmp_path / "workspace")
    first = workspace.plan(fixtures() / "day-1", as_of=DAYS["day-1"])
    workspace.approve(first.id, reason="as expected", actor="kim")
    workspace.apply(first.id, actor="kim")
    steps.clear()
    second = workspace.plan(fixtures() / "day-2", as_of=DAYS["day-2"], now=True)
    assert second.total.total + second.total_held.total > 40
    assert steps["all"] <= PLAN
    assert steps["planning"] <= PLANNING


def test_a_plan_in_which_nothing_changes_takes_fewer(tmp_path: Path, steps: Counter[str]) -> None:
    workspace = Workspace.init(tmp_path / "workspace")
    package = shutil.copytree(fixtures() / "day-1", tmp_path / "package")
    first = workspace.plan(package, as_of=DAYS["day-1"])
    workspace.approve(first.id, reason="as expected", actor="kim")
    workspace.apply(first.id, actor="kim")
    steps.clear()
    again = workspace.plan(package, as_of=DAYS["day-2"])
    assert again.total.total + again.total_held.total == 0
    assert steps["planning"] <= PLANNING / 4
