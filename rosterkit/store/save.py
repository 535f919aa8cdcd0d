"""Storing a plan and applying it, each in one transaction."""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Iterable, Iterator, Mapping, Sequence

import polars as pl

from rosterkit.plan.changes import Changes
from rosterkit.plan.merge import Delivered
from rosterkit.plan.plan import Plan
from rosterkit.plan.proposal import Proposal
from rosterkit.plan.snapshot import DEFERRED, with_key_parts
from rosterkit.plan.undo import Reversal
from rosterkit.sources.base import Progress, no_progress
from rosterkit.store import deltas, expectations, holds, overrides, places, plans
from rosterkit.store.absences import remember
from rosterkit.store.activity import forget_sign_in
from rosterkit.store.apply import write_fingerprints, write_revision
from rosterkit.store.database import transaction
from rosterkit.store.earlier_keys import follow
from rosterkit.store.effective import remember_blocked
from rosterkit.store.holds import StoredHold
from rosterkit.store.matches import end_overtaken
from rosterkit.store.pin_writes import write_beside
from rosterkit.store.staging import Staging, staging
from rosterkit.store.staleness import refuse_closed, refuse_stale, refuse_unapproved
from rosterkit.transport.incoming import Taken


def _frames(changes: Changes) -> Iterator[tuple[str, str, pl.DataFrame]]:
    yield from changes.applicable.frames()
    for part, name, frame in changes.held.frames():
        yield f"held.{part}", name, frame


def _by_entity(part: str, frames: Mapping[str, pl.DataFrame]) -> Iterator[tuple[str, str, pl.DataFrame]]:
    for name, frame in frames.items():
        if frame.height:
            yield part, name, frame


def _reserve(connection: sqlite3.Connection, next_ids: Mapping[str, int]) -> None:
    connection.executemany(
        "insert into counter (entity, next_id) values (?,?) "
        "on conflict (entity) do update set next_id=max(next_id, excluded.next_id)",
        list(next_ids.items()),
    )


_USES = {"kind": pl.String, "source": pl.String, "id": pl.String}


def store_proposal(
    connection: sqlite3.Connection,
    plan: Plan,
    settings_digest: str,
    proposal: Proposal,
    delivered: Sequence[Delivered],
    packages: Iterable[tuple[str, str]],
    taken: Mapping[str, Sequence[Taken]],
    overridden: Iterable[int] = (),
) -> None:
    """Writes a sync plan, reserves its ids, queues its deltas and sets the holds of limits: one transaction.

    ``packages``: source and id of the extracts that the plan covers. ``taken``, by source: the packages that were read
    from its place. ``overridden``: overrides that it uses up.
    """
    uses = [("approved", "", str(i)) for i in proposal.used_approvals]
    uses += [("hold", "", str(i)) for i in proposal.ended_holds] + [("package", *which) for which in packages]
    uses += [("expected", str(which), str(count)) for which, count in proposal.expected.items()]
    uses += [("override", "", str(number)) for number in overridden]
    uses += [("cursor", one.source, one.extract.cursor) for one in delivered if one.extract.cursor is not None]
    uses += [("another", "", str(user)) for user in proposal.others]
    uses += [("taken", name, places.taken_text(found)) for name, found in taken.items()]
    frames = [
        *_frames(proposal.changes),
        *_by_entity("deferred", proposal.deferred),
        *_by_entity("resolved", {n: s.to_frame("key") for n, s in proposal.resolved.items()}),
        ("finding", "", proposal.findings),
        ("uses", "", pl.DataFrame(uses, schema=_USES, orient="row")),
    ]
    with transaction(connection):
        for one in delivered:
            if deltas.known(connection, one.source, one.extract.id) == "new":
                deltas.enqueue(connection, one.source, one.extract, plan.id)
        plans.save(connection, plan, settings_digest, frames)
        _reserve(connection, proposal.next_ids)
        new = (
            StoredHold(entity, key, "limit", reason, action, field)
            for entity, key, action, field, reason in proposal.new_holds.iter_rows()
        )
        holds.add(connection, "rosterkit", new)
        remember(connection, plan.id, plan.as_of, proposal.absent, proposal.returned)


def store_reversal(connection: sqlite3.Connection, plan: Plan, settings_digest: str, reversal: Reversal) -> None:
    """Writes an undo plan in one transaction."""
    frames = [
        *_frames(reversal.changes),
        *_by_entity("deferred", reversal.deferred),
        *_by_entity("holds", reversal.holds),
    ]
    with transaction(connection):
        plans.save(connection, plan, settings_digest, frames)


