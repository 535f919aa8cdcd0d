"""Tables as a source delivers them, made into a roster in memory."""

from __future__ import annotations

from collections.abc import Mapping

import polars as pl

from rosterkit.roster.schema import Entity, entities
from rosterkit.testing.roster import MemoryRoster


def roster_of(tables: Mapping[str, pl.DataFrame]) -> MemoryRoster:
    """A roster of these tables (``sourced_id`` and columns by label, references as sourced ids).

    A reference to a record that is in no table gets an id of its own, as that of an archived record would be.
    """
    ids = {entity.name: _ids(tables, entity) for entity in entities()}
    return MemoryRoster({entity.name: _table(tables, entity, ids) for entity in entities()})


def _ids(tables: Mapping[str, pl.DataFrame], to: Entity) -> pl.DataFrame:
    """sourced_id and id of every record of the entity that is there or referred to."""
    named = [(e.name, c.label) for e in entities() for c in e.refs if c.to == to.name]
    texts = [
        tables[name][label].alias("sourced_id") for name, label in [(to.name, "sourced_id"), *named] if name in tables
    ]
    every = pl.concat([pl.Series("sourced_id", [], dtype=pl.String), *texts]).drop_nulls().unique(maintain_order=True)
    return every.to_frame().with_row_index("id", offset=1).with_columns(pl.col("id").cast(pl.Int64))


def _table(tables: Mapping[str, pl.DataFrame], entity: Entity, ids: Mapping[str, pl.DataFrame]) -> pl.DataFrame:
    rows = tables.get(entity.name, pl.DataFrame(schema={"sourced_id": pl.String, **entity.incoming_schema}))
    rows = rows.join(ids[entity.name], on="sourced_id", how="left", maintain_order="left")
    for column in entity.refs:
        target = ids[str(column.to)].select(pl.col("sourced_id").alias(column.label), pl.col("id").alias(column.name))
        rows = rows.join(target, on=column.label, how="left", maintain_order="left")
    names = (column.name for column in entity.columns)
    switch = [pl.lit(value=True).alias("account_enabled")] if entity.name == "User" else []
    return rows.select("id", pl.lit("sis").alias("source"), pl.lit("").alias("id_space"), "sourced_id", *names, *switch)
