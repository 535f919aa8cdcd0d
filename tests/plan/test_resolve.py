"""Looking up what references mean."""

from __future__ import annotations

from typing import cast

import polars as pl

from rosterkit.plan.resolve import Resolver
from rosterkit.plan.snapshot import Snapshot


def test_a_blank_column_of_references_beside_many_records() -> None:
    """In large districts a column may hold no reference at all: a table of agents that a misspelt header left blank."""
    planned = pl.DataFrame({"sourced_id": [str(i) for i in range(20_000)], "id": range(20_000)})
    resolver = Resolver(cast("Snapshot", None), frozenset(), {("User", "main", ""): planned})
    assert resolver.ids("User", "main", "", pl.Series("user", [None] * 3, dtype=pl.String)).height == 20_000
