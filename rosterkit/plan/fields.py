"""The changed fields of updates and restores, one row each, as people and hashes see them; and whole rows as one text."""

from __future__ import annotations

from collections.abc import Mapping

import polars as pl

from rosterkit.plan.records import ENTITY, Records, bit, has, node
from rosterkit.plan.snapshot import Snapshot
from rosterkit.roster.schema import Column, Entity, by_name, entities

__all__ = ["BITS", "FIELDS", "Names", "as_text", "changed_fields", "digests", "names_of"]

FIELDS: dict[str, pl.DataType | type[pl.DataType]] = {
    "node": pl.Int64,
    "bit": pl.UInt32,
    "field": pl.String,  # a label
    "before": pl.String,  # text; references as sourced ids
    "after": pl.String,
    "before_id": pl.Int64,  # of references
    "after_id": pl.Int64,
}

Names = Mapping[str, pl.DataFrame]
"""By entity that is referred to: id and sourced_id of the records that are meant."""


def _bits() -> pl.DataFrame:
    rows = [(e.name, c.label, bit(e, c)) for e in entities() for c in e.columns]
    return pl.DataFrame(rows, schema={"entity": pl.String, "field": pl.String, "bit": pl.UInt32}, orient="row")


BITS = _bits()
"""entity, field (a label) and its bit."""


def text(column: Column, name: str) -> pl.Expr:
    """The value of a column that is no reference, as text."""
    return pl.col(name).cast(pl.String) if column.kind == "bool" else pl.col(name)


def changed_fields(records: Records, snapshot: Snapshot) -> pl.DataFrame:
    """FIELDS of everything that updates and restores change."""
    moved = pl.col("action").is_in(["update", "restore"]) & (pl.col("changed") != 0)
    states = records.states.lazy().filter(moved).select("node", "entity", "id", "changed").collect()
    parts = [pl.LazyFrame(schema=FIELDS)]
    meant: dict[str, list[pl.Series]] = {}
    for (name,), mine in states.partition_by("entity", as_dict=True).items():
        entity = by_name(str(name))
        rows = records.values[entity.name].lazy().join(mine.lazy().select("id", "changed"), on="id")
        every = mine["changed"].bitwise_or()
        for column in entity.columns:
            if int(every or 0) & bit(entity, column):  # type: ignore[arg-type] # the masks of some rows
                parts.append(_field(entity, column, rows))
    out = pl.concat(parts).collect()
    if out["before_id"].null_count() == out.height and out["after_id"].null_count() == out.height:
        return out
    return _named(out, records, snapshot)


def _field(entity: Entity, column: Column, rows: pl.LazyFrame) -> pl.LazyFrame:
    """FIELDS of one column, without the names of references."""
    nothing, no_id = pl.lit(None, pl.String), pl.lit(None, pl.Int64)
    old, new = f"s.{column.name}", column.name
    values = (
        {"before": nothing, "after": nothing, "before_id": pl.col(old), "after_id": pl.col(new)}
        if column.to
        else {"before": text(column, old), "after": text(column, new), "before_id": no_id, "after_id": no_id}
    )
    return rows.filter(has("changed", bit(entity, column))).select(
        node=node(entity.name, pl.col("id")),
        bit=pl.lit(bit(entity, column), pl.UInt32),
        field=pl.lit(column.label),
        **values,
    )


def _target_of() -> pl.Expr:
    """The entity that a reference leads to, by the entity and the bit of the column."""
    codes = pl.col("node") % 32
    targets = {(i << 32) | bit(e, c): str(c.to) for i, e in enumerate(entities()) for c in e.refs}
    return (codes * (1 << 32) + pl.col("bit").cast(pl.Int64)).replace_strict(targets, default=None, return_dtype=ENTITY)


