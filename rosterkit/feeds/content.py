"""What a file holds of whom: which columns have a value in a person's row."""

from __future__ import annotations

import zipfile
from collections.abc import Iterator
from io import BytesIO

import polars as pl

from rosterkit.feeds.base import FeedFile
from rosterkit.feeds.csvout import read_csv

__all__ = ["indexed", "tables"]

_ARCHIVES = (".zip",)


def indexed(file: FeedFile) -> tuple[pl.DataFrame, tuple[str, ...]]:
    """``file.people`` with ``fields``, and the header that these are meant of; for rows of people only.

    ``fields`` has "1" or "0" for each column: whether it has a value in the person's row.
    """
    if file.people.is_empty():
        return file.people.with_columns(fields=pl.lit(None, pl.String)), ()
    table = next((t for name, t in tables(file) if not file.people_in or name == file.people_in), None)
    if table is None:
        return file.people.with_columns(fields=pl.lit(None, pl.String)), ()
    header = [name for name in table.columns if name != "row"]
    marks = pl.concat_str([pl.when(pl.col(name).is_null()).then(pl.lit("0")).otherwise(pl.lit("1")) for name in header])
    known = table.select("row", fields=marks)
    return file.people.join(known, on="row", how="left", maintain_order="left"), tuple(header)


def tables(file: FeedFile) -> Iterator[tuple[str, pl.DataFrame]]:
    """The CSV files in a file by name: itself, or the members of an archive. ``row`` counts the records from 1."""
    if not file.name.lower().endswith(_ARCHIVES):
        yield file.name, _table(file)
        return
    try:
        with zipfile.ZipFile(BytesIO(file.content)) as archive:
            for name in archive.namelist():
                if name.lower().endswith(".csv"):
                    yield name, _table(FeedFile(name, archive.read(name), 0))
    except zipfile.BadZipFile:
        return


def _table(file: FeedFile) -> pl.DataFrame:
    rows = read_csv(file).rows.drop("_line")
    return rows.with_row_index("row", offset=1).with_columns(pl.col("row").cast(pl.Int64))
