"""Which rows must be looked at: delivered and stored rows are matched by key, and what is unchanged is left alone.

A record is unchanged when its stored row is active and has the fingerprint of the row that was delivered, its references
by another kind of key still mean the same records, nothing that it refers to may leave or is protected, and nobody
decided about it.
"""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass

import polars as pl

from rosterkit.plan.fingerprint import same_fingerprint
from rosterkit.plan.merge import Desired, parent_labels
from rosterkit.plan.resolve import Resolver, asked_by_kind
from rosterkit.plan.snapshot import Snapshot
from rosterkit.roster.schema import FINGERPRINT, Column, Entity
from rosterkit.sources.base import Coverage

__all__ = ["NO_IDS", "Matched", "beside", "match"]

_MANY = 50_000  # rows from which on texts are compared by their hashes

NO_IDS = pl.Series("id", [], dtype=pl.Int64)


@dataclass(frozen=True)
class Matched:
    """Of one desired table, what must be compared: whole delivered rows, and the ids of stored rows.

    ``new``: of each delivered row, whether nothing is stored of it. ``known``: sourced_id and id of stored rows.
    """

    desired: Desired
    rows: pl.DataFrame
    new: pl.Series
    known: pl.DataFrame
    stored: pl.Series


def beside(left: pl.DataFrame, right: pl.DataFrame) -> pl.DataFrame:
    """The left frame with the columns of the right one, matched by sourced_id, and ``at``, the position there."""
    right = right.with_row_index("at")
    if right.height < _MANY or left.is_empty():
        return left.join(right, on="sourced_id", how="left", maintain_order="left")
    texts = right["sourced_id"]
    hashes = right.lazy().select("at", _hash=pl.col("sourced_id").hash())
    with_hash = left.lazy().select("sourced_id", _hash=pl.col("sourced_id").hash())
    at = with_hash.join(hashes, on="_hash", how="left", maintain_order="left").select("at", "sourced_id").collect()
    met = at.height == left.height and (texts.gather(at["at"]) == at["sourced_id"]).all()
    if not met:  # two texts have one hash
        return left.join(right, on="sourced_id", how="left", maintain_order="left")
    return pl.concat([left, right.drop("sourced_id").select(pl.all().gather(at["at"]))], how="horizontal")


def _head(desired: Desired, by_kind: Sequence[Column]) -> pl.DataFrame:
    """Of every delivered row, what tells whether it is unchanged."""
    asked = [name for c in by_kind for name in (c.label, f"_by_{c.label}", f"_space_{c.label}")]
    have = desired.rows.collect_schema().names()
    own = ["sourced_id", "deleted", "modified_at", *FINGERPRINT, *(name for name in asked if name in have)]
    return desired.rows.select(own).collect().rename({n: f"new_{n}" for n in ("modified_at", *FINGERPRINT)})


def _same_targets(desired: Desired, both: pl.DataFrame, by_kind: Sequence[Column], resolver: Resolver) -> pl.DataFrame:
    """Adds ``same_targets``: references by another kind of key mean the stored records."""
    same = pl.lit(value=True)
    for column in by_kind:
        found, on = resolver.targets(column, desired.source, both)
        met = found.select(*on, pl.col(column.name).alias(f"_meant_{column.name}"))
        both = both.join(met, on=on, how="left", nulls_equal=True, maintain_order="left")
        same &= pl.col(f"_meant_{column.name}").eq_missing(pl.col(column.name))
    return both.with_columns(same_targets=same)


def _dependants(entity: Entity, snapshot: Snapshot, ids: pl.Series) -> pl.Series:
    """Ids of records of the same entity that refer to these, however far."""
    found = [NO_IDS]
    own = [column for column in entity.refs if column.to == entity.name]
    while own and ids.len():
        more = pl.concat([snapshot.children(entity, column, ids) for column in own]).unique()
        ids = more.filter(~more.is_in(pl.concat(found).implode()))
        found.append(ids)
    return pl.concat(found)


