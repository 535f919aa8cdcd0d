"""For every test: hypothesis without a clock, since these machines are shared, and folders in memory.

In CI hypothesis looks at the same examples each time, elsewhere at others each time.

``make test-deep`` runs what is marked ``deep``, and looks much longer; ``deep(only="why")`` runs there alone. With
``DEEP_MINUTES`` its property tests share that time: one whose share is over ends without further examples.
"""

import functools
import os
import shutil
import tempfile
import time
import unittest
from collections.abc import Callable, Generator
from pathlib import Path
from typing import Any

os.environ.setdefault("POLARS_MAX_THREADS", "1")  # tables are tiny, and several tests run side by side
os.environ.setdefault("POLARS_ENGINE_AFFINITY", "in-memory")  # as rosterkit.workspace, which not every test imports

import pytest
from depth import DEEP, MINUTES
from hypothesis import HealthCheck, settings
from hypothesis.errors import FlakyStrategyDefinition, HypothesisException

settings.register_profile(
    "usual",
    max_examples=25,
    deadline=None,
    derandomize=bool(os.environ.get("CI")),
    suppress_health_check=[HealthCheck.too_slow],
)
settings.register_profile("deep", settings.get_profile("usual"), max_examples=2000)
settings.load_profile("deep" if DEEP else "usual")

# Each commit of a store waits for its disk, and here is nobody's data: folders are made in memory where there is room.
_MEMORY = Path("/dev/shm")
if _MEMORY.is_dir() and shutil.disk_usage(_MEMORY).free > 4 << 30:
    tempfile.tempdir = os.environ.setdefault("TMPDIR", str(_MEMORY))  # pytest has asked tempfile by now


_TEST_ENDS = [float("inf")]  # by time.monotonic, for the test that runs now
_FAILURES: list[Exception] = []  # of the test that runs now: once there is one, hypothesis may look for a smaller one


class _TimeIsOver(unittest.SkipTest):
    """Ends a property test at once: hypothesis lets a skip through, and tries no other example."""


def _in_time(test: Callable[..., None]) -> Callable[..., None]:
    """The test of one example, which ends the whole test when its time is over."""

    @functools.wraps(test)
    def run(*arguments: Any, **named: Any) -> None:
        if time.monotonic() > _TEST_ENDS[0] and not _FAILURES:
            raise _TimeIsOver("the time for it is over")
        try:
            test(*arguments, **named)
        except HypothesisException:
            raise
        except Exception as failure:
            _FAILURES.append(failure)
            raise

    return run


@pytest.hookimpl(wrapper=True)
def pytest_pyfunc_call() -> Generator[None, object, object]:
    """A test whose time is over has passed: every example that it looked at was right."""
    try:
        return (yield)
    except _TimeIsOver:
        return True
    except FlakyStrategyDefinition as error:  # hypothesis says so of an example that ended before it drew all
        if isinstance(error.__context__, _TimeIsOver):
            return True
        raise


def _shared(items: list[pytest.Item]) -> list[pytest.Item]:
    """The property tests that share DEEP_MINUTES."""
    return [
        item for item in items if item.get_closest_marker("deep") and hasattr(getattr(item, "obj", None), "hypothesis")
    ]


@pytest.hookimpl(trylast=True)
def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    for item in items:
        marker = item.get_closest_marker("deep")
        if marker and marker.kwargs and not DEEP:
            item.add_marker(pytest.mark.skip(reason=f"{marker.kwargs['only']}: make test-deep"))
    if not MINUTES:
        return
    handles = {id(item.obj.hypothesis): item.obj.hypothesis for item in _shared(items)}  # type: ignore[attr-defined] # of functions
    for handle in handles.values():
        handle.inner_test = _in_time(handle.inner_test)


def pytest_runtest_setup(item: pytest.Item) -> None:
    _FAILURES.clear()
    if MINUTES:
        workers = int(os.environ.get("PYTEST_XDIST_WORKER_COUNT", "1"))
        _TEST_ENDS[0] = time.monotonic() + MINUTES * 60 * workers / max(1, len(_shared(item.session.items)))
