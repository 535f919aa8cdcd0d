"""Editing by hand: values of manual records change; one of a synced record is pinned, where the policy allows it."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass

import polars as pl

from rosterkit.errors import Refused, UsageError
from rosterkit.manual.revision import Done, ManualRun, pin_rows
from rosterkit.plan.changes import UPDATE, Changes
from rosterkit.plan.policy import CONTACT_FIELDS, allowed, may, rule, subject_of
from rosterkit.plan.policy_holds import PINNED
from rosterkit.review import required_reason
from rosterkit.roster.schema import Column, Entity, by_name
from rosterkit.store.blocks import pins
from rosterkit.store.effective import ACCOUNT
from rosterkit.store.lookup import (
    Found,
    find_record,
    key_of,
    roles_of,
    schools_of,
    signed_in,
    switched_off,
    values_of,
)


def synced(run: ManualRun, found: Found) -> bool:
    """Whether a source owns the record: it is not manual, its source is enabled there, and manages its role."""
    if found.by_hand or found.source not in run.config.sources or not run.config.sources[found.source].enabled:
        return False
    schools = {key for _, key in schools_of(run.connection, found)}
    off = switched_off(run.connection).get(found.source, frozenset())
    if "" in off or (schools and schools <= off):
        return False
    manages = set(run.config.sources[found.source].manages)
    roles = roles_of(run.connection, found.id) if found.entity.name == "User" else frozenset()
    return not (manages and roles and not roles & manages)


def refuse(code: str, source: str, why: str = "") -> Refused:
    """The refusal of this rule."""
    one = rule(code)
    way = f"The setting [policy] {one.setting} = {str(one.allows).lower()} would allow it." if one.setting else ""
    parts = [
        one.sentence,
        why,
        f"Rule {code}, source {source}.",
        way or "No setting allows it; change it in the source.",
    ]
    return Refused(" ".join(part for part in parts if part), why="policy")


def check(run: ManualRun, code: str, schools: Collection[str], source: str) -> None:
    """Refused where the policy of these schools does not let a person do that."""
    if not allowed(code, run.config.policy.of(schools)):
        raise refuse(code, source)


def owner_of(run: ManualRun, found: Found) -> bool:
    """Whether the actor is the person of this record: named by its sourced id, username or e-mail."""
    row = values_of(run.connection, found)
    names = {found.sourced_id, row["username"], row["email"]}
    return run.actor.name in {str(name) for name in names if name}


def _check_field(run: ManualRun, found: Found, label: str) -> None:
    """Refused where the policy does not let the actor edit this field of a synced record."""
    schools = [key for _, key in schools_of(run.connection, found)]
    if found.entity.name == "Class":
        check(run, "class.title" if label == "title" else "record.edit", schools, found.source)
        return
    if found.entity.name != "User":
        check(run, "record.edit", schools, found.source)
        return
    if label == ACCOUNT.label:
        return
    if subject_of(roles_of(run.connection, found.id)) == "student":
        check(run, "student.edit", schools, found.source)
    elif label not in CONTACT_FIELDS:
        check(run, "contact.other", schools, found.source)
    elif not signed_in(run.connection, found.id):
        check(run, "contact.before-sign-in", schools, found.source)
    else:
        check(run, "contact.after-sign-in", schools, found.source)
        if not owner_of(run, found) and not may(run.actor.role, "edit contact"):
            who = f"{run.actor.name} is {run.actor.role}: only the person and a users_manager edit these."
            raise Refused(
                f"{rule('contact.after-sign-in').sentence} {who} Rule contact.after-sign-in.", why="permission"
            )


@dataclass(frozen=True, slots=True)
class _Value:
    column: Column
    text: str | None
    id: int | None


def _column(entity: Entity, label: str) -> Column:
    if entity.name == "User" and label == ACCOUNT.label:
        return ACCOUNT
    try:
        return entity.column(label)
    except KeyError:
        known = ", ".join(c.label for c in entity.columns)
        raise UsageError(f'{entity.name} has no field "{label}". It has {known}.') from None


def _value(run: ManualRun, entity: Entity, label: str, given: str) -> _Value:
    column = _column(entity, label)
    if not given:
        if column.required or column is ACCOUNT:
            raise UsageError(f"{entity.name} needs a {label}: give it a value.")
        return _Value(column, None, None)
    if column.kind == "bool" and given not in ("true", "false"):
        raise UsageError(f"{label} is true or false.")
    if column.kind == "ref":
        target = find_record(run.connection, by_name(str(column.to)), given)
        return _Value(column, target.sourced_id, target.id)
    return _Value(column, given, None)


def _pinned(run: ManualRun, found: Found) -> dict[str, dict[str, object]]:
    mine = pins(run.connection).filter((pl.col("entity") == found.entity.name) & (pl.col("record") == found.id))
    return {str(row["field"]): row for row in mine.select(list(PINNED)).to_dicts()}


def _stored(run: ManualRun, found: Found, column: Column) -> tuple[str | None, int | None]:
    """The stored value as text, and of a reference the id."""
    if column is ACCOUNT:
        return "true", None
    value = values_of(run.connection, found)[column.name]
    if value is None:
        return None, None
    if column.kind == "ref":
        record = int(str(value))
        return key_of(run.connection, by_name(str(column.to)), record), record
    return (("true" if value else "false") if column.kind == "bool" else str(value)), None


def edit(run: ManualRun, entity: Entity, name: str, values: Mapping[str, str], reason: str = "") -> Done:
    """Gives fields of a record other values: "" clears one. Of a synced record the values are pinned."""
    found = find_record(run.connection, entity, name)
    if not (entity.name == "User" and owner_of(run, found)):
        run.permit("edit")
    if not values:
        raise UsageError("Say what to change: FIELD=VALUE.")
    new = [_value(run, entity, label, given.strip()) for label, given in values.items()]
    if synced(run, found):
        for value in new:
            _check_field(run, found, value.column.label)
    direct = [v for v in new if found.by_hand and v.column is not ACCOUNT]
    to_pin = [v for v in new if v not in direct]
    changes = Changes(
        update={entity.name: _updates(run, found, direct)} if direct else {},
        pins=_pins(run, found, to_pin, reason or "edited by hand") if to_pin else {},
    )
    return run.record(changes, f"{entity.name} {found.sourced_id}: {', '.join(values)} edited.")


def _updates(run: ManualRun, found: Found, values: list[_Value]) -> pl.DataFrame:
    rows = []
    for value in values:
        before, before_id = _stored(run, found, value.column)
        rows.append(
            dict.fromkeys(UPDATE)
            | {"id": found.id, "source": found.source, "id_space": found.id_space, "sourced_id": found.sourced_id}
            | {
                "action": "update",
                "cause": "manual",
                "field": value.column.label,
                "before": before,
                "after": value.text,
            }
            | {"before_id": before_id, "after_id": value.id}
        )
    return pl.DataFrame(rows, schema=UPDATE)


def _pins(run: ManualRun, found: Found, values: list[_Value], reason: str) -> dict[str, pl.DataFrame]:
    pinned = _pinned(run, found)
    rows = []
    for value in values:
        label = value.column.label
        before = pinned[label]["value"] if label in pinned else _stored(run, found, value.column)[0]
        row = {"op": "set", "field": label, "before": before, "after": value.text, "value": value.text}
        rows.append((found, row | {"value_id": value.id, "code": "person", "reason": reason}))
    return pin_rows(rows)


def pin(run: ManualRun, entity: Entity, name: str, label: str, reason: str, value: str | None = None) -> Done:
    """Pins a value, or without one the present value: no sync changes it until a person unpins it."""
    run.permit("pin")
    why = required_reason(reason)
    found = find_record(run.connection, entity, name)
    column = _column(entity, label)
    if value is not None:
        to_pin = _value(run, entity, label, value.strip())
        if synced(run, found):
            _check_field(run, found, label)
    else:
        pinned = _pinned(run, found).get(label)
        stored = _stored(run, found, column)
        to_pin = _Value(column, *((pinned["value"], pinned["value_id"]) if pinned else stored))  # type: ignore[arg-type] # PINNED gives the types
    return run.record(Changes(pins=_pins(run, found, [to_pin], why)), f"{label} of {entity.name} {name} is pinned.")


def unpin(run: ManualRun, entity: Entity, name: str, label: str, reason: str) -> Done:
    """Lifts a pin: what the source last delivered counts again."""
    run.permit("unpin")
    why = required_reason(reason)
    found = find_record(run.connection, entity, name)
    column = _column(entity, label)
    pinned = _pinned(run, found).get(column.label)
    if pinned is None:
        raise Refused(f'{label} of {entity.name} {name} is not pinned. See "rosterkit pins".', why="not-in-force")
    row = {name: pinned[name] for name in ("value", "value_id", "code", "pin_id")}
    row |= {"op": "lift", "field": column.label, "before": pinned["value"], "after": _stored(run, found, column)[0]}
    changes = Changes(pins=pin_rows([(found, row | {"reason": why})]))
    return run.record(changes, f"{label} of {entity.name} {name} is no longer pinned.")
