"""A small district pays for steps, not for data: each eager polars step costs the same whatever its size."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import polars as pl
import pytest
from tiny import extract

FIXTURES = Path(__file__).parents[3] / "fixtures"


def test_reading_both_packages_of_the_demo_takes_at_most_250_steps(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    steps: list[str] = []

    def counted(name: str) -> Callable[..., Any]:
        collect = getattr(pl.LazyFrame, name)

        def call(self: pl.LazyFrame, *args: Any, **how: Any) -> Any:
            steps.append(name)
            return collect(self, *args, **how)

        return call

    for name in ("collect", "_collect_eager"):  # eager steps are lazy ones, collected at once
        monkeypatch.setattr(pl.LazyFrame, name, counted(name))
    for package in ("day-1", "day-2"):
        (tmp_path / package).symlink_to(FIXTURES / package)
        extract(tmp_path / package)
    assert 50 < len(steps) <= 250
