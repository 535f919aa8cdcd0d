"""Decisions on plans and records: approve, reject, approve what is held, hold, release, ignore a line."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path

import polars as pl

from rosterkit.errors import Refused, UsageError
from rosterkit.plan.changes import Changes
from rosterkit.plan.fields import as_text, digest
from rosterkit.plan.plan import Plan
from rosterkit.plan.snapshot import APPROVED, KEY_PARTS, key
from rosterkit.results import Approval, Hold
from rosterkit.roster.schema import Entity, by_name, entities
from rosterkit.roster.vocabulary import ENTITY_WORDS
from rosterkit.store import decisions, holds, plans
from rosterkit.store.absences import forget_plan
from rosterkit.store.belongings import belonging_keys
from rosterkit.store.database import transaction
from rosterkit.store.display_names import keys_of
from rosterkit.store.earlier_keys import earlier_hint
from rosterkit.store.history import record_key
from rosterkit.store.holds import StoredHold
from rosterkit.store.staleness import refuse_closed

_SUSPECTED_REUSE = "case"  # the code of such a hold
_OF_THE_STORE = ("person", "limit", "undo")  # codes of holds that stand in the store: a released one is over
_CODES = {_SUSPECTED_REUSE: "an id, number or username may have been reused"}


def required_reason(reason: str) -> str:
    """The reason without its margins; UsageError for an empty one."""
    if not reason.strip():
        raise UsageError("A reason is needed: say why, for those who read the history.")
    return reason.strip()


def entity_of(name: str) -> Entity:
    """The entity that a person means, in any case or by a word such as student; UsageError when there is none."""
    for entity in entities():
        if entity.name in (ENTITY_WORDS.get(name.lower()), name) or entity.name.lower() == name.lower():
            return entity
    raise UsageError(f'There is no entity "{name}". It is one of {", ".join(e.name for e in entities())}.')


def plan_stamp(connection: sqlite3.Connection, plan: Plan) -> str:
    """What changes with every decision on a plan: its state, and how many decisions there are."""
    return f"{plan.state}-{len(decisions.decisions(connection, plan.id))}"


def record_stamp(connection: sqlite3.Connection, entity: str, sourced_id: str) -> str:
    """What changes with every hold of a record that is set or ended."""
    in_force = holds.listed(connection, "entity=? and sourced_id=?", (entity_of(entity).name, sourced_id))
    return "-".join(["holds", *(str(row[0]) for row in in_force)])


def refuse_changed(seen: str, present: str) -> None:
    """Refuses a decision on what is no longer as the person saw it; "" asks nothing."""
    if seen and seen != present:
        raise Refused(
            "Somebody decided on this after you opened it. Nothing was done. Look at it again, then decide.",
            why="changed",
        )


def sign(
    connection: sqlite3.Connection,
    plan_id: str,
    decision: str,
    actor: str,
    reason: str,
    *,
    needed: int = 1,
    seen: str = "",
) -> Approval:
    """Approves or rejects a plan; Refused when it is closed, or where the same person would approve it twice.

    ``needed``: how many people must approve before it may be applied.
    """
    reason = required_reason(reason)
    with transaction(connection):
        plan = plans.find(connection, plans.written_out(plan_id))
        refuse_closed(plan)
        refuse_changed(seen, plan_stamp(connection, plan))
        state = "rejected" if decision == "reject" else _approved(connection, plan, actor, needed)
        plans.set_state(connection, plan.id, state)
        if decision == "reject":
            forget_plan(connection, plan.id)
        return decisions.decide(connection, plan, decision, actor, reason)[0]


def _approved(connection: sqlite3.Connection, plan: Plan, actor: str, needed: int) -> str:
    """The state after this person approves."""
    before = {one.actor.casefold() for one in decisions.decisions(connection, plan.id) if one.decision == "approve"}
    if needed > 1 and actor.casefold() in before:
        raise Refused(
            f"{actor} approved plan {plan.id} already. The setting approvers asks for another person.",
            why="same-person",
        )
    return "approved" if len(before | {actor.casefold()}) >= needed else plan.state


_CEILING = [*KEY_PARTS, *list(APPROVED)[3:], "entity", "hold"]


def _ceilings(path: Path, held: Changes) -> Iterator[pl.DataFrame]:
    """What a person approves by approving each held change."""
    names = keys_of(path, held)
    nothing = pl.lit("")
    for name, frame in held.create.items():
        entity = by_name(name)
        after = as_text(entity, frame, names).select(after=digest(entity)).collect().to_series()
        rows = frame.select(*KEY_PARTS, "hold", action=pl.lit("create"), field=nothing, before=nothing)
        yield rows.with_columns(after, entity=pl.lit(name)).select(_CEILING)
    for name, frame in held.status.items():
        archives = frame.filter(pl.col("action") == "archive")
        rows = archives.select(*KEY_PARTS, "hold", "action", before="digest", field=nothing, after=nothing)
        yield rows.with_columns(entity=pl.lit(name)).select(_CEILING)
        yield _restores(by_name(name), frame.filter(pl.col("action") == "restore"), held.update.get(name))
    for name, frame in held.update.items():
        rows = frame.filter(pl.col("action") == "update")
        yield rows.with_columns(entity=pl.lit(name)).select(_CEILING)


def _restores(entity: Entity, frame: pl.DataFrame, update: pl.DataFrame | None) -> pl.DataFrame:
    """A restore is approved with the row that it brings back: the stored one with the fields that change."""
    shape = pl.Struct([pl.Field(c.label, pl.String) for c in entity.columns])
    row = pl.col("digest").str.json_decode(shape).alias("row")
    rows = frame.select(*KEY_PARTS, "hold", "digest").with_columns(row).unnest("row")
    for column in entity.columns if update is not None else ():
        assert update is not None
        mine = update.filter((pl.col("action") == "restore") & (pl.col("field") == column.label))
        new = mine.select(*KEY_PARTS, _after="after", _hit=pl.lit(value=True))
        rows = rows.join(new, on=KEY_PARTS, how="left", maintain_order="left")
        rows = rows.with_columns(
            pl.when("_hit").then(pl.col("_after")).otherwise(pl.col(column.label)).alias(column.label)
        ).drop("_after", "_hit")
    same = {"entity": pl.lit(entity.name), "action": pl.lit("restore"), "field": pl.lit("")}
    return rows.select(*KEY_PARTS, "hold", before="digest", after=digest(entity), **same).select(_CEILING)


def _with_it(connection: sqlite3.Connection, chosen: pl.DataFrame, every: pl.DataFrame) -> pl.DataFrame:
    """Of all that is held, the archives of what belongs to the chosen records, which would otherwise stay without."""
    keys: set[tuple[str, ...]] = set()
    archives = chosen.filter(pl.col("action") == "archive")
    for name in archives["entity"].unique().to_list():
        mine = archives.filter(pl.col("entity") == name)["sourced_id"].to_list()
        keys |= belonging_keys(connection, str(name), mine)
    named = ["entity", *KEY_PARTS]
    with_it = pl.DataFrame(sorted(keys), schema=dict.fromkeys(named, pl.String), orient="row")
    held = every.filter((pl.col("action") == "archive") & pl.col("hold").is_in(["limit", "grace"]))
    return held.join(with_it, on=named, how="semi").join(chosen, on=[*named, "action"], how="anti").select(_CEILING)


def approve_held(
    path: Path,
    connection: sqlite3.Connection,
    plan_id: str,
    *,
    actor: str,
    reason: str,
    hours: int,
    entity: str | None,
    action: str | None,
    sourced_id: str | None,
) -> tuple[Approval, list[str]]:
    """Frees held changes of a plan for the plans to come: exactly these, until they are used or the hours are over.

    Returns the records too ("User stu-1017").

    A suspected reuse of an id is freed by the id of its own record alone, never together with others. Where the archive
    of one record is approved, so are the archives of what belongs to it, if a limit or the grace holds them.
    """
    reason = required_reason(reason)
    plan = plans.find(connection, plans.written_out(plan_id))
    if plan.kind != "sync":
        raise Refused("What an undo leaves is not held: later changes stand on it. Undo those first.", why="undo")
    found = _ceilings(path, plans.parts(connection, plan.id, held=True))
    every = rows = pl.concat([pl.DataFrame(schema=dict.fromkeys(_CEILING, pl.String)), *found])
    for name, value in (
        ("entity", entity_of(entity).name if entity else None),
        ("action", action),
        ("sourced_id", sourced_id),
    ):
        if value:
            rows = rows.filter(pl.col(name) == value)
    if not sourced_id:
        reused = rows.filter(pl.col("hold") == _SUSPECTED_REUSE)["sourced_id"].unique().sort().to_list()
        rows = rows.filter(pl.col("hold") != _SUSPECTED_REUSE)
        if reused and not rows.height:
            raise Refused(
                f"An id, number or username of {', '.join(reused)} may have been reused for another person. Look at "
                f"each, and approve it by its record: --held --record {reused[0]}.",
                why="suspected-reuse",
            )
    else:
        rows = pl.concat([rows, _with_it(connection, rows, every)])
    if rows.height == 0:
        raise Refused(
            f'Plan {plan.id} holds nothing of that. See "rosterkit show {plan.id} --held".', why="nothing-held"
        )
    expires = plans.now() + timedelta(hours=hours)
    count = rows.select("entity", "sourced_id", "action").unique().height
    with transaction(connection):
        approval, number = decisions.decide(connection, plan, "approve-held", actor, reason, count)
        decisions.approve_changes(connection, number, expires, rows.drop("hold"))
    return approval, rows.select(pl.format("{} {}", "entity", "sourced_id")).to_series().unique().sort().to_list()


def holds_of(connection: sqlite3.Connection, where: str = "", values: tuple[object, ...] = ()) -> tuple[Hold, ...]:
    """The holds in force, oldest first."""
    return tuple(
        Hold(entity, key, action, field, code, reason, actor, plans.moment(since))
        for _, entity, key, action, field, code, reason, actor, since, _ in holds.listed(connection, where, values)
    )


def _key(connection: sqlite3.Connection, entity: Entity, sourced_id: str) -> str:
    """The planner's key of a record that is stored, deferred, or in its newest plan; UsageError when there is none."""
    found = record_key(connection, entity, sourced_id)
    if found:
        return found
    sync = next((plan for plan in plans.all_plans(connection) if plan.kind == "sync"), None)
    for part in ("create", "held.create") if sync else ():
        assert sync is not None
        created = plans.load(connection, sync.id, part).get(entity.name)
        mine = created.filter(pl.col("sourced_id") == sourced_id) if created is not None else None
        if mine is not None and mine.height:
            return str(mine.select(key()).item(0, 0))
    other = earlier_hint(connection, entity.name, sourced_id)
    raise UsageError(f"There is no {entity.name} {sourced_id} in the store, and the newest plan creates none.{other}")


