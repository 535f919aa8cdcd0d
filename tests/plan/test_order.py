"""The order of keys."""

from __future__ import annotations

import polars as pl
import pytest
from hypothesis import given
from hypothesis import strategies as st

from rosterkit.plan.order import order_of, ranks

TEXT = "aAé€0|% \U0001f600"


@pytest.mark.deep
@given(st.lists(st.text(alphabet=TEXT, max_size=12), unique=True), st.text(alphabet=TEXT, max_size=12))
def test_the_order_of_keys_is_that_of_their_bytes(keys: list[str], shared: str) -> None:
    texts = pl.Series("sourced_id", [shared + key for key in keys], pl.String)
    assert texts.gather(order_of(texts)).to_list() == sorted(texts.to_list(), key=str.encode)


def test_a_rank_counts_the_keys_before() -> None:
    assert ranks(pl.Series("sourced_id", ["c", "a", "d", "b"])).to_list() == [2, 0, 3, 1]
