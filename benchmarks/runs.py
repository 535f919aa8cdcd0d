"""One run: a workspace walks from its first load through its days, and every other way gets the same packages."""

from __future__ import annotations

import shutil
import sys
from collections.abc import Callable
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

from benchmarks.measure import BenchmarkError, Stage, measured, median, together
from benchmarks.packages import Packages

__all__ = ["Outcome", "run"]

_LARGEST = {"pandas": "M", "csv-diff": "M", "row by row": "S"}
"""The largest size at which a way is really run; beyond it, that measurement is multiplied by the rows."""

_ORDER = "SML"


@dataclass
class Outcome:
    """What a run measured at one size, by the names of stages, and what was not as it must be."""

    size: str
    version: str
    rows: int  # of the second day's package
    stages: dict[str, Stage] = field(default_factory=dict)
    wrong: list[str] = field(default_factory=list)

    def add(self, stage: Stage) -> Stage:
        """Keeps a stage; the records it went through are those of the package unless it says otherwise."""
        sys.stderr.write(f"  {self.size} {stage.name}\n")
        kept = stage if stage.rows else replace(stage, said=stage.said | {"rows": self.rows})
        self.stages[stage.name] = kept
        return kept

    def expect(self, what: str, found: Any, wanted: Any) -> None:
        """Notes a difference between two things that must be the same."""
        if found != wanted:
            self.wrong.append(f"{what}: {found} where {wanted} is right")


def run(packages: Packages, folder: Path, repeat: int) -> Outcome:
    """Everything at one size; ``repeat``: of how many fresh processes the median is taken, where that can be done."""
    place = folder / packages.size
    shutil.rmtree(place, ignore_errors=True)
    place.mkdir(parents=True)
    first, changed, inserted = (packages.unzipped(day) for day in ("first", "changed", "inserted"))
    load = measured("what is right", "truth", "", first)
    day = measured("what is right", "truth", first, changed)
    third = measured("what is right", "truth", changed, inserted)
    outcome = Outcome(packages.size, packages.version, day.rows)
    outcome.add(_often(repeat, lambda: measured("P", "plain_polars", changed)))
    outcome.add(_often(repeat, lambda: measured("Z", "plain_polars", packages.zip("changed"))))
    _product(outcome, packages, place / "workspace", repeat, [truth.said["entities"] for truth in (load, day, third)])
    _duckdb(outcome, packages, place, repeat, day.said["files"])
    _others(outcome, packages, place)
    return outcome


def _often(times: int, once: Callable[[], Stage]) -> Stage:
    return median([once() for _ in range(times)])


def _product(outcome: Outcome, packages: Packages, folder: Path, repeat: int, right: list[Any]) -> None:
    """From the first load to the re-sorted day; ``right``: the changes of the first, second and third."""
    measured("init", "product", "init", folder, packages.version)

    def plan(name: str, day: str, wanted: Any, times: int = 1, *words: str) -> Stage:
        stage = _often(times, lambda: measured(name, "product", "plan", folder, packages.zip(day), *words))
        said = stage.said["changes"]
        outcome.expect(
            f"changes of “{name}”", {e: {a: said[e][a] for a in wanted.get(e, said[e])} for e in said}, wanted
        )
        outcome.expect(f"held by “{name}”", stage.said["held"], 0)
        outcome.expect(f"errors found by “{name}”", stage.said["findings"].get("error", 0), 0)
        return outcome.add(stage)

    def apply(name: str, made: Stage) -> Stage:
        words = ["approve"] if made.said["needs_approval"] else []
        return outcome.add(measured(name, "product", "apply", folder, made.said["plan"], *words))

    def feed(name: str) -> Stage:
        return outcome.add(measured(name, "product", "feed", folder))

    loading = plan("first load: plan", "first", right[0])
    applied = apply("first load: apply", loading)
    feed("first load: feed")
    outcome.add(together("first load", loading, applied))
    today = plan("1 % changed: plan", "changed", right[1], repeat)
    again = plan("1 % changed: plan, all read", "changed", right[1], 1, "full")  # takes the place of the plan before
    applied = apply("1 % changed: apply", again)
    sent = feed("1 % changed: feed")
    outcome.expect("rows of the feed", sent.rows, outcome.rows)
    outcome.add(together("1 % changed: plan, apply", today, applied))
    outcome.add(together("1 % changed: whole day", today, applied, sent))
    apply("same again: apply", plan("same again: plan", "changed", {}, repeat))
    apply("inserts in the middle: apply", plan("inserts in the middle: plan", "inserted", right[2], repeat))
    apply("re-sorted: apply", plan("re-sorted: plan", "re-sorted", {}, repeat))


def _duckdb(outcome: Outcome, packages: Packages, place: Path, repeat: int, right: Any) -> None:
    database = place / "design.duckdb"
    outcome.add(measured("DuckDB design: first load", "duckdb_design", "load", database, packages.zip("first")))
    changed = packages.zip("changed")
    planned = _often(repeat, lambda: measured("DuckDB design: plan", "duckdb_design", "plan", database, changed))
    outcome.add(planned)
    outcome.expect("rows changed by DuckDB", planned.said["files"], right)
    outcome.expect("faults found by DuckDB", planned.said["faults"], 0)
    applied = outcome.add(measured("DuckDB design: apply", "duckdb_design", "apply", database))
    sent = outcome.add(measured("DuckDB design: feed", "duckdb_design", "feed", database, place / "duckdb-feed"))
    outcome.expect("rows of DuckDB's feed", sent.rows, outcome.rows)
    outcome.add(together("DuckDB design: whole day", planned, applied, sent))


def _others(outcome: Outcome, packages: Packages, place: Path) -> None:
    """Ways that cannot all be run at every size."""
    for name, module in (("pandas", "pandas_diff"), ("csv-diff", "csv_diff_tool")):
        smaller = _at_most(packages, _LARGEST[name])
        first, changed = smaller.unzipped("first"), smaller.unzipped("changed")
        stage = measured(f"{name}: difference", module, first, changed)
        _judged(outcome, stage, first, changed)
    smaller = _at_most(packages, _LARGEST["row by row"])
    database = place / "rows.db"
    measured("row by row: load", "rows_sqlmodel", "load", database, smaller.zip("first"), packages.version)
    words = ("day", database, smaller.zip("changed"), packages.version)
    stage = measured("row by row: plan, apply", "rows_sqlmodel", *words)
    _judged(outcome, stage, smaller.unzipped("first"), smaller.unzipped("changed"))


def _at_most(packages: Packages, size: str) -> Packages:
    return replace(packages, size=min(packages.size, size, key=_ORDER.index))


def _judged(outcome: Outcome, stage: Stage, first: Path, changed: Path) -> None:
    """Compares its counts with what is right, and keeps it as if it had gone through all the rows of this size."""
    right = measured("what is right", "truth", first, changed).said["files"]
    outcome.expect(f"rows changed by “{stage.name}”", stage.said["files"], right)
    if not stage.rows:
        raise BenchmarkError(f"{stage.name} went through no row")
    outcome.add(stage.extrapolated(outcome.rows / stage.rows))
