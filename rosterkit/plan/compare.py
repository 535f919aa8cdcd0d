"""Compares the desired state with the stored one, each record by itself: what a delivered row, or its absence, changes.

What it makes of an entity's records is described in ``plan.records``.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass

import polars as pl

from rosterkit.plan.dangling import missing, nothing
from rosterkit.plan.ids import NO_IDS, among, minus
from rosterkit.plan.matching import Matched, dependants, match
from rosterkit.plan.merge import Desired
from rosterkit.plan.pairs import pairs_of, stored_alone
from rosterkit.plan.person_match import BETWEEN, NAMES
from rosterkit.plan.plan_day import PlanDay
from rosterkit.plan.records import KEY, OLD_DELETED, STATES, Records, nothing_proposed
from rosterkit.plan.relink import Relinking
from rosterkit.plan.resolve import Resolver
from rosterkit.plan.snapshot import Snapshot
from rosterkit.roster import findings
from rosterkit.roster.schema import FINGERPRINT, Entity, by_name, entities


@dataclass(frozen=True)
class Compared:
    """``refreshed``, by entity: id and FINGERPRINT of rows with equal values under a new fingerprint; they are not
    among the records. ``next_ids``: by entity the next integer id. ``doubts``: node and reason of new persons who may
    be a stored one, with the sourced ids of those (``may_be``), and of those.
    """

    records: Records
    findings: pl.DataFrame
    missing: pl.DataFrame  # dangling.REPORT
    refreshed: Mapping[str, pl.DataFrame]
    next_ids: Mapping[str, int]
    doubts: pl.DataFrame


@dataclass(frozen=True)
class _Affected:
    """Ids of stored records that refer to one that may leave (by a required reference: they may leave with it), or to
    one that is protected.
    """

    may_leave: pl.Series
    protected: pl.Series
    ids: pl.Series

    def and_ended(self, ended: pl.Series, children: pl.Series) -> _Affected:
        """With records that end with their term, and those of the same entity that refer to them."""
        may_leave = minus(pl.concat([self.may_leave, ended]))
        return _Affected(may_leave, self.protected, minus(pl.concat([self.ids, ended, children])))


def _affected(
    entity: Entity, snapshot: Snapshot, leaving: Mapping[str, pl.Series], protected: Mapping[str, pl.Series]
) -> _Affected:
    may_leave, kept, every = [NO_IDS], [NO_IDS], [NO_IDS]
    for column in entity.refs:
        gone, safe = (ids.get(str(column.to), NO_IDS) for ids in (leaving, protected))
        children = snapshot.children(entity, column, gone) if gone.len() else NO_IDS
        every.append(children)
        may_leave += [children] if column.required else []
        kept += [snapshot.children(entity, column, safe)] if safe.len() else []
    every += kept
    return _Affected(*(minus(pl.concat(ids)) for ids in (may_leave, kept, every)))


Decided = dict[tuple[str, str], set[str]]
"""By source and id space, the sourced ids of records that somebody decided about."""


def _decided(snapshot: Snapshot, absent: pl.DataFrame) -> dict[str, Decided]:
    """By entity the records that are held, of which a held change was approved, or that had disappeared."""
    out: dict[str, dict[tuple[str, str], set[str]]] = {}
    for frame in (snapshot.holds(), snapshot.approved(), absent):
        for name, text in frame[["entity", "key"]].iter_rows() if frame.height else ():
            source, id_space, sourced_id = text.split("/", 2)
            out.setdefault(name, {}).setdefault((source, id_space), set()).add(sourced_id)
    return out


def compare(
    desired: Mapping[str, tuple[Desired, ...]],
    snapshot: Snapshot,
    plan_day: PlanDay | None = None,
    configured: Collection[str] | None = None,
) -> Compared:
    """Compares every entity, parents first; reads whole rows only of what differs, or may follow what differs.

    What had disappeared before, and what ends with its term, is looked at as well. ``configured``: as in
    ``relink.Relinking``.
    """
    ended = plan_day.ended if plan_day else {}
    absent = plan_day.known_absent() if plan_day else pl.DataFrame(schema={"entity": pl.String, "key": pl.String})
    next_ids = dict(snapshot.next_ids())
    resolver = Resolver(snapshot, frozenset(e.name for e in entities() if next_ids.get(e.name, 1) == 1))
    relinking = Relinking(desired, resolver, configured)
    decided = _decided(snapshot, absent)
    states, values = [pl.DataFrame(schema=STATES)], dict[str, pl.DataFrame]()
    found, lost, refreshed = [findings.empty()], [nothing()], dict[str, pl.DataFrame]()
    leaving, protected = dict[str, pl.Series](), dict[str, pl.Series]()
    for entity in entities():
        over = ended.get(entity.name, NO_IDS)
        affected = _affected(entity, snapshot, leaving, protected)
        affected = affected.and_ended(over, dependants(entity, snapshot, over)) if over.len() else affected
        tables = desired.get(entity.name, ())
        if not tables and affected.ids.is_empty() and entity.name not in decided:
            continue
        found += [d.findings for d in tables if d.findings.height]
        rows, reports, own = _entity(entity, tables, affected, decided.get(entity.name, {}), relinking, next_ids)
        lost += reports
        if rows.is_empty():
            continue
        leaving[entity.name] = pl.concat([rows["id"].filter(rows["action"] == "archive"), affected.may_leave])
        protected[entity.name] = pl.concat([rows["id"].filter(rows["protected"]), affected.protected, own])
        if rows["equal"].any():
            refreshed[entity.name] = (
                rows.lazy().filter(pl.col("equal") & ~pl.col("same")).select("id", *FINGERPRINT).collect()
            )
            rows = rows.filter(~rows["equal"])
        resolver.rows[entity.name] = rows
        states.append(rows[list(STATES)])
        values[entity.name] = rows[_value_columns(entity, rows.columns)]
    states += _archived(values, resolver)
    records = Records(pl.concat(states), values)
    return Compared(
        records, findings.concat(found), pl.concat(lost), refreshed, next_ids, _doubts(relinking.doubts, records)
    )


def _doubts(found: list[pl.DataFrame], records: Records) -> pl.DataFrame:
    """Node and reason of new persons (key) who may be a stored one (id), and of those; ``may_be``: the stored ones of a
    new one, by sourced id.
    """
    if not found:
        return pl.DataFrame(schema={"node": pl.Int64, "reason": pl.String, "may_be": pl.String})
    both = pl.concat(found)
    people = records.states.filter(pl.col("entity") == "User").select("node", "id", "key")
    known = people.select("id", stored=pl.col("key").str.splitn("/", 3).struct.field("field_2"))
    mine = people.select("node", "key").join(both.join(known, on="id", how="left"), on="key")
    named = pl.lit(NAMES) + pl.col("stored").drop_nulls().unique().sort().str.join(BETWEEN)
    new = mine.group_by("node", maintain_order=True).agg(pl.col("reason").first(), may_be=named)
    stored = people.join(both, on="id").select("node", "reason", may_be=pl.lit(""))
    return pl.concat([new, stored]).unique("node", keep="first", maintain_order=True)


def _entity(
    entity: Entity,
    tables: tuple[Desired, ...],
    affected: _Affected,
    decided: Decided,
    relinking: Relinking,
    next_ids: dict[str, int],
) -> tuple[pl.DataFrame, list[pl.DataFrame], pl.Series]:
    """The records of one entity that must be looked at, compared; REPORT of references that lead nowhere; and ids of
    those that refer to one of the same entity which may leave or is protected.
    """
    resolver = relinking.resolver
    snapshot = resolver.snapshot
    matched, own = list[Matched](), [NO_IDS]
    for one in tables:
        met, of_own = match(one, relinking, affected.ids, decided.get((one.source, one.id_space), ()))
        matched.append(met)
        own.append(of_own)
    dependent = pl.concat([affected.ids, *own])
    keys = {f"{source}/{space}/{text}" for (source, space), texts in decided.items() for text in texts}
    frames, reports = [], []
    for pair in matched:
        rows = pairs_of(pair, resolver, next_ids, dependent, keys)
        if rows.height:
            frames.append(rows)
            reports.append(missing(entity, pair.desired.source, rows, resolver))
    places = {(d.source, d.id_space) for d in tables}
    others = [snapshot.find(entity, *place, texts)["id"] for place, texts in decided.items() if place not in places]
    rest = minus(pl.concat([dependent, *others]), *(m.stored for m in matched))
    if rest.len():
        frames.append(stored_alone(entity, snapshot.rows(entity, rest), keys))
    whole = pl.concat(frames, how="diagonal") if len(frames) > 1 else (frames or [pl.DataFrame()])[0]
    return whole, reports, pl.concat(own)


def _value_columns(entity: Entity, names: list[str]) -> list[str]:
    own = [name for c in entity.columns for name in (f"s.{c.name}", c.name)]
    own += [KEY, OLD_DELETED, "key"] if KEY in names else []
    delivered = [name for c in entity.refs for name in (c.label, f"_by_{c.label}", f"_space_{c.label}")]
    return ["id", *own, *(name for name in delivered if name in names)]


def _archived(values: Mapping[str, pl.DataFrame], resolver: Resolver) -> list[pl.DataFrame]:
    """STATES of archived records that records refer to, where they are not among the records.

    Of a restored record also what it referred to: that is what it goes back to where the new reference leads nowhere.
    """
    wanted: dict[str, list[pl.DataFrame]] = dict(resolver.looked_up)
    for name, rows in resolver.rows.items():
        restored = rows["action"] == "restore"
        for column in by_name(name).refs if restored.any() else ():
            targets = pl.concat([rows[column.name].filter(restored), rows[f"s.{column.name}"].filter(restored)])
            named = resolver.snapshot.keys(by_name(str(column.to)), targets.drop_nulls().unique())
            wanted.setdefault(str(column.to), []).append(named.filter(~named["active"])[["id", "active", "key"]])
    out = []
    for name, frames in wanted.items():
        archived = pl.concat(frames).unique("id")
        if name in values:
            archived = archived.filter(~among(pl.col("id"), values[name]["id"]))
        if archived.height:
            out.append(nothing_proposed(name, archived))
    return out
