"""Texts that stand in many rows are kept once, and stay what they are."""

from __future__ import annotations

import polars as pl

from rosterkit.intake.sharing import shared


def test_shared_texts_are_the_same_texts() -> None:
    rows = pl.DataFrame(
        {
            "class": ["a class with a long id", None, "another class with one", "a class with a long id"] * 10,
            "person": [f"a person with a long id {at}" for at in range(40)],
            "role": ["student", "teacher", None, "student"] * 10,
            "blank": pl.Series([None] * 40, dtype=pl.String),
            "line": range(40),
        }
    )
    assert shared(rows).equals(rows)
    assert shared(rows).schema == rows.schema
    assert shared(rows.clear()).equals(rows.clear())
