"""``match``: a person says that who comes under a new id is a stored person. The next plan re-links that one.

A wrong answer puts the record of one child into the account of another: it is refused where the plan or the store
speaks against it, and what it does waits for a plan and, where plans do, for an approval.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Collection
from dataclasses import dataclass
from datetime import timedelta

import polars as pl

from rosterkit.errors import Refused, UsageError
from rosterkit.plan.changes import Changes
from rosterkit.plan.person_match import kinds
from rosterkit.plan.plan import Plan
from rosterkit.plan.records import KEY_FIELD
from rosterkit.plan.snapshot import KEY_PARTS
from rosterkit.results import Matched, MatchedPerson
from rosterkit.review import required_reason
from rosterkit.roster.schema import by_name
from rosterkit.store import matches, plans
from rosterkit.store.database import transaction
from rosterkit.store.lookup import BY_HAND, Found, find_record

_USER = by_name("User")


@dataclass(frozen=True)
class _Coming:
    """A person whom the newest plan brings under a new id. ``roles``: role and the integer id of its organisation."""

    key: tuple[str, str, str]
    values: dict[str, str | None]
    roles: tuple[tuple[str, int | None], ...]


def match(
    connection: sqlite3.Connection, sources: Collection[str], new: str, old: str, *, actor: str, reason: str, days: int
) -> Matched:
    """Stores that the person who comes under the id ``new`` is the stored person ``old``; returns both.

    ``sources``: those of the workspace. ``days``: it expires then, as the id may be somebody else's one day. Raises
    UsageError where one of them is not known, and Refused where they cannot be one person.
    """
    reason = required_reason(reason)
    plan = _newest(connection)
    parts = plans.parts(connection, plan.id)
    held = plans.parts(connection, plan.id, held=True)
    coming = _coming(connection, plan, (parts, held), new)
    stored = find_record(connection, _USER, old)
    _refuse_stored(connection, coming)
    _refuse_place(stored, coming, sources)
    _refuse_delivered(plan, (parts, held), stored)
    _refuse_other_kind(connection, coming, stored)
    _refuse_decided(connection, coming, stored)
    with transaction(connection):
        matches.add(connection, stored.id, coming.key, actor, reason, plans.now() + timedelta(days=days))
    names = matches.org_names(connection)
    return Matched(_described(coming.key[2], coming.values, coming.roles, names), _stored(connection, stored, names))


def stop_matching(connection: sqlite3.Connection, new: str, old: str, *, actor: str, reason: str) -> Matched:
    """Revokes a match that no plan used yet; Refused where there is none."""
    reason = required_reason(reason)
    stored = find_record(connection, _USER, old)
    mine = [one for one in matches.in_force(connection) if (one.record, one.sourced_id) == (stored.id, new)]
    if not mine:
        raise Refused(
            f"No match of {new} with {old} is in force. Where a plan used it, undo that plan's revision.",
            why="not-matched",
        )
    with transaction(connection):
        for one in mine:
            matches.end(connection, one, f"revoked by {actor}: {reason}")
    names = matches.org_names(connection)
    return Matched(MatchedPerson(new), _stored(connection, stored, names))


def _newest(connection: sqlite3.Connection) -> Plan:
    found = next((plan for plan in plans.all_plans(connection) if plan.kind == "sync"), None)
    if found is None:
        raise UsageError('There is no plan yet. Make one: "rosterkit plan".')
    return found


def _coming(connection: sqlite3.Connection, plan: Plan, parts: tuple[Changes, ...], new: str) -> _Coming:
    """Who comes under this id in the plan: as a new person, or as another stored one."""
    found: dict[tuple[str, str, str], _Coming] = {}
    for one in parts:
        created = one.create.get("User", pl.DataFrame())
        moved = one.update.get("User", pl.DataFrame())
        if created.height:
            for row in created.filter(pl.col("sourced_id") == new).iter_rows(named=True):
                key = _key(row)
                found[key] = _Coming(key, {name: row[name] for name in _SHOWN}, tuple(_planned(parts, row["id"])))
        if moved.height:
            named = moved.filter((pl.col("field") == KEY_FIELD) & (pl.col("sourced_id") == new))
            for row in named.iter_rows(named=True):
                changed = moved.filter((pl.col("id") == row["id"]) & pl.col("field").is_in(_SHOWN))
                values = matches.shown(connection, _SHOWN, row["id"]) | dict(
                    changed.select("field", "after").iter_rows()
                )
                found[_key(row)] = _Coming(_key(row), values, matches.roles_ever(connection, row["id"]))
    if not found:
        raise UsageError(
            f'No new person {new} comes in plan {plan.id}, the newest one. See "rosterkit show {plan.id}"; where the '
            'source delivers that person by now, make a plan first: "rosterkit plan".'
        )
    if len(found) > 1:
        raise UsageError(f"Several persons come under the id {new} in plan {plan.id}: they cannot be told apart.")
    return next(iter(found.values()))


_SHOWN = ("given_name", "family_name", "identifier")


def _key(row: dict[str, object]) -> tuple[str, str, str]:
    source, space, sourced_id = (str(row[name]) for name in KEY_PARTS)
    return source, space, sourced_id


def _planned(parts: tuple[Changes, ...], user: int) -> list[tuple[str, int | None]]:
    """Role and organisation of a new person in the plan: roles that are created, or that were a stored person's."""
    out: set[tuple[str, int | None]] = set()
    for one in parts:
        roles = one.create.get("Role", pl.DataFrame())
        if roles.height:
            out |= set(roles.filter(pl.col("user_id") == user).select("role", "org_id").iter_rows())
    return sorted(out, key=str)


