"""Deferred records: what was delivered and the store does not hold so, kept with the reason until it is stored.

A record is deferred when it is held in whole or in part, waits for a record that it needs, leaves with its parent, or
has a reference that leads nowhere; and so is a delete that came in a partial table. It is merged again in each run.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping

import polars as pl

from rosterkit.plan.records import KEY, OLD_DELETED, Records, by_entity, delivered_row, proposed
from rosterkit.plan.snapshot import DEFERRED, with_key_parts
from rosterkit.roster.schema import Entity, by_name


def _references(entity: Entity) -> list[str]:
    return [f"_{kind}_{c.label}" for c in entity.refs for kind in ("by", "space")]


def _shape(entity: Entity) -> pl.Struct:
    cells = dict(entity.incoming_schema) | dict.fromkeys(_references(entity), pl.String)
    row = pl.Struct([pl.Field(name, dtype) for name, dtype in cells.items()])
    labels = pl.List(pl.String)
    return pl.Struct([pl.Field("row", row), pl.Field("unset", labels), pl.Field("invalid", labels)])


def incoming_rows(entity: Entity, rows: pl.DataFrame) -> Iterator[tuple[tuple[str, str], pl.DataFrame]]:
    """DEFERRED rows as a source delivered them (``merge.Desired.rows``), by source and id space."""
    masks = {c.label: 1 << i for i, c in enumerate(entity.columns)}

    def bits(name: str) -> pl.Expr:
        each = pl.element().replace_strict(masks, default=0, return_dtype=pl.UInt32)
        return pl.col(name).list.eval(each).list.sum().cast(pl.UInt32).alias(name)

    body = pl.col("body").str.json_decode(_shape(entity))
    frame = with_key_parts(rows.lazy().with_columns(body)).unnest("body").unnest("row")
    opened = frame.with_columns(bits("unset"), bits("invalid")).drop("reason").collect()
    for part in opened.partition_by("source", "id_space"):
        source, id_space = part["source"][0], part["id_space"][0]
        blank = [name for name in _references(entity) if part[name].null_count() == part.height]
        yield (source, id_space), part.drop("source", "id_space", *blank)


def delivered_body(entity: Entity, names: list[str]) -> pl.Expr:
    """The ``body`` of rows that have the labels of the entity, ``unset`` and ``invalid``."""
    labels = list(entity.incoming_schema)

    def listed(mask: str) -> pl.Expr:
        named = [pl.when((pl.col(mask) & (1 << i)) != 0).then(pl.lit(label)) for i, label in enumerate(labels)]
        return pl.concat_list(named).list.drop_nulls().alias(mask)

    row = pl.struct(*labels, *(n if n in names else pl.lit(None, pl.String).alias(n) for n in _references(entity)))
    return pl.struct(row.alias("row"), listed("unset"), listed("invalid")).struct.json_encode().alias("body")


def _partly() -> pl.Expr:
    return (pl.col("changed") & pl.col("held_fields")) != 0


def as_delivered() -> pl.Expr:
    """Records that are stored, once the plan is applied, as they were delivered.

    Where this holds the row's fingerprint and date are stored, and the record is not deferred.
    """
    stays = (pl.col("known") & pl.col("active") & pl.col("action").is_null()) | (
        proposed() & (pl.col("action") != "archive")
    )
    whole = ~_partly() & pl.col("waits").is_null() & (pl.col("dangling") == 0)
    return delivered_row() & stays.fill_null(value=False) & whole


def _kept() -> pl.Expr:
    """Records whose row, or delete, is kept."""
    held = pl.col("hold").is_not_null() & pl.col("action").is_not_null()
    archived = (pl.col("action") == "archive").fill_null(value=False)
    waits = pl.col("deleted") & pl.col("active") & ~archived  # a delete in a partial table
    unlike = delivered_row() & (archived | (pl.col("dangling") != 0))
    return pl.col("present") & (held | waits | _partly() | unlike | pl.col("waits").is_not_null())


def _reason() -> pl.Expr:
    archived = (pl.col("action") == "archive").fill_null(value=False)
    lost = delivered_row() & (archived | (pl.col("dangling") != 0))
    return pl.coalesce(
        "hold_reason",
        "waits",
        pl.when(lost).then(pl.lit("a record that it refers to is not there")),
        pl.lit("the file is not whole"),
    )


def deferred(records: Records) -> dict[str, pl.DataFrame]:
    """By entity what was delivered and will not be stored so by this plan: DEFERRED."""
    removed = ~pl.col("present") & pl.col("hold").is_not_null() & (pl.col("cause") == "removed").fill_null(value=False)
    named = ("entity", "id", "key", "deleted", "unset", "invalid", "modified_at", "present")
    places = ("import_id", "source_file", "source_line")
    kept = (
        records.states.lazy()
        .filter(_kept() | removed)
        .select(*named, *places, reason=_reason())
        .with_columns(deleted=pl.col("deleted") | ~pl.col("present"))
        .sort("key")
        .collect()
    )
    out = {}
    for name, mine in by_entity(kept).items():
        out[name] = _written(by_name(name), mine, records.values[name])
        if OLD_DELETED in records.values[name].columns:
            deletes = _old_deletes(by_name(name), mine, records.values[name])
            out[name] = pl.concat([out[name], deletes]).sort("key") if deletes.height else out[name]
    return out


def _old_deletes(entity: Entity, mine: pl.DataFrame, values: pl.DataFrame) -> pl.DataFrame:
    """The deletes of the old keys of re-linked records that are held: both rows came, and both wait."""
    old = values.filter(pl.col(OLD_DELETED).fill_null(value=False)).select("id", KEY)
    rows = mine.join(old, on="id").drop("key").rename({KEY: "key"})
    return _written(entity, rows.with_columns(deleted=pl.lit(value=True), present=pl.lit(value=False)), values)


def _written(entity: Entity, mine: pl.DataFrame, values: pl.DataFrame) -> pl.DataFrame:
    """The rows of these states as they were delivered; of what its parent's list lacks, a delete."""
    every = (1 << len(entity.columns)) - 1
    delivered = {
        c.label: pl.when("present", (pl.col("unset") & (1 << i)) == 0, (pl.col("invalid") & (1 << i)) == 0).then(
            c.label
        )
        for i, c in enumerate(entity.columns)
    }
    return (
        mine.lazy()
        .join(values.lazy(), on="id", how="left", maintain_order="left")
        .with_columns(**delivered)
        .with_columns(unset=pl.when("present").then("unset").otherwise(pl.lit(every, pl.UInt32)))
        .with_columns(delivered_body(entity, values.columns))
        .select(list(DEFERRED))
        .collect()
    )


def changed(rows: Mapping[str, pl.DataFrame], before: Mapping[str, pl.DataFrame]) -> dict[str, pl.DataFrame]:
    """Deferred rows that are not kept just so already."""
    same = ["key", "body", "deleted", "modified_at", "reason"]
    return {
        name: mine if name not in before else mine.join(before[name], on=same, how="anti", nulls_equal=True)
        for name, mine in rows.items()
    }