def _defer(connection: sqlite3.Connection, plan: Plan) -> None:
    """Brings the deferred records to what the plan names; an undo leaves a later row that is deferred already."""
    for name, frame in plans.load(connection, plan.id, "resolved").items():
        connection.executemany(
            "delete from deferred where entity=? and source=? and id_space=? and sourced_id=?",
            ((name, *key.split("/", 2)) for key in frame["key"].to_list()),
        )
    verb = "insert or replace" if plan.kind == "sync" else "insert or ignore"
    for name, frame in plans.load(connection, plan.id, "deferred").items():
        rows = with_key_parts(frame.lazy().select(list(DEFERRED))).with_columns(entity=pl.lit(name)).collect()
        names, marks = ",".join(rows.columns), ",".join("?" * rows.width)
        connection.executemany(f"{verb} into deferred ({names}) values ({marks})", rows.iter_rows())


def _use(connection: sqlite3.Connection, plan: Plan, changes: Changes) -> None:
    """Uses up what the plan rests on: approvals, deltas, packages, cursors, holds of limits that were lifted."""
    found = plans.load(connection, plan.id, "uses").get("", pl.DataFrame(schema=_USES))
    ended = []
    for kind, source, which in found.iter_rows():
        if kind == "approved":
            connection.execute("update approved_change set used_in=? where id=?", (plan.id, int(which)))
        elif kind == "package":
            deltas.finish(connection, source, which, plan.id)
        elif kind == "expected":
            expectations.count_seen(connection, {int(source): int(which)})
        elif kind == "override":
            overrides.use(connection, int(which), f"plan {plan.id} used it")
        elif kind == "another":
            forget_sign_in(connection, int(which))
        elif kind == "taken":
            places.remember_taken(connection, source, which, plan.id)
        elif kind == "cursor":
            connection.execute("insert or replace into source_cursor values (?,?,?)", (source, which, plan.id))
        else:
            ended.append(int(which))
    holds.end(connection, ended, f"plan {plan.id}: its reason is gone")
    holds.end_limits(connection, changes, f"plan {plan.id}: a person approved it")


def _undo_holds(connection: sqlite3.Connection, plan: Plan, actor: str) -> None:
    reason = f"revision {plan.undoes} was undone"
    kept = (
        StoredHold(name, key, "undo", reason, action=action, field=field, value=value)
        for name, frame in plans.load(connection, plan.id, "holds").items()
        for key, action, field, value in frame.iter_rows()
    )
    holds.add(connection, actor, kept)


def _findings(connection: sqlite3.Connection, plan: Plan) -> None:
    """The open findings of the sources, gathered."""
    found = plans.load(connection, plan.id, "finding")
    if plan.kind != "sync":
        return
    connection.execute("delete from finding")
    for frame in found.values():
        gathered = frame.group_by("rule", "severity", "file", "column", maintain_order=True).agg(
            pl.len().alias("count"), pl.col("line").head(5)
        )
        connection.executemany(
            "insert into finding (source, plan, rule, severity, file, column, count, lines) values (?,?,?,?,?,?,?,?)",
            ((plan.source, plan.id, *row[:5], json.dumps(row[5])) for row in gathered.iter_rows()),
        )


def apply_plan(
    connection: sqlite3.Connection, plan_id: str, actor: str, progress: Progress = no_progress
) -> tuple[Plan, bool]:
    """Applies a plan wholly or not at all; returns it as it is afterwards, and whether a revision was written.

    Refused when the plan is closed, expired, not approved though it must be, or stale.
    """
    with staging(connection) as stage, transaction(connection):
        wrote = _apply(connection, plan_id, actor, progress, stage)
    return plans.find(connection, plan_id), wrote


def store_and_apply(
    connection: sqlite3.Connection, plan: Plan, settings_digest: str, changes: Changes, actor: str
) -> None:
    """Stores a plan of a person and applies it, inside the caller's transaction."""
    plans.save(connection, plan, settings_digest, _frames(changes))
    _apply(connection, plan.id, actor, no_progress, None)


def _apply(connection: sqlite3.Connection, plan_id: str, actor: str, progress: Progress, stage: Staging | None) -> bool:
    plan = plans.find(connection, plan_id)
    refuse_closed(plan)
    refuse_unapproved(plan)
    changes = plans.parts(connection, plan.id, whole=False)
    number = int(connection.execute("select number from plan where id=?", (plan.id,)).fetchone()[0])
    refuse_stale(connection, plan, changes, number)
    revision = None if changes.empty else write_revision(connection, plan, changes, actor, progress, stage)
    follow(connection, plan, changes)
    end_overtaken(connection)
    write_fingerprints(connection, changes)
    write_beside(connection, changes, actor, revision or plan.base)
    remember_blocked(connection)
    _defer(connection, plan)
    _use(connection, plan, changes)
    _undo_holds(connection, plan, actor)
    _findings(connection, plan)
    plans.set_state(connection, plan.id, "applied", revision)
    return revision is not None
