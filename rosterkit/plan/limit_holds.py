"""Holds what exceeds a limit, and names the cause that is suspected."""

from __future__ import annotations

import polars as pl

from rosterkit.plan.approvals import Approved
from rosterkit.plan.fields import BITS
from rosterkit.plan.groups import Groups
from rosterkit.plan.limited_fields import fields_over
from rosterkit.plan.limited_records import FOUND, Facts, records_over
from rosterkit.plan.limits import Limits
from rosterkit.plan.records import ENTITY, HOLD, Records, hold_fields, set_hold, vanished_link
from rosterkit.plan.snapshot import Snapshot

NEW_HOLDS: dict[str, type[pl.DataType]] = {
    "entity": pl.String,
    "key": pl.String,
    "action": pl.String,
    "field": pl.String,  # of an update; "" elsewhere
    "reason": pl.String,
}
"""What a limit holds from now on, and is stored."""

_WHOLE_PLAN = "the whole plan waits, as a limit was exceeded in it"


def hold_over_limits(
    records: Records,
    snapshot: Snapshot,
    limits: Limits,
    approved: Approved,
    fields: pl.DataFrame,
    facts: Facts | None = None,
) -> tuple[Records, pl.DataFrame, pl.DataFrame]:
    """Holds what exceeds a limit; also returns it (NEW_HOLDS), and what was removed and counted (node, role).

    ``fields``: FIELDS of what updates and restores change. What a person approved counts, and is not held: an approval
    is a ceiling, so one record more is held again.
    """
    facts = facts or Facts()
    groups = Groups(records, snapshot)
    over = records_over(groups, limits, facts)
    parts = [over.found, *fields_over(groups, limits, fields, facts.exempt.fields)]
    found = pl.concat(parts).unique(["node", "field"], keep="first", maintain_order=True)
    found = _not_approved(found, approved) if found.height else found
    if found.height:
        whole, part = found.filter(pl.col("field") == ""), found.filter(pl.col("field") != "")
        records = set_hold(records, whole.select("node", "reason"), "limit")
        records = hold_fields(records, _bits(records, part))
    if limits.on_limit == "hold_all":
        records = _hold_all(records, found["node"])
    return records, _named(records, found), over.removed


def _bits(records: Records, part: pl.DataFrame) -> pl.DataFrame:
    """Node and bits of these fields."""
    named = part.lazy().join(records.states.lazy().select("node", pl.col("entity").cast(pl.String)), on="node")
    bits = named.join(BITS.lazy(), on=["entity", "field"])
    return bits.group_by("node").agg(bits=pl.col("bit").unique().sum().cast(pl.UInt32)).collect()


def _not_approved(found: pl.DataFrame, approved: Approved) -> pl.DataFrame:
    if approved.rows.is_empty():
        return found
    given = found.lazy().join(approved.rows.lazy(), on="node", how="left", maintain_order="left")
    bits = BITS.lazy().with_columns(pl.col("entity").cast(ENTITY))
    codes = given.with_columns(
        entity=(pl.col("node") % 32).replace_strict(dict(enumerate(ENTITY.categories)), return_dtype=ENTITY)
    )
    same = codes.join(bits, on=["entity", "field"], how="left", maintain_order="left")
    whole = pl.col("whole").fill_null(value=False)
    part = ((pl.col("bits") & pl.col("bit")) != 0).fill_null(value=False)
    return same.filter(~whole & ~part).select(list(FOUND)).collect()


def _hold_all(records: Records, found: pl.Series) -> Records:
    """Holds every change where a limit holds any; a guardian link that is gone waits for no other."""
    held = (pl.col("hold") == "limit").fill_null(value=False)
    if found.is_empty() and not records.states.select(held.any()).item():
        return records
    free = pl.col("action").is_not_null() & pl.col("hold").is_null() & ~vanished_link()
    return records.with_states(
        hold=pl.when(free).then(pl.lit("limit", HOLD)).otherwise("hold"),
        hold_reason=pl.when(free).then(pl.lit(_WHOLE_PLAN)).otherwise("hold_reason"),
    )


def _named(records: Records, found: pl.DataFrame) -> pl.DataFrame:
    if found.is_empty():
        return pl.DataFrame(schema=NEW_HOLDS)
    own = records.states.lazy().select("node", "key", pl.col("entity", "action").cast(pl.String))
    return found.lazy().join(own, on="node", maintain_order="left").select(list(NEW_HOLDS)).collect()