def hold(
    connection: sqlite3.Connection,
    entity: str,
    sourced_id: str,
    *,
    actor: str,
    reason: str,
    action: str,
    field: str,
) -> Hold:
    """Sets a record, one action of it or one field aside, until it is released; a plan may only propose it yet."""
    reason = required_reason(reason)
    kind = entity_of(entity)
    record = _key(connection, kind, sourced_id)
    if action not in ("", "create", "update", "archive", "restore"):
        raise UsageError(f'There is no action "{action}". It is one of create, update, archive, restore.')
    if field and field not in {c.label for c in kind.columns}:
        raise UsageError(f'{kind.name} has no field "{field}". It has {", ".join(c.label for c in kind.columns)}.')
    with transaction(connection):
        holds.add(connection, actor, [StoredHold(kind.name, record, "person", reason, action, field)])
    where = "entity=? and sourced_id=? and action=? and field=? and code='person'"
    return holds_of(connection, where, (kind.name, sourced_id, action, field))[-1]


def release(
    connection: sqlite3.Connection, entity: str, sourced_id: str, *, actor: str, reason: str, action: str, field: str
) -> tuple[Hold, ...]:
    """Ends the holds of a record, whoever set them; Refused when there are none.

    Where a limit held its archive, what belongs to it is released with it.
    """
    reason = required_reason(reason)
    kind = entity_of(entity)
    where, values = "entity=? and sourced_id=?", [kind.name, sourced_id]
    for name, value in (("action", action), ("field", field)):
        if value:
            where += f" and {name}=?"
            values.append(value)
    with transaction(connection):
        found = holds.listed(connection, where, values)
        if not found:
            other = earlier_hint(connection, kind.name, sourced_id)
            raise Refused(f'Nothing holds {kind.name} {sourced_id}. See "rosterkit holds".{other}', why="not-held")
        ended = holds_of(connection, where, tuple(values))
        why = f"released by {actor}: {reason}"
        holds.end(connection, [row[0] for row in found], why)
        if any(hold.code == "limit" and hold.action == "archive" for hold in ended):
            holds.end_limits_on(connection, belonging_keys(connection, kind.name, [sourced_id]), why)
    return ended


