"""The changed fields of updates and restores, one row each, as people and hashes see them; whole rows as one text."""

from __future__ import annotations

from collections.abc import Mapping

import polars as pl

from rosterkit.plan.ids import minus
from rosterkit.plan.records import ENTITY, KEY, KEY_BIT, KEY_FIELD, Records, bit, by_entity, has, node
from rosterkit.plan.snapshot import Snapshot
from rosterkit.roster.schema import Column, Entity, by_name, entities

_TARGETS = sorted({str(column.to) for entity in entities() for column in entity.refs})
_NO_NAMES = pl.DataFrame(schema={"id": pl.Int64, "sourced_id": pl.String})

FIELDS: dict[str, pl.DataType | type[pl.DataType]] = {
    "node": pl.Int64,
    "bit": pl.UInt32,
    "field": pl.String,  # a label
    "before": pl.String,  # text; references as sourced ids
    "after": pl.String,
    "before_id": pl.Int64,  # of references
    "after_id": pl.Int64,
}


class Names:
    """The sourced ids of records by integer id: of those that are planned, and of stored ones that are asked for."""

    def __init__(self, records: Records, snapshot: Snapshot) -> None:
        self._states, self._snapshot = records.states, snapshot
        self._known: dict[str, pl.DataFrame] | None = None

    def of(self, entity: str, ids: pl.Series) -> pl.DataFrame:
        """Id and sourced_id of these records of an entity, and perhaps of others."""
        if self._known is None:
            sourced_id = pl.col("key").str.splitn("/", 3).struct.field("field_2").alias("sourced_id")
            meant = self._states.lazy().filter(pl.col("entity").is_in(_TARGETS))
            self._known = by_entity(meant.select("entity", "id", sourced_id).collect())
        known = self._known.get(entity, _NO_NAMES)[["id", "sourced_id"]]
        rest = minus(ids, known["id"])
        if rest.len():
            stored = self._snapshot.keys(by_name(entity), rest)
            sourced_id = pl.col("key").str.splitn("/", 3).struct.field("field_2")
            known = self._known[entity] = pl.concat([known, stored.select("id", sourced_id=sourced_id)])
        return known


def _bits() -> pl.DataFrame:
    rows = [(e.name, c.label, bit(e, c)) for e in entities() for c in e.columns]
    rows += [(e.name, KEY_FIELD, KEY_BIT) for e in entities()]
    return pl.DataFrame(rows, schema={"entity": pl.String, "field": pl.String, "bit": pl.UInt32}, orient="row")


BITS = _bits()
"""entity, field (a label) and its bit."""


def text(column: Column, name: str) -> pl.Expr:
    """The value of a column that is no reference, as text."""
    return pl.col(name).cast(pl.String) if column.kind == "bool" else pl.col(name)


def changed_fields(records: Records, names: Names) -> pl.DataFrame:
    """FIELDS of everything that updates and restores change."""
    moved = pl.col("action").is_in(["update", "restore"]) & (pl.col("changed") != 0)
    states = records.states.lazy().filter(moved).select("node", "entity", "id", "changed").collect()
    parts = [pl.LazyFrame(schema=FIELDS)]
    for name, mine in by_entity(states).items():
        entity = by_name(name)
        rows = records.values[entity.name].lazy().join(mine.lazy().select("id", "changed"), on="id")
        every = mine["changed"].bitwise_or()
        masks = int(every or 0)  # type: ignore[arg-type] # of some rows
        parts += [_field(entity, column, rows) for column in entity.columns if masks & bit(entity, column)]
        parts += [_key_field(entity, rows)] if masks & KEY_BIT else []
    out = pl.concat(parts).collect()
    if out["before_id"].null_count() == out.height and out["after_id"].null_count() == out.height:
        return out
    return _named(out, names)


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


def _key_field(entity: Entity, rows: pl.LazyFrame) -> pl.LazyFrame:
    """FIELDS of the keys of records that are re-linked."""
    return rows.filter(has("changed", KEY_BIT)).select(
        node=node(entity.name, pl.col("id")),
        bit=pl.lit(KEY_BIT, pl.UInt32),
        field=pl.lit(KEY_FIELD),
        before=KEY,
        after="key",
        before_id=pl.lit(None, pl.Int64),
        after_id=pl.lit(None, pl.Int64),
    )


