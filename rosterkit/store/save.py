"""Storing a plan and applying it, each in one transaction."""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Iterator

import polars as pl

from rosterkit.plan.build import Draft
from rosterkit.plan.changes import Parts
from rosterkit.plan.plan import Plan
from rosterkit.plan.snapshot import PENDING
from rosterkit.plan.undo import Reversal
from rosterkit.sources.base import Progress, no_progress
from rosterkit.sources.bundle import Bundle
from rosterkit.store import deltas as queue
from rosterkit.store import holds, plans
from rosterkit.store.apply import write_revision
from rosterkit.store.bulk import insert
from rosterkit.store.database import transaction
from rosterkit.store.holds import StoredHold
from rosterkit.store.staging import staging
from rosterkit.store.staleness import refuse_settled, refuse_stale, refuse_unapproved

__all__ = ["apply_plan", "store_draft", "store_reversal"]


def _frames(parts: Parts) -> Iterator[tuple[str, str, pl.DataFrame]]:
    yield from parts.applicable().frames()
    for part, name, frame in parts.held().frames():
        yield f"held.{part}", name, frame


def _by_entity(part: str, frames: dict[str, pl.DataFrame]) -> Iterator[tuple[str, str, pl.DataFrame]]:
    for name, frame in frames.items():
        if frame.height:
            yield part, name, frame


def _reserve(connection: sqlite3.Connection, reserved: dict[str, int]) -> None:
    connection.executemany(
        "insert into counter (entity, next_id) values (?,?) "
        "on conflict (entity) do update set next_id=max(next_id, excluded.next_id)",
        list(reserved.items()),
    )


def store_draft(connection: sqlite3.Connection, plan: Plan, settings_digest: str, draft: Draft, bundle: Bundle) -> None:
    """Writes a sync plan, reserves its ids, queues its deltas and sets the holds of limits: one transaction."""
    uses = [("approved", str(i)) for i in draft.used_approvals] + [("hold", str(i)) for i in draft.ended_holds]
    uses += [("package", package) for package in plan.packages]
    frames = [
        *_frames(draft.parts),
        *_by_entity("pending", dict(draft.pending)),
        *_by_entity("settled", {n: s.to_frame("sourced_id") for n, s in draft.settled.items()}),
        ("finding", "", draft.findings),
        ("uses", "", pl.DataFrame(uses, schema={"kind": pl.String, "id": pl.String}, orient="row")),
    ]
    with transaction(connection):
        if queue.known(connection, plan.source, bundle.package.id) == "new":
            queue.enqueue(connection, plan.source, bundle, plan.id)
        plans.save(connection, plan, settings_digest, frames)
        _reserve(connection, dict(draft.reserved))
        new = (
            StoredHold(name, key, "limit", why, action="archive")
            for name, frame in draft.new_holds.items()
            for key, why in frame.iter_rows()
        )
        holds.add(connection, plan.source, "rosterkit", new)


def store_reversal(connection: sqlite3.Connection, plan: Plan, settings_digest: str, reversal: Reversal) -> None:
    """Writes an undo plan in one transaction."""
    frames = [
        *_frames(reversal.parts),
        *_by_entity("pending", dict(reversal.pending)),
        *_by_entity("holds", dict(reversal.holds)),
    ]
    with transaction(connection):
        plans.save(connection, plan, settings_digest, frames)


def _remember(connection: sqlite3.Connection, plan: Plan) -> None:
    """Brings ``pending`` to what the plan says."""
    for name, frame in plans.load(connection, plan.id, "settled").items():
        connection.executemany(
            "delete from pending where origin=? and entity=? and sourced_id=?",
            ((plan.source, name, key) for key in frame["sourced_id"].to_list()),
        )
    for name, frame in plans.load(connection, plan.id, "pending").items():
        rows = frame.select(list(PENDING)).with_columns(origin=pl.lit(plan.source), entity=pl.lit(name))
        if plan.kind == "sync":
            insert(connection, "pending", rows, replace=True)
        else:
            _keep_newer(connection, rows)


def _keep_newer(connection: sqlite3.Connection, rows: pl.DataFrame) -> None:
    """An undo remembers what was said, unless a later word is remembered already."""
    names = rows.columns
    connection.executemany(
        f"insert or ignore into pending ({','.join(names)}) values ({','.join('?' * len(names))})", rows.iter_rows()
    )


def _use(connection: sqlite3.Connection, plan: Plan, parts: Parts) -> None:
    """Settles what the plan made use of: approvals, deltas, holds of limits that were lifted."""
    uses = plans.load(connection, plan.id, "uses").get("", pl.DataFrame(schema={"kind": pl.String, "id": pl.String}))
    approved = uses.filter(pl.col("kind") == "approved")["id"].to_list()
    connection.executemany("update approved_change set used_in=? where id=?", ((plan.id, int(i)) for i in approved))
    queue.settle(connection, plan.source, uses.filter(pl.col("kind") == "package")["id"], plan.id)
    ended = uses.filter(pl.col("kind") == "hold")["id"].to_list()
    holds.end(connection, [int(i) for i in ended], f"plan {plan.id}: its reason is gone")
    gone = {n: f.filter(pl.col("action") == "archive")["sourced_id"] for n, f in parts.status.items()}
    holds.end_limits(connection, plan.source, gone, f"plan {plan.id}: a person approved it")


def _undo_holds(connection: sqlite3.Connection, plan: Plan, actor: str) -> None:
    reason = f"revision {plan.undoes} was undone"
    kept = (
        StoredHold(name, key, "undo", reason, action=action, field=field, value=value)
        for name, frame in plans.load(connection, plan.id, "holds").items()
        for key, action, field, value in frame.iter_rows()
    )
    holds.add(connection, plan.source, actor, kept)


def _findings(connection: sqlite3.Connection, plan: Plan) -> None:
    """The open findings of the source, gathered."""
    found = plans.load(connection, plan.id, "finding")
    if plan.kind != "sync":
        return
    connection.execute("delete from finding where source=?", (plan.source,))
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

    Refused when the plan is settled, expired, not approved though it must be, or stale.
    """
    with staging(connection) as stage, transaction(connection):
        plan = plans.find(connection, plan_id)
        refuse_settled(plan)
        refuse_unapproved(plan)
        parts = plans.parts(connection, plan.id, whole=False)
        seq = int(connection.execute("select seq from plan where id=?", (plan.id,)).fetchone()[0])
        refuse_stale(connection, plan, parts, seq)
        revision = None if parts.empty else write_revision(connection, plan, parts, actor, progress, stage)
        _remember(connection, plan)
        _use(connection, plan, parts)
        _undo_holds(connection, plan, actor)
        _findings(connection, plan)
        plans.set_state(connection, plan.id, "applied", revision)
    return plans.find(connection, plan.id), revision is not None
