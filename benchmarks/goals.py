"""What is aimed at, as a table, and what is made of a measurement: met, or missed by how much, or over the gate."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from benchmarks.measure import Stage

__all__ = ["GATE", "GOALS", "Goal", "Judged", "judged"]

GATE = 1.5
"""The run fails where a goal is missed by more than this factor: machines differ, and drift."""

GB = 1e9


@dataclass(frozen=True)
class Goal:
    """``stage``'s ``take`` (work, whole, processor or peak), in units of that of the stage ``against`` where one is
    named, is at most ``limit``, or at least where ``least``.
    """

    stage: str
    take: str
    limit: float
    against: str = ""
    sizes: str = "ML"
    least: bool = False
    unit: str = ""


_NIGHT = "1 % changed: "
GOALS = (
    # Seconds of the processor: what plans are to cost on the machine of the tables in README.md.
    Goal(_NIGHT + "plan", "processor", 0.66, sizes="S", unit="s"),
    Goal(_NIGHT + "plan", "processor", 3.4, sizes="M", unit="s"),
    Goal(_NIGHT + "plan", "peak", 0.36 * GB, sizes="M", unit="GB"),
    Goal(_NIGHT + "plan, all read", "processor", 8.5, sizes="M", unit="s"),
    Goal("first load: plan", "processor", 6.7, sizes="M", unit="s"),
    Goal("first load: plan", "peak", 0.95 * GB, sizes="M", unit="GB"),
    Goal(_NIGHT + "apply", "work", 1.3, "P"),
    Goal(_NIGHT + "feed", "work", 0.6, "P"),
    Goal("first load", "peak", 3 * GB, unit="GB"),
    Goal("first load", "work", 12, sizes="M", unit="s"),
    Goal("first load", "work", 120, sizes="L", unit="s"),
    Goal("row by row: plan, apply", "work", 1.5, _NIGHT + "plan, apply", sizes="SML", least=True),
)


@dataclass(frozen=True)
class Judged:
    """A goal and what was measured.

    ``processor``: the same in seconds of all threads, which other work on the same cores disturbs less; None for
    what is no time.
    """

    goal: Goal
    value: float
    processor: float | None = None

    @property
    def missed_by(self) -> float:
        """1 or less where the goal is met, otherwise the factor by which it is missed."""
        return self.goal.limit / self.value if self.goal.least else self.value / self.goal.limit

    @property
    def over_gate(self) -> bool:
        return self.missed_by > GATE


def judged(size: str, stages: Mapping[str, Stage]) -> list[Judged]:
    """Every goal of that size."""
    return [
        Judged(
            goal, _value(goal, goal.take, stages), _value(goal, "processor", stages) if goal.take == "work" else None
        )
        for goal in GOALS
        if size in goal.sizes
    ]


def _value(goal: Goal, take: str, stages: Mapping[str, Stage]) -> float:
    value = float(getattr(stages[goal.stage], take))
    if not goal.against:
        return value
    # What is "whole" of ours stands against the bare reading: starting Python is ours to pay.
    return value / float(getattr(stages[goal.against], "work" if take == "whole" else take))
