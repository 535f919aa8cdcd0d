"""What an Extract must never be: seen to before anything is planned on it."""

from __future__ import annotations

import polars as pl

from rosterkit.errors import InternalError
from rosterkit.sources.base import Coverage, Extract, Table


def _broken(table: Table) -> str:
    """The promise of ``sources.base.Table`` that the keys of this table break; "" where they keep all."""
    key = pl.col("sourced_id")
    read = table.rows.select(key, hash=key.hash()).collect()
    keys, distinct = read["sourced_id"], read["hash"].n_unique()  # quicker than the texts, and never more than they are
    if keys.null_count() or (distinct < keys.len() and keys.n_unique() < keys.len()):
        return "a sourced id is missing or occurs twice"
    if table.invalid.is_empty():
        return ""
    whole = table.invalid.filter(pl.col("column").is_null())["sourced_id"]
    return "a record is readable and unreadable" if keys.is_in(whole.implode()).any() else ""


def _refusal(entity: str, promise: str) -> InternalError:
    return InternalError(f"The source broke a promise about {entity}: {promise}. Report it to its makers.")


def checked(extract: Extract) -> Extract:
    """The extract itself, once its keys are seen to keep the contract; InternalError names a broken promise."""
    for table in extract.tables:
        if table.coverage is not Coverage.ABSENT and (promise := _broken(table)):
            raise _refusal(table.entity, promise)
    return extract


def without_blanks(entity: str, rows: pl.DataFrame) -> pl.DataFrame:
    """The rows themselves; InternalError where a text is blank, and not null. Looked at where all cells are read."""
    texts = [name for name, dtype in rows.schema.items() if dtype == pl.String]
    if rows.select(pl.any_horizontal((pl.col(texts) == "").any())).item():
        raise _refusal(entity, "a blank is not null")
    return rows
