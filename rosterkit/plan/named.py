"""References by a number, a username or an e-mail address, looked at again once it is known what is held.

Such a reference was resolved as if every proposed value were applied. Where a hold keeps somebody's old number, or
keeps somebody who has that number, it would mean another record than the store then holds: it waits as well.
"""

from __future__ import annotations

import polars as pl

from rosterkit.plan.records import Records, bit, has, hold_fields, node, proposed, set_hold
from rosterkit.roster.schema import Column, Entity, by_name

_REASON = "whom its {} names is not certain while a change of {} is held"


def hold_misnamed(records: Records, code: str) -> Records:
    """Holds references by another kind of key that what is held makes wrong. ``code``: what holds whole records."""
    for name, rows in records.values.items():
        entity = by_name(name)
        for column in entity.refs:
            by = f"_by_{column.label}"
            target = records.values.get(str(column.to))
            if by not in rows.columns or target is None:
                continue
            for kind in sorted(set(rows[by].drop_nulls()) & set(target.columns)):
                records = _of_kind(records, entity, column, kind, code)
    return records


def _of_kind(records: Records, entity: Entity, column: Column, kind: str, code: str) -> Records:
    """Holds the references of one column by one kind of key."""
    keeps = _keeps(records, by_name(str(column.to)), kind)
    coming = _coming(records, entity, column, kind)
    if keeps.is_empty() or coming.is_empty():
        return records
    another = coming.lazy().join(keeps.lazy().filter("stale").select("node_kept"), left_on="new", right_on="node_kept")
    same = coming.lazy().join(keeps.lazy().drop("stale"), left_on="text", right_on="value")
    rivals = same.filter(pl.col("node_kept") != pl.col("new"))
    found = pl.concat([lazy.select("node", "action") for lazy in (another, rivals)]).unique().collect()
    reason = pl.lit(_REASON.format(kind, column.to))
    updates = (pl.col("action") == "update").fill_null(value=False)
    records = set_hold(records, found.filter(~updates).select("node", reason=reason), code)
    bits = pl.lit(bit(entity, column), pl.UInt32)
    return hold_fields(records, found.filter(updates).select("node", bits=bits))


def _keeps(records: Records, target: Entity, kind: str) -> pl.DataFrame:
    """Active records that a hold keeps with their value of this kind: node_kept, ``value``, and ``stale`` where another
    value was proposed.
    """
    mine = (pl.col("entity") == target.name) & pl.col("active")
    update = (pl.col("action") == "update") & has("changed", bit(target, target.column(kind)))
    stale = update & (pl.col("hold").is_not_null() | has("held_fields", bit(target, target.column(kind))))
    stays = (pl.col("action") == "archive") & pl.col("hold").is_not_null()
    states = records.states.lazy().filter(mine & (stale | stays)).select("id", node_kept="node", stale=stale)
    values = records.of(target.name).lazy().select("id", value=f"s.{kind}")
    return states.join(values, on="id").drop("id").collect()


def _coming(records: Records, entity: Entity, column: Column, kind: str) -> pl.DataFrame:
    """What is to refer to another record than it does, by this kind of key: node, action, ``new`` and ``text``."""
    flag = bit(entity, column)
    moves = has("changed", flag) & ~has("held_fields", flag)
    mine = (pl.col("entity") == entity.name) & proposed() & (pl.col("action").is_in(["create", "restore"]) | moves)
    states = records.states.lazy().filter(mine).select("node", "id", "action")
    named = records.of(entity.name).lazy().filter(pl.col(f"_by_{column.label}") == kind)
    values = named.select("id", text=column.label, new=node(str(column.to), pl.col(column.name)))
    return states.join(values, on="id").drop("id").collect()
