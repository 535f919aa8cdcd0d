"""Who is who: the check for a reused id.

When given name, family name and a second identifier (number, state id, birth date) all contradict the stored row, the
id may have been given to another human. It is a case for a person, never an update.
"""

from __future__ import annotations

import polars as pl

__all__ = ["reused_ids"]


def _contradicts(name: str) -> pl.Expr:
    """Both sides have a value, and they differ beyond case and outer spaces."""
    new, old = (pl.col(c).str.strip_chars().str.to_lowercase() for c in (name, f"s.{name}"))
    return (new != old).fill_null(value=False)


def reused_ids(people: pl.DataFrame, demographics: pl.DataFrame) -> pl.Series:
    """Ids of persons whose said row contradicts the stored one; both frames as ``plan.judge`` makes them."""
    known = people.filter(
        pl.col("known") & pl.col("said") & ~pl.col("deleted") & _contradicts("given_name") & _contradicts("family_name")
    )
    born = demographics.filter(pl.col("known") & pl.col("said") & ~pl.col("deleted") & _contradicts("birth_date"))[
        "s.user_id"
    ]
    second = _contradicts("identifier") | _contradicts("state_id") | pl.col("id").is_in(born.implode())
    return known.filter(second)["id"]