def match(
    desired: Desired, snapshot: Snapshot, resolver: Resolver, affected: pl.Series, decided: Collection[str]
) -> tuple[Matched, pl.Series]:
    """What must be compared of one table; and of its own entity, what depends on a record that may leave.

    ``affected``: ids of stored records that depend on one that may leave or is protected. ``decided``: sourced ids.
    """
    entity, full = desired.entity, desired.coverage == Coverage.FULL
    by_kind = asked_by_kind(entity, desired.rows.collect_schema().names())
    head = _head(desired, by_kind)
    if entity.name in resolver.empty:
        return _first(desired, head), NO_IDS
    place = (entity, desired.source, desired.id_space)
    if full:
        index = snapshot.index(*place, by_kind)
    else:
        keys = {*head["sourced_id"].to_list(), *desired.invalid.to_list(), *decided}
        index = snapshot.find(*place, keys, by_kind)
    both = beside(index, head)
    if by_kind:
        both = _same_targets(desired, both, by_kind, resolver)
    delivered = pl.col("at").is_not_null()
    touched = pl.col("sourced_id").is_in([*decided, *desired.invalid.to_list()])
    unread = pl.col("sourced_id").is_in(desired.invalid.implode())
    may_leave = pl.col("active") & (pl.col("deleted") | (~delivered & full) | unread)
    own = _dependants(entity, snapshot, both.filter(may_leave)["id"]) if _refers_to_itself(entity) else NO_IDS
    newer = (pl.col("new_modified_at") > pl.col("modified_at")).fill_null(pl.col("new_modified_at").is_not_null())
    unchanged = [
        pl.col("active") & delivered & ~pl.col("deleted") & ~newer & ~touched,
        same_fingerprint("", "new_"),
        ~pl.col("id").is_in(pl.concat([affected, own]).implode()),
        *([pl.col("same_targets")] if by_kind else []),
    ]
    idle = ~pl.col("active") & ~delivered & ~touched
    left_alone = pl.all_horizontal(unchanged).fill_null(value=False) | idle
    seen = both.select("id", "at", "sourced_id", look=~left_alone)
    looked_at = seen.filter("look")
    others = [ids.filter(~ids.is_in(seen["id"].implode())) for ids in _of_parents(desired, snapshot, resolver)]
    stored = [looked_at["id"], *others]
    rows, new = _whole(desired, head, seen, looked_at)
    return Matched(desired, rows, new, looked_at.select("sourced_id", "id"), pl.concat(stored).unique()), own


def _refers_to_itself(entity: Entity) -> bool:
    return any(column.to == entity.name for column in entity.refs)


def _first(desired: Desired, head: pl.DataFrame) -> Matched:
    """Nothing of the entity was ever stored."""
    rows = desired.rows.collect()
    if head["deleted"].any():
        rows = rows.filter(~pl.col("deleted"))
    known = pl.DataFrame(schema={"sourced_id": pl.String, "id": pl.Int64})
    return Matched(desired, rows, pl.repeat(True, rows.height, dtype=pl.Boolean, eager=True), known, NO_IDS)


def _whole(
    desired: Desired, head: pl.DataFrame, seen: pl.DataFrame, looked_at: pl.DataFrame
) -> tuple[pl.DataFrame, pl.Series]:
    """The delivered rows of what is looked at and of what is not stored yet; and which of them are the latter."""
    matched = seen["at"].drop_nulls()
    if matched.len() == head.height:
        new = head["sourced_id"].clear()
    else:
        gone = pl.repeat(False, head.height, dtype=pl.Boolean, eager=True).scatter(matched, values=True)
        new = head.filter(~gone & ~pl.col("deleted"))["sourced_id"]
    wanted = pl.concat([looked_at.filter(pl.col("at").is_not_null())["sourced_id"], new])
    if wanted.is_empty():
        rows = desired.rows.clear().collect()
    elif wanted.len() == head.height:
        rows = desired.rows.collect()
    else:
        rows = desired.rows.join(wanted.to_frame().lazy(), on="sourced_id", how="semi", maintain_order="left").collect()
    return rows, rows["sourced_id"].is_in(new.implode())


def _of_parents(desired: Desired, snapshot: Snapshot, resolver: Resolver) -> list[pl.Series]:
    """Ids of stored records whose parent's list was delivered; of a full table all that it lacks are looked at anyway."""
    found = []
    for owners in desired.parents if desired.coverage != Coverage.FULL else ():
        labels = parent_labels(owners)
        column = next(c for c in desired.entity.refs if c.label in labels)
        targets, _ = resolver.targets(column, desired.source, owners)
        found.append(snapshot.children(desired.entity, column, targets[column.name].drop_nulls()))
    return found
