"""Plans in the store: written once with all their parts, read for ever; only their state moves."""

from __future__ import annotations

import hashlib
import io
import json
import sqlite3
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import asdict
from datetime import UTC, date, datetime

import polars as pl

from rosterkit.errors import InternalError, UsageError
from rosterkit.plan.changes import BESIDE, Changes
from rosterkit.plan.plan import Counts, Plan
from rosterkit.sources.base import TableCoverage

_PIECE = 500_000  # rows


def now() -> datetime:
    """The clock of bookkeeping, and of what expires; what else a plan or a feed says never asks it."""
    return datetime.now(UTC)


def moment(text: str) -> datetime:
    """A stored time."""
    return datetime.fromisoformat(text)


def packed(frame: pl.DataFrame) -> bytes:
    """A frame as Parquet."""
    out = io.BytesIO()
    frame.write_parquet(out, compression="zstd", compression_level=1)
    return out.getvalue()


def unpacked(body: bytes) -> pl.DataFrame:
    """The frame of ``packed``."""
    return pl.read_parquet(io.BytesIO(body))


def store_part(connection: sqlite3.Connection, plan: str, part: str, entity: str, frame: pl.DataFrame) -> None:
    """Writes one part of a plan, in pieces: what is created by id, so that it can be applied piece by piece."""
    order = frame["id"].arg_sort() if part == "create" else None
    for begin in range(0, max(frame.height, 1), _PIECE):
        piece = frame.slice(begin, _PIECE) if order is None else frame[order.slice(begin, _PIECE)]
        body = packed(piece)
        connection.execute(
            "insert into plan_part (plan, part, entity, rows, sha256, body) values (?,?,?,?,?,?)",
            (plan, part, entity, piece.height, hashlib.sha256(body).hexdigest(), body),
        )


class Stored(Mapping[str, pl.DataFrame]):
    """The frames of one part of a plan by entity, each read when it is asked for and not kept.

    InternalError when the stored bytes are not the ones that were written.
    """

    def __init__(self, connection: sqlite3.Connection, plan: str, part: str) -> None:
        query = "select entity, sum(rows) from plan_part where plan=? and part=? group by entity order by min(id)"
        self.heights: dict[str, int] = dict(connection.execute(query, (plan, part)).fetchall())
        self._connection, self._plan, self._part = connection, plan, part

    def __getitem__(self, entity: str) -> pl.DataFrame:
        if entity not in self.heights:
            raise KeyError(entity)
        return pl.concat(self.pieces(entity))

    def __iter__(self) -> Iterator[str]:
        return iter(self.heights)

    def __len__(self) -> int:
        return len(self.heights)

    def pieces(self, entity: str) -> Iterator[pl.DataFrame]:
        """The frame of an entity in the pieces in which it is stored; another thread may go through them."""
        query = "select sha256, body from plan_part where plan=? and part=? and entity=? order by id"
        bodies = self._connection.execute(query, (self._plan, self._part, entity)).fetchall()
        return (self._checked(sha256, body) for sha256, body in bodies)

    def _checked(self, sha256: str, body: bytes) -> pl.DataFrame:
        if hashlib.sha256(body).hexdigest() != sha256:
            raise InternalError(
                f"Part {self._part} of plan {self._plan} is damaged. Restore the workspace from a backup."
            )
        return unpacked(body)


def load(connection: sqlite3.Connection, plan: str, part: str) -> dict[str, pl.DataFrame]:
    """All frames of one part by entity."""
    return dict(Stored(connection, plan, part))


def parts(connection: sqlite3.Connection, plan: str, *, held: bool = False, whole: bool = True) -> Changes:
    """What a plan applies, or what it holds; unless ``whole``, what it creates is read when it is asked for."""
    prefix = "held." if held else ""
    create: Mapping[str, pl.DataFrame] = Stored(connection, plan, f"{prefix}create")
    status, update = (load(connection, plan, prefix + part) for part in ("status", "update"))
    beside = {part: {} if held else load(connection, plan, part) for part in BESIDE}
    return Changes(dict(create) if whole else create, status, update, **beside)


_COLUMNS = (
    *("id", "sources", "kind", "state", "base", "as_of", "created_at", "expires_at", "content_hash", "needs_approval"),
    *("approval_why", "undoes", "revision_made", "packages", "changes", "held", "findings", "coverage", "notes"),
    "unread",
)


