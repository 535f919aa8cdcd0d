"""One manual verb as a revision: the actor, the stored plan, and its applying in the same transaction."""

from __future__ import annotations

import secrets
import sqlite3
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from datetime import date, timedelta
from pathlib import Path

import polars as pl

from rosterkit.config import Config
from rosterkit.errors import Refused, UsageError
from rosterkit.plan.changes import BLOCKS, PINS, Changes, counts, create_schema
from rosterkit.plan.content_hash import content_hash
from rosterkit.plan.fields import Names
from rosterkit.plan.plan import Plan
from rosterkit.plan.policy import PERMISSIONS, ROLES, may
from rosterkit.plan.records import ENTITY, STATES, Records
from rosterkit.plan.snapshot import key
from rosterkit.roster.schema import FINGERPRINT, PROVENANCE, Entity, by_name
from rosterkit.store import plans
from rosterkit.store.database import transaction
from rosterkit.store.lookup import Found, key_of
from rosterkit.store.save import store_and_apply
from rosterkit.store.snapshot import StoreSnapshot, revision_of


@dataclass(frozen=True, slots=True)
class Actor:
    """Who does something, and as what."""

    name: str
    role: str

    @classmethod
    def of(cls, text: str, config: Config) -> Actor:
        """NAME, or NAME:ROLE.

        Raises UsageError for an unknown role, and Refused for one that ``[policy.actors]`` does not give.
        """
        name, colon, role = text.rpartition(":") if ":" in text else (text, "", "")
        if colon and role not in ROLES:
            raise UsageError(f'There is no role "{role}". It is one of {", ".join(ROLES)}.')
        given = config.policy.actors.get(name)
        if role and given and role != given:
            raise Refused(
                f"{name} is {given}, not {role}. The setting [policy.actors] gives the roles.", why="permission"
            )
        return cls(name, role or given or config.policy.default_role)

    def permit(self, verb: str) -> None:
        """Refused where the role may not use the verb."""
        if not may(self.role, verb):
            allowed = ", ".join(role for role in ROLES if role in PERMISSIONS[verb])
            raise Refused(
                f"{self.name} may not {verb} as {self.role}: it takes {allowed}. The setting "
                "[policy.actors] gives the roles.",
                why="permission",
            )


@dataclass(frozen=True, slots=True)
class Done:
    """A manual verb that was carried out."""

    plan: str
    revision: int
    text: str  # what was done, one sentence without personal data


@dataclass(frozen=True)
class ManualRun:
    """The workspace as a manual verb sees it."""

    path: Path  # of roster.db
    connection: sqlite3.Connection
    config: Config
    actor: Actor
    as_of: date
    about: set[str] = field(default_factory=set)  # what was done is about these records: "User stu-1017"

    def permit(self, verb: str) -> None:
        """Refused where the role of the actor may not use the verb."""
        self.actor.permit(verb)

    def record(self, changes: Changes, text: str) -> Done:
        """Stores these changes as a plan and applies it, in one transaction."""
        created = plans.now()
        if changes.empty:
            raise UsageError("Nothing would change.")
        plan = Plan(
            id=f"{self.as_of:%Y%m%d}-{secrets.token_hex(4)}",
            state="proposed",
            as_of=self.as_of,
            created_at=created,
            expires_at=created + timedelta(hours=1),
            sources=("manual",),
            kind="manual",
            base=revision_of(self.connection),
            content_hash=content_hash(changes, self._names(changes)),
            needs_approval=False,
            approval_why="",
            changes=counts(changes),
            held={},
            findings={"error": 0, "warning": 0, "info": 0},
            notes=(text,),
        )
        with transaction(self.connection):
            store_and_apply(self.connection, plan, self.config.settings_digest, changes, self.actor.name)
        self.about.update(_about(self.connection, changes))
        return Done(plan.id, revision_of(self.connection), text)

    def _names(self, changes: Changes) -> Names:
        """The names of what the new records refer to, new records among them."""
        new = [rows.select("id", key(), entity=pl.lit(name, ENTITY)) for name, rows in changes.create.items()]
        states = pl.concat([pl.DataFrame(schema=STATES), *new], how="diagonal")
        return Names(Records(states, {}), StoreSnapshot(self.path, self.connection))


def _about(connection: sqlite3.Connection, changes: Changes) -> Iterator[str]:
    """The records that these changes write, and the people whom they name: the student of a link or of a block."""
    for part, name, rows in changes.written():
        yield from (f"{name} {sourced_id}" for sourced_id in rows["sourced_id"])
        if part == "blocks":
            yield from (f"User {sourced_id}" for sourced_id in rows["student_key"].drop_nulls())
        if part == "create":
            people = [c.name for c in by_name(name).refs if c.to == "User"]
            ids = {number for column in people for number in rows[column].drop_nulls()}
            yield from (f"User {key_of(connection, by_name('User'), number)}" for number in ids)


def _keys(found: Found) -> dict[str, object]:
    return {"id": found.id, "source": found.source, "id_space": found.id_space, "sourced_id": found.sourced_id}


def block_rows(rows: Sequence[tuple[Found, dict[str, object]]]) -> dict[str, pl.DataFrame]:
    """The ``blocks`` part of these rows, by entity."""
    return _frames(rows, BLOCKS)


def pin_rows(rows: Sequence[tuple[Found, dict[str, object]]]) -> dict[str, pl.DataFrame]:
    """The ``pins`` part of these rows, by entity."""
    return _frames(rows, PINS)


def _frames(
    rows: Sequence[tuple[Found, dict[str, object]]], schema: dict[str, type[pl.DataType]]
) -> dict[str, pl.DataFrame]:
    out: dict[str, list[dict[str, object]]] = {}
    for found, row in rows:
        out.setdefault(found.entity.name, []).append(dict.fromkeys(schema) | _keys(found) | row)
    return {name: pl.DataFrame(some, schema=schema) for name, some in out.items()}


def create_rows(entity: Entity, rows: Sequence[dict[str, object]]) -> pl.DataFrame:
    """The ``create`` part of new manual records: id, sourced_id, source and business columns by name."""
    blank = dict.fromkeys((*PROVENANCE, *FINGERPRINT, "hold", "hold_reason"))
    base = {"id_space": "", "source": "manual"} | blank | {c.name: None for c in entity.columns}
    return pl.DataFrame([base | row for row in rows], schema=create_schema(entity)).sort(key())
