"""The roster at the newest revision as feeds take it: lazy tables that read only the columns that are used."""

from __future__ import annotations

from collections.abc import Collection, Iterator
from dataclasses import dataclass
from datetime import date
from functools import partial
from pathlib import Path

import polars as pl
from polars.io.plugins import register_io_source

from rosterkit.roster.dates import counts_on
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
    "Role": "{}",
    "Enrollment": "{}",
    "User": "id in (select user_id from role where status='active' and {})",
}
"""What limits an entity to the rows that are wanted, and to the people who have such roles."""

_COUNTS = "(begin_date is null or begin_date<=?) and (end_date is null or end_date>?)"  # roster.dates.counts_on


class StoredRoster:
    """The ``Roster`` of a store (``rosterkit.feeds.base``): active rows, read when a LazyFrame is collected.

    ``over``: the pins, blocks and suppressions that lie over the rows (``store.effective.overlay``).
    """

    def __init__(self, path: Path, revision: int, over: Overlay = NOTHING) -> None:
        self.revision = revision
        self._path = path
        self._over = over

    def table(self, entity: str, *, roles: Collection[str] = (), as_of: date | None = None) -> pl.LazyFrame:
        """The active rows of the entity, in no particular order; KeyError when there is no such entity."""
        kind = by_name(entity)
        if entity not in _LIMITED or (entity == "User" and not roles):
            return self._rows(kind)
        about = "Role" if entity == "User" else entity
        wanted = _Wanted(tuple(sorted(roles)) if about == "Role" else (), as_of)
        if about not in self._over.values:
            return self._rows(kind, wanted)
        found = self._rows(by_name(about)).filter(wanted.expression())  # pinned: what is stored does not decide
        return found if about == entity else self._rows(kind).join(found, left_on="id", right_on="user_id", how="semi")

    def _rows(self, kind: Entity, wanted: _Wanted | None = None) -> pl.LazyFrame:
        rows = partial(_batches, self._path, kind, self._over, wanted or _Wanted())
        return register_io_source(rows, schema=_schema(kind), is_pure=True)


@dataclass(frozen=True)
class _Wanted:
    """Which roles or enrollments: those of these names, or all; those that count on a day, or all."""

    names: tuple[str, ...] = ()
    as_of: date | None = None

    def statement(self) -> tuple[str, tuple[str, ...]]:
        """A condition on the table, and its values; blank where every row is wanted."""
        named = f"role in ({','.join('?' * len(self.names))})" if self.names else ""
        parts = [part for part in (named, _COUNTS if self.as_of else "") if part]
        return " and ".join(parts), (*self.names, *([self.as_of.isoformat()] * 2 if self.as_of else []))

    def expression(self) -> pl.Expr:
        """The same condition on a frame."""
        named = pl.col("role").is_in(self.names) if self.names else pl.lit(value=True)
        return named & counts_on(self.as_of) if self.as_of else named


def _schema(kind: Entity) -> dict[str, type[pl.DataType]]:
    own = {ACCOUNT.name: ACCOUNT.dtype} if kind.name == "User" else {}
    return _KEYS | {column.name: column.dtype for column in kind.columns} | own


def _batches(
    path: Path,
    kind: Entity,
    over: Overlay,
    limit: _Wanted,
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
    condition, values = limit.statement()
    only = f" and {_LIMITED[kind.name].format(condition)}" if condition else ""
    rows = read(path, kind.table, stored, f"status='active'{only}", values)
    if ACCOUNT.name in wanted:
        rows = rows.with_columns(pl.lit(value=True).alias(ACCOUNT.name))
    rows = over.applied(kind, rows)
    rows = rows.head(n_rows) if n_rows is not None else rows
    yield (rows if predicate is None else rows.filter(predicate)).select(names)
