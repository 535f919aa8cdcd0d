"""pandas: two days read whole and compared, file by file. A difference only: nothing is checked, kept or applied."""

from __future__ import annotations

from benchmarks.child import Phases  # isort: skip - first, so that imports are timed

import sys
from pathlib import Path

import pandas as pd

from benchmarks.packages import rows_of


def _read(path: Path) -> pd.DataFrame:
    return pd.read_csv(path, dtype=str, keep_default_na=False).set_index("sourcedId")


def main(before: Path, after: Path) -> None:
    phases = Phases()
    files, rows = {}, 0
    with phases.phase("difference"):
        for path in rows_of(after):
            old, new = _read(before / path.name), _read(path)
            both = new.index.intersection(old.index)
            other = (new.loc[both] != old.loc[both]).any(axis=1)
            files[path.stem] = {
                "create": len(new) - len(both),
                "archive": len(old) - len(both),
                "update": int(other.sum()),
            }
            rows += len(new)
    phases.say(files=files, rows=rows)


if __name__ == "__main__":
    main(Path(sys.argv[1]), Path(sys.argv[2]))
