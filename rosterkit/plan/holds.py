"""What holds a proposed change directly: a person, an undo, a case, a limit; and what a person approved after all."""

from __future__ import annotations

from collections.abc import Mapping

import polars as pl

from rosterkit.plan.compare import bit, has, proposed
from rosterkit.plan.groups import units
from rosterkit.plan.identity import reused_ids
from rosterkit.plan.limits import Limits, halved_classes, trips
from rosterkit.plan.natural_keys import Keys, as_text
from rosterkit.plan.snapshot import Snapshot
from rosterkit.roster import findings
from rosterkit.roster.schema import Entity, entities

__all__ = ["COUNTED", "FOLLOWS", "hold_cases", "hold_over_limits", "hold_stored"]

COUNTED = ("absent", "deleted", "unlisted")
"""Ways of leaving that count as vanished; what follows a parent counts at the parent."""

FOLLOWS = ("follows", "follows-deleted")


def _set(rows: pl.DataFrame, which: pl.Expr, code: str, why: pl.Expr) -> pl.DataFrame:
    free = which & pl.col("action").is_not_null() & pl.col("hold").is_null()
    return rows.with_columns(
        hold=pl.when(free).then(pl.lit(code)).otherwise("hold"), hold_why=pl.when(free).then(why).otherwise("hold_why")
    )


def _by_person(rows: pl.DataFrame, holds: pl.DataFrame, entity: Entity) -> pl.DataFrame:
    """Holds that a person set: on the record, on one action of it, or on one field."""
    mine = holds.filter((pl.col("entity") == entity.name) & (pl.col("code") == "person"))
    for sourced_id, action, field, reason in mine.select("sourced_id", "action", "field", "reason").iter_rows():
        which = pl.col("sourced_id") == sourced_id
        if action:
            which = which & (pl.col("action") == action)
        if not field:
            rows = _set(rows, which, "person", pl.lit(reason))
            continue
        mask = bit(entity, entity.column(field))
        rows = rows.with_columns(
            field_hold=pl.when(which & (pl.col("action") == "update") & has("diff", mask))
            .then(pl.col("field_hold") | mask)
            .otherwise("field_hold")
        )
    return rows


def _undone(rows: pl.DataFrame, mine: pl.DataFrame, entity: Entity, keys: Keys) -> pl.DataFrame:
    """sourced_id and ``undone``: bits of the fields whose new value is the very one that an undo reverted."""
    met = rows.filter(pl.col("diff") != 0).join(mine, on="sourced_id", how="semi")
    texts = as_text(entity, met, keys).drop("id").unpivot(index="sourced_id", variable_name="field", value_name="value")
    texts = texts.with_columns(pl.col("value").cast(pl.String))
    same = texts.join(mine, on=["sourced_id", "field", "value"], how="semi", nulls_equal=True)
    bits = {c.label: bit(entity, c) for c in entity.columns}
    flags = same.with_columns(undone=pl.col("field").replace_strict(bits, return_dtype=pl.UInt64))
    return flags.group_by("sourced_id").agg(pl.col("undone").bitwise_or())


def _by_undo(rows: pl.DataFrame, holds: pl.DataFrame, entity: Entity, keys: Keys) -> pl.DataFrame:
    """Holds that an undo left: the very value that it reverted, or the very record that it archived or brought back."""
    mine = holds.filter((pl.col("entity") == entity.name) & (pl.col("code") == "undo"))
    if mine.height == 0:
        return rows
    undone = _undone(rows, mine, entity, keys)
    rows = rows.join(undone, on="sourced_id", how="left", maintain_order="left")
    rows = rows.with_columns(undone=pl.col("undone").fill_null(0) & pl.col("diff"))
    same = (pl.col("diff") & ~pl.col("undone")) == 0
    update = (pl.col("action") == "update") & (pl.col("undone") != 0)
    whole = update
    for action in ("restore", "archive"):
        ids = mine.filter((pl.col("action") == action) & (pl.col("field") == ""))["sourced_id"]
        whole = whole | (pl.col("sourced_id").is_in(ids.implode()) & (pl.col("action") == action))
    rows = _set(rows, whole & same, "undo", pl.lit("it was undone, and the source says nothing new"))
    field_hold = pl.when(update).then(pl.col("field_hold") | pl.col("undone")).otherwise("field_hold")
    return rows.with_columns(field_hold=field_hold).drop("undone")


