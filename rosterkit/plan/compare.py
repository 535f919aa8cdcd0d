"""Each record judged by itself: who it is in the store, what it says, what that would change.

Frames of ``judged`` rows, one for each record that is stored or said:

=================  =====================================================================================
column             content
=================  =====================================================================================
id, sourced_id     the integer id (reserved for new records) and the origin's id
known, active      whether a row is stored; whether it is active
said, deleted      whether a readable row speaks of it; whether that row says that it is gone
keep               bits of the business columns that the row does not state (``plan.said``)
dangling           bits of the references whose target is known nowhere
s.<column>         the stored value; <column>: the value it would have (references as integer ids)
diff               bits of the business columns in which the two differ
s_modified_at      the stored dateLastModified
action, how        create, update, archive, restore or null; how: said, deleted, unlisted, absent, follows,
                   follows-deleted or undo
protected          an unreadable row, its own or one it references, keeps it from absence and cascade
hold, hold_why     the code and the sentence of what holds it; null = will be applied
field_hold         bits of the business columns of an update that are held, the rest being applied
waits              null, or why a record that was said cannot come into being
package, file, line, modified_at   of the row that speaks of it
=================  =====================================================================================
"""

from __future__ import annotations

from collections.abc import Mapping

import polars as pl

from rosterkit.plan.frames import order_of, where
from rosterkit.plan.merge import Said
from rosterkit.plan.natural_keys import keys_of
from rosterkit.roster.schema import Column, Entity, entities

__all__ = ["bit", "differing", "has", "judge", "outcome_active", "proposed"]

_NONE = pl.lit(0, pl.UInt64)


def bit(entity: Entity, column: Column) -> int:
    """The bit that stands for a business column in ``keep``, ``dangling``, ``diff`` and ``field_hold``."""
    return 1 << entity.columns.index(column)


def has(mask: str, value: int) -> pl.Expr:
    """Whether the mask has that bit."""
    return (pl.col(mask) & value) != 0


def differing(entity: Entity) -> pl.Expr:
    """The ``diff`` mask: bits of the columns whose value differs from the stored one."""
    mask: pl.Expr = _NONE
    for column in entity.columns:
        differs = pl.col(column.name).ne_missing(pl.col(f"s.{column.name}"))
        mask = mask | pl.when(differs).then(pl.lit(bit(entity, column), pl.UInt64)).otherwise(_NONE)
    return mask


def proposed() -> pl.Expr:
    """Rows with an action that nothing holds."""
    return pl.col("action").is_not_null() & pl.col("hold").is_null()


def outcome_active() -> pl.Expr:
    """Whether the record would be active if every proposed action were applied."""
    gone = proposed() & (pl.col("action") == "archive")
    comes = proposed() & pl.col("action").is_in(["create", "restore"])
    return (pl.col("active") & ~gone) | comes


def _numbered(rows: pl.DataFrame, next_id: int) -> pl.DataFrame:
    """Gives new records an id, in the order of their sourced ids."""
    new = rows["id"].is_null()
    if not new.any():
        return rows
    place = order_of(rows["sourced_id"].filter(new)).arg_sort().cast(pl.Int64) + next_id  # of each new one among them
    if new.all():
        return rows.with_columns(place.alias("id"))
    numbered = place.gather((new.cum_sum().cast(pl.Int64) - 1).clip(0))
    return rows.with_columns(id=pl.when(new).then(numbered).otherwise("id"))


def _met(entity: Entity, stored: pl.DataFrame, said: Said, next_id: int) -> pl.DataFrame:
    """Stored rows and said rows side by side."""
    mine = stored.select(
        "id",
        "sourced_id",
        known=pl.lit(value=True),
        active=pl.col("status") == "active",
        s_modified_at="modified_at",
        **{f"s.{c.name}": pl.col(c.name) for c in entity.columns},
    )
    rows = said.rows.with_columns(said=pl.lit(value=True), deleted=pl.col("deleted").fill_null(value=False))
    if mine.is_empty():
        nothing = [pl.lit(None, dtype).alias(name) for name, dtype in mine.schema.items() if name != "sourced_id"]
        both = rows.with_columns(nothing)
    else:
        both = mine.join(rows, on="sourced_id", how="full", coalesce=True)
    both = both.with_columns(
        pl.col("known", "active", "said", "deleted").fill_null(value=False), pl.col("keep").fill_null(0)
    )
    return _numbered(where(both, pl.col("known") | ~pl.col("deleted")), next_id)


def _resolved(entity: Entity, rows: pl.DataFrame, keys: Mapping[str, pl.DataFrame]) -> pl.DataFrame:
    """Turns said references (sourced ids by label) into integer ids by column name, and marks the dangling."""
    dangling: pl.Expr = _NONE
    for column in entity.refs:
        assert column.to is not None
        target = keys[column.to].select(pl.col("sourced_id").alias(column.label), pl.col("id").alias(column.name))
        found = rows.select(column.label).join(target, on=column.label, how="left", maintain_order="left")
        rows = rows.with_columns(found[column.name])
        lost = pl.col(column.label).is_not_null() & pl.col(column.name).is_null() & ~pl.col("deleted")
        dangling = dangling | pl.when(lost).then(pl.lit(bit(entity, column), pl.UInt64)).otherwise(_NONE)
    return rows.with_columns(dangling.alias("dangling"))