def _named(fields: pl.DataFrame, records: Records, snapshot: Snapshot) -> pl.DataFrame:
    """The fields with the sourced ids of references in before and after."""
    with_target = fields.with_columns(_to=_target_of())
    refs = with_target.lazy().filter(pl.col("_to").is_not_null())
    meant = pl.concat([refs.select("_to", id=side) for side in ("before_id", "after_id")]).drop_nulls().unique().collect()
    wanted = {str(name): part["id"] for (name,), part in meant.partition_by("_to", as_dict=True).items()}
    found = names_of(wanted, records, snapshot)
    known = pl.concat(frame.lazy().select("id", "sourced_id", _to=pl.lit(name, ENTITY)) for name, frame in found.items())
    out = with_target.lazy()
    for side in ("before", "after"):
        here = known.rename({"id": f"{side}_id", "sourced_id": f"_{side}"})
        out = out.join(here, on=["_to", f"{side}_id"], how="left", maintain_order="left")
        out = out.with_columns(pl.coalesce(side, f"_{side}").alias(side))
    return out.select(list(FIELDS)).collect()


def names_of(wanted: Mapping[str, pl.Series], records: Records, snapshot: Snapshot) -> dict[str, pl.DataFrame]:
    """By entity id and sourced_id of these records, planned or stored."""
    out = {}
    sourced_id = pl.col("key").str.splitn("/", 3).struct.field("field_2")
    for name, ids in wanted.items():
        here = records.states.lazy().filter((pl.col("entity") == name) & pl.col("id").is_in(ids.implode()))
        planned = here.select("id", sourced_id=sourced_id).collect()
        rest = ids.filter(~ids.is_in(planned["id"].implode())) if planned.height else ids
        if rest.len():
            stored = snapshot.keys(by_name(name), rest).select("id", sourced_id=sourced_id)
            planned = pl.concat([planned, stored])
        out[name] = planned
    return out


def as_text(entity: Entity, rows: pl.DataFrame, names: Names, prefix: str = "") -> pl.LazyFrame:
    """The rows with every business column by its label as text in place of the columns; ``prefix`` "s." takes the
    stored values."""
    out = rows.lazy()
    for column in entity.refs:
        known = names.get(str(column.to), pl.DataFrame(schema={"id": pl.Int64, "sourced_id": pl.String}))
        here = known.lazy().select(pl.col("id").alias(f"{prefix}{column.name}"), pl.col("sourced_id").alias(f"_t.{column.label}"))
        out = out.join(here, on=f"{prefix}{column.name}", how="left", maintain_order="left")
    keep = [name for name in ("node", "id", "key", "sourced_id") if name in rows.columns]
    texts = {c.label: pl.col(f"_t.{c.label}") if c.to else text(c, f"{prefix}{c.name}") for c in entity.columns}
    return out.select(*keep, **texts)


def references(entity: Entity, rows: pl.DataFrame, prefixes: tuple[str, ...] = ("",)) -> dict[str, pl.Series]:
    """By entity the ids that these rows refer to."""
    out: dict[str, list[pl.Series]] = {}
    for column in entity.refs:
        out.setdefault(str(column.to), []).extend(rows[f"{p}{column.name}"].alias("id") for p in prefixes)
    return {name: pl.concat(ids).drop_nulls().unique() for name, ids in out.items()}


def digest(entity: Entity) -> pl.Expr:
    """One text for all business columns of each row of ``as_text``: equal rows have equal digests."""
    return pl.struct([c.label for c in entity.columns]).struct.json_encode()


def digests(records: Records, nodes: pl.DataFrame, snapshot: Snapshot) -> pl.DataFrame:
    """node, ``before`` and ``after`` of these nodes (node, entity, id): their stored and their proposed rows as text."""
    parts = [pl.DataFrame(schema={"node": pl.Int64, "before": pl.String, "after": pl.String})]
    for (name,), mine in nodes.partition_by("entity", as_dict=True).items():
        entity = by_name(str(name))
        rows = records.values[entity.name].join(mine.select("id", "node"), on="id", maintain_order="left")
        names = names_of(references(entity, rows, ("", "s.")), records, snapshot)
        before, after = (as_text(entity, rows, names, prefix) for prefix in ("s.", ""))
        texts = [before.select("node", before=digest(entity)), after.select("node", after=digest(entity))]
        parts.append(texts[0].join(texts[1], on="node").collect())
    return pl.concat(parts)
