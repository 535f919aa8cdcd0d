"""Undo: a new plan that takes a revision back where the store still says what that revision wrote.

What has changed since, or what later rows refer to, is left and listed as held. What is taken back is held afterwards
by its value, so that tonight's package does not bring it back and a new word from the source does.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import polars as pl

from rosterkit.plan.changes import Parts, content_hash, parts_of
from rosterkit.plan.compare import bit, has, outcome_active
from rosterkit.plan.merge import stated
from rosterkit.plan.natural_keys import Keys, as_text, keys_of
from rosterkit.plan.snapshot import HOLDS, PENDING
from rosterkit.roster.schema import Column, Entity, entities

__all__ = ["NEW_HOLDS", "Reversal", "reverse"]

NEW_HOLDS: dict[str, type[pl.DataType]] = {
    "sourced_id": pl.String,
    "action": pl.String,
    "field": pl.String,
    "value": pl.String,
}


@dataclass(frozen=True)
class Reversal:
    """An undo before it is stored.

    ``holds``: by entity NEW_HOLDS, in force once it is applied; ``pending``: by entity PENDING.
    """

    parts: Parts
    content_hash: str
    holds: Mapping[str, pl.DataFrame]
    pending: Mapping[str, pl.DataFrame]


def _blank(stored: pl.DataFrame, entity: Entity) -> pl.DataFrame:
    """Stored rows in the shape of ``plan.judge``, with nothing proposed."""
    nothing = pl.lit(None, pl.String)
    return stored.select(
        "id",
        "sourced_id",
        *(pl.col(c.name).alias(f"s.{c.name}") for c in entity.columns),
        *(c.name for c in entity.columns),
        package=nothing,
        file=nothing,
        line=pl.lit(None, pl.Int64),
        modified_at=nothing,
        s_modified_at=nothing,
        known=pl.lit(value=True),
        active=pl.col("status") == "active",
        said=pl.lit(value=False),
        deleted=pl.lit(value=False),
        keep=pl.lit(0, pl.UInt64),
        dangling=pl.lit(0, pl.UInt64),
        diff=pl.lit(0, pl.UInt64),
        field_hold=pl.lit(0, pl.UInt64),
        action=nothing,
        how=pl.lit("undo"),
        protected=pl.lit(value=False),
        hold=nothing,
        hold_why=nothing,
        waits=nothing,
    )


def _act(rows: pl.DataFrame, ids: pl.Series, action: str, *, when_active: bool) -> pl.DataFrame:
    hit = pl.col("id").is_in(ids.implode()) & (pl.col("active") == when_active)
    return rows.with_columns(action=pl.when(hit).then(pl.lit(action)).otherwise("action"))


def _typed(column: Column, name: str) -> pl.Expr:
    if column.kind == "bool":
        return pl.col(name).replace_strict({"true": True, "false": False}, default=None, return_dtype=pl.Boolean)
    return pl.col(name)


def _reverted(entity: Entity, rows: pl.DataFrame, update: pl.DataFrame, keys: Keys) -> pl.DataFrame:
    """Puts back the values that still are what the revision wrote; the fields that are not are held."""
    texts = as_text(entity, rows, keys)
    for column in entity.columns:
        mine = update.filter((pl.col("field") == column.label) & (pl.col("action") == "update"))
        if mine.height == 0:
            continue
        back = mine.select(
            "id",
            _after="after",
            _back="before_id" if column.to else _typed(column, "before"),
            _undone=pl.lit(value=True),
        )
        rows = rows.with_columns(_now=texts[column.label]).join(back, on="id", how="left", maintain_order="left")
        hit = (
            pl.col("_undone").fill_null(value=False)
            & pl.col("active")
            & pl.col("action").fill_null("update").eq("update")
        )
        flag = pl.lit(bit(entity, column), pl.UInt64)
        rows = rows.with_columns(
            pl.when(hit).then(pl.col("_back")).otherwise(pl.col(column.name)).alias(column.name),
            diff=pl.when(hit).then(pl.col("diff") | flag).otherwise("diff"),
            field_hold=pl.when(hit & pl.col("_now").ne_missing(pl.col("_after")))
            .then(pl.col("field_hold") | flag)
            .otherwise("field_hold"),
            action=pl.when(hit).then(pl.lit("update")).otherwise("action"),
        ).drop("_now", "_after", "_back", "_undone")
    return rows


def _proposed(parts: Parts, stored: Mapping[str, pl.DataFrame]) -> dict[str, pl.DataFrame]:
    """The opposite of each change of the revision, as judged rows."""
    judged = {e.name: _blank(stored[e.name], e) for e in entities()}
    keys = keys_of(judged, {})
    for entity in entities():
        rows = judged[entity.name]
        if entity.name in parts.create:
            rows = _act(rows, parts.create[entity.name]["id"], "archive", when_active=True)
        if entity.name in parts.status:
            status = parts.status[entity.name]
            for was, now, active in (("restore", "archive", True), ("archive", "restore", False)):
                ids = status.filter(pl.col("action") == was)["id"]
                rows = _act(rows, ids, now, when_active=active)
        if entity.name in parts.update:
            rows = _reverted(entity, rows, parts.update[entity.name], keys)
        judged[entity.name] = rows
    return judged


def _hold(rows: pl.DataFrame, which: pl.Expr, why: str) -> pl.DataFrame:
    free = which & pl.col("action").is_not_null() & pl.col("hold").is_null()
    return rows.with_columns(
        hold=pl.when(free).then(pl.lit("referenced")).otherwise("hold"),
        hold_why=pl.when(free).then(pl.lit(why)).otherwise("hold_why"),
    )


def _outcome(entity: Entity, column: Column) -> pl.Expr:
    """The reference as it would be."""
    reverts = (
        (pl.col("action") == "update")
        & pl.col("hold").is_null()
        & has("diff", bit(entity, column))
        & ~has("field_hold", bit(entity, column))
    ).fill_null(value=False)
    return pl.when(reverts).then(pl.col(column.name)).otherwise(pl.col(f"s.{column.name}"))


def _settle(judged: dict[str, pl.DataFrame]) -> None:
    """Holds what would leave an active row referring to an inactive one, until none does."""
    again = True
    while again:
        again = False
        for entity in entities():
            for column in entity.refs:
                assert column.to is not None
                rows = judged[entity.name]
                inactive = judged[column.to].filter(~outcome_active())["id"]
                bad = outcome_active() & _outcome(entity, column).is_in(inactive.implode())
                broken = rows.filter(bad.fill_null(value=False))
                if broken.height == 0:
                    continue
                again = True
                moving = broken.filter(pl.col("hold").is_null() & pl.col("action").is_in(["update", "restore"]))
                ids = moving["id"]
                judged[entity.name] = _hold(
                    rows, pl.col("id").is_in(ids.implode()), f"its {column.label} is not active"
                )
                still = broken.filter(~pl.col("id").is_in(ids.implode()))[f"s.{column.name}"].drop_nulls()
                target = judged[column.to]
                leaving = pl.col("id").is_in(still.implode()) & (pl.col("action") == "archive")
                judged[column.to] = _hold(target, leaving, f"a later {entity.name} refers to it")


def _new_holds(parts: Parts) -> dict[str, pl.DataFrame]:
    """What an applied undo keeps from coming back."""
    out: dict[str, list[pl.DataFrame]] = {}
    opposite = {"archive": "restore", "restore": "archive"}
    for name, frame in parts.status.items():
        rows = frame.select(
            "sourced_id",
            action=pl.col("action").replace_strict(opposite),
            field=pl.lit(""),
            value=pl.lit(None, pl.String),
        )
        out.setdefault(name, []).append(rows)
    for name, frame in parts.update.items():
        rows = frame.select("sourced_id", action=pl.lit("update"), field="field", value="before")
        out.setdefault(name, []).append(rows)
    return {name: pl.concat(frames) for name, frames in out.items()}


def _places(parts: Parts, name: str) -> pl.DataFrame:
    """Where the undone revision's changes were said, by sourced id."""
    columns = ["sourced_id", "package", "file", "line", "modified_at"]
    none = pl.DataFrame(schema={c: pl.Int64 if c == "line" else pl.String for c in columns})
    frames = [part[name].select(columns) for part in (parts.create, parts.status, parts.update) if name in part]
    return pl.concat([none, *frames]).unique("sourced_id", keep="last", maintain_order=True)


