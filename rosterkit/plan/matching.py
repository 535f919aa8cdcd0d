"""Which rows must be looked at: delivered and stored rows are matched by key, and what is unchanged is left alone.

A record is unchanged when its stored row is active and has the fingerprint of the row that was delivered, its
references by another kind of key still mean the same records, nothing that it refers to may leave or is protected, and
nobody decided about it.
"""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass, field

import polars as pl

from rosterkit.plan.fingerprint import same_fingerprint
from rosterkit.plan.ids import NO_IDS, among, minus
from rosterkit.plan.merge import Desired, parent_labels
from rosterkit.plan.relink import NO_LINKS, Relinking
from rosterkit.plan.resolve import Resolver, asked_by_kind
from rosterkit.plan.snapshot import Snapshot
from rosterkit.roster.schema import FINGERPRINT, Column, Entity
from rosterkit.sources.base import Coverage

_MANY = 50_000  # rows from which on texts are compared by their hashes


@dataclass(frozen=True)
class Matched:
    """Of one desired table, what must be compared: whole delivered rows, and the ids of stored rows.

    ``new``: of each delivered row, whether nothing is stored of it. ``known``: sourced_id and id of stored rows.
    ``relinked``: those that come under an id of which nothing was known (LINKS, and whether a row was delivered that
    deletes the old one); they are not ``new``.
    """

    desired: Desired
    rows: pl.DataFrame
    new: pl.Series
    known: pl.DataFrame
    stored: pl.Series
    relinked: pl.DataFrame = field(default_factory=NO_LINKS.clone)


def beside(left: pl.DataFrame, right: pl.DataFrame) -> pl.LazyFrame:
    """The left frame with the columns of the right one, matched by sourced_id, and ``at``, the position there."""
    right = right.with_row_index("at")
    plain = left.lazy().join(right.lazy(), on="sourced_id", how="left", maintain_order="left")
    if right.height < _MANY or left.is_empty():
        return plain
    texts = right["sourced_id"]
    hashes = right.lazy().select("at", _hash=pl.col("sourced_id").hash())
    with_hash = left.lazy().select("sourced_id", _hash=pl.col("sourced_id").hash())
    at = with_hash.join(hashes, on="_hash", how="left", maintain_order="left").select("at", "sourced_id").collect()
    met = at.height == left.height and (texts.gather(at["at"]) == at["sourced_id"]).all()
    if not met:  # two texts have one hash
        return plain
    beside_it = right.drop("sourced_id").select(pl.all().gather(at["at"]))
    return pl.concat([left, beside_it], how="horizontal").lazy()


def _head(rows: pl.DataFrame, by_kind: Sequence[Column]) -> pl.DataFrame:
    """Of every delivered row, what tells whether it is unchanged."""
    wanted = [name for c in by_kind for name in (c.label, f"_by_{c.label}", f"_space_{c.label}")]
    own = ["sourced_id", "deleted", *(name for name in wanted if name in rows.columns)]
    new = [rows[name].alias(f"new_{name}") for name in ("modified_at", *FINGERPRINT)]
    return pl.DataFrame([*(rows[name] for name in own), *new])


def _same_targets(desired: Desired, both: pl.DataFrame, by_kind: Sequence[Column], resolver: Resolver) -> pl.DataFrame:
    """Adds ``same_targets``: references by another kind of key mean the stored records."""
    same = pl.lit(value=True)
    for column in by_kind:
        found, on = resolver.targets(column, desired.source, both)
        met = found.select(*on, pl.col(column.name).alias(f"_meant_{column.name}"))
        both = both.join(met, on=on, how="left", nulls_equal=True, maintain_order="left")
        same &= pl.col(f"_meant_{column.name}").eq_missing(pl.col(column.name))
    return both.with_columns(same_targets=same)


def dependants(entity: Entity, snapshot: Snapshot, ids: pl.Series) -> pl.Series:
    """Ids of records of the same entity that refer to these, however far."""
    found = [NO_IDS]
    own = [column for column in entity.refs if column.to == entity.name]
    while own and ids.len():
        more = pl.concat([snapshot.children(entity, column, ids) for column in own])
        ids = minus(more, *found)
        found.append(ids)
    return pl.concat(found)


def match(
    desired: Desired, relinking: Relinking, affected: pl.Series, decided: Collection[str]
) -> tuple[Matched, pl.Series]:
    """What must be compared of one table; and of its own entity, what depends on a record that may leave.

    ``affected``: ids of stored records that depend on one that may leave or is protected. ``decided``: sourced ids.
    """
    entity, resolver = desired.entity, relinking.resolver
    snapshot = resolver.snapshot
    place = (entity, desired.source, desired.id_space)
    delivered = desired.rows_with_fingerprint()
    resolver.delivered[entity.name, desired.source, desired.id_space] = delivered["sourced_id"]
    if entity.name in resolver.empty:
        return _first(desired, delivered), NO_IDS
    by_kind = asked_by_kind(entity, delivered.columns)
    head = _head(delivered, by_kind)
    if desired.coverage == Coverage.FULL:
        index = snapshot.index(*place, by_kind)
    else:
        keys = {*head["sourced_id"].to_list(), *desired.invalid.to_list(), *decided}
        index = snapshot.find(*place, keys, by_kind)
    both = beside(index, head)
    if by_kind:
        both = _same_targets(desired, both.collect(), by_kind, resolver).lazy()
    own = _own(desired, both, snapshot)
    idle, unchanged = _left_alone([*decided, *desired.invalid.to_list()], pl.concat([affected, own]))
    if by_kind:
        unchanged &= pl.col("same_targets")
    look = ~(unchanged.fill_null(value=False) | idle)
    seen = both.select("id", "sourced_id", "at", "active", "deleted", look=look).collect()
    known = (
        seen[["sourced_id", "id"]]
        if seen["look"].all()
        else seen.lazy().filter("look").select("sourced_id", "id").collect()
    )
    listed = [minus(ids, seen["id"]) for ids in _of_parents(desired, snapshot, resolver)]
    stored = minus(pl.concat([known["id"], *listed]))
    rows, new = _whole(delivered, seen)
    matched = Matched(desired, rows, new, known, stored)
    return (_relinked(matched, relinking, head, seen) if new.any() else matched), own


