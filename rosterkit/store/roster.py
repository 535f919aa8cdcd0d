"""The roster at the newest revision as feeds take it: lazy tables that read only the columns that are used."""

from __future__ import annotations

from collections.abc import Collection, Iterator
from functools import partial
from pathlib import Path

import polars as pl
from polars.io.plugins import register_io_source

from rosterkit.roster.schema import Entity, by_name
from rosterkit.store.bulk import read
from rosterkit.store.effective import ACCOUNT, NOTHING, Overlay

_KEYS: dict[str, type[pl.DataType]] = {
    "id": pl.Int64,
    "source": pl.String,
    "id_space": pl.String,
    "sourced_id": pl.String,
}
_LIMITED = {
    "Role": "role in ({})",
    "User": "id in (select user_id from role where status='active' and role in ({}))",
}
"""What limits an entity to some roles, and to the people who have them."""


class StoredRoster:
    """The ``Roster`` of a store (``rosterkit.feeds.base``): active rows, read when a LazyFrame is collected.

    ``over``: the pins, blocks and suppressions that lie over the rows (``store.effective.overlay``).
    """

    def __init__(self, path: Path, revision: int, over: Overlay = NOTHING) -> None:
        self.revision = revision
        self._path = path
        self._over = over

    def table(self, entity: str, *, roles: Collection[str] = ()) -> pl.LazyFrame:
        """The active rows of the entity, in no particular order; KeyError when there is no such entity."""
        kind = by_name(entity)
        pinned = "Role" in self._over.values  # a stored role is then not what counts
        limited = tuple(roles) if entity in _LIMITED and not pinned else ()
        rows = partial(_batches, self._path, kind, self._over, limited)
        return register_io_source(rows, schema=_schema(kind), is_pure=True)


def _schema(kind: Entity) -> dict[str, type[pl.DataType]]:
    own = {ACCOUNT.name: ACCOUNT.dtype} if kind.name == "User" else {}
    return _KEYS | {column.name: column.dtype for column in kind.columns} | own


def _batches(
    path: Path,
    kind: Entity,
    over: Overlay,
    roles: tuple[str, ...],
    with_columns: list[str] | None,
    predicate: pl.Expr | None,
    n_rows: int | None,
    _batch_size: int | None,
) -> Iterator[pl.DataFrame]:
    """What polars asks of a source of its own: the columns, the rows that the predicate allows, at most ``n_rows``."""
    schema = _schema(kind)
    names = with_columns if with_columns is not None else list(schema)
    wanted = [name for name in schema if name in names or name in over.needed(kind)]
    stored = {name: schema[name] for name in wanted if name != ACCOUNT.name} or {"id": pl.Int64}
    limit = f" and {_LIMITED[kind.name].format(','.join('?' * len(roles)))}" if roles else ""
    rows = read(path, kind.table, stored, f"status='active'{limit}", roles)
    if ACCOUNT.name in wanted:
        rows = rows.with_columns(pl.lit(value=True).alias(ACCOUNT.name))
    rows = over.applied(kind, rows)
    rows = rows.head(n_rows) if n_rows is not None else rows
    yield (rows if predicate is None else rows.filter(predicate)).select(names)
