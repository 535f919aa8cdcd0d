"""What belongs to records: the active rows that cannot be without them, however far."""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Collection, Mapping

from rosterkit.plan.snapshot import KEY_PARTS
from rosterkit.roster.schema import by_name, entities


def belongings(connection: sqlite3.Connection, ids: Mapping[str, Collection[int]]) -> dict[str, set[int]]:
    """By entity the ids of active rows that refer, by a required reference, to these (by entity) or to one another."""
    found: dict[str, set[int]] = {}
    new = {name: set(some) for name, some in ids.items()}
    while new:
        more: dict[str, set[int]] = {}
        for entity in entities():
            for column in entity.refs:
                if not column.required or str(column.to) not in new:
                    continue
                query = (
                    f"select id from \"{entity.table}\" where status='active' "
                    f'and "{column.name}" in (select value from json_each(?))'
                )
                rows = connection.execute(query, (json.dumps(sorted(new[str(column.to)])),))
                more.setdefault(entity.name, set()).update(row[0] for row in rows)
        new = {name: some - found.get(name, set()) for name, some in more.items()}
        new = {name: some for name, some in new.items() if some}
        for name, some in new.items():
            found.setdefault(name, set()).update(some)
    return found


def belonging_keys(connection: sqlite3.Connection, entity: str, sourced_ids: Collection[str]) -> set[tuple[str, ...]]:
    """Entity and KEY_PARTS of what belongs to the active records of an entity with these sourced ids."""
    query = (
        f"select id from \"{by_name(entity).table}\" where status='active' "
        "and sourced_id in (select value from json_each(?))"
    )
    ids = {row[0] for row in connection.execute(query, (json.dumps(list(sourced_ids)),))}
    out: set[tuple[str, ...]] = set()
    for name, some in belongings(connection, {entity: ids}).items():
        columns = ", ".join(KEY_PARTS)
        rows = connection.execute(
            f'select {columns} from "{by_name(name).table}" where id in (select value from json_each(?))',
            (json.dumps(sorted(some)),),
        )
        out |= {(name, *row) for row in rows}
    return out
