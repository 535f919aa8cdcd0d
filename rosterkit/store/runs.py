"""Runs and their stages in the store: each is recorded when it begins and when it ends.

``state`` of a run:

=======  ============================================================================================================
running  it goes on now; where no process holds the lock of a sync, it was interrupted
stopped  it was asked to stop, and goes on when the schedule starts again
done     it ended, and nobody need look
look     it ended, and somebody should look
failed   a stage failed, or it was interrupted and did not go on
missed   it did not take place
=======  ============================================================================================================

``state`` of a stage: running, stopped, done, look, waiting (for a person), skipped, refused, failed.
"""

from __future__ import annotations

import json
import sqlite3
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime
from typing import Any

from rosterkit.errors import UsageError
from rosterkit.plan.snapshot import KEY_PARTS
from rosterkit.store import plans
from rosterkit.store.database import transaction

Item = tuple[str, str]
"""A kind of notice (run_settings.KINDS) and a sentence without personal data."""


@dataclass(frozen=True)
class Stage:
    """One stage of a run. ``facts``: counts, and names of sources and feeds."""

    name: str
    state: str
    started_at: datetime
    ended_at: datetime | None = None
    exit_code: int = 0
    why: str = ""
    facts: Mapping[str, Any] = field(default_factory=dict)
    items: tuple[Item, ...] = ()


@dataclass(frozen=True)
class Run:
    """One run of a job; ``slot`` is the scheduled time, YYYY-MM-DD HH:MM in the zone of the job, "" = by hand."""

    id: int
    job: str
    slot: str
    state: str
    as_of: date
    started_at: datetime
    ended_at: datetime | None
    attempts: int
    exit_code: int | None
    plan: str
    revision: int | None
    message: str
    stages: tuple[Stage, ...] = ()

    def stage(self, name: str) -> Stage | None:
        """The stage of that name, where it has begun."""
        return next((stage for stage in self.stages if stage.name == name), None)

    @property
    def over(self) -> bool:
        """Whether it ended."""
        return self.state not in ("running", "stopped")


_COLUMNS = (
    *("id", "job", "slot", "state", "as_of", "started_at", "ended_at", "attempts", "exit_code", "plan", "revision"),
    "message",
)
_STAGE = ("name", "state", "started_at", "ended_at", "exit_code", "why", "facts", "items")


def begin(connection: sqlite3.Connection, job: str, slot: str, as_of: date) -> Run:
    """Records that a run begins."""
    return _add(connection, job, slot, as_of, "running", "")


def miss(connection: sqlite3.Connection, job: str, slot: str, as_of: date, message: str) -> Run:
    """Records that a run did not take place."""
    return _add(connection, job, slot, as_of, "missed", message)


def _add(connection: sqlite3.Connection, job: str, slot: str, as_of: date, state: str, message: str) -> Run:
    at = plans.now().isoformat()
    value = {
        "job": job,
        "slot": slot,
        "state": state,
        "as_of": as_of.isoformat(),
        "started_at": at,
        "ended_at": None if state == "running" else at,
        "attempts": int(state == "running"),
        "message": message,
    }
    with transaction(connection):
        done = connection.execute(
            f"insert into run ({','.join(value)}) values ({','.join('?' * len(value))})", tuple(value.values())
        )
    return find(connection, int(done.lastrowid or 0))


def begin_again(connection: sqlite3.Connection, run: int) -> Run:
    """Records that a run that was interrupted goes on."""
    with transaction(connection):
        connection.execute("update run set state='running', attempts=attempts+1 where id=?", (run,))
    return find(connection, run)


def set_plan(connection: sqlite3.Connection, run: int, plan: str) -> None:
    """Records which plan the run made."""
    with transaction(connection):
        connection.execute("update run set plan=? where id=?", (plan, run))


def end(
    connection: sqlite3.Connection,
    run: int,
    state: str,
    *,
    exit_code: int,
    revision: int | None,
    message: str,
    at: datetime,
) -> None:
    """Records that a run ended, or was stopped, at that time."""
    with transaction(connection):
        connection.execute(
            "update run set state=?, ended_at=?, exit_code=?, revision=?, message=? where id=?",
            (state, at.isoformat(), exit_code, revision, message, run),
        )


