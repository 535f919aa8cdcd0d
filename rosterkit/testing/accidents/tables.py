"""A OneRoster package as frames of text, changed as a whole: what the accidents are written in."""

from __future__ import annotations

import io
import zipfile
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path

import polars as pl

from rosterkit.testing.package import manifest_text


@dataclass(frozen=True)
class Package:
    """``tables``, by file name without ``.csv``: every column as text, a blank cell is null. ``deltas``: files that the
    manifest calls so. ``texts``: what is done to the bytes of a file last.
    """

    tables: Mapping[str, pl.DataFrame]
    deltas: frozenset[str] = frozenset()
    texts: Mapping[str, Callable[[bytes], bytes]] = field(default_factory=dict)

    def with_table(self, name: str, rows: pl.DataFrame) -> Package:
        return replace(self, tables={**self.tables, name: rows})

    def write(self, folder: Path) -> Path:
        """Writes the package into that folder, which is made."""
        folder.mkdir(parents=True)
        for name, rows in self.tables.items():
            content = rows.write_csv(line_terminator="\n").encode()
            (folder / f"{name}.csv").write_bytes(self.texts.get(name, bytes)(content))
        modes = {name: "delta" if name in self.deltas else "bulk" for name in self.tables}
        (folder / "manifest.csv").write_text(manifest_text(modes), encoding="utf-8")
        return folder


Change = Callable[[Package], Package]


def read_package(path: Path) -> Package:
    """The package in that zip file."""
    tables = {}
    with zipfile.ZipFile(path) as archive:
        for member in archive.namelist():
            if member.endswith(".csv") and member != "manifest.csv":
                content = io.BytesIO(archive.read(member))
                tables[member[:-4]] = pl.read_csv(content, infer_schema=False)
    return Package(tables)


def table(name: str, change: Callable[[pl.DataFrame], pl.DataFrame]) -> Change:
    """One file changed."""
    return lambda package: package.with_table(name, change(package.tables[name]))


def text(name: str, change: Callable[[bytes], bytes]) -> Change:
    """The bytes of one file changed."""
    return lambda package: replace(package, texts={**package.texts, name: change})


def within(roles: tuple[str, ...], **columns: pl.Expr) -> Callable[[pl.DataFrame], pl.DataFrame]:
    """Columns changed in the rows of these roles; an expression sees only those rows."""

    def change(rows: pl.DataFrame) -> pl.DataFrame:
        numbered = rows.with_row_index("_row")
        mine = pl.col("role").is_in(roles)
        changed = numbered.filter(mine).with_columns(**columns)
        return pl.concat([changed, numbered.filter(~mine)]).sort("_row").drop("_row")

    return change


def shifted(name: str, rows: int = 1) -> pl.Expr:
    """The column moved down by so many rows; the last become the first."""
    count = pl.len().cast(pl.Int64)
    return pl.col(name).gather((pl.int_range(count) - rows) % count)


def moved(rows: int, *names: str) -> dict[str, pl.Expr]:
    """These columns moved together."""
    return {name: shifted(name, rows) for name in names}


def header(name: str, old: str, new: str) -> Change:
    """A column under another name."""
    return table(name, lambda rows: rows.rename({old: new}))
