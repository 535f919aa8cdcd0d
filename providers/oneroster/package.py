"""The bytes of a OneRoster package: CSV files, manifest and zip, the same for the same rows wherever they are made."""

from __future__ import annotations

import zipfile
from collections.abc import Iterable, Mapping
from io import BytesIO

import polars as pl

from providers.oneroster.format import FILES, manifest_properties
from rosterkit.delivery.feed import FeedFile

__all__ = ["csv_bytes", "manifest", "zipped"]

_EPOCH = (1980, 1, 1, 0, 0, 0)  # the earliest time that a zip can say
_MODE = 0o100644 << 16  # a plain file


def csv_bytes(rows: pl.DataFrame) -> bytes:
    """The rows by sourcedId as CSV: UTF-8 without BOM, LF, quotes only where RFC 4180 needs them, blank for null."""
    text = [_text(name, dtype).alias(name) for name, dtype in rows.schema.items()]
    out = BytesIO()
    rows.sort("sourcedId").select(text).write_csv(out, line_terminator="\n", quote_style="necessary")
    return out.getvalue()


def _text(name: str, dtype: pl.DataType) -> pl.Expr:
    cell = pl.col(name)
    if dtype == pl.Boolean:
        return pl.when(cell).then(pl.lit("true")).when(~cell).then(pl.lit("false"))
    return cell.list.join(",") if dtype == pl.List(pl.String) else cell


def manifest(version: str, present: Iterable[str]) -> FeedFile:
    """manifest.csv: the files present as bulk, every other file of the version as absent."""
    bulk = {f"file.{name}" for name in present}
    values = {"manifest.version": "1.0", "oneroster.version": version}
    values |= {f"file.{name}": "bulk" if f"file.{name}" in bulk else "absent" for name in FILES[version]}
    lines = [
        "propertyName,value",
        *(f"{name},{values[name]}" for name in manifest_properties(version) if name in values),
    ]
    return FeedFile("manifest.csv", ("\n".join(lines) + "\n").encode(), len(values))


def zipped(files: Mapping[str, bytes]) -> bytes:
    """A zip of these files at its root: names sorted, one fixed time, plain permissions, deflated at level 6."""
    out = BytesIO()
    with zipfile.ZipFile(out, "w") as package:
        for name in sorted(files):
            member = zipfile.ZipInfo(name, _EPOCH)
            member.create_system = 3  # Unix, wherever it is made
            member.external_attr = _MODE
            package.writestr(member, files[name], zipfile.ZIP_DEFLATED, 6)
    return out.getvalue()
