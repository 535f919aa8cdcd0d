"""What an Extract must never be: seen to before anything is planned on it."""

from __future__ import annotations

import polars as pl

from rosterkit.errors import InternalError
from rosterkit.sources.base import Coverage, Extract, Table

__all__ = ["checked"]


def _broken(table: Table) -> list[str]:
    """The promises of ``sources.base.Table`` that this table breaks."""
    rows, key = table.rows, pl.col("sourced_id")
    texts = [name for name, dtype in rows.collect_schema().items() if dtype == pl.String]
    whole = table.invalid.filter(pl.col("column").is_null())["sourced_id"]
    found = rows.select(
        doubled=(key.null_count() > 0) | (key.n_unique() < pl.len()),
        both=key.is_in(whole.implode()).any() if whole.len() else pl.lit(value=False),
        blank=pl.any_horizontal((pl.col(texts) == "").any()),
    ).collect()
    meanings = {
        "doubled": "a sourced id is missing or occurs twice",
        "both": "a record is readable and unreadable",
        "blank": "a blank is not null",
    }
    return [meanings[name] for name, broken in found.row(0, named=True).items() if broken]


def checked(extract: Extract) -> Extract:
    """The extract itself, once it is seen to keep the promises of the contract; InternalError names a broken one."""
    for table in extract.tables:
        for promise in _broken(table) if table.coverage is not Coverage.ABSENT else ():
            raise InternalError(f"The source broke a promise about {table.entity}: {promise}. Report it to its makers.")
    return extract
