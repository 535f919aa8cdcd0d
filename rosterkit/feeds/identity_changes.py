"""How many people have another identifier in a file than in the last one: a vendor would take them for new people."""

from __future__ import annotations

from collections.abc import Sequence

import polars as pl

from rosterkit.feeds.csvout import CsvTable, unmatched


def identity_changes(now: CsvTable, last: CsvTable | None, key: str, same: Sequence[str]) -> int:
    """How many rows agree with one row of the last file in the columns ``same``, and have another ``key``.

    All columns are compared in any case. A combination that several rows of one file have counts for nobody.
    """
    columns = {key, *same}
    if last is None or not columns <= set(now.header) & set(last.header):
        return 0
    fresh, lost = unmatched(now, last)
    if fresh.join(lost, on=[pl.col(name).str.to_lowercase() for name in same], how="semi").is_empty():
        return 0  # most often: nothing that differs agrees in these columns
    both = _single(now, key, same).join(_single(last, key, same), on=list(same), suffix="_then")
    return both.filter(pl.col(key) != pl.col(f"{key}_then")).height


def _single(table: CsvTable, key: str, same: Sequence[str]) -> pl.DataFrame:
    rows = table.rows.select(pl.col(key, *same).str.to_lowercase()).drop_nulls().unique()
    return rows.filter(~pl.struct(same).is_duplicated())
