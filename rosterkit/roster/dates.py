"""When a record that has dates counts: from its begin date on, and no longer on its end date (OneRoster 1.2, 4.13)."""

from __future__ import annotations

from datetime import date

import polars as pl


def counts_on(day: date, begins: str = "begin_date", ends: str = "end_date") -> pl.Expr:
    """Whether a row (dates are YYYY-MM-DD texts, null where there is none) counts on that day; never null."""
    text = day.isoformat()
    begun = pl.col(begins).is_null() | (pl.col(begins) <= text)
    return begun & (pl.col(ends).is_null() | (pl.col(ends) > text))