def hold_stored(judged: dict[str, pl.DataFrame], holds: pl.DataFrame, keys: Keys) -> None:
    """Sets what persons, undos and earlier limits hold."""
    for entity in entities():
        rows = _by_undo(_by_person(judged[entity.name], holds, entity), holds, entity, keys)
        limited = holds.filter((pl.col("entity") == entity.name) & (pl.col("code") == "limit"))
        if limited.height:
            why = dict(limited.select("sourced_id", "reason").iter_rows())
            which = pl.col("sourced_id").is_in(limited["sourced_id"].implode()) & (pl.col("action") == "archive")
            rows = _set(rows, which, "limit", pl.col("sourced_id").replace_strict(why, default=""))
        judged[entity.name] = rows


def hold_cases(judged: dict[str, pl.DataFrame], approved: dict[str, pl.Series]) -> pl.DataFrame:
    """Holds persons whose id looks reused; returns the findings. ``approved``: ids of what was approved whole."""
    people = judged["User"]
    ids = reused_ids(people, judged["Demographics"])
    if ids.is_empty():
        return findings.empty()
    hit = pl.col("id").is_in(ids.implode()) & ~pl.col("id").is_in(approved["User"].implode())
    why = pl.lit("both names and a second identifier contradict the stored person: is the id reused?")
    # A case goes before any other hold of the row: it also holds what depends on the person.
    cases = hit & pl.col("action").is_not_null()
    judged["User"] = people.with_columns(
        hold=pl.when(cases).then(pl.lit("case")).otherwise("hold"),
        hold_why=pl.when(cases).then(why).otherwise("hold_why"),
    )
    return people.filter(hit).select(
        rule=pl.lit("identity.reused-id"),
        severity=pl.lit("error"),
        file=pl.col("file").fill_null(""),
        line=pl.col("line").fill_null(0),
        column=pl.lit(""),
        value=pl.lit(""),
        key="sourced_id",
        detail=pl.lit(""),
    )


def _counted(entity: Entity, judged: dict[str, pl.DataFrame]) -> pl.Expr:
    """Archives that count as vanished here: proposed by absence or word, with no required parent that leaves too.

    A record that is said, and leaves only because its parent does, counts as well: its row contradicts the loss of the
    parent, as when a file of schools or classes was cut short.
    """
    counted = pl.col("how").is_in(COUNTED)
    for column in entity.refs:
        if column.required and column.to:
            parents = judged[column.to].filter(pl.col("action") == "archive")["id"]
            counted = counted & ~pl.col(f"s.{column.name}").is_in(parents.implode())
    contradicted = pl.col("said") & pl.col("how").is_in(FOLLOWS)
    return proposed() & (pl.col("action") == "archive") & (counted | contradicted)


def hold_over_limits(
    judged: dict[str, pl.DataFrame],
    context: Mapping[str, pl.DataFrame],
    snapshot: Snapshot,
    limits: Limits,
    approved: dict[str, pl.Series],
) -> dict[str, pl.DataFrame]:
    """Holds the archives that a limit trips on; returns them by entity: sourced_id, why (to be stored).

    What a person approved counts, and is not held: an approval is a ceiling, so one record more is held again.
    """
    out: dict[str, pl.DataFrame] = {}
    for entity in entities():
        rows = judged[entity.name]
        rows = rows.with_columns(
            vanished=_counted(entity, judged), added=proposed() & pl.col("action").is_in(["create", "restore"])
        )
        if rows["vanished"].any():
            moving = rows.filter(pl.col("vanished") | pl.col("added"))
            held = trips(units(entity, moving, judged, context, snapshot), snapshot.census(entity), limits)
            if entity.name == "Enrollment":
                held = pl.concat([held, _halved(moving, snapshot, limits)])
                held = held.unique("id", keep="first", maintain_order=True)
            held = held.filter(~pl.col("id").is_in(approved[entity.name].implode())).rename({"why": "_why"})
            rows = rows.join(held, on="id", how="left", maintain_order="left")
            rows = _set(rows, pl.col("_why").is_not_null(), "limit", pl.col("_why"))
            out[entity.name] = rows.filter(pl.col("_why").is_not_null()).select("sourced_id", why="_why")
            rows = rows.drop("_why")
        judged[entity.name] = rows.drop("vanished", "added")
    return out


def _halved(moving: pl.DataFrame, snapshot: Snapshot, limits: Limits) -> pl.DataFrame:
    """Enrollments that are held because their class would fall to less than half."""
    members = moving.select(
        "id",
        "vanished",
        "added",
        class_id=pl.coalesce("s.class_id", "class_id"),
        role=pl.coalesce("s.role", "role"),
    )
    losing = members.filter("vanished")["class_id"].unique()
    return halved_classes(members, snapshot.class_census(losing), limits)
