"""Extension columns: whatever a district adds is kept as attributes."""

from __future__ import annotations

import json
from collections.abc import Sequence

import polars as pl

from providers.oneroster.cells import SPACES


def attributes(names: Sequence[str]) -> pl.Expr:
    """Extension columns as a JSON object of those that have a value."""
    pairs = [pl.concat_str(pl.lit(json.dumps(name, ensure_ascii=False) + ":"), _quoted(name)) for name in sorted(names)]
    joined = pl.concat_str(pairs, separator=",", ignore_nulls=True)
    return pl.when(joined != "").then(pl.concat_str(pl.lit("{"), joined, pl.lit("}")))


def _quoted(name: str) -> pl.Expr:
    text = pl.col(name).str.strip_chars(SPACES)
    return pl.when(text != "").then(text.map_batches(_json_strings, return_dtype=pl.String))


def _json_strings(values: pl.Series) -> pl.Series:
    """Each text as a JSON string, by its distinct values; null stays null."""
    distinct = values.drop_nulls().unique()
    quoted = pl.Series([json.dumps(value, ensure_ascii=False) for value in distinct], dtype=pl.String)
    return values.replace_strict(distinct, quoted, default=None) if distinct.len() else values
