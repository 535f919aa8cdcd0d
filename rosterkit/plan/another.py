"""What is over when a person approved that an id is another person's now: what people added by hand to the earlier one.

No source owns such a link, enrollment or role, so nothing else would ever take it from the id: a guardian whom somebody
linked with one child would see the record of another.
"""

from __future__ import annotations

from collections.abc import Mapping

import polars as pl

from rosterkit.plan.changes import STATUS
from rosterkit.plan.ids import among
from rosterkit.plan.snapshot import Snapshot, with_key_parts
from rosterkit.roster.schema import PROVENANCE, by_name

BY_HAND = ("manual", "joined")
"""The sources of records that no sync owns."""

_BELONGING = {"Role": ("user",), "Enrollment": ("user",), "GuardianLink": ("guardian", "student")}


def without_earlier(
    status: Mapping[str, pl.DataFrame], others: pl.Series, snapshot: Snapshot
) -> dict[str, pl.DataFrame]:
    """The ``status`` part of a plan with the archives of what was added by hand to these users (ids)."""
    out = dict(status)
    for name, labels in _BELONGING.items() if others.len() else ():
        entity = by_name(name)
        ids = pl.concat([snapshot.children(entity, entity.column(label), others) for label in labels]).unique()
        known = out[name]["id"] if name in out else ids.clear()
        rows = with_key_parts(snapshot.rows(entity, ids).lazy().select("id", "key"))
        own = pl.col("source").is_in(BY_HAND) & ~among(pl.col("id"), known)
        blank = {c: pl.lit(None, STATUS[c]) for c in (*PROVENANCE, "digest", "hold", "hold_reason")}
        gone = rows.filter(own).with_columns(action=pl.lit("archive"), cause=pl.lit("cascade"), **blank)
        frame = gone.select(list(STATUS)).collect()
        if frame.height:
            out[name] = pl.concat([out[name], frame]) if name in out else frame
    return out
