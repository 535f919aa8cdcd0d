"""References between judged records: what cannot stand without its parent, what follows it, what keeps it.

A new record whose required parent does not stand waits. A stored one keeps its stored link while that stands, follows
its parent into the archive where the link is required, and loses the link where it is not. A record that an unreadable
row protects follows nobody; then its parent stays instead (``plan.closure``).
"""

from __future__ import annotations

from collections.abc import Mapping

import polars as pl

from rosterkit.plan.compare import bit, differing, has, outcome_active
from rosterkit.roster import findings
from rosterkit.roster.schema import Column, Entity, entities

__all__ = ["EXPLICIT", "protect", "settle"]

EXPLICIT = ("deleted", "unlisted", "follows-deleted")
"""Ways of leaving that a readable row states; an unreadable row does not protect from them."""


def protect(judged: dict[str, pl.DataFrame]) -> None:
    """Spreads protection from unreadable rows to everything that references them, and cancels archives by absence."""
    for entity in entities():
        rows = judged[entity.name]
        for column in entity.refs:
            assert column.to is not None
            while True:
                source = rows if column.to == entity.name else judged[column.to]
                kept = source.filter("protected")["id"]
                named = pl.col(f"s.{column.name}").is_in(kept.implode()).fill_null(value=False)
                hit = named & pl.col("active")
                more = rows.filter(hit & ~pl.col("protected")).height if kept.len() else 0
                if not more:
                    break
                rows = rows.with_columns(protected=pl.col("protected") | hit)
        absent = pl.col("protected") & (pl.col("action") == "archive") & (pl.col("how") == "absent")
        judged[entity.name] = rows
        if not _any(rows, absent):
            continue
        judged[entity.name] = rows.with_columns(
            hold=pl.when(absent).then(pl.lit("protected")).otherwise("hold"),
            hold_why=pl.when(absent)
            .then(pl.lit("a row that cannot be read may speak of it: mend the row first"))
            .otherwise("hold_why"),
        )


def _any(rows: pl.DataFrame, which: pl.Expr) -> bool:
    return bool(rows.select(which.any()).item())


def _report(entity: Entity, column: Column, rows: pl.DataFrame, rule: str) -> pl.DataFrame:
    """One finding for each of these rows that was said."""
    return rows.filter("said").select(
        rule=pl.lit(rule),
        severity=pl.lit("error"),
        file=pl.col("file").fill_null(""),
        line=pl.col("line").fill_null(0),
        column=pl.lit(column.label),
        value=pl.lit(""),
        key="sourced_id",
        detail=pl.format("{}: no {} to refer to", pl.lit(entity.name), pl.lit(column.label)),
    )


def _without(
    rows: pl.DataFrame, entity: Entity, column: Column, lost: pl.Expr, rule: str
) -> tuple[pl.DataFrame, pl.DataFrame]:
    """Takes a reference that does not stand back: to the stored value, or to none."""
    found = _report(entity, column, rows.filter(lost), rule)
    rows = rows.with_columns(
        pl.when(lost).then(pl.col(f"s.{column.name}")).otherwise(pl.col(column.name)).alias(column.name),
        dangling=pl.col("dangling") | pl.when(lost).then(pl.lit(bit(entity, column), pl.UInt64)).otherwise(0),
    )
    return rows, found


