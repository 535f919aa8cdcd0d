"""May this plan still be applied? Refused by name when it is stale, closed or not approved (docs/architecture.md)."""

from __future__ import annotations

import sqlite3

import polars as pl

from rosterkit.errors import Refused
from rosterkit.plan.changes import Changes
from rosterkit.plan.plan import Plan
from rosterkit.plan.snapshot import KEY_PARTS
from rosterkit.roster.schema import by_name, entities
from rosterkit.store.apply import touched
from rosterkit.store.bulk import ids_table
from rosterkit.store.plans import now

_AGAIN = 'Make a new plan: "rosterkit plan".'


def refuse_closed(plan: Plan) -> None:
    """Refuses a plan that is applied, rejected, superseded or expired."""
    if plan.state == "applied":
        became = f" as revision {plan.revision_made}" if plan.revision_made else ""
        raise Refused(
            f'Plan {plan.id} was applied already{became}. To take a revision back: "rosterkit undo".', why="applied"
        )
    if plan.state == "rejected":
        raise Refused(f"Plan {plan.id} was rejected. {_AGAIN}", why="rejected")
    if plan.state == "superseded":
        raise Refused(f"A newer plan takes the place of plan {plan.id}. Look at that one.", why="superseded")
    if plan.expires_at <= now():
        raise Refused(f"Plan {plan.id} expired at {plan.expires_at:%Y-%m-%d %H:%M} UTC. {_AGAIN}", why="expired")


def refuse_unapproved(plan: Plan) -> None:
    """Refuses a plan that a person must approve and none has."""
    if plan.needs_approval and plan.state != "approved":
        raise Refused(
            f"Plan {plan.id} is not approved, and it must be: {plan.approval_why}. "
            f'Look at it, then: "rosterkit approve {plan.id} --reason TEXT".',
            why="not-approved",
        )


def refuse_other_settings(connection: sqlite3.Connection, plan: Plan, settings_digest: str) -> None:
    """Refuses a plan of the sources that no person approved and that was made under other settings than today's."""
    if plan.kind != "sync" or plan.state != "proposed":
        return
    made_under = connection.execute("select settings_digest from plan where id=?", (plan.id,)).fetchone()[0]
    if made_under != settings_digest:
        raise _stale(plan, "settings have changed")


def _stale(plan: Plan, what: str) -> Refused:
    return Refused(f"Plan {plan.id} is stale: {what} since it was made. {_AGAIN}", why="stale")


def _depends_on(changes: Changes) -> dict[str, pl.Series]:
    """Ids that these changes write or point to, by entity."""
    ids = {name: [series] for name, series in touched(changes).items()}
    for name, frame in changes.create.items():
        for column in by_name(name).refs:
            ids.setdefault(str(column.to), []).append(frame[column.name].drop_nulls())
    for name, frame in changes.update.items():
        for column in by_name(name).refs:
            pointed = frame.filter(pl.col("field") == column.label)["after_id"].drop_nulls()
            ids.setdefault(str(column.to), []).append(pointed)
    return {name: pl.concat(series).unique() for name, series in ids.items()}


def refuse_stale(connection: sqlite3.Connection, plan: Plan, changes: Changes, number: int) -> None:
    """Refuses a plan when something that it touches or depends on has changed since it was made."""
    _refuse_overtaken(connection, plan, number)
    if connection.execute("select 1 from revision where id > ?", (plan.base,)).fetchone():
        _refuse_touched(connection, plan, changes)
        _refuse_known_keys(connection, plan, changes)
        _refuse_new_children(connection, plan, changes)
    _refuse_held(connection, plan, changes, number)


def _refuse_overtaken(connection: sqlite3.Connection, plan: Plan, number: int) -> None:
    """A newer plan took in what this one proposes, or a later row: this one would write it back."""
    query = "select id from plan where kind='sync' and state='applied' and number>?"
    newer = connection.execute(query, (number,)).fetchone() if plan.kind == "sync" else None
    if newer:
        raise _stale(plan, f"plan {newer[0]}, a newer one, was applied")


def _refuse_touched(connection: sqlite3.Connection, plan: Plan, changes: Changes) -> None:
    for name, ids in _depends_on(changes).items():
        ids_table(connection, "needed", ids)
        row = connection.execute(
            "select min(revision), count(distinct record) from touch "
            "where entity=? and revision>? and record in (select id from needed)",
            (name, plan.base),
        ).fetchone()
        if row[1]:
            raise _stale(plan, f"revision {row[0]} changed {row[1]} {name} records that it touches or depends on")


def _refuse_known_keys(connection: sqlite3.Connection, plan: Plan, changes: Changes) -> None:
    for name, frame in changes.create.items():
        columns = ",".join(KEY_PARTS)
        connection.execute(f"create temp table if not exists new_keys ({columns}, primary key ({columns}))")
        connection.execute("delete from new_keys")
        connection.executemany("insert into new_keys values (?,?,?)", frame.select(KEY_PARTS).iter_rows())
        table = by_name(name).table
        row = connection.execute(f'select count(*) from new_keys join "{table}" using ({columns})').fetchone()
        if row[0]:
            raise _stale(plan, f"{row[0]} {name} records that it creates have come into being")


def _refuse_new_children(connection: sqlite3.Connection, plan: Plan, changes: Changes) -> None:
    for name, frame in changes.status.items():
        ids_table(connection, "leaves", frame.filter(pl.col("action") == "archive")["id"])
        for entity in entities():
            for column in entity.refs:
                if column.to != name:
                    continue
                row = connection.execute(
                    f'select count(*) from "{entity.table}" where "{column.name}" in (select id from leaves) '
                    "and status='active' and updated_revision>?",
                    (plan.base,),
                ).fetchone()
                if row[0]:
                    raise _stale(plan, f"{row[0]} {entity.name} records came to refer to a {name} that it archives")


def _refuse_held(connection: sqlite3.Connection, plan: Plan, changes: Changes, number: int) -> None:
    person = "code='person' and ended_at is null"
    query = f"select distinct entity, source, id_space, sourced_id from hold where plan_number>=? and {person}"
    held = connection.execute(query, (number,)).fetchall()
    for _, name, frame in changes.written() if held else ():
        keys = [key for entity, *key in held if entity == name]
        if keys and "sourced_id" in frame.columns:
            some = pl.DataFrame(keys, schema=dict.fromkeys(KEY_PARTS, pl.String), orient="row")
            if frame.join(some, on=KEY_PARTS, how="semi").height:
                raise _stale(plan, f"a {name} record that it changes was set aside")