def _target_of() -> pl.Expr:
    """The entity that a reference leads to, by the entity and the bit of the column."""
    codes = pl.col("node") % 32
    targets = {(i << 32) | bit(e, c): str(c.to) for i, e in enumerate(entities()) for c in e.refs}
    return (codes * (1 << 32) + pl.col("bit").cast(pl.Int64)).replace_strict(targets, default=None, return_dtype=ENTITY)


def _named(fields: pl.DataFrame, names: Names) -> pl.DataFrame:
    """The fields with the sourced ids of references in before and after."""
    with_target = fields.with_columns(entity=_target_of())
    parts = []
    for mine in with_target.partition_by("entity"):
        target = mine["entity"][0]
        if target is not None:
            known = names.of(str(target), pl.concat([mine["before_id"], mine["after_id"].alias("before_id")]))
            parts.append(_with_names(mine.lazy(), known.lazy()))
        else:
            parts.append(mine.lazy())
    return pl.concat(part.select(list(FIELDS)) for part in parts).collect()


def _with_names(rows: pl.LazyFrame, known: pl.LazyFrame) -> pl.LazyFrame:
    for side in ("before", "after"):
        here = known.rename({"id": f"{side}_id", "sourced_id": side})
        rows = rows.drop(side).join(here, on=f"{side}_id", how="left", maintain_order="left")
    return rows


def as_text(
    entity: Entity, rows: pl.DataFrame | pl.LazyFrame, names: Mapping[str, pl.DataFrame], prefix: str = ""
) -> pl.LazyFrame:
    """The rows with every business column by its label as text; ``prefix`` "s." takes the stored values.

    ``names``, by entity: id and sourced_id. Columns that name the row (node, id, key, sourced_id) are kept.
    """
    out = rows.lazy()
    names_here = out.collect_schema().names()
    for column in entity.refs:
        known = names.get(str(column.to), _NO_NAMES).lazy()
        here = {f"{prefix}{column.name}": "id", f"_t.{column.label}": "sourced_id"}
        out = out.join(known.select(**here), on=f"{prefix}{column.name}", how="left", maintain_order="left")
    keep = [name for name in ("node", "id", "key", "sourced_id") if name in names_here]
    texts = {c.label: pl.col(f"_t.{c.label}") if c.to else text(c, f"{prefix}{c.name}") for c in entity.columns}
    return out.select(*keep, **texts)


def names_of(
    entity: Entity, rows: pl.DataFrame, names: Names, prefixes: tuple[str, ...] = ("",)
) -> dict[str, pl.DataFrame]:
    """By entity the names of what these rows refer to, for ``as_text``."""
    wanted: dict[str, list[pl.Series]] = {}
    for column in entity.refs:
        wanted.setdefault(str(column.to), []).extend(rows[f"{p}{column.name}"].alias("id") for p in prefixes)
    return {name: names.of(name, pl.concat(ids)) for name, ids in wanted.items()}


def digest(entity: Entity) -> pl.Expr:
    """One text for all business columns of each row of ``as_text``: equal rows have equal digests."""
    return pl.struct([c.label for c in entity.columns]).struct.json_encode()


def digests(records: Records, nodes: pl.DataFrame, names: Names) -> pl.DataFrame:
    """node, ``before`` and ``after`` of these nodes (node, entity, id): the stored and the proposed row as text."""
    parts = [pl.LazyFrame(schema={"node": pl.Int64, "before": pl.String, "after": pl.String})]
    for name, mine in by_entity(nodes).items():
        entity = by_name(name)
        rows = records.of(name).join(mine[["id", "node"]], on="id", maintain_order="left")
        known = names_of(entity, rows, names, ("", "s."))
        before, after = (as_text(entity, rows, known, prefix) for prefix in ("s.", ""))
        after = after.select("node", after=digest(entity))
        parts.append(before.select("node", before=digest(entity)).join(after, on="node"))
    return pl.concat(parts).collect()