def begin_stage(connection: sqlite3.Connection, run: int, stage: Stage) -> None:
    """Records that a stage begins, or begins again after an interruption (its facts are then those of before)."""
    query = "select coalesce(max(number),0)+1 from run_stage where run=?"
    with transaction(connection):
        number = connection.execute(query, (run,)).fetchone()[0]
        connection.execute(
            "insert into run_stage (run, name, number, state, started_at, exit_code, why, facts, items) "
            "values (?,?,?,'running',?,0,'',?,'[]') on conflict (run, name) do update set state='running'",
            (run, stage.name, number, stage.started_at.isoformat(), json.dumps(dict(stage.facts))),
        )


def end_stage(connection: sqlite3.Connection, run: int, stage: Stage) -> None:
    """Records how a stage ended."""
    with transaction(connection):
        connection.execute(
            "update run_stage set state=?, ended_at=?, exit_code=?, why=?, facts=?, items=? where run=? and name=?",
            (
                stage.state,
                stage.ended_at.isoformat() if stage.ended_at else None,
                stage.exit_code,
                stage.why,
                json.dumps(dict(stage.facts)),
                json.dumps(stage.items),
                run,
                stage.name,
            ),
        )


def _run(row: Sequence[Any], stages: tuple[Stage, ...] = ()) -> Run:
    value = dict(zip(_COLUMNS, row, strict=True))
    value["as_of"] = date.fromisoformat(value["as_of"])
    value["plan"] = value["plan"] or ""
    for name in ("started_at", "ended_at"):
        value[name] = plans.moment(value[name]) if value[name] else None
    return Run(**value, stages=stages)


def _stages(connection: sqlite3.Connection, run: int) -> tuple[Stage, ...]:
    query = f"select {','.join(_STAGE)} from run_stage where run=? order by number"
    found = []
    for row in connection.execute(query, (run,)):
        value = dict(zip(_STAGE, row, strict=True))
        for name in ("started_at", "ended_at"):
            value[name] = plans.moment(value[name]) if value[name] else None
        value["facts"] = json.loads(value["facts"])
        value["items"] = tuple((kind, text) for kind, text in json.loads(value["items"]))
        found.append(Stage(**value))
    return tuple(found)


def _query(connection: sqlite3.Connection, where: str, values: Sequence[object], limit: int) -> tuple[Run, ...]:
    query = f"select {','.join(_COLUMNS)} from run where {where} order by id desc limit ?"
    rows = connection.execute(query, (*values, limit)).fetchall()
    return tuple(_run(row, _stages(connection, row[0])) for row in rows)


def recent(connection: sqlite3.Connection, limit: int = 50, *, job: str = "") -> tuple[Run, ...]:
    """The newest runs, the newest first: of one job, or of all."""
    return _query(connection, "(?='' or job=?)", (job, job), limit)


def earlier(connection: sqlite3.Connection, job: str, run: int) -> tuple[Run, ...]:
    """The runs of that job before this one, the newest first."""
    return _query(connection, "job=? and (?=0 or id<?)", (job, run, run), 50)


def find(connection: sqlite3.Connection, run: int) -> Run:
    """The run of that number; UsageError where there is none."""
    found = _query(connection, "id=?", (run,), 1)
    if not found:
        raise UsageError(f'There is no run {run}. See "rosterkit runs".')
    return found[0]


def of_slot(connection: sqlite3.Connection, job: str, slot: str) -> Run | None:
    """The run of that job at that scheduled time, where there is one."""
    return next(iter(_query(connection, "job=? and slot=?", (job, slot), 1)), None)


def interrupted(connection: sqlite3.Connection, job: str = "") -> tuple[Run, ...]:
    """Runs that did not end: for whoever holds the lock of a sync, they were interrupted."""
    return _query(connection, "(?='' or job=?) and state in ('running','stopped')", (job, job), 50)


def held_by(connection: sqlite3.Connection, plan: str) -> Counter[str]:
    """How many records a plan holds, in whole or in part, by what holds them (docs/architecture.md).

    A case that a person holds is decided: that person holds it.
    """
    held = plans.parts(connection, plan, held=True)
    columns = ["id", *KEY_PARTS, "hold"]
    found = {(name, *row) for _, name, frame in held.frames() for row in frame.select(columns).iter_rows()}
    query = "select entity, source, id_space, sourced_id from hold where code='person' and action='' and field=''"
    decided = set(connection.execute(f"{query} and ended_at is null"))
    return Counter("person" if code == "case" and (name, *key) in decided else code for name, _, *key, code in found)
