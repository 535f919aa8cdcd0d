"""All that two workspaces must have in common, read without what is drawn or told by a clock, and what differs."""

from __future__ import annotations

import re
import sqlite3
from collections.abc import Iterator, Mapping
from contextlib import closing
from dataclasses import asdict, fields
from typing import Any

import polars as pl

from rosterkit import Workspace
from rosterkit.model.schema import Entity, entities
from rosterkit.plan.plan import Plan, PlanView
from rosterkit.store.plans import unpacked

Key = tuple[Any, ...]
Facts = dict[Key, dict[str, Any]]

_PLAN_ID = re.compile(r"\b\d{8}-[0-9a-f]{8}\b")
_DRAWN = {  # columns that are drawn, counted or told by a clock
    "accepted_line": {"at"},
    "approved_change": {"id", "approval", "expires_at"},
    "finding": {"id"},
    "hold": {"id", "since", "ended_at"},
    "package": set(),
    "pending": set(),
    "plan": {"id", "created_at", "expires_at"},
    "queue": {"id", "body"},
    "revision": {"at"},
}
_KEYS = {"pending": ("entity", "sourced_id"), "plan": ("seq",), "revision": ("id",), "package": ("id",)}
_OF_PLAN = {"id", "created_at", "expires_at", "reading"}


def facts(ws: Workspace) -> Facts:
    """Every row of the store by its table and key; rows that have none, with how often they stand there."""
    out: Facts = {}
    with closing(sqlite3.connect(ws.database)) as connection:
        numbers = {plan: f"plan {seq}" for plan, seq in connection.execute("select id, seq from plan")}
        keys = {e.name: _keys(connection, e) for e in entities()}
        for entity in entities():
            out |= _business(connection, entity, keys)
        for table, drawn in _DRAWN.items():
            for row in _rows(connection, f'select * from "{table}"'):
                _add(out, table, {name: _scrubbed(row[name], numbers) for name in row if name not in drawn})
        for name, record, revision in connection.execute("select entity, record, revision from touch"):
            _add(out, "touch", {"entity": name, "record": keys[name][record], "revision": revision})
        for *of, body in connection.execute("select package, entity, part, body from queue order by id"):
            for row in unpacked(body).iter_rows(named=True):
                _add(out, "queued row", {"of": of, **row})
    return out


def _keys(connection: sqlite3.Connection, entity: Entity) -> dict[int, str]:
    return dict(connection.execute(f'select id, sourced_id from "{entity.table}"').fetchall())


def _rows(connection: sqlite3.Connection, query: str) -> Iterator[dict[str, Any]]:
    found = connection.execute(query)
    names = [column[0] for column in found.description]
    return (dict(zip(names, row, strict=True)) for row in found)


def _business(connection: sqlite3.Connection, entity: Entity, keys: Mapping[str, Mapping[int, str]]) -> Facts:
    out: Facts = {}
    for row in _rows(connection, f'select * from "{entity.table}"'):
        for column in entity.refs:
            row[column.name] = keys[str(column.to)].get(row[column.name], row[column.name])
        del row["id"]
        out[entity.name, row["id_space"], row["sourced_id"]] = row
    return out


def _scrubbed(value: Any, numbers: Mapping[str, str]) -> Any:
    """Plans by their number: their ids are drawn."""
    if not isinstance(value, str):
        return value
    return _PLAN_ID.sub(lambda found: numbers.get(found[0], "another plan"), value)


def _add(out: Facts, table: str, row: dict[str, Any]) -> None:
    key = tuple(f"{name}={row[name]}" for name in _KEYS.get(table, row))
    times = out.get((table, *key), {}).get("times", 0) + 1
    out[table, *key] = {**row, "times": times}


def said(view: PlanView) -> Facts:
    """Everything that a plan says: what is known of it, every line, every created row, every finding."""
    plan = view.plan
    out: Facts = {("plan",): {f.name: getattr(plan, f.name) for f in fields(Plan) if f.name not in _OF_PLAN}}
    for counts in ("changes", "held"):
        out |= {(counts, name): asdict(count) for name, count in out["plan",].pop(counts).items()}
    key = ("entity", "action", "sourced_id", "field", "before", "after")
    out |= _framed("line", view.lines, key)
    for entity, frame in view.creates.items():
        out |= _framed(f"create {entity}", frame, ("sourced_id",))
    for finding in view.findings.iter_rows(named=True):
        _add(out, "finding", finding)
    return out


def _framed(what: str, frame: pl.DataFrame, key: tuple[str, ...]) -> Facts:
    rows = {(what, *(row[name] for name in key)): row for row in frame.iter_rows(named=True)}
    assert len(rows) == frame.height, f"a {what} stands twice"
    return rows


def same(fast: Facts, full: Facts, what: str) -> None:
    """Raises AssertionError that lists only what is not alike, column by column."""
    if fast == full:
        return
    unlike = [key for key in {**full, **fast} if fast.get(key) != full.get(key)]
    told = "\n".join(_difference(key, fast.get(key), full.get(key)) for key in unlike[:12])
    raise AssertionError(f"{what}: {len(unlike)} unlike\n{told}")


def _difference(key: Key, fast: dict[str, Any] | None, full: dict[str, Any] | None) -> str:
    name = " ".join(map(str, key))
    if fast is None or full is None:
        return f"{name}\n    only the {'full' if fast is None else 'fast'} road"
    pairs = ((column, fast.get(column), full.get(column)) for column in {**full, **fast})
    told = [f"    {column}: fast {a!r}\n    {' ' * len(column)}  full {b!r}" for column, a, b in pairs if a != b]
    return "\n".join([name, *told])
