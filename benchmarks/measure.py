"""The outside of a measured process: it is started fresh, its anonymous memory is watched, its own word is read."""

from __future__ import annotations

import json
import os
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

__all__ = ["BenchmarkError", "Stage", "measured", "median", "together"]

_EVERY = 0.005  # seconds between two looks at the memory
_ROOT = Path(__file__).parents[1]


class BenchmarkError(Exception):
    """A measured process did not do its work, or its outcome is not what it must be."""


@dataclass(frozen=True)
class Stage:
    """What one process took, or several in a row.

    Seconds: ``work`` without imports; ``whole`` from start to end of the process; ``processor`` those of all threads in
    ``work``. ``peak`` is anonymous memory in bytes. ``scaled`` is 1 where all was measured, otherwise by how much a
    smaller measurement was multiplied.
    """

    name: str
    work: float
    whole: float
    processor: float
    peak: int
    phases: dict[str, float] = field(default_factory=dict)
    said: dict[str, Any] = field(default_factory=dict)
    scaled: float = 1.0

    @property
    def rows(self) -> int:
        return int(self.said.get("rows", 0))

    def extrapolated(self, times: float) -> Stage:
        """The stage for so many times the rows, as if it grew with them and no faster; memory likewise."""
        if times == 1:
            return self
        said = self.said | {"rows": round(self.rows * times)}
        return replace(
            self,
            work=self.work * times,
            whole=self.whole * times,
            processor=self.processor * times,
            peak=round(self.peak * times),
            said=said,
            scaled=times,
        )


def measured(name: str, module: str, *words: str | Path) -> Stage:
    """Runs ``benchmarks.MODULE`` in a process of its own; raises BenchmarkError when that fails."""
    command = [sys.executable, "-m", f"benchmarks.{module}", *(str(word) for word in words)]
    with tempfile.TemporaryFile() as told, tempfile.TemporaryFile() as wrong:
        begun = time.perf_counter()
        process = subprocess.Popen(command, cwd=_ROOT, stdout=told, stderr=wrong)
        peak = _watched(process)
        whole = time.perf_counter() - begun
        told.seek(0)
        wrong.seek(0)
        if process.returncode:
            raise BenchmarkError(f"{name} failed:\n{wrong.read().decode(errors='replace')[-3000:]}")
        answer = json.loads(told.read().decode().splitlines()[-1])
    phases = answer["phases"]
    return Stage(name, sum(phases.values()), whole, answer["processor"], peak, phases, answer["said"])


def _watched(process: subprocess.Popen[bytes]) -> int:
    """Waits for the process, and returns the most anonymous memory that it was seen to hold."""
    peak = 0
    status = os.open(f"/proc/{process.pid}/status", os.O_RDONLY)
    try:
        while process.poll() is None:
            peak = max(peak, _anonymous(status))
            time.sleep(_EVERY)
    finally:
        os.close(status)
    return peak


def _anonymous(status: int) -> int:
    """RssAnon in bytes; 0 once the process has ended."""
    try:
        text = os.pread(status, 8192, 0)
    except ProcessLookupError:
        return 0
    found = [line for line in text.split(b"\n") if line.startswith(b"RssAnon:")]
    return int(found[0].split()[1]) * 1024 if found else 0


def together(name: str, *stages: Stage) -> Stage:
    """Several stages, one after another, as one."""
    return Stage(
        name,
        sum(stage.work for stage in stages),
        sum(stage.whole for stage in stages),
        sum(stage.processor for stage in stages),
        max(stage.peak for stage in stages),
        said={"rows": max(stage.rows for stage in stages)},
    )


def median(stages: Sequence[Stage]) -> Stage:
    """The stage of median work, with the highest peak; it says what the last said, whose plan is the one left."""
    middle = statistics.median_low([stage.work for stage in stages])
    chosen = next(stage for stage in stages if stage.work == middle)
    return replace(chosen, peak=max(stage.peak for stage in stages), said=stages[-1].said)
