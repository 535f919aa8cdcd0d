"""The bytes of a OneRoster package: CSV files, manifest and zip, the same for the same rows on any machine."""

from __future__ import annotations

import zipfile
from collections.abc import Iterable, Iterator, Mapping, Sequence
from io import BytesIO
from typing import IO

import polars as pl
from isal import isal_zlib

from providers.oneroster.itemlists import texts
from providers.oneroster.spec import FILES, manifest_properties
from rosterkit.feeds.base import FeedFile

_EPOCH = (1980, 1, 1, 0, 0, 0)  # the earliest time in a zip
_MODE = 0o100644 << 16  # a plain file
_LINES = 50_000  # rows per write, so that no whole file is in memory
_LARGE = 2_000_000  # rows from which on a file might pass 2 GiB, so its entry needs zip64 from the start


def csv_file(
    name: str, columns: Sequence[str], parts: Iterable[pl.DataFrame], rows: int, ids: Mapping[str, pl.Series]
) -> FeedFile:
    """The rows as CSV: UTF-8 without BOM, LF, quotes only where RFC 4180 needs them, blank for null.

    ``parts`` are sorted by sourcedId and can be iterated again. ``ids``: by column, the ids that its cells point into.
    """

    def write(out: IO[bytes]) -> None:
        for number, lines in enumerate(_batches(_as_text(part, columns, ids) for part in parts)):
            text = BytesIO()  # one write each: the deflated bytes depend on where writes end
            lines.write_csv(text, include_header=not number, line_terminator="\n", quote_style="necessary")
            out.write(text.getbuffer())

    return FeedFile(f"{name}.csv", write, rows)


class SortedParts:
    """The rows of a frame by sourcedId, in parts: never twice in memory."""

    def __init__(self, rows: pl.DataFrame) -> None:
        self._rows = rows

    def __iter__(self) -> Iterator[pl.DataFrame]:
        order = self._rows["sourcedId"].arg_sort()
        return (self._rows[order.slice(begin, _LINES)] for begin in range(0, order.len(), _LINES))


def _batches(parts: Iterable[pl.DataFrame]) -> Iterator[pl.DataFrame]:
    """The same rows in frames of ``_LINES`` rows, the last one shorter."""
    rest = None
    for part in parts:
        lines = part if rest is None else pl.concat([rest, part])
        whole = lines.height // _LINES * _LINES
        yield from lines.head(whole).iter_slices(_LINES)
        rest = lines.slice(whole)
    if rest is not None and rest.height:
        yield rest


def _as_text(rows: pl.DataFrame, columns: Sequence[str], ids: Mapping[str, pl.Series]) -> pl.DataFrame:
    named = [
        texts(rows[name], among) if isinstance(rows[name].dtype, pl.List) else among.gather(rows[name]).alias(name)
        for name, among in ids.items()
    ]
    decoded = rows.with_columns(named)
    return decoded.select(_text(name, decoded.schema.get(name)).alias(name) for name in columns)


def _text(name: str, dtype: pl.DataType | None) -> pl.Expr:
    cell = pl.col(name)
    if dtype is None or dtype == pl.Null:
        return pl.lit(None, pl.String)
    if dtype == pl.Boolean:
        return pl.when(cell).then(pl.lit("true")).when(~cell).then(pl.lit("false"))
    return cell.list.join(",") if dtype == pl.List else cell


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


def zipped(name: str, files: Iterable[FeedFile], rows: int) -> FeedFile:
    """A zip of these files at its root: names sorted, one fixed time, plain permissions, deflated.

    The bytes of the members are the same on any machine; the deflated bytes depend on the platform.
    """
    members = sorted(files, key=lambda file: file.name)

    def write(out: IO[bytes]) -> None:
        with zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as package:
            for file in members:
                member = zipfile.ZipInfo(file.name, _EPOCH)
                member.compress_type = zipfile.ZIP_DEFLATED
                member.create_system = 3  # Unix, wherever it is made
                member.external_attr = _MODE
                with package.open(member, "w", force_zip64=file.rows > _LARGE) as into:
                    _deflated_by_isal(into)
                    file.write(into)

    return FeedFile(name, write, rows, parts={file.name: file.rows for file in members})


def _deflated_by_isal(member: IO[bytes]) -> None:
    """Python's zip files know zlib alone; isal is ten times as fast, and smaller than zlib's level 6."""
    deflate = isal_zlib.compressobj(2, isal_zlib.DEFLATED, -15)
    member._compressor = deflate  # type: ignore[attr-defined]  # noqa: SLF001 - the only seam; a test watches it
