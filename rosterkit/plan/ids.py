"""Sets of integer ids and of texts, as Series."""

from __future__ import annotations

import polars as pl

NO_IDS = pl.Series("id", [], dtype=pl.Int64)

_MANY = 10_000  # values from which on whole columns are quicker than Python


def among(value: pl.Expr, ids: pl.Series) -> pl.Expr:
    """Whether the value is one of these."""
    return value.is_in(pl.lit(ids).implode()) if ids.len() else pl.lit(value=False)


def minus(ids: pl.Series, *others: pl.Series) -> pl.Series:
    """The distinct ids that are in none of the others; no null."""
    if ids.len() + sum(other.len() for other in others) < _MANY:
        left = set(ids.to_list()).difference({None}, *(other.to_list() for other in others))
        return pl.Series(ids.name, sorted(left), dtype=ids.dtype)
    query = ids.alias("_id").to_frame().lazy().drop_nulls().unique(maintain_order=True)
    for other in others:
        query = query.join(other.alias("_id").to_frame().lazy(), on="_id", how="anti")
    return query.collect().to_series().alias(ids.name)
