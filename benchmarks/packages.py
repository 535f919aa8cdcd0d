"""The packages that are measured with: invented districts, made once and kept."""

from __future__ import annotations

import hashlib
import shutil
import sys
import zipfile
from dataclasses import dataclass
from pathlib import Path

from rosterkit.testing import district
from rosterkit.testing.district import SIZES, Day, District, write_district

__all__ = ["DAYS", "Packages", "rows_of"]

DAYS = {
    "first": Day(),
    "changed": Day(1),
    "inserted": Day(2, inserted=True),
    "re-sorted": Day(2, resorted=True),
}
"""Each in the order in which it is planned. The content of "re-sorted" is that of the day before it."""


def _generator() -> str:
    """A digest of the generator's own text."""
    sources = sorted(Path(district.__file__).parent.glob("district*.py"))
    return hashlib.sha256(b"".join(path.read_bytes() for path in sources)).hexdigest()[:8]


_MADE_BY = _generator()
"""The folder of packages made by this generator: one that has changed since makes others."""


@dataclass(frozen=True)
class Packages:
    """The days of a district of that size and version, in a folder where they stay for the next run."""

    folder: Path
    size: str
    version: str

    def zip(self, day: str) -> Path:
        path = self.folder / _MADE_BY / f"{self.size}-{self.version}-{day.replace(' ', '-')}.zip"
        if not path.exists():
            sys.stderr.write(f"Making {path.name} …\n")
            path.parent.mkdir(parents=True, exist_ok=True)
            half = path.with_suffix(".half")
            write_district(half, District(SIZES[self.size], version=self.version), DAYS[day])
            half.rename(path)
        return path

    def unzipped(self, day: str) -> Path:
        """A folder with the files of that day."""
        path = self.zip(day)
        folder = path.with_suffix("")
        if not folder.exists():
            half = path.with_suffix(".halfway")
            shutil.rmtree(half, ignore_errors=True)
            with zipfile.ZipFile(path) as package:
                package.extractall(half)
            half.rename(folder)
        return folder


def rows_of(folder: Path) -> list[Path]:
    """The files of an unzipped package that hold records."""
    return sorted(path for path in folder.glob("*.csv") if path.name != "manifest.csv")