def all_held(connection: sqlite3.Connection) -> tuple[Hold, ...]:
    """Everything that is held: what persons, limits and undos set, then what the newest plans hold beside it."""
    kept = holds_of(connection)
    known = {(hold.entity, hold.sourced_id) for hold in kept}
    newest = next((plan for plan in plans.all_plans(connection) if plan.kind == "sync"), None)
    more: dict[tuple[str, str, str, str], Hold] = {}
    for _, entity, rows in plans.parts(connection, newest.id, held=True).frames() if newest else ():
        assert newest is not None
        action = pl.col("action") if "action" in rows.columns else pl.lit("create")
        for record, what, code, why in rows.select("sourced_id", action, "hold", "hold_reason").unique().iter_rows():
            if code not in _OF_THE_STORE and (entity, record) not in known:
                reason = f"{_CODES[code]}: {why}" if code in _CODES else str(why)
                hold = Hold(entity, record, what, "", code, reason, f"plan {newest.id}", newest.created_at)
                more[entity, record, what, code] = hold
    return (*kept, *(more[one] for one in sorted(more, key=lambda one: (one[3] != _SUSPECTED_REUSE, one))))


def ignore_line(connection: sqlite3.Connection, source: str, line_hash: str, *, actor: str, reason: str) -> None:
    """Sets an unreadable line aside by its hash, which its finding shows: it no longer makes its file partial.

    Raises UsageError for a hash that the newest plan of the source does not show.
    """
    reason = required_reason(reason)
    seen = decisions.seen_lines(connection, source)
    if line_hash not in seen:
        known = f"It shows {', '.join(sorted(seen)[:5])}." if seen else "It shows none."
        raise UsageError(f"The newest plan of {source} shows no unreadable line with the hash {line_hash}. {known}")
    with transaction(connection):
        decisions.ignore_line(connection, source, line_hash, actor, reason)


def stop_ignoring(connection: sqlite3.Connection, source: str, line_hash: str) -> None:
    """Takes it back that a line is ignored; Refused where it is not."""
    with transaction(connection):
        if not decisions.stop_ignoring(connection, source, line_hash):
            raise Refused(f"No line of {source} with the hash {line_hash} is ignored.", why="not-ignored")