def _refuse_stored(connection: sqlite3.Connection, coming: _Coming) -> None:
    if matches.is_stored(connection, coming.key):
        raise Refused(
            f"{coming.key[2]} is a stored person already: two that are stored cannot become one. Undo the revision "
            'that created it, then match: "rosterkit history".',
            why="stored",
        )


def _refuse_place(stored: Found, coming: _Coming, sources: Collection[str]) -> None:
    if stored.source in BY_HAND:
        raise Refused(f"People added {stored.sourced_id} by hand: no source gives it an id.", why="by-hand")
    if stored.source != coming.key[0] and stored.source in sources:
        raise Refused(
            f"{stored.sourced_id} is of the source {stored.source}, which still delivers its records, and "
            f"{coming.key[2]} of {coming.key[0]}.",
            why="other-source",
        )


def _refuse_delivered(plan: Plan, parts: tuple[Changes, ...], stored: Found) -> None:
    """Refused where the plan shows that the stored person is delivered under the old id as well.

    Of an active person a full table says so by proposing no archive, and of an archived one a restore does.
    """
    full = all(one.coverage == "full" for one in plan.coverage if one.entity == "User")
    acts, fields = set[str](), set[str]()
    for one in parts:
        for frame in (one.status.get("User"), one.update.get("User")):
            mine = frame.filter(pl.col("id") == stored.id) if frame is not None else pl.DataFrame()
            acts |= set(mine["action"]) if mine.height else set()
            fields |= set(mine["field"]) if "field" in mine.columns else set()
    moved = KEY_FIELD in fields
    leaves = "archive" in acts or moved or stored.source not in plan.sources
    if (stored.status == "active" and full and not leaves) or ("restore" in acts and not moved):
        raise Refused(
            f"{stored.sourced_id} is delivered too, or a row about it cannot be read: they are two persons in plan "
            f"{plan.id}. Have the source say who leaves, then plan again.",
            why="delivered",
        )


def _refuse_other_kind(connection: sqlite3.Connection, coming: _Coming, stored: Found) -> None:
    new, old = (kinds(role for role, _ in roles) for roles in (coming.roles, matches.roles_ever(connection, stored.id)))
    if not new & old:
        words = [" and ".join(sorted(some)) or "somebody without a role" for some in (new, old)]
        raise Refused(
            f"{coming.key[2]} comes as {words[0]}, and {stored.sourced_id} is {words[1]}: only a student is a student, "
            "a guardian a guardian, staff staff.",
            why="other-kind",
        )


def _refuse_decided(connection: sqlite3.Connection, coming: _Coming, stored: Found) -> None:
    for one in matches.in_force(connection):
        same = (one.source, one.id_space, one.sourced_id) == coming.key
        if same or one.record == stored.id:
            which = f"{coming.key[2]} is matched" if same else f"{stored.sourced_id} is matched with {one.sourced_id}"
            raise Refused(f"{which} already, by {one.actor}. Take that back first: --revoke.", why="matched")


def _stored(connection: sqlite3.Connection, found: Found, names: dict[int, str]) -> MatchedPerson:
    return _described(
        found.sourced_id, matches.shown(connection, _SHOWN, found.id), matches.roles_ever(connection, found.id), names
    )


def _described(
    sourced_id: str,
    values: dict[str, str | None],
    roles: tuple[tuple[str, int | None], ...],
    names: dict[int, str],
) -> MatchedPerson:
    name = " ".join(filter(None, (values["given_name"], values["family_name"])))
    schools = sorted({names.get(org, "a new school") for _, org in roles if org is not None})
    kind = " and ".join(sorted(kinds(role for role, _ in roles)))
    return MatchedPerson(sourced_id, name, values["identifier"] or "", tuple(schools), kind)