def _column(
    entity: Entity, column: Column, rows: pl.DataFrame, target: pl.DataFrame
) -> tuple[pl.DataFrame, list[pl.DataFrame]]:
    """Settles one reference to the judged rows of its target."""
    inactive = target.filter(~outcome_active())
    going = inactive.filter("active")
    gone, leaving, told = inactive["id"], going["id"], going.filter(pl.col("how").is_in(EXPLICIT))["id"]
    found = []
    new, old = pl.col(column.name), pl.col(f"s.{column.name}")
    lives = outcome_active()
    fresh = new.is_not_null() & new.is_in(gone.implode()) & new.ne_missing(old) & lives
    for rule, which in (
        ("reference.gone", fresh & new.is_in(leaving.implode())),
        ("reference.missing", fresh & ~new.is_in(leaving.implode())),
    ):
        if gone.len():
            rows, more = _without(rows, entity, column, which, rule)
            found.append(more)
    by_word = new.is_in(told.implode())
    why = pl.lit(f"its {column.label} is not there")
    follows = lives & new.is_in(gone.implode()) & pl.col("known") & pl.col("active") & (~pl.col("protected") | by_word)
    if gone.len():
        found.append(_report(entity, column, rows.filter(follows), "reference.gone"))
        rows = _unheld(rows, follows)
    if column.required:
        if not gone.len():
            return _waiting(rows, _comes() & new.is_null(), why), found
        rows = rows.with_columns(
            action=pl.when(follows).then(pl.lit("archive")).otherwise("action"),
            how=pl.when(follows & by_word)
            .then(pl.lit("follows-deleted"))
            .when(follows)
            .then(pl.lit("follows"))
            .otherwise("how"),
            diff=pl.when(follows).then(pl.lit(0, pl.UInt64)).otherwise("diff"),
        )
        return _waiting(rows, _comes() & (new.is_null() | new.is_in(gone.implode())), why), found
    if not gone.len():
        return rows, found
    cleared = (follows | (pl.col("action").is_in(["restore"]) & new.is_in(gone.implode()))).fill_null(value=False)
    rows = rows.with_columns(
        pl.when(cleared).then(None).otherwise(new).alias(column.name),
        dangling=pl.when(cleared & pl.col("said") & ~pl.col("deleted") & ~has("keep", bit(entity, column)))
        .then(pl.col("dangling") | bit(entity, column))
        .otherwise("dangling"),
        diff=pl.when(cleared).then(pl.col("diff") | bit(entity, column)).otherwise("diff"),
        action=pl.when(cleared & pl.col("action").is_null()).then(pl.lit("update")).otherwise("action"),
        how=pl.when(cleared & pl.col("how").is_null()).then(pl.lit("follows")).otherwise("how"),
    )
    return rows, found


def _comes() -> pl.Expr:
    return pl.col("action").is_in(["create", "restore"])


def _unheld(rows: pl.DataFrame, follows: pl.Expr) -> pl.DataFrame:
    """Takes the archive by absence, which protection held, from rows that follow: a readable row moves them now."""
    absent = follows.fill_null(value=False) & (pl.col("action") == "archive")
    nothing = pl.lit(None, pl.String)
    moved = ("action", "how", "hold", "hold_why")
    return rows.with_columns(pl.when(absent).then(nothing).otherwise(name).alias(name) for name in moved)


def _waiting(rows: pl.DataFrame, stuck: pl.Expr, why: pl.Expr) -> pl.DataFrame:
    stuck = stuck.fill_null(value=False)
    if not _any(rows, stuck):
        return rows
    return rows.with_columns(
        waits=pl.when(stuck).then(why).otherwise("waits"),
        action=pl.when(stuck).then(None).otherwise("action"),
    )


def _targets(rows: pl.DataFrame, context: pl.DataFrame | None) -> pl.DataFrame:
    """What a reference may point to: judged rows, and stored ones that nothing moves."""
    judged = rows.select("id", "active", "action", "how", "hold")
    if context is None:
        return judged
    nothing = [pl.lit(None, pl.String).alias(name) for name in ("action", "how", "hold")]
    return pl.concat([judged, context.select("id", (pl.col("status") == "active").alias("active"), *nothing)])


def settle(judged: dict[str, pl.DataFrame], context: Mapping[str, pl.DataFrame]) -> pl.DataFrame:
    """Settles every reference, parents first; returns the findings. ``context`` as ``judge`` has it."""
    found = [findings.empty()]
    for entity in entities():
        rows = judged[entity.name]
        found += [
            _report(entity, c, rows.filter(has("dangling", bit(entity, c))), "reference.missing") for c in entity.refs
        ]
        for column in entity.refs:
            assert column.to is not None
            target = rows if column.to == entity.name else judged[column.to]
            rows, more = _column(entity, column, rows, _targets(target, context.get(column.to)))
            found += more
        blank = pl.lit(value=False)
        for column in entity.columns:
            if column.required and column.kind != "ref":
                blank = blank | pl.col(column.name).is_null()
        rows = _waiting(rows, (pl.col("action") == "create") & blank, pl.lit("a value that it needs cannot be read"))
        speaks = pl.col("said") & pl.col("known") & ~pl.col("deleted") & pl.col("action").is_in(["update", "restore"])
        if _any(rows, speaks):
            rows = rows.with_columns(diff=pl.when(speaks).then(differing(entity)).otherwise("diff"))
        nothing = (pl.col("action") == "update") & (pl.col("diff") == 0)
        if _any(rows, nothing):
            rows = rows.with_columns(action=pl.when(nothing).then(None).otherwise("action"))
        judged[entity.name] = rows
    return findings.concat(found)
