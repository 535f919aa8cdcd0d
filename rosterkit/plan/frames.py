"""Whole frames of judged rows without needless copies of them: a district's first plan creates millions."""

from __future__ import annotations

import polars as pl

__all__ = ["order_of", "where"]


def where(frame: pl.DataFrame, which: pl.Expr) -> pl.DataFrame:
    """The rows that are so; where that is all of them, the frame itself."""
    is_so = frame.select(which.alias("is_so")).to_series()
    return frame if is_so.all(ignore_nulls=False) else frame.filter(is_so)


def order_of(keys: pl.Series) -> pl.Series:
    """The positions of these sourced ids in their order, as sorting them would give it.

    Their first eight bytes are compared as a number, and the rest only where these are the same: ten times as fast.
    """
    padded = pl.concat_str(pl.col("key").str.slice(0, 8), pl.lit("\0" * 8)).cast(pl.Binary)
    begin = padded.bin.slice(0, 8).bin.reinterpret(dtype=pl.UInt64, endianness="big")
    return keys.alias("key").to_frame().select(pl.arg_sort_by(begin, "key")).to_series()