def _remembered(entity: Entity, rows: pl.DataFrame, keys: Keys, places: pl.DataFrame) -> pl.DataFrame:
    """What the source last said of the records that this undo takes back: PENDING."""
    done = rows.filter(pl.col("action").is_not_null() & pl.col("hold").is_null())
    texts = as_text(entity, done, keys, "s.").drop("id", "sourced_id")
    said = texts.with_columns(_typed(c, c.label).alias(c.label) for c in entity.columns if c.kind == "bool")
    every = (1 << len(entity.columns)) - 1
    keep = (
        pl.when(pl.col("action") == "archive")
        .then(pl.lit(0, pl.UInt64))
        .when(pl.col("action") == "restore")
        .then(pl.lit(every, pl.UInt64))
        .otherwise(pl.lit(every, pl.UInt64) ^ (pl.col("diff") & ~pl.col("field_hold")))
    )
    place = done.select("sourced_id", keep=keep, deleted=pl.col("action") == "restore")
    place = place.join(places, on="sourced_id", how="left", maintain_order="left")
    return (
        stated(entity, pl.concat([place, said], how="horizontal"))
        .with_columns(why=pl.lit("it was undone"))
        .select(list(PENDING))
    )


def reverse(parts: Parts, stored: Mapping[str, pl.DataFrame]) -> Reversal:
    """The reversal of a revision's parts, given every row of its origin that is stored now, by entity."""
    judged = _proposed(parts, stored)
    _settle(judged)
    keys = keys_of(judged, {})
    changed = [
        frame.select(
            "sourced_id",
            entity=pl.lit(name),
            field="field",
            value=pl.lit(None, pl.String),
            code=pl.lit("changed"),
            reason=pl.lit("it has changed since"),
        )
        for name, frame in parts.update.items()
    ]
    empty = pl.DataFrame(
        schema={name: HOLDS[name] for name in ("sourced_id", "entity", "field", "value", "code", "reason")}
    )
    undone = parts_of(judged, keys, pl.concat([empty, *changed]))
    going = undone.applicable()
    return Reversal(
        parts=undone,
        content_hash=content_hash(undone, keys),
        holds=_new_holds(going),
        pending={e.name: _remembered(e, judged[e.name], keys, _places(parts, e.name)) for e in entities()},
    )
