"""What a file holds of whom: which columns have a value in a person's row."""

from __future__ import annotations

import zipfile
from collections.abc import Iterator
from io import BytesIO

import polars as pl

from rosterkit.feeds.base import FeedFile
from rosterkit.feeds.csvout import read_csv
from rosterkit.feeds.receipt import Sent

INDEX: dict[str, type[pl.DataType]] = {
    "user": pl.String,  # source and sourced_id, "/" between; the source is blank where the file itself names people
    "row": pl.Int64,
    "state": pl.String,  # as in PEOPLE
    "since": pl.String,
    "fields": pl.String,  # "1" or "0" for each column of the header: whether it has a value in the row
}
"""PEOPLE, and which columns have a value."""

_ARCHIVES = (".zip",)
_LARGEST = 256 << 20  # bytes; a larger file is not indexed: it is searched when somebody asks


def indexed(file: FeedFile, sent: Sent, people_by: tuple[str, str] | None) -> tuple[pl.DataFrame, tuple[str, ...]]:
    """INDEX of the file, and the header that ``fields`` is meant of.

    ``people_by``: the file or member whose rows are people, and its column of sourced ids, where the feed gives no
    ``people``.
    """
    people = file.people.with_columns(fields=pl.lit(None, pl.String)).select(list(INDEX))
    if sent.bytes > _LARGEST or (people.is_empty() and people_by is None):
        return people, ()
    wanted = people_by[0] if people.is_empty() and people_by else file.people_in or file.name
    table = next((found for _, found in tables(file, only=wanted)), None)
    if table is None:
        return people, ()
    header = [name for name in table.columns if name != "row"]
    marks = pl.concat_str([pl.when(pl.col(name).is_null()).then(pl.lit("0")).otherwise(pl.lit("1")) for name in header])
    if people.is_empty():
        assert people_by is not None
        named = table.filter(pl.col(people_by[1]).is_not_null()) if people_by[1] in header else table.clear()
        key = pl.format("/{}", pl.col(people_by[1])) if people_by[1] in header else pl.lit("")
        nothing = pl.lit(None, pl.String)
        return named.select(user=key, row="row", state=pl.lit("sent"), since=nothing, fields=marks), tuple(header)
    known = table.select("row", fields=marks)
    return people.drop("fields").join(known, on="row", how="left", maintain_order="left"), tuple(header)


def tables(file: FeedFile, *, only: str = "") -> Iterator[tuple[str, pl.DataFrame]]:
    """The CSV files in a file by name: itself, or the members of an archive. ``row`` counts the records from 1.

    ``only``: the name of the one that is wanted.
    """
    if not file.name.lower().endswith(_ARCHIVES):
        if file.name == (only or file.name):
            yield file.name, _table(file)
        return
    try:
        with zipfile.ZipFile(BytesIO(file.content)) as archive:
            for name in archive.namelist():
                if name.lower().endswith(".csv") and name == (only or name):
                    yield name, _table(FeedFile(name, archive.read(name), 0, built=file.built))
    except zipfile.BadZipFile:
        return


def _table(file: FeedFile) -> pl.DataFrame:
    rows = read_csv(file).rows.drop("_line")
    return rows.with_row_index("row", offset=1).with_columns(pl.col("row").cast(pl.Int64))