def _plan(row: tuple[object, ...]) -> Plan:
    value = dict(zip(_COLUMNS, row, strict=True))
    decoded = {
        name: json.loads(str(value[name]))
        for name in ("packages", "changes", "held", "findings", "coverage", "notes", "sources", "unread")
    }
    for name in ("changes", "held"):
        decoded[name] = {entity: Counts(**counts) for entity, counts in decoded[name].items()}
    times = {name: moment(str(value[name])) for name in ("created_at", "expires_at")}
    lists = {name: tuple(decoded[name]) for name in ("packages", "notes", "sources")}
    coverage = tuple(TableCoverage(*table) for table in decoded["coverage"])
    return Plan(
        **{
            **value,
            **decoded,
            **times,
            **lists,
            "coverage": coverage,
            "as_of": date.fromisoformat(str(value["as_of"])),
            "needs_approval": bool(value["needs_approval"]),
        }
    )


def all_plans(connection: sqlite3.Connection) -> tuple[Plan, ...]:
    """Every plan, the newest first."""
    return tuple(
        _plan(row) for row in connection.execute(f"select {','.join(_COLUMNS)} from plan order by number desc")
    )


def applied_settings(connection: sqlite3.Connection) -> str | None:
    """The settings digest of the newest plan of the sources that changed the store; None before there is one.

    One that changed nothing shows nobody what its settings do.
    """
    mine = "kind='sync' and state='applied' and revision_made is not null"
    row = connection.execute(f"select settings_digest from plan where {mine} order by number desc limit 1").fetchone()
    return str(row[0]) if row else None


def find(connection: sqlite3.Connection, plan_id: str | None) -> Plan:
    """The plan whose id starts so, or the newest; UsageError when there is none, or more than one."""
    where, values = ("id like ? escape '\\'", [_like(plan_id)]) if plan_id else ("1", [])
    query = f"select {','.join(_COLUMNS)} from plan where {where} order by number desc limit 2"
    rows = connection.execute(query, values).fetchall()
    if not rows:
        raise UsageError(
            f'There is no plan "{plan_id}". See "rosterkit plans".'
            if plan_id
            else 'There is no plan yet. Make one: "rosterkit plan".'
        )
    if plan_id and len(rows) > 1:
        raise UsageError(f'More than one plan starts with "{plan_id}". Type more of its id.')
    return _plan(rows[0])


def newest_number(connection: sqlite3.Connection) -> int:
    """The number of the newest plan; 0 where there is none."""
    return int(connection.execute("select coalesce(max(number),0) from plan").fetchone()[0])


def newest_day(connection: sqlite3.Connection) -> date | None:
    """The day of the newest plan of the sources that was applied; None where there is none."""
    mine = "kind='sync' and state='applied'"
    row = connection.execute(f"select as_of from plan where {mine} order by number desc limit 1").fetchone()
    return date.fromisoformat(row[0]) if row else None


def sync_plan_after(connection: sqlite3.Connection, number: int) -> Plan | None:
    """The newest plan of the sources after that number that was not set aside: it is still to be applied, or it was."""
    states = "('proposed','approved','applied')"
    query = f"select id from plan where kind='sync' and number>? and state in {states} order by number desc limit 1"
    row = connection.execute(query, (number,)).fetchone()
    return find(connection, row[0]) if row else None


def written_out(plan_id: str) -> str:
    """The id, where it is enough of one to write by; UsageError for one that is empty or no longer than its date."""
    if len(plan_id.strip()) <= len("20260915-"):
        raise UsageError(
            f'"{plan_id}" is too short to decide by: every plan of a day begins so. Write the whole id, or more than '
            'its date. "rosterkit plans" lists them.'
        )
    return plan_id.strip()


def _like(text: str) -> str:
    return text.replace("\\", "\\\\").replace("%", "\\%").replace("_", "\\_") + "%"


def save(
    connection: sqlite3.Connection, plan: Plan, settings_digest: str, frames: Iterable[tuple[str, str, pl.DataFrame]]
) -> int:
    """Writes a new plan with its parts; supersedes older unapproved ones of its kind; returns its number."""
    number = newest_number(connection) + 1
    connection.execute("update plan set state='superseded' where kind=? and state='proposed'", (plan.kind,))
    value = {name: getattr(plan, name) for name in _COLUMNS}
    value |= {name: value[name].isoformat() for name in ("as_of", "created_at", "expires_at")}
    for name in ("changes", "held"):
        value[name] = {entity: asdict(counts) for entity, counts in value[name].items()}
    encoded = {k: json.dumps(v) if isinstance(v, Mapping | tuple) else v for k, v in value.items()}
    encoded |= {"number": number, "settings_digest": settings_digest}
    names = ",".join(encoded)
    connection.execute(f"insert into plan ({names}) values ({','.join('?' * len(encoded))})", tuple(encoded.values()))
    for part, entity, frame in frames:
        store_part(connection, plan.id, part, entity, frame)
    return number


def set_state(connection: sqlite3.Connection, plan_id: str, state: str, revision_made: int | None = None) -> None:
    """Moves a plan to another state."""
    connection.execute("update plan set state=?, revision_made=? where id=?", (state, revision_made, plan_id))
