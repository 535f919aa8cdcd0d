"""Who is who: the check for a reused id.

When given name, family name and a second identifier (number, state id, birth date) all contradict the stored row, the
id may have been given to another human. It is a case for a person, never an update. Of who has signed in, both names
are enough where no number agrees: few guardians have one, and policy would go on showing the old names and address
beside the new links.
"""

from __future__ import annotations

import polars as pl

from rosterkit.plan.ids import NO_IDS, among
from rosterkit.plan.records import Records, delivered_row, node

__all__ = ["reused_ids"]

_NONE = pl.Series("node", [], dtype=pl.Int64)


def _contradicts(name: str) -> pl.Expr:
    """Both sides have a value, and they differ beyond case and outer spaces."""
    new, old = (pl.col(c).str.strip_chars().str.to_lowercase() for c in (name, f"s.{name}"))
    return (new != old).fill_null(value=False)


def reused_ids(records: Records, signed_in: pl.Series = NO_IDS) -> pl.Series:
    """Nodes of the persons whose delivered row contradicts the stored one. ``signed_in``: ids of users."""
    if "User" not in records.values:
        return _NONE
    both = records.of("User").lazy().filter(_contradicts("given_name") & _contradicts("family_name"))
    agrees = pl.any_horizontal(pl.col(name) == pl.col(f"s.{name}") for name in ("identifier", "state_id"))
    seconds = _contradicts("identifier") | _contradicts("state_id")
    names = both.select("id", second=seconds, agrees=agrees.fill_null(value=False)).collect()
    if names.is_empty():
        return _NONE
    born = pl.Series("id", [], dtype=pl.Int64)
    if "Demographics" in records.values:
        rows = records.of("Demographics").lazy().filter(_contradicts("birth_date"))
        delivered = _delivered(records, "Demographics")
        born = rows.join(delivered, on="id", how="semi").select("s.user_id").collect().to_series()
    has_account = among(pl.col("id"), signed_in) & ~pl.col("agrees")
    second = names.lazy().filter(pl.col("second") | among(pl.col("id"), born) | has_account)
    return (
        second.join(_delivered(records, "User"), on="id", how="semi")
        .select(node("User", pl.col("id")).alias("node"))
        .collect()
        .to_series()
    )


def _delivered(records: Records, entity: str) -> pl.LazyFrame:
    mine = (pl.col("entity") == entity) & pl.col("known") & delivered_row()
    return records.states.lazy().filter(mine).select("id")
