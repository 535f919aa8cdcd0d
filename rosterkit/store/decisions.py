"""What people decided, in the store: approvals of plans and of held changes, and lines that are ignored."""

from __future__ import annotations

import json
import sqlite3
from dataclasses import dataclass
from datetime import datetime

import polars as pl

from rosterkit.plan.plan import Plan
from rosterkit.store import plans
from rosterkit.store.bulk import insert


@dataclass(frozen=True)
class Approval:
    """A person's decision on a plan: ``approve``, ``reject``, or ``approve-held`` with how many changes it frees."""

    plan: str
    decision: str
    actor: str
    reason: str
    at: datetime
    freed: int = 0


@dataclass(frozen=True)
class IgnoredLine:
    """An unreadable line that a person set aside, named by its hash."""

    source: str
    hash: str
    actor: str
    reason: str
    at: datetime


def decide(
    connection: sqlite3.Connection, plan: Plan, decision: str, actor: str, reason: str, freed: int = 0
) -> tuple[Approval, int]:
    """Records a decision, inside the caller's transaction; returns it with its id."""
    at = plans.now()
    cursor = connection.execute(
        "insert into approval (plan, decision, actor, reason, at, content_hash, freed) values (?,?,?,?,?,?,?)",
        (plan.id, decision, actor, reason, at.isoformat(), plan.content_hash, freed),
    )
    return Approval(plan.id, decision, actor, reason, at, freed), int(cursor.lastrowid or 0)


def decisions(connection: sqlite3.Connection, plan: str = "") -> tuple[Approval, ...]:
    """The decisions on a plan, or on all plans, oldest first."""
    query = "select plan, decision, actor, reason, at, freed from approval where (?='' or plan=?) order by id"
    return tuple(
        Approval(of, decision, actor, reason, plans.moment(at), freed)
        for of, decision, actor, reason, at, freed in connection.execute(query, (plan, plan))
    )


def approve_changes(connection: sqlite3.Connection, approval: int, expires: datetime, rows: pl.DataFrame) -> None:
    """Records held changes (APPROVED, without their id, by entity) as approved, inside the caller's transaction."""
    marked = rows.with_columns(approval=pl.lit(approval), expires_at=pl.lit(expires.isoformat()))
    insert(connection, "approved_change", marked)


def deferred_why(connection: sqlite3.Connection, entity: str, sourced_id: str) -> str | None:
    """Why a record is deferred; None where it is not."""
    query = "select reason from deferred where entity=? and sourced_id=?"
    row = connection.execute(query, (entity, sourced_id)).fetchone()
    return str(row[0]) if row else None


def newest_applied(connection: sqlite3.Connection) -> str | None:
    """The id of the newest plan of the sources that was applied; None before there is one."""
    query = "select id from plan where kind='sync' and state='applied' order by number desc limit 1"
    row = connection.execute(query).fetchone()
    return str(row[0]) if row else None


def seen_lines(connection: sqlite3.Connection, source: str) -> frozenset[str]:
    """The hashes of unreadable lines that the newest plan of the source found."""
    query = "select p.id, p.sources from plan p where kind='sync' order by number desc"
    newest = next((plan for plan, sources in connection.execute(query) if source in json.loads(sources)), None)
    found: set[str] = set()
    for plan in (newest,) if newest else ():
        for frame in plans.load(connection, plan, "finding").values():
            hashes = frame["detail"].str.extract_all(r"\b[0-9a-f]{16}\b").explode().drop_nulls()
            found.update(hashes.to_list())
    return frozenset(found)


def ignore_line(connection: sqlite3.Connection, source: str, line_hash: str, actor: str, reason: str) -> None:
    """Records, inside the caller's transaction, that a line is ignored from now on."""
    connection.execute(
        "insert or replace into ignored_line (source, hash, actor, reason, at) values (?,?,?,?,?)",
        (source, line_hash, actor, reason, plans.now().isoformat()),
    )


def ignored_lines(connection: sqlite3.Connection, source: str = "") -> tuple[IgnoredLine, ...]:
    """The lines that are ignored, of one source or of all, oldest first."""
    query = "select source, hash, actor, reason, at from ignored_line where (?='' or source=?) order by at"
    return tuple(
        IgnoredLine(of, line_hash, actor, reason, plans.moment(at))
        for of, line_hash, actor, reason, at in connection.execute(query, (source, source))
    )


def stop_ignoring(connection: sqlite3.Connection, source: str, line_hash: str) -> bool:
    """Takes it back, inside the caller's transaction; whether it was ignored."""
    query = "delete from ignored_line where source=? and hash=?"
    return connection.execute(query, (source, line_hash)).rowcount > 0
