"""``python -m benchmarks``: measures, and says how the goals stand; exit code 1 when a gate or an outcome is wrong."""

from __future__ import annotations

import argparse
import sys
from pathlib import Path

from benchmarks.goals import judged
from benchmarks.measure import BenchmarkError
from benchmarks.packages import Packages
from benchmarks.report import as_json, growth, growth_into_page, into_page, table
from benchmarks.runs import Outcome, run
from rosterkit.testing.district import SIZES


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m benchmarks", description=__doc__)
    parser.add_argument(
        "--size", default="M", help="S, M or L (10 thousand, 100 thousand, 1 million students); or S,M,L"
    )
    parser.add_argument("--version", default="1.1", choices=("1.1", "1.2"), help="of OneRoster")
    parser.add_argument("--repeat", type=int, default=3, help="fresh processes whose median counts (L: 1)")
    parser.add_argument(
        "--folder", type=Path, default=Path("build/benchmarks"), help="packages stay here, about 2 GB at L"
    )
    parser.add_argument("--json", type=Path, help="writes everything to this file")
    parser.add_argument("--markdown", type=Path, help="puts the tables into this page")
    return parser.parse_args()


def main() -> int:
    asked = _arguments()
    sizes = [size.strip().upper() for size in asked.size.split(",")]
    if unknown := set(sizes) - set(SIZES):
        sys.stderr.write(f"There is no size {', '.join(sorted(unknown))}: S, M or L.\n")
        return 2
    outcomes: list[Outcome] = []
    try:
        for size in sizes:
            packages = Packages(asked.folder.resolve() / "packages", size, asked.version)
            outcomes.append(run(packages, asked.folder.resolve(), 1 if size == "L" else asked.repeat))
    except BenchmarkError as problem:
        sys.stderr.write(f"{problem}\n")
        return 1
    wrong = [f"{outcome.size}: {what}" for outcome in outcomes for what in outcome.wrong]
    if wrong:  # times of a wrong outcome are worth nothing
        sys.stderr.write("\n".join(["The outcome is wrong, so no times are shown.", *wrong]) + "\n")
        return 1
    _show(outcomes, asked)
    over = [j for outcome in outcomes for j in judged(outcome.size, outcome.stages) if j.over_gate]
    sys.stdout.write(f"\n{len(over)} over the gates.\n" if over else "\nNothing is over its gate.\n")
    return 1 if over else 0


def _show(outcomes: list[Outcome], asked: argparse.Namespace) -> None:
    for outcome in outcomes:
        sys.stdout.write(table(outcome) + "\n\n")
        if asked.markdown:
            into_page(asked.markdown, outcome)
    if len(outcomes) > 1:
        sys.stdout.write(growth(outcomes) + "\n")
        if asked.markdown:
            growth_into_page(asked.markdown, outcomes)
    if asked.json:
        asked.json.write_text(as_json(outcomes), encoding="utf-8")


if __name__ == "__main__":
    raise SystemExit(main())
