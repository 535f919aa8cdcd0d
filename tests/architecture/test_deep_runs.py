"""A deep run ends in time, and what it found by then fails it."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

TESTS = Path(__file__).parents[1]
WALK = """
import time
import pytest
from hypothesis import given, strategies as st

@pytest.mark.deep
@given(st.lists(st.integers(0, 1000), min_size=6, max_size=9))
def test_walk(numbers):
    time.sleep(0.001)
    assert {condition}
"""


@pytest.mark.parametrize(("condition", "code"), [("sum(numbers) < 4000", 1), ("True", 0)])
def test_a_failure_that_is_found_before_the_time_is_over_fails(tmp_path: Path, condition: str, code: int) -> None:
    for name in ("conftest.py", "depth.py"):
        shutil.copy(TESTS / name, tmp_path)
    (tmp_path / "test_walk.py").write_text(WALK.format(condition=condition), encoding="utf-8")
    (tmp_path / "pytest.ini").write_text("[pytest]\npythonpath = .\nmarkers = deep\n", encoding="utf-8")
    deep = os.environ | {"HYPOTHESIS_PROFILE": "deep", "DEEP_MINUTES": "0.01"}
    command = [sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider", "-p", "no:xdist", "-p", "no:randomly"]
    done = subprocess.run(command, cwd=tmp_path, env=deep, capture_output=True, text=True, check=False)
    assert done.returncode == code, done.stdout
