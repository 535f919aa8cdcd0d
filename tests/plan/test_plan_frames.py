"""Frames of judged rows without needless copies."""

from __future__ import annotations

import polars as pl
from hypothesis import given
from hypothesis import strategies as st

from rosterkit.plan.frames import order_of, where
from rosterkit.plan.natural_keys import named


@given(st.lists(st.text(alphabet="aAé€0|% \U0001f600", max_size=12), unique=True))
def test_the_order_of_keys_is_that_of_their_bytes(keys: list[str]) -> None:
    texts = pl.Series("sourced_id", keys, pl.String)
    assert texts.gather(order_of(texts)).to_list() == sorted(keys, key=str.encode)


def test_all_rows_are_the_frame_itself() -> None:
    rows = pl.DataFrame({"id": [1, 2, 3], "action": ["create", "create", None]})
    assert where(rows, pl.col("id") > 0) is rows
    assert where(rows, pl.col("action") == "create")["id"].to_list() == [1, 2]


def test_ids_are_named_in_whatever_order_they_are_known() -> None:
    known = pl.DataFrame({"id": [9, 3], "sourced_id": ["nine", "three"]})
    assert named(pl.Series([3, None, 4, 9, 10, 1], dtype=pl.Int64), known).to_list() == [
        "three",
        None,
        None,
        "nine",
        None,
        None,
    ]
    assert named(pl.Series([3, None]), known.clear()).to_list() == [None, None]
