"""A plan before it is stored: everything that storing and applying it will write."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace

import polars as pl

from rosterkit.plan.another import without_earlier
from rosterkit.plan.approvals import approved_of, free, used
from rosterkit.plan.changes import Changes, changes_of
from rosterkit.plan.compare import Compared
from rosterkit.plan.content_hash import content_hash
from rosterkit.plan.deferred import changed, deferred
from rosterkit.plan.expectations import NOTHING, Announced, announced
from rosterkit.plan.fields import Names, changed_fields
from rosterkit.plan.grace import absent_people, hold_in_grace, hold_of_unknown
from rosterkit.plan.holds import (
    Delivered,
    ended_holds,
    hold_doubts,
    hold_moved_names,
    hold_relinked,
    hold_reused_ids,
    hold_stored,
    hold_taken_usernames,
    under_new_keys,
)
from rosterkit.plan.identity import reused_ids
from rosterkit.plan.ids import NO_IDS, among
from rosterkit.plan.limit_exemptions import following
from rosterkit.plan.limit_holds import hold_over_limits
from rosterkit.plan.limited_records import Facts
from rosterkit.plan.limits import Limits
from rosterkit.plan.merge import Desired
from rosterkit.plan.plan_day import PlanDay, week_of
from rosterkit.plan.policy_holds import NO_POLICY, Policy, pins_of
from rosterkit.plan.propagation import propagate
from rosterkit.plan.records import Records, delivered_row, proposed
from rosterkit.plan.rollover import hold_early
from rosterkit.plan.snapshot import HOLDS, Snapshot
from rosterkit.plan.stated_match import stated_users
from rosterkit.sources.base import Coverage


@dataclass(frozen=True)
class Held:
    """Records with everything that holds them. ``new``: what a limit holds from now on (NEW_HOLDS).
    ``fields``: FIELDS of what updates and restores change. ``absent``: entity, key and role of what was seen to have
    disappeared. ``expected``: what of it was announced. ``cases``: fields that a case holds, as NEW_HOLDS.
    """

    records: Records
    fields: pl.DataFrame
    findings: pl.DataFrame
    new: pl.DataFrame
    names: Names
    absent: pl.DataFrame
    expected: Announced
    cases: pl.DataFrame


@dataclass(frozen=True)
class Proposal:
    """``deferred``, by entity: what is to be kept as delivered and not stored (DEFERRED); ``resolved``, by entity: keys
    whose deferred row is done. ``new_holds``: what a limit holds from now on (NEW_HOLDS).
    ``ended_holds``: ids of holds whose reason is gone. ``next_ids``: by entity the next integer id. ``absent``: entity,
    key and role of what disappeared; ``returned``: entity and key of what is back. ``expected``, by expectation: how
    many records come so. ``promoted``: of how many students the grade rises, where that was asked for. ``others``: ids
    of users who become another person: what is known of the earlier one's sign-ins is over.
    """

    changes: Changes
    findings: pl.DataFrame
    content_hash: str
    deferred: Mapping[str, pl.DataFrame]
    resolved: Mapping[str, pl.Series]
    new_holds: pl.DataFrame
    ended_holds: tuple[int, ...]
    used_approvals: tuple[int, ...]
    next_ids: Mapping[str, int]
    absent: pl.DataFrame
    returned: pl.DataFrame
    expected: Mapping[int, int]
    promoted: int
    others: tuple[int, ...]


def hold(
    records: Records,
    snapshot: Snapshot,
    limits: Limits,
    plan_day: PlanDay | None = None,
    overlaid: pl.Series = NO_IDS,
    doubts: pl.DataFrame | None = None,
) -> Held:
    """Sets every hold: by persons, undos and earlier limits, by a suspected reuse of an id, by the limits of this plan,
    by a username of another person; frees what was approved; then spreads holds to what depends on them. What waits for
    a day is held last.

    ``overlaid``: ids of users of whom something is not the source's (``Policy.overlaid``). ``doubts``: as in
    ``Compared``.
    """
    names = Names(records, snapshot)
    fields = changed_fields(records, names)
    approved = approved_of(records, snapshot.approved(), fields, names)
    records = hold_stored(records, under_new_keys(snapshot.holds(), records), fields)
    stated = stated_users(records, snapshot.matches())
    records, findings = hold_reused_ids(records, approved.whole, overlaid, stated)
    records, unclear = hold_doubts(records, doubts, approved.whole) if doubts is not None else (records, findings[:0])
    records, moved = hold_moved_names(records, approved.whole)
    records = free(records, approved)
    expected = _announced(records, snapshot, plan_day, fields)
    exempt = replace(expected.exempt, fields=pl.concat([expected.exempt.fields, following(records, approved.whole)]))
    facts = Facts(week_of(records, plan_day, limits), exempt, plan_day)
    people = absent_people(records, snapshot)
    records, new, removed = hold_over_limits(records, snapshot, limits, approved, fields, facts)
    records, cases, taken = hold_taken_usernames(records, snapshot, approved)
    records = propagate(hold_relinked(records, stated))
    early = hold_early(records, snapshot, plan_day)
    records = propagate(early, "early") if early is not records else records
    waiting = hold_in_grace(records, people, plan_day, expected.exempt.nodes, approved.whole)
    waiting = hold_of_unknown(waiting, plan_day, pl.concat([expected.exempt.nodes, approved.whole]))
    records = propagate(waiting, "grace") if waiting is not records else records
    found = pl.concat([findings, unclear, moved, taken])
    return Held(records, fields, found, new, names, _absent(records, people, removed), expected, cases)


def _announced(records: Records, snapshot: Snapshot, plan_day: PlanDay | None, fields: pl.DataFrame) -> Announced:
    if plan_day is None:
        return NOTHING
    return announced(records, snapshot, plan_day.expectations, fields, plan_day.as_of, promotes=plan_day.promotes)


def _absent(records: Records, people: pl.DataFrame, removed: pl.DataFrame) -> pl.DataFrame:
    """Entity, key and role of what disappeared; the roles of a person are separated by commas."""
    own = people.lazy().select("node", role=pl.col("roles").list.join(",").fill_null(""))
    others = removed.lazy().group_by("node").agg(role=pl.col("role").unique().sort().str.join(","))
    rows = pl.concat([own, others.join(own, on="node", how="anti")])
    named = rows.join(records.states.lazy().select("node", pl.col("entity").cast(pl.String), "key"), on="node")
    return named.select("entity", "key", "role").collect()


def _returned(records: Records, plan_day: PlanDay | None) -> pl.DataFrame:
    """Entity and key of records that had disappeared and are delivered again."""
    if plan_day is None or plan_day.absences.is_empty():
        return pl.DataFrame(schema={"entity": pl.String, "key": pl.String})
    stays = delivered_row() & (pl.col("action") != "archive").fill_null(value=True)
    back = records.states.lazy().filter(stays).select(pl.col("entity").cast(pl.String), "key")
    known = plan_day.absences.lazy().select("entity", "key").unique()
    return known.join(back, on=["entity", "key"], how="semi").collect()


def proposal_of(
    held: Held,
    compared: Compared,
    desired: Mapping[str, tuple[Desired, ...]],
    findings: pl.DataFrame,
    snapshot: Snapshot,
    policy: Policy = NO_POLICY,
    plan_day: PlanDay | None = None,
) -> Proposal:
    """The plan of these records."""
    records, holds = held.records, under_new_keys(snapshot.holds(), held.records)
    changes = changes_of(
        records,
        held.fields,
        _with_new(holds, limit=held.new, case=held.cases),
        compared.refreshed,
        held.names,
    )
    others = _others(records, policy.overlaid, stated_users(records, snapshot.matches()))
    status, pins = without_earlier(changes.status, others, snapshot), pins_of(changes, policy, snapshot, others)
    changes = replace(changes, status=status, pins=pins)
    kept, before = deferred(records), snapshot.deferred()
    return Proposal(
        changes=changes,
        findings=findings,
        content_hash=content_hash(changes, held.names),
        deferred=changed(kept, before),
        resolved={name: _done(rows, kept.get(name)) for name, rows in before.items()},
        new_holds=held.new,
        ended_holds=ended_holds(records, holds, _full(desired)),
        used_approvals=used(snapshot.approved(), _going(records)),
        next_ids=compared.next_ids,
        absent=held.absent,
        returned=_returned(records, plan_day),
        expected=held.expected.seen(records),
        promoted=held.expected.promoted.len(),
        others=tuple(others),
    )


def _others(records: Records, overlaid: pl.Series, stated: pl.Series) -> pl.Series:
    """Ids of users whom this plan makes another person, as somebody approved that."""
    going = records.states.filter((pl.col("entity") == "User") & proposed())
    return going.filter(among(pl.col("node"), reused_ids(records, overlaid, stated)))["id"]


def _with_new(holds: pl.DataFrame, **new: pl.DataFrame) -> pl.DataFrame:
    """The stored holds, and those of this plan (NEW_HOLDS) by their code."""
    own = {"hold_id": pl.lit(0, pl.Int64), "value": pl.lit(None, pl.String)}
    parts = [
        rows.lazy().with_columns(**own, code=pl.lit(code)).select(list(HOLDS))
        for code, rows in new.items()
        if rows.height
    ]
    return pl.concat([holds.lazy(), *parts]).collect() if parts else holds


def _full(desired: Mapping[str, tuple[Desired, ...]]) -> Delivered:
    full = [
        (name, f"{one.source}/{one.id_space}/", one.invalid)
        for name, tables in desired.items()
        for one in tables
        if one.coverage == Coverage.FULL
    ]
    unread = [(prefix + ids).alias("key") for _, prefix, ids in full if ids.len()]
    places = frozenset((name, prefix) for name, prefix, _ in full)
    return Delivered(places, pl.concat([pl.Series("key", [], dtype=pl.String), *unread]))


def _done(before: pl.DataFrame, kept: pl.DataFrame | None) -> pl.Series:
    return before["key"] if kept is None else before.join(kept, on="key", how="anti")["key"]


def _going(records: Records) -> pl.DataFrame:
    """entity, key and action of what is applied, in whole or in part."""
    part = (pl.col("action") != "update") | ((pl.col("changed") & ~pl.col("held_fields")) != 0)
    going = pl.col("action").is_not_null() & pl.col("hold").is_null() & part
    return records.states.lazy().filter(going).select(pl.col("entity", "key", "action").cast(pl.String)).collect()
