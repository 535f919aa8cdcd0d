"""Records that tonight's package says just as they are stored, and that nothing else can move: they are not judged.

Where a package says everything and little of it differs, these are nearly all. A record is *stirred* if it might
leave or be protected: it is not active, was said to be gone (or not said, where that means the same), cannot be read,
or refers to one that is stirred. It is *calm* if it is not stirred, a row says its stored values and no newer date, and
nobody decided on it. Whatever the others do, a calm record stays as it is; where it is referred to, it is context
(``plan.scope``).
"""

from __future__ import annotations

import polars as pl

from rosterkit.plan.compare import bit
from rosterkit.plan.limits import PLACE
from rosterkit.plan.merge import Said
from rosterkit.plan.natural_keys import named
from rosterkit.roster.schema import Entity

__all__ = ["calm", "context_of", "said_at", "stirred"]


def said_at(stored: pl.DataFrame, said: Said) -> pl.Series:
    """The position of the row that speaks of each stored record and does not say that it is gone, or null."""
    rows = said.rows.with_row_index("at").filter(~pl.col("deleted").fill_null(value=False))
    met = stored.select("sourced_id").join(
        rows.select("sourced_id", "at"), on="sourced_id", how="left", maintain_order="left"
    )
    return met["at"]


def stirred(entity: Entity, stored: pl.DataFrame, at: pl.Series, said: Said, above: dict[str, pl.Series]) -> pl.Series:
    """Ids of the stored records that might leave or be protected; ``above``: those of the entities before this one."""
    there = at.is_not_null()
    if said.state != "full" and not said.listings:  # who is not said stays
        there |= ~stored["sourced_id"].is_in(said.rows["sourced_id"].implode())
    stays = (stored["status"] == "active") & there
    if said.unreadable.height:
        stays &= ~stored["sourced_id"].is_in(said.unreadable["sourced_id"].implode())
    found = stored.filter(~stays)["id"]
    while True:
        known = above | {entity.name: found}
        moved = pl.any_horizontal(
            ~stays, *(pl.col(c.name).is_in(known[str(c.to)].implode()) for c in entity.refs if known[str(c.to)].len())
        )
        more = stored.filter(moved)["id"]
        if more.len() == found.len():
            return more
        found = more


def calm(
    entity: Entity,
    stored: pl.DataFrame,
    at: pl.Series,
    said: Said,
    moved: pl.Series,
    decided: pl.Series,
    keys: dict[str, pl.DataFrame],
) -> pl.Series:
    """Which of the stored records are calm; ``moved``: ids that are stirred; ``decided``: sourced ids.

    ``keys``: by entity that is referred to, id and sourced_id of its records.
    """
    still = at.is_not_null() & ~stored["id"].is_in(moved.implode())
    if decided.len():
        still &= ~stored["sourced_id"].is_in(decided.implode())
    dates = said.rows["modified_at"]
    if dates.null_count() < dates.len():
        still &= (dates.gather(at) <= stored["modified_at"]).fill_null(value=False) | dates.gather(at).is_null()
    for column in entity.columns:
        kept = still.arg_true()
        where = at.gather(kept)
        new, old = said.rows[column.label].gather(where), stored[column.name].gather(kept)
        if column.to:
            old = named(old, keys[column.to])
        same = new.eq_missing(old)
        if not same.all():
            unsaid = (said.rows["keep"].gather(where) & bit(entity, column)) != 0
            same |= unsaid & new.is_null()
            still = pl.zeros(stored.height, dtype=pl.Boolean, eager=True).scatter(kept.filter(same), values=True)
    return still


def context_of(entity: Entity, stored: pl.DataFrame) -> pl.DataFrame:
    """Of stored records that are not judged, what is asked of those that others refer to."""
    place = [PLACE[entity.name]] if entity.name in PLACE else []
    return stored.select("id", "sourced_id", "status", *place)
