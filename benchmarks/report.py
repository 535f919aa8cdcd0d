"""A run as a table to read, as Markdown and as JSON."""

from __future__ import annotations

import json
import os
import platform
import re
from collections.abc import Sequence
from dataclasses import asdict
from pathlib import Path

import polars as pl

from benchmarks.goals import Judged, judged
from benchmarks.measure import Stage
from benchmarks.runs import Outcome

__all__ = ["as_json", "growth", "growth_into_page", "into_page", "table"]

_ALONE = 0.8
_HEAD = ("stage", "s", "imports in", "processor s", "P", "Z", "rows/s", "peak MB")


def _machine() -> str:
    return (
        f"{os.cpu_count()} cores, Python {platform.python_version()}, polars {pl.__version__}, "
        f"{platform.system()} {platform.machine()}"
    )


def _busy(outcome: Outcome) -> str:
    """A warning where the processes waited for the cores: each of them works nearly all the time when alone."""
    worked = sum(stage.processor for stage in outcome.stages.values() if stage.scaled == 1)
    share = worked / sum(stage.work for stage in outcome.stages.values() if stage.scaled == 1)
    if share > _ALONE:
        return ""
    return f"\nOther work had the cores too ({share:.1f} processor seconds in each second): trust the processor's time."


def _row(stage: Stage, stages: dict[str, Stage]) -> tuple[str, ...]:
    return (
        stage.name + (" ~" if stage.scaled != 1 else ""),
        f"{stage.work:,.2f}",
        f"{stage.whole:,.2f}",
        f"{stage.processor:,.2f}",
        f"{stage.work / stages['P'].work:,.2f}",
        f"{stage.work / stages['Z'].work:,.2f}",
        f"{stage.rows / stage.work:,.0f}",
        f"{stage.peak / 1e6:,.0f}",
    )


def _goal(judgement: Judged) -> tuple[str, ...]:
    goal, value = judgement.goal, judgement.value
    scale = 1e9 if goal.unit == "GB" else 1
    unit = f" {goal.unit}" if goal.unit else f" × {goal.against}" if goal.against else ""
    what = {"work": "", "whole": ", imports in", "processor": ", processor", "peak": ", memory"}[goal.take]
    limit = f"{'≥' if goal.least else '≤'} {goal.limit / scale:g}{unit}"
    said = "met" if judgement.missed_by <= 1 else f"missed by a factor of {judgement.missed_by:.2f}"
    processor = "" if judgement.processor is None else f"{judgement.processor:,.2f}"
    return (
        goal.stage + what,
        limit,
        f"{value / scale:,.2f}",
        processor,
        said + (", over the gate" if judgement.over_gate else ""),
    )


def _laid_out(head: Sequence[str], rows: Sequence[Sequence[str]], *, markdown: bool) -> str:
    if markdown:
        rule = ["---", *["---:"] * (len(head) - 1)]
        return "\n".join(f"| {' | '.join(cells)} |" for cells in (head, rule, *rows))
    wide = [max(len(cells[i]) for cells in (head, *rows)) for i in range(len(head))]
    lines = [
        [c.ljust(w) if i == 0 else c.rjust(w) for i, (c, w) in enumerate(zip(r, wide, strict=True))]
        for r in (head, *rows)
    ]
    return "\n".join("  ".join(line).rstrip() for line in lines)


def table(outcome: Outcome, *, markdown: bool = False) -> str:
    """The stages and the goals of one size."""
    stages = [_row(stage, outcome.stages) for stage in outcome.stages.values()]
    goals = [_goal(judgement) for judgement in judged(outcome.size, outcome.stages)]
    size = f"Size {outcome.size}, OneRoster {outcome.version}, {outcome.rows:,} records"
    return "\n\n".join(
        [
            f"{size}; {_machine()}.{_busy(outcome)}",
            _laid_out(_HEAD, stages, markdown=markdown),
            _laid_out(("goal", "limit", "measured", "by processor", ""), goals, markdown=markdown),
        ]
    )


def growth(outcomes: Sequence[Outcome], *, markdown: bool = False) -> str:
    """Processor seconds for each million records, from size to size: what grows faster than the district shows."""
    rows = [
        (name, *(f"{o.stages[name].processor / o.rows * 1e6:,.2f}" for o in outcomes if name in o.stages))
        for name in outcomes[0].stages
    ]
    head = ("processor seconds for a million records", *(outcome.size for outcome in outcomes))
    return _laid_out(head, rows, markdown=markdown)


def as_json(outcomes: Sequence[Outcome]) -> str:
    """Everything that was measured, for machines."""
    return json.dumps(
        {
            "machine": _machine(),
            "sizes": [
                asdict(outcome)
                | {
                    "goals": [
                        asdict(j) | {"missed_by": j.missed_by, "over_gate": j.over_gate}
                        for j in judged(outcome.size, outcome.stages)
                    ]
                }
                for outcome in outcomes
            ],
        },
        indent=1,
    )


def into_page(page: Path, outcome: Outcome) -> None:
    """Puts the table of that size into the page, between its marks."""
    _between(page, f"size {outcome.size}", table(outcome, markdown=True))


def growth_into_page(page: Path, outcomes: Sequence[Outcome]) -> None:
    """Puts what grows from size to size into the page."""
    _between(page, "growth", growth(outcomes, markdown=True))


def _between(page: Path, mark: str, made: str) -> None:
    text = page.read_text(encoding="utf-8")
    marks = re.compile(rf"(<!-- {mark}: made by make bench -->\n).*?(<!-- end of {mark} -->)", re.DOTALL)
    if not marks.search(text):
        raise SystemExit(f"{page} has no place for {mark}.")
    page.write_text(marks.sub(lambda found: f"{found[1]}\n{made}\n\n{found[2]}", text), encoding="utf-8")