def _relinked(one: Matched, relinking: Relinking, head: pl.DataFrame, seen: pl.DataFrame) -> Matched:
    """With the new rows that are those of stored records under another id.

    ``seen``: stored records, with ``at`` and ``deleted`` of the row that was delivered.
    """
    desired = one.desired
    absent = pl.col("at").is_null() if desired.coverage == Coverage.FULL else pl.lit(value=False)
    deleted = pl.lit(desired.coverage != Coverage.PARTIAL) & pl.col("deleted").fill_null(value=False)
    elsewhere = [among(pl.col("sourced_id"), ids) for ids in (desired.invalid, desired.outside) if ids.len()]
    gone = pl.col("active") & (absent | deleted) & ~pl.any_horizontal(pl.lit(value=False), *elsewhere)
    leaving = seen.lazy().filter(gone).select("id", "sourced_id").collect()
    links = relinking.find(desired, one.rows, one.new, head, leaving)
    if links.is_empty():
        return one
    by_row = seen.filter(deleted)["id"]
    links = links.with_columns(deleted=among(pl.col("id"), by_row))
    known = pl.concat([one.known.filter(~among(pl.col("id"), links["id"])), links[one.known.columns]])
    new = one.new & ~one.rows["sourced_id"].is_in(links["sourced_id"].implode())
    return Matched(desired, one.rows, new, known, minus(pl.concat([one.stored, links["id"]])), links)


def _left_alone(touched: list[str], affected: pl.Series) -> tuple[pl.Expr, pl.Expr]:
    """Archived records of which nothing was delivered, and unchanged records; ``touched``: sourced ids of others."""
    delivered = pl.col("at").is_not_null()
    decided = pl.col("sourced_id").is_in(touched) if touched else pl.lit(value=False)
    newer = (pl.col("new_modified_at") > pl.col("modified_at")).fill_null(pl.col("new_modified_at").is_not_null())
    idle = ~pl.col("active") & ~delivered & ~decided
    same = pl.col("active") & delivered & ~pl.col("deleted") & ~newer & ~decided & same_fingerprint("", "new_")
    return idle, same & ~among(pl.col("id"), affected) if affected.len() else same


def _own(desired: Desired, both: pl.LazyFrame, snapshot: Snapshot) -> pl.Series:
    """Ids of records of the same entity that refer to one which may leave or cannot be read."""
    entity = desired.entity
    if not any(column.to == entity.name for column in entity.refs):
        return NO_IDS
    delivered = pl.col("at").is_not_null()
    absent = ~delivered & pl.lit(desired.coverage == Coverage.FULL)
    unread = pl.col("sourced_id").is_in(desired.invalid.to_list())
    may_leave = pl.col("active") & (pl.col("deleted") | absent | unread)
    return dependants(entity, snapshot, both.filter(may_leave).select("id").collect().to_series())


def _first(desired: Desired, delivered: pl.DataFrame) -> Matched:
    """Nothing of the entity was ever stored."""
    rows = delivered.filter(~delivered["deleted"]) if delivered["deleted"].any() else delivered
    new = pl.Series([True]).new_from_index(0, rows.height)
    known = pl.DataFrame(schema={"sourced_id": pl.String, "id": pl.Int64})
    return Matched(desired, rows, new, known, NO_IDS)


def _whole(delivered: pl.DataFrame, seen: pl.DataFrame) -> tuple[pl.DataFrame, pl.Series]:
    """The delivered rows of what is looked at and of what is not stored yet; and which of them are the latter."""

    def at(places: pl.Series) -> pl.Series:
        known = places.drop_nulls() if places.null_count() else places
        return pl.Series([False]).new_from_index(0, delivered.height).scatter(known, values=True)

    new = ~at(seen["at"]) & ~delivered["deleted"]
    wanted = at(seen["at"].filter(seen["look"])) | new
    return (delivered.filter(wanted) if wanted.any() else delivered.clear()), new.filter(wanted)


def _of_parents(desired: Desired, snapshot: Snapshot, resolver: Resolver) -> list[pl.Series]:
    """Ids of stored records whose parent's list was delivered. (Of a full table, all that it lacks are looked at.)"""
    found = []
    for owners in desired.parents if desired.coverage != Coverage.FULL else ():
        labels = parent_labels(owners)
        column = next(c for c in desired.entity.refs if c.label in labels)
        targets, _ = resolver.targets(column, desired.source, owners)
        found.append(snapshot.children(desired.entity, column, targets[column.name].drop_nulls()))
    return found
