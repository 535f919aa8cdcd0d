"""Texts that stand in many rows, kept once: an enrollment names its class, its person and its school."""

from __future__ import annotations

import polars as pl

__all__ = ["shared"]

_INLINE = 12  # bytes of a text that polars keeps in the column itself


def shared(rows: pl.DataFrame) -> pl.DataFrame:
    """The same rows; what stands in a column again and again takes its memory once, and a blank column takes none."""
    texts = [name for name, dtype in rows.schema.items() if dtype == pl.String]
    blank = [name for name in texts if rows[name].null_count() == rows.height]
    rows = rows.with_columns(pl.lit(None, pl.String).alias(name) for name in blank)
    for name in texts:
        if name not in blank:
            rows = rows.with_columns(_shared(rows[name]))
    return rows


def _shared(texts: pl.Series) -> pl.Series:
    longest: int = texts.str.len_bytes().max()  # type: ignore[assignment] # not all are null
    if longest <= _INLINE:
        return texts
    distinct = texts.drop_nulls().unique()
    if distinct.len() * 2 > texts.len():
        return texts
    return distinct.gather(texts.cast(pl.Enum(distinct)).to_physical()).alias(texts.name)
