"""P and Z: nothing but reading the files with polars, all text; the files unzipped already (P), or from the zip (Z)."""

from __future__ import annotations

from benchmarks.child import Phases  # isort: skip - first, so that imports are timed

import io
import sys
import zipfile
from pathlib import Path

import polars as pl

from benchmarks.packages import rows_of


def main(package: Path) -> None:
    phases = Phases()
    rows = 0
    with phases.phase("read"):
        if package.is_dir():
            for path in rows_of(package):
                rows += pl.read_csv(path, infer_schema=False).height
        else:
            with zipfile.ZipFile(package) as files:
                for name in files.namelist():
                    if name != "manifest.csv":
                        rows += pl.read_csv(io.BytesIO(files.read(name)), infer_schema=False).height
    phases.say(rows=rows)


if __name__ == "__main__":
    main(Path(sys.argv[1]))
