"""Columns of lists, worked on as one long column of items: by the list, polars takes a hundred times as long."""

from __future__ import annotations

import polars as pl


def each(lists: pl.Series, item: pl.Expr) -> pl.Series:
    """The lists with ``item``, told of the column ``item``, in the place of every item; one that becomes null goes.

    The very same series where that changes nothing.
    """
    distinct = lists.drop_nulls().explode(empty_as_null=False).unique().to_frame("item")
    if not distinct.select((item.ne_missing(_ITEM) | item.is_null()).any()).item():
        return lists
    flat = _flat(lists).select("row", item=item).drop_nulls()
    return _folded(flat, lists)


def texts(lists: pl.Series, ids: pl.Series) -> pl.Series:
    """The lists with the ids at the places that they name."""
    flat = _flat(lists)
    return _folded(flat.select("row", item=ids.gather(flat["item"])), lists)


def as_set(lists: pl.Series) -> pl.Series:
    """The lists as sets: no item twice, none null, sorted. The very same series where they are."""
    flat = _flat(lists)
    rising = (_ITEM.shift() < _ITEM) | (pl.col("row") != pl.col("row").shift()).fill_null(value=True)
    if flat.select((rising & _ITEM.is_not_null()).all()).item():
        return lists
    return _folded(flat.drop_nulls().unique().sort("row", "item"), lists)


_ITEM = pl.col("item")


def _flat(lists: pl.Series) -> pl.DataFrame:
    """``row`` and ``item`` of every item, in order."""
    return lists.to_frame("item").with_row_index("row").explode("item", empty_as_null=False, keep_nulls=False)


def _folded(flat: pl.DataFrame, lists: pl.Series) -> pl.Series:
    """The lists of these items; where there was a list and none is left, the empty one."""
    made = flat.lazy().set_sorted("row").group_by("row", maintain_order=True).agg("item")
    rows = lists.to_frame("was").lazy().with_row_index("row").join(made, on="row", how="left", maintain_order="left")
    kept = pl.when(pl.col("was").is_not_null()).then(pl.coalesce("item", pl.lit([], made.collect_schema()["item"])))
    return rows.select(kept.alias(lists.name)).collect().to_series()
