"""csv-diff, the tool of that name: two days compared, file by file. A difference only, as with pandas."""

from __future__ import annotations

from benchmarks.child import Phases  # isort: skip - first, so that imports are timed

import sys
from pathlib import Path

import csv_diff

from benchmarks.packages import rows_of


def main(before: Path, after: Path) -> None:
    phases = Phases()
    files, rows = {}, 0
    with phases.phase("difference"):
        for path in rows_of(after):
            with (before / path.name).open(newline="") as old, path.open(newline="") as new:
                previous = csv_diff.load_csv(old, key="sourcedId", dialect="excel")
                current = csv_diff.load_csv(new, key="sourcedId", dialect="excel")
            found = csv_diff.compare(previous, current)
            files[path.stem] = {
                "create": len(found["added"]),
                "archive": len(found["removed"]),
                "update": len(found["changed"]),
            }
            rows += len(current)
    phases.say(files=files, rows=rows)


if __name__ == "__main__":
    main(Path(sys.argv[1]), Path(sys.argv[2]))
