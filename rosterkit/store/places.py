"""What is known of the places from which sources read: what lay there last, and which packages were applied.

A look is remembered at once: it says which files are still growing. A package is remembered when a plan that covers it
is applied.
"""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Sequence
from dataclasses import asdict
from datetime import datetime
from typing import Any

from rosterkit.store.database import transaction
from rosterkit.transport.base import RemoteFile
from rosterkit.transport.incoming import Look, Role, Taken

_FIELDS = ("role", "name", "sha256", "size", "modified", "version")


def last_look(connection: sqlite3.Connection, source: str) -> Look | None:
    """What lay at the place of this source when it was last looked at."""
    row = connection.execute("select at, files from place_look where source=?", (source,)).fetchone()
    if row is None:
        return None
    files = (one | {"modified": _moment(one["modified"])} for one in json.loads(row[1]))
    return Look(datetime.fromisoformat(row[0]), tuple(RemoteFile(**one) for one in files))


def remember_look(connection: sqlite3.Connection, source: str, look: Look) -> None:
    """Takes the place of the look before."""
    text = json.dumps([asdict(file) for file in look.files], default=str)
    with transaction(connection):
        connection.execute("insert or replace into place_look values (?,?,?)", (source, str(look.at), text))


def taken(connection: sqlite3.Connection, source: str) -> tuple[Taken, ...]:
    """The last bulk package of this source that was applied, and the deltas since, in the order of taking."""
    query = f"select {', '.join(_FIELDS)} from taken_package where source=? order by position"
    return tuple(_taken(row) for row in connection.execute(query, (source,)))


def _taken(row: Sequence[Any]) -> Taken:
    role, name, sha256, size, modified, version = row
    return Taken(Role(role), name, sha256, size, _moment(modified), version)


def taken_text(packages: Sequence[Taken]) -> str:
    """The packages as a plan keeps them until it is applied."""
    return json.dumps([asdict(one) for one in packages], default=str)


def remember_taken(connection: sqlite3.Connection, source: str, text: str, plan: str) -> None:
    """Remembers the packages of an applied plan, inside the caller's transaction.

    A new bulk package takes the place of everything before it; deltas alone are added.
    """
    new = [
        _taken([one[k] for k in ("role", "name", "sha256", "size", "modified", "version")]) for one in json.loads(text)
    ]
    whole = any(one.role is Role.BULK for one in new)
    known = () if whole else taken(connection, source)
    every = [*known, *(one for one in new if one not in known)]
    connection.execute("delete from taken_package where source=?", (source,))
    connection.executemany(
        "insert into taken_package values (?,?,?,?,?,?,?,?,?)",
        (
            (source, at, str(one.role), one.name, one.sha256, one.size, _text(one.modified), one.version, plan)
            for at, one in enumerate(every)
        ),
    )


def _moment(text: str | None) -> datetime | None:
    return None if text is None else datetime.fromisoformat(text)


def _text(at: datetime | None) -> str | None:
    return None if at is None else str(at)
