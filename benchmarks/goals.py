"""What is aimed at, as a table, and what is made of a measurement: met, or missed by how much, or over the gate."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from benchmarks.measure import Stage

__all__ = ["GATE", "GOALS", "Goal", "Judged", "judged", "parsed"]

GATE = 1.5
"""The run fails where a goal is missed by more than this factor: machines differ, and drift."""

GB = 1e9


@dataclass(frozen=True)
class Goal:
    """``stage``'s ``take`` (work, whole, peak or parsed), in units of that of the stage ``against`` where one is named,
    is at most ``limit``, or at least where ``least``. ``strict``: the gate is the goal itself.
    """

    stage: str
    take: str
    limit: float
    against: str = ""
    sizes: str = "ML"
    least: bool = False
    strict: bool = False
    unit: str = ""


_NIGHT = "1 % changed: "
GOALS = (
    Goal(_NIGHT + "plan", "work", 1.8, "P"),
    Goal(_NIGHT + "plan", "whole", 1.1, "Z", sizes="M"),
    Goal(_NIGHT + "plan", "whole", 0.8, sizes="S", unit="s"),
    Goal(_NIGHT + "plan", "parsed", 0.03, sizes="SML", strict=True),
    Goal("zip made again: plan", "work", 1.2, "P"),
    Goal("same zip: plan", "work", 0.2, "P"),
    Goal("re-sorted: plan", "work", 3, "P"),
    Goal("inserts in the middle: plan", "work", 3, "P"),
    Goal(_NIGHT + "apply", "work", 1.3, "P"),
    Goal(_NIGHT + "feed", "work", 0.6, "P"),
    Goal(_NIGHT + "whole night", "work", 4, "P"),
    Goal(_NIGHT + "whole night", "peak", 1.5 * GB, unit="GB"),
    Goal("first load", "peak", 3 * GB, unit="GB"),
    Goal("first load", "work", 12, sizes="M", unit="s"),
    Goal("first load", "work", 120, sizes="L", unit="s"),
    Goal("row by row: plan, apply", "work", 8, _NIGHT + "plan, apply", sizes="S", least=True),
    Goal("row by row: plan, apply", "work", 20, _NIGHT + "plan, apply", sizes="ML", least=True),
    Goal("DuckDB design: plan", "work", 2, _NIGHT + "plan", sizes="L", least=True),
    Goal(_NIGHT + "plan", "peak", 0.5, "DuckDB design: plan", sizes="L"),
)


@dataclass(frozen=True)
class Judged:
    """A goal and what was measured; ``value`` is None where the stage does not tell.

    ``processor``: the same in seconds of all threads, which other work on the same cores disturbs less; None for
    what is no time.
    """

    goal: Goal
    value: float | None
    processor: float | None = None

    @property
    def missed_by(self) -> float:
        """1 or less where the goal is met, otherwise the factor by which it is missed."""
        if self.value is None:
            return 0.0
        return self.goal.limit / self.value if self.goal.least else self.value / self.goal.limit

    @property
    def over_gate(self) -> bool:
        return self.missed_by > (1.0 if self.goal.strict else GATE)


def judged(size: str, stages: Mapping[str, Stage]) -> list[Judged]:
    """Every goal of that size."""
    return [
        Judged(
            goal, _value(goal, goal.take, stages), _value(goal, "processor", stages) if goal.take == "work" else None
        )
        for goal in GOALS
        if size in goal.sizes
    ]


def _value(goal: Goal, take: str, stages: Mapping[str, Stage]) -> float | None:
    stage = stages[goal.stage]
    value: float | None = parsed(stage) if take == "parsed" else getattr(stage, take)
    if value is None or not goal.against:
        return value
    # What is "whole" of ours stands against the bare reading: starting Python is ours to pay.
    return value / float(getattr(stages[goal.against], "work" if take == "whole" else take))


def parsed(stage: Stage) -> float | None:
    """The share of records that were parsed; None where the plan does not tell."""
    reading = stage.said.get("reading") or {}
    records = sum(of["records"] for of in reading.values())
    return sum(of["parsed"] for of in reading.values()) / records if records else None
