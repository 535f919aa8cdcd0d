"""Held changes that a person approved: a ceiling. The next plan is freed of exactly these and no others."""

from __future__ import annotations

from collections.abc import Mapping

import polars as pl

from rosterkit.plan.compare import bit
from rosterkit.plan.natural_keys import Keys, as_text, digest
from rosterkit.plan.snapshot import APPROVED
from rosterkit.roster.schema import Entity, entities

__all__ = ["approvable", "free", "freed", "wholly"]


def approvable(entity: Entity, rows: pl.DataFrame, keys: Keys) -> pl.DataFrame:
    """What a person approves when approving these judged rows: APPROVED without its id."""
    mine = pl.lit(entity.name)
    before, after = as_text(entity, rows, keys, "s."), as_text(entity, rows, keys)
    rows = rows.with_columns(_before=digest(entity, before), _after=digest(entity, after))
    whole = rows.filter(pl.col("action") != "update").select(
        "sourced_id",
        "action",
        entity=mine,
        field=pl.lit(""),
        before=pl.when(pl.col("action") == "create").then(pl.lit("")).otherwise("_before"),
        after=pl.when(pl.col("action") == "archive").then(pl.lit("")).otherwise("_after"),
    )
    parts = [whole]
    for column in entity.columns:
        hit = (pl.col("action") == "update") & ((pl.col("diff") & bit(entity, column)) != 0)
        changed = rows.with_columns(_b=before[column.label], _a=after[column.label]).filter(hit)
        parts.append(
            changed.select("sourced_id", "action", entity=mine, field=pl.lit(column.label), before="_b", after="_a")
        )
    return pl.concat(p.select(list(APPROVED)[1:]) for p in parts)


def freed(judged: Mapping[str, pl.DataFrame], approved: pl.DataFrame, keys: Keys) -> dict[str, pl.DataFrame]:
    """By entity the judged rows that an approval speaks of: id, ``bits`` of the approved fields (all if the whole)."""
    out: dict[str, pl.DataFrame] = {}
    for entity in entities():
        mine = approved.filter(pl.col("entity") == entity.name)
        if mine.is_empty():
            out[entity.name] = pl.DataFrame(schema={"id": pl.Int64, "bits": pl.UInt64})
            continue
        rows = (
            judged[entity.name]
            .filter(pl.col("action").is_not_null())
            .join(mine, on=["sourced_id", "action"], how="semi")
        )
        now = approvable(entity, rows, keys)
        same = now.join(mine, on=["sourced_id", "action", "field", "before", "after"], how="semi", nulls_equal=True)
        bits = {c.label: bit(entity, c) for c in entity.columns} | {"": (1 << 64) - 1}
        out[entity.name] = (
            same.with_columns(bits=pl.col("field").replace_strict(bits, return_dtype=pl.UInt64))
            .group_by("sourced_id")
            .agg(pl.col("bits").bitwise_or())
            .join(rows.select("sourced_id", "id"), on="sourced_id")
            .select("id", "bits")
        )
    return out


def _whole() -> pl.Expr:
    """Whether everything that is proposed for a row was approved; ``bits`` as ``freed`` gives them."""
    update = (pl.col("action") == "update") & ((pl.col("diff") & ~pl.col("bits")) == 0)
    return (pl.col("bits") == (1 << 64) - 1) | (update & (pl.col("bits") != 0))


def wholly(judged: Mapping[str, pl.DataFrame], approved: Mapping[str, pl.DataFrame]) -> dict[str, pl.Series]:
    """By entity the ids of rows that a person approved whole: of a case, no part is enough."""
    return {name: judged[name].join(rows, on="id").filter(_whole())["id"] for name, rows in approved.items()}


def free(judged: dict[str, pl.DataFrame], approved: Mapping[str, pl.DataFrame]) -> None:
    """Lifts the direct holds of what was approved; what depends on something held stays held by ``plan.closure``."""
    for entity in entities():
        if approved[entity.name].height == 0:
            continue
        rows = judged[entity.name].join(approved[entity.name], on="id", how="left", maintain_order="left")
        rows = rows.with_columns(pl.col("bits").fill_null(0))
        lift = _whole() & pl.col("hold").is_in(["case", "limit", "person", "undo"])
        judged[entity.name] = rows.with_columns(
            hold=pl.when(lift).then(None).otherwise("hold"),
            hold_why=pl.when(lift).then(None).otherwise("hold_why"),
            field_hold=pl.col("field_hold") & ~pl.col("bits"),
        ).drop("bits")
