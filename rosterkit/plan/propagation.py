"""Closes what is held over what depends on it, until nothing more is held.

A held create holds what would reference it. A case holds everything that references the person. A held archive holds
the archives of what references it, and of what it references: no active row references an archived one. A link that a
readable row no longer states waits for none of these: taking away a guardian is never delayed by another hold.
"""

from __future__ import annotations

import polars as pl

from rosterkit.plan.compare import bit, has
from rosterkit.plan.frames import where
from rosterkit.roster.schema import Column, Entity, entities

__all__ = ["close"]

_WAITS = "it depends on a {} that is held"
_NEEDED = "a {} that stays still refers to it"


def _ids(rows: pl.DataFrame, *actions: str, code: str | None = None) -> pl.Series:
    held = pl.col("hold").is_not_null() & pl.col("action").is_in(actions)
    return rows.filter(held if code is None else held & (pl.col("hold") == code))["id"]


def _in(name: str, ids: pl.Series) -> pl.Expr:
    return pl.col(name).is_in(ids.implode()).fill_null(value=False)


def _removed_link(entity: Entity) -> pl.Expr:
    """Links that a readable row took away: nothing but their own limit holds them."""
    return pl.lit(entity.name == "GuardianLink") & pl.col("how").is_in(["unlisted", "deleted"])


def _hold(rows: pl.DataFrame, which: pl.Expr, why: str) -> pl.DataFrame:
    free = which & pl.col("action").is_not_null() & pl.col("hold").is_null()
    return rows.with_columns(
        hold=pl.when(free).then(pl.lit("dependant")).otherwise("hold"),
        hold_why=pl.when(free).then(pl.lit(why)).otherwise("hold_why"),
    )


def _from_parent(entity: Entity, column: Column, rows: pl.DataFrame, parent: pl.DataFrame) -> pl.DataFrame:
    """Holds rows because of what they reference."""
    assert column.to is not None
    why = _WAITS.format(column.label)
    new, old = column.name, f"s.{column.name}"
    unborn = _ids(parent, "create", "restore")
    kept = _ids(parent, "archive")
    cases = _ids(parent, "create", "update", "restore", code="case")
    if unborn.len():
        rows = _hold(rows, _in(new, unborn) & pl.col("action").is_in(["create", "update", "restore"]), why)
    if kept.len():
        rows = _hold(rows, _in(old, kept) & (pl.col("action") == "archive") & ~_removed_link(entity), why)
        # A link was to be cleared because its target leaves; the target stays, so the link does.
        cleared = (
            _in(old, kept)
            & pl.col(new).is_null()
            & has("diff", bit(entity, column))
            & ~has("field_hold", bit(entity, column))
            & pl.col("hold").is_null()
        )
        rows = rows.with_columns(
            field_hold=pl.when(cleared & (pl.col("action") == "update"))
            .then(pl.col("field_hold") | bit(entity, column))
            .otherwise("field_hold")
        )
    if cases.len():
        rows = _hold(rows, (_in(old, cases) | _in(new, cases)) & ~_removed_link(entity), why)
    return rows


def _still_named(entity: Entity, column: Column, rows: pl.DataFrame) -> pl.Series:
    """Ids of targets that rows go on referencing because their own change is held, or because they are protected."""
    keeps = (pl.col("hold").is_not_null() & pl.col("action").is_in(["archive", "update"])) | has(
        "field_hold", bit(entity, column)
    )
    stays = pl.col("protected") & (pl.col("action").is_null() | (pl.col("action") == "update"))
    active = rows.filter("active")
    return (
        pl.concat([active.filter(keeps)[f"s.{column.name}"], active.filter(stays)[column.name]]).drop_nulls().unique()
    )


def _on_parents(judged: dict[str, pl.DataFrame], entity: Entity) -> None:
    """Holds the archives of what rows of this entity go on referencing."""
    for column in entity.refs:
        assert column.to is not None
        named = _still_named(entity, column, judged[entity.name])
        if named.len():
            leaves = _in("id", named) & (pl.col("action") == "archive")
            judged[column.to] = _hold(judged[column.to], leaves, _NEEDED.format(entity.name))


def _count(judged: dict[str, pl.DataFrame]) -> int:
    return sum(int(r["hold"].count()) + int((r["field_hold"] != 0).sum()) for r in judged.values())


def close(judged: dict[str, pl.DataFrame]) -> None:
    """Spreads holds along references until nothing changes; looks only at rows with an action and protected ones."""
    busy = pl.col("action").is_not_null() | pl.col("protected")
    rest = {name: rows.filter(~busy) for name, rows in judged.items()}
    work = {name: where(rows, busy) for name, rows in judged.items()}
    while True:
        before = _count(work)
        for entity in entities():
            for column in entity.refs:
                assert column.to is not None
                work[entity.name] = _from_parent(entity, column, work[entity.name], work[column.to])
        for entity in reversed(entities()):
            _on_parents(work, entity)
        if _count(work) == before:
            break
    for name in judged:
        judged[name] = pl.concat([rest[name], work[name]]) if rest[name].height else work[name]
