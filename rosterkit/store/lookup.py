"""Small reads about single records, for what people do by hand."""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Collection
from dataclasses import dataclass

from rosterkit.errors import UsageError
from rosterkit.plan.another import BY_HAND
from rosterkit.roster.schema import Entity, by_name, entities
from rosterkit.store.earlier_keys import earlier_hint

__all__ = [
    "BY_HAND",
    "Found",
    "Switch",
    "are_linked",
    "find_record",
    "fresh_key",
    "is_enrolled",
    "is_taken",
    "key_of",
    "known_sources",
    "next_id",
    "roles_of",
    "schools_of",
    "signed_in",
    "switched_off",
    "switches",
    "synced_by",
    "values_of",
]


@dataclass(frozen=True, slots=True)
class Found:
    """A stored record."""

    entity: Entity
    id: int
    source: str
    id_space: str
    sourced_id: str
    status: str

    @property
    def by_hand(self) -> bool:
        """Whether people own it."""
        return self.source in BY_HAND


def known_sources(connection: sqlite3.Connection, sources: Collection[str]) -> frozenset[str]:
    """Those of these sources of which the store has a record, archived ones too."""

    def known(source: str) -> bool:
        queries = (f'select 1 from "{entity.table}" where source=? limit 1' for entity in entities())
        return any(connection.execute(query, (source,)).fetchone() for query in queries)

    return frozenset(filter(known, sources))


def find_record(connection: sqlite3.Connection, entity: Entity, name: str) -> Found:
    """The record with this sourced id, or SOURCE/SOURCED_ID; UsageError where there is none, or more than one."""
    query = f'select id, source, id_space, sourced_id, status from "{entity.table}" where '
    rows = connection.execute(f"{query}sourced_id=? order by status, id", (name,)).fetchall()
    source, slash, key = name.partition("/")
    if not rows and slash:
        rows = connection.execute(f"{query}source=? and sourced_id=? order by status, id", (source, key)).fetchall()
    active = [row for row in rows if row[4] == "active"]
    rows = active or rows
    if not rows:
        raise UsageError(f"There is no {entity.name} {name} in the store.{earlier_hint(connection, entity.name, name)}")
    if len(rows) > 1:
        named = ", ".join(f"{row[1]}/{row[3]}" for row in rows)
        raise UsageError(f"There are several {entity.name} records {name}: name one of {named}.")
    return Found(entity, *rows[0])


def values_of(connection: sqlite3.Connection, found: Found) -> dict[str, object]:
    """The stored business columns of a record by column name."""
    names = [column.name for column in found.entity.columns]
    columns = ",".join(f'"{name}"' for name in names)
    row = connection.execute(f'select {columns} from "{found.entity.table}" where id=?', (found.id,)).fetchone()
    return dict(zip(names, row, strict=True))


def key_of(connection: sqlite3.Connection, entity: Entity, record: int) -> str | None:
    """The sourced id of a record, by its integer id; None where there is none."""
    row = connection.execute(f'select sourced_id from "{entity.table}" where id=?', (record,)).fetchone()
    return str(row[0]) if row else None


def is_taken(connection: sqlite3.Connection, source: str, user: str) -> bool:
    """Whether the source has a user with this sourced id."""
    query = "select 1 from user where sourced_id=? and source=?"
    return connection.execute(query, (user, source)).fetchone() is not None


def are_linked(connection: sqlite3.Connection, guardian: int, student: int) -> bool:
    """Whether an active link joins this guardian and student."""
    query = "select 1 from guardian_link where guardian_id=? and student_id=? and status='active'"
    return connection.execute(query, (guardian, student)).fetchone() is not None


def is_enrolled(connection: sqlite3.Connection, class_: int, user: int, role: str) -> bool:
    """Whether a user has an active enrollment of this role in a class."""
    query = "select 1 from enrollment where class_id=? and user_id=? and role=? and status='active'"
    return connection.execute(query, (class_, user, role)).fetchone() is not None


def roles_of(connection: sqlite3.Connection, user: int) -> frozenset[str]:
    """The roles that a user has."""
    query = "select distinct role from role where user_id=? and status='active'"
    return frozenset(row[0] for row in connection.execute(query, (user,)))


def schools_of(connection: sqlite3.Connection, found: Found) -> tuple[tuple[int, str], ...]:
    """The id and sourced id of the organisations that a record belongs to: of a user by its roles."""
    queries = {
        "User": "select org_id from role where user_id=?1 and status='active'",
        "Class": "select school_id from class where id=?1",
        "Org": "select ?1",
        "Enrollment": "select c.school_id from enrollment e join class c on c.id=e.class_id where e.id=?1",
        "Role": "select org_id from role where id=?1",
        "GuardianLink": "select r.org_id from guardian_link g join role r on r.user_id=g.student_id "
        "and r.status='active' where g.id=?1",
    }
    query = queries.get(found.entity.name)
    if query is None:
        return ()
    rows = connection.execute(f"select id, sourced_id from org where id in ({query}) order by id", (found.id,))
    return tuple((int(i), str(key)) for i, key in rows)


def signed_in(connection: sqlite3.Connection, user: int) -> bool:
    """Whether the user has signed in at a vendor."""
    return connection.execute("select 1 from sign_in where user=?", (user,)).fetchone() is not None


def switched_off(connection: sqlite3.Connection) -> dict[str, frozenset[str]]:
    """By source the schools for which a person disabled it; "" among them: all."""
    out: dict[str, set[str]] = {}
    for source, school in connection.execute("select source, school from source_switch where ended_at is null"):
        out.setdefault(source, set()).add(school)
    return {source: frozenset(schools) for source, schools in out.items()}


@dataclass(frozen=True)
class Switch:
    """That a person disabled a source, or enabled it again (``enabled``): who, when and why."""

    source: str
    actor: str
    reason: str
    at: str
    enabled: bool


def switches(connection: sqlite3.Connection) -> dict[str, Switch]:
    """By source that a person disabled whole, what was done last."""
    query = (
        "select source, coalesce(ended_by, actor), coalesce(ended_why, reason), coalesce(ended_at, at), "
        "ended_at is not null from source_switch where school='' order by id"
    )
    return {row[0]: Switch(row[0], row[1], row[2], row[3], enabled=bool(row[4])) for row in connection.execute(query)}


def synced_by(connection: sqlite3.Connection, schools: Collection[int]) -> tuple[str, ...]:
    """The sources that have active roles, classes or the record itself at these organisations."""
    some = json.dumps(list(schools))
    query = (
        "select source from role where status='active' and org_id in (select value from json_each(?1)) "
        "union select source from class where status='active' and school_id in (select value from json_each(?1)) "
        "union select source from org where status='active' and id in (select value from json_each(?1))"
    )
    return tuple(sorted({row[0] for row in connection.execute(query, (some,))} - set(BY_HAND)))


def next_id(connection: sqlite3.Connection, entity: str) -> int:
    """Takes the next integer id of an entity: ids only rise, so that one that is not used harms nobody."""
    row = connection.execute("select next_id from counter where entity=?", (entity,)).fetchone()
    taken = int(row[0]) if row else 1
    connection.execute(
        "insert into counter (entity, next_id) values (?,?) "
        "on conflict (entity) do update set next_id=excluded.next_id",
        (entity, taken + 1),
    )
    return taken


def fresh_key(connection: sqlite3.Connection, entity: str, number: int) -> str:
    """A sourced id of a manual record that is not taken."""
    table, key = by_name(entity).table, f"manual-{number}"
    while connection.execute(f'select 1 from "{table}" where sourced_id=?', (key,)).fetchone():
        key += "-m"
    return key
