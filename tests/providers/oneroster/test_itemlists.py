"""Lists worked on item by item, against the same worked list by list."""

from __future__ import annotations

import polars as pl
import pytest
from hypothesis import given
from hypothesis import strategies as st

from providers.oneroster.itemlists import as_set, each

ITEMS = st.none() | st.sampled_from(["", "9", "09", " x ", "a,b", "é"])
LISTS = st.lists(st.none() | st.lists(ITEMS, max_size=4), max_size=6)

Items = list[list[str | None] | None]


def _series(items: Items) -> pl.Series:
    return pl.Series("grades", items, pl.List(pl.String))


@pytest.mark.deep
@given(LISTS)
def test_a_set_has_no_item_twice_none_that_is_null_and_is_sorted(items: Items) -> None:
    wanted = [None if one is None else sorted({item for item in one if item is not None}) for one in items]
    made = as_set(_series(items))
    assert (made.name, made.dtype, made.to_list()) == ("grades", pl.List(pl.String), wanted)


@pytest.mark.deep
@given(LISTS)
def test_every_item_gives_way_and_those_that_become_none_go(items: Items) -> None:
    bare = pl.col("item").str.strip_chars()
    made = each(_series(items), pl.when(bare != "").then(bare))
    wanted = [None if one is None else [item.strip() for item in one if item and item.strip()] for one in items]
    assert (made.name, made.dtype, made.to_list()) == ("grades", pl.List(pl.String), wanted)


@pytest.mark.parametrize("items", [[["09"], None, [], ["a", "a"]], [None], [[]], []])
def test_what_changes_nothing_gives_the_very_same_lists(items: Items) -> None:
    lists = _series(items)
    assert each(lists, pl.col("item").str.strip_chars()) is lists


def test_an_item_that_is_null_is_a_change() -> None:
    lists = _series([["09", None]])
    assert each(lists, pl.col("item")).to_list() == [["09"]]
