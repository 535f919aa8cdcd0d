"""Three packages of one district compared: ``python -m benchmarks.comparison [SIZE]`` prints a row for README.md.

The packages are the nights of ``benchmarks.packages``. With paths after ``--inside`` it is the measured process.
"""

from __future__ import annotations

import sys
from datetime import date
from pathlib import Path

from benchmarks.child import Phases
from benchmarks.measure import measured
from benchmarks.packages import Packages

__all__ = ["main"]

_AS_OF = date(2026, 10, 1)
_NIGHTS = ("first", "changed", "inserted")


def main(words: list[str]) -> None:
    """Measures, or is measured."""
    if words[:1] == ["--inside"]:
        _inside([Path(word) for word in words[1:]])
        return
    size = words[0] if words else "M"
    packages = Packages(Path("build/benchmarks"), size, "1.1")
    stage = measured("compare", "comparison", "--inside", *(packages.zip(night) for night in _NIGHTS))
    read, asked = stage.phases["read"], stage.phases["compare"]
    sys.stdout.write(
        f"| {size} | {stage.rows:,} | {read:.1f} | {asked:.1f} | {stage.whole:.1f} | {stage.processor:.1f} | "
        f"{stage.peak / 2**20:,.0f} |\n"
    )


def _inside(paths: list[Path]) -> None:
    from rosterkit.compare.comparison import compare  # noqa: PLC0415 - importing it is measured
    from rosterkit.compare.reading import from_text, read  # noqa: PLC0415 - as above
    from rosterkit.compare.settings import CompareSettings  # noqa: PLC0415 - as above
    from rosterkit.render.compare_html import page  # noqa: PLC0415 - as above
    from rosterkit.sources.base import no_progress  # noqa: PLC0415 - as above

    phases = Phases()
    asked = [from_text(f"night-{number}@oneroster:{path}", Path()) for number, path in enumerate(paths)]
    with phases.phase("read"):
        delivered, _ = read(asked, _AS_OF, secret=lambda reference, _: reference, progress=no_progress)
    with phases.phase("compare"):
        found = compare(delivered, CompareSettings(), _AS_OF)
    with phases.phase("page"):
        written = page(found)
    rows = sum(sum(one.extract.rows_read.values()) for one in delivered)
    phases.say(rows=rows, page=len(written))


if __name__ == "__main__":
    main(sys.argv[1:])