def _valued(entity: Entity, rows: pl.DataFrame) -> pl.DataFrame:
    """Sets each business column to the value it would have: the said one, or the stored one where none was read."""
    speaks = pl.col("said") & ~pl.col("deleted")
    unsaid = rows.select(
        pl.when(speaks).then(pl.col("keep") | pl.col("dangling")).otherwise(pl.lit((1 << 64) - 1, pl.UInt64))
    )
    filled = rows.select(pl.all().is_not_null().any()).row(0, named=True)
    some = int(unsaid.to_series().bitwise_or() or 0)  # type: ignore[arg-type] # bits of columns that a row leaves unsaid
    rows = rows.with_columns(
        pl.when(speaks & ~has("keep", bit(entity, c)) & ~has("dangling", bit(entity, c)))
        .then(pl.col(c.name))
        .otherwise(pl.col(f"s.{c.name}"))
        .alias(c.name)
        for c in entity.columns
        if some & bit(entity, c) and (filled[c.name] or filled[f"s.{c.name}"])
    )
    if not rows["known"].any():
        return rows.with_columns(diff=_NONE)
    return rows.with_columns(diff=pl.when(speaks & pl.col("known")).then(differing(entity)).otherwise(_NONE))


def _unlisted(entity: Entity, rows: pl.DataFrame, said: Said, keys: Mapping[str, pl.DataFrame]) -> pl.DataFrame:
    """Marks stored rows that their owner's row no longer lists, with that row's place."""
    if not rows.select((pl.col("active") & ~pl.col("said")).any()).item():
        return rows.with_columns(unlisted=pl.lit(value=False))
    found = [pl.DataFrame(schema={"id": pl.Int64, "u_package": pl.String, "u_file": pl.String, "u_line": pl.Int64})]
    for owners in said.listings:
        on: list[str] = []
        for label in owners.columns:
            if label in ("file", "line", "package"):
                continue
            column = entity.column(label)
            if column.kind == "ref":
                assert column.to is not None
                key = keys[column.to].select(pl.col("sourced_id").alias(label), pl.col("id").alias(f"s.{column.name}"))
                owners = owners.join(key, on=label)  # noqa: PLW2901 - each join adds a column
            else:
                owners = owners.with_columns(pl.col(label).alias(f"s.{label}"))  # noqa: PLW2901 - as above
            on.append(f"s.{column.name}")
        own = owners.select(*on, u_package="package", u_file="file", u_line="line").unique(on, keep="last")
        open_rows = rows.filter(pl.col("active") & ~pl.col("said")).select("id", *on)
        found.append(open_rows.join(own, on=on).select("id", "u_package", "u_file", "u_line"))
    gone = pl.concat(found).unique("id", keep="first").with_columns(unlisted=pl.lit(value=True))
    return (
        rows.join(gone, on="id", how="left", maintain_order="left")
        .with_columns(
            pl.col("unlisted").fill_null(value=False),
            pl.coalesce("package", "u_package").alias("package"),
            pl.coalesce("file", "u_file").alias("file"),
            pl.coalesce("line", "u_line").alias("line"),
        )
        .drop("u_package", "u_file", "u_line")
    )


def _acted(rows: pl.DataFrame, said: Said) -> pl.DataFrame:
    """The action that each record's own word, or its absence, proposes."""
    active, known, speaks = pl.col("active"), pl.col("known"), pl.col("said") & ~pl.col("deleted")
    absent = active & ~pl.col("said") & ~pl.col("unreadable") & pl.lit(said.state == "full")
    explicit = active & pl.col("said") & pl.col("deleted") & pl.lit(said.state != "partial")
    action = (
        pl.when(speaks & ~known)
        .then(pl.lit("create"))
        .when(speaks & ~active)
        .then(pl.lit("restore"))
        .when(speaks & active & (pl.col("diff") != 0))
        .then(pl.lit("update"))
        .when(explicit | absent | (active & pl.col("unlisted")))
        .then(pl.lit("archive"))
    )
    how = (
        pl.when(speaks)
        .then(pl.lit("said"))
        .when(explicit)
        .then(pl.lit("deleted"))
        .when(active & pl.col("unlisted"))
        .then(pl.lit("unlisted"))
        .when(absent)
        .then(pl.lit("absent"))
    )
    nothing = pl.lit(None, pl.String)
    return rows.with_columns(
        action=action,
        how=how,
        hold=nothing,
        hold_why=nothing,
        waits=nothing,
        field_hold=_NONE,
        protected=pl.col("unreadable"),
    ).drop("unlisted", "unreadable")


def judge(
    stored: Mapping[str, pl.DataFrame],
    said: Mapping[str, Said],
    next_id: Mapping[str, int],
    context: Mapping[str, pl.DataFrame],
) -> dict[str, pl.DataFrame]:
    """Judges every record in scope by itself; the frames are described at the top of this module.

    ``context``: stored rows that are not judged and that others refer to.
    """
    met = {e.name: _met(e, stored[e.name], said[e.name], next_id[e.name]) for e in entities()}
    keys = keys_of(met, context)
    out: dict[str, pl.DataFrame] = {}
    for entity in entities():
        rows = _valued(entity, _resolved(entity, met.pop(entity.name), keys))
        rows = rows.drop([c.label for c in entity.refs])
        unreadable = said[entity.name].unreadable["sourced_id"]
        rows = rows.with_columns(unreadable=pl.col("sourced_id").is_in(unreadable.implode()))
        out[entity.name] = _acted(_unlisted(entity, rows, said[entity.name], keys), said[entity.name])
    return out
