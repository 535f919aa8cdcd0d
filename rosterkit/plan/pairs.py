"""Stored and delivered rows of one entity side by side: the value that each column would have, and what that proposes.

The columns of such a frame: those of ``records.STATES``, of ``records.Records.values``, and

=======  ==========================================================================================================
same     the stored fingerprint is that of the delivered row
equal    the stored row is active and has the values of the delivered one: nothing can come of it, and nobody decided
         about it
=======  ==========================================================================================================
"""

from __future__ import annotations

from collections.abc import Collection, Mapping

import polars as pl

from rosterkit.plan.fingerprint import same_fingerprint
from rosterkit.plan.ids import NO_IDS, among, minus
from rosterkit.plan.matching import Matched
from rosterkit.plan.merge import Desired, parent_labels
from rosterkit.plan.order import ranks
from rosterkit.plan.records import ACTION, CAUSE, ENTITY, HOLD, KEY, KEY_BIT, OLD_DELETED, bit, delivered_row, has, node
from rosterkit.plan.resolve import Resolver
from rosterkit.roster.schema import FINGERPRINT, PROVENANCE, Column, Entity, by_name
from rosterkit.sources.base import Coverage

_Targets = tuple[Column, pl.DataFrame, list[str]]
"""Of a reference: what it means and the columns to join that on, as ``Resolver.targets`` returns them."""


def pairs_of(
    one: Matched, resolver: Resolver, next_ids: dict[str, int], affected: pl.Series, decided: Collection[str]
) -> pl.DataFrame:
    """One table's rows with the stored ones, compared.

    New records get the next integer ids, in the order of their sourced ids. ``affected``: ids of records that depend on
    one which may leave or is protected. ``decided``: keys.
    """
    desired, entity = one.desired, one.desired.entity
    new = one.rows if one.new.all() else one.rows.filter(one.new)
    first = next_ids.get(entity.name, 1)
    ids = (ranks(new["sourced_id"]) + first if new.height else NO_IDS).alias("id")
    next_ids[entity.name] = first + new.height
    named = pl.DataFrame([new["sourced_id"], ids]) if new.height else one.known.clear()
    resolver.planned[entity.name, desired.source, desired.id_space] = pl.concat([one.known, named])
    if one.rows.is_empty() and one.stored.is_empty():
        return pl.DataFrame()
    prefix = pl.lit(f"{desired.source}/{desired.id_space}/")
    own = {"present": pl.lit(value=True), "key": prefix + pl.col("sourced_id")}
    targets = [(column, *resolver.targets(column, desired.source, one.rows)) for column in entity.refs]
    parts, lacking = [], pl.DataFrame()
    if one.stored.len():
        stored = _stored(entity, resolver.snapshot.rows(entity, one.stored))
        stored = _under_new_keys(stored, one.relinked, prefix) if one.relinked.height else stored
        old = one.rows.filter(~one.new) if new.height else one.rows
        delivered = _meant(old, targets).with_columns(**own)
        mine = stored.filter(pl.col("key").str.starts_with(prefix))
        parts.append(mine.join(delivered, on="key", how="left", maintain_order="left"))
        lacking = _lacking(mine, delivered) if desired.parents else lacking
    if new.height:
        coming = _meant(new.hstack([ids]), targets).with_columns(**own)
        parts.append(coming.with_columns(_not_stored(entity)))
    pairs = pl.concat(parts, how="diagonal")
    if lacking.height:
        pairs = _removed(desired, pairs, lacking, resolver)
    pairs = _compared(entity, pairs, desired.coverage, desired.invalid, decided, affected)
    return _by_scope(pairs, desired.outside).collect()


def stored_alone(entity: Entity, rows: pl.DataFrame, decided: Collection[str]) -> pl.DataFrame:
    """Stored rows of which nothing was delivered, and whose absence means nothing, as ``pairs_of`` makes them."""
    pairs = _stored(entity, rows).with_columns(_not_delivered(entity))
    return _compared(entity, pairs, Coverage.ABSENT, NO_IDS, decided, NO_IDS).collect()


def _stored(entity: Entity, rows: pl.DataFrame) -> pl.LazyFrame:
    """Stored rows with the names that they have beside delivered ones."""
    names = {c.name: f"s.{c.name}" for c in entity.columns} | {h: f"s.{h}" for h in FINGERPRINT}
    return rows.lazy().rename(names | {"modified_at": "stored_modified_at"}).with_columns(known=pl.lit(value=True))


def _under_new_keys(stored: pl.LazyFrame, links: pl.DataFrame, prefix: pl.Expr) -> pl.LazyFrame:
    """The stored rows with the keys under which they are delivered now; KEY and OLD_DELETED."""
    new = links.lazy().select("id", _key=prefix + pl.col("sourced_id"), **{OLD_DELETED: "deleted"})
    both = stored.join(new, on="id", how="left", maintain_order="left")
    return both.with_columns(
        pl.coalesce("_key", "key").alias("key"), pl.when(pl.col("_key").is_not_null()).then("key").alias(KEY)
    ).drop("_key")


def _not_delivered(entity: Entity) -> list[pl.Expr]:
    """The columns of a delivered row, all of them empty."""
    shape: dict[str, type[pl.DataType]] = {c.label: c.incoming_dtype for c in entity.columns}
    shape |= {c.name: pl.Int64 for c in entity.refs} | dict.fromkeys(PROVENANCE, pl.String)
    shape |= {"source_line": pl.Int64, "unset": pl.UInt32, "invalid": pl.UInt32} | dict.fromkeys(FINGERPRINT, pl.Int64)
    shape |= {"deleted": pl.Boolean, "present": pl.Boolean}
    return [pl.lit(None, dtype).alias(name) for name, dtype in shape.items()]


def _not_stored(entity: Entity) -> list[pl.Expr]:
    shape: dict[str, type[pl.DataType]] = {f"s.{c.name}": c.dtype for c in entity.columns}
    shape |= {f"s.{half}": pl.Int64 for half in FINGERPRINT} | {"stored_modified_at": pl.String}
    nothing = [pl.lit(None, dtype).alias(name) for name, dtype in shape.items()]
    return [*nothing, pl.lit(value=False).alias("known"), pl.lit(value=False).alias("active")]


def _meant(rows: pl.DataFrame, targets: list[_Targets]) -> pl.LazyFrame:
    """Delivered rows with the integer ids that their references mean."""
    out = rows.lazy()
    for column, found, on in targets:
        named = found.lazy().rename({"_matches": f"_matches_{column.label}"}, strict=False)
        out = out.join(named, on=on, how="left", nulls_equal=len(on) > 1, maintain_order="left")
    return out


def _lacking(stored: pl.LazyFrame, delivered: pl.LazyFrame) -> pl.DataFrame:
    """Active stored rows of which nothing was delivered."""
    return stored.filter("active").join(delivered.select("key"), on="key", how="anti").collect()


def _owners(desired: Desired, owners: pl.DataFrame, lacking: pl.DataFrame, resolver: Resolver) -> pl.DataFrame:
    """Those of the parents, by their stored columns (``s.<column>``), whose list lacks one of these stored rows."""
    out: dict[str, str] = {}
    for label in parent_labels(owners):
        if label.startswith("_"):
            continue
        column = desired.entity.column(label)
        out[f"s.{column.name}"] = column.name
        if column.to:
            if f"_by_{label}" not in owners.columns:
                keys = resolver.snapshot.keys(by_name(column.to), minus(lacking[f"s.{column.name}"]))
                texts = keys.select(pl.col("key").str.splitn("/", 3).struct.field("field_2")).to_series()
                owners = owners.filter(among(pl.col(label), texts))
            found, on = resolver.targets(column, desired.source, owners)
            owners = owners.join(found, on=on, nulls_equal=len(on) > 1)
    return owners.select(import_id="import_id", source_file="_file", source_line="_line", **out)


def _removed(desired: Desired, pairs: pl.LazyFrame, lacking: pl.DataFrame, resolver: Resolver) -> pl.LazyFrame:
    """Marks stored rows that their parent's list, which was delivered, does not hold; with that list's place."""
    place = ["import_id", "source_file", "source_line"]
    found = [
        pl.LazyFrame(schema={"id": pl.Int64, "import_id": pl.String, "source_file": pl.String, "source_line": pl.Int64})
    ]
    for owners in desired.parents:
        lists = _owners(desired, owners, lacking, resolver)
        on = [name for name in lists.columns if name.startswith("s.")]
        last = lists.lazy().unique(on, keep="last", maintain_order=True)
        found.append(lacking.lazy().select("id", *on).join(last, on=on).select("id", *place))
    gone = pl.concat(found).unique("id", keep="first", maintain_order=True).with_columns(removed=pl.lit(value=True))
    pairs = pairs.join(gone, on="id", how="left", maintain_order="left", suffix="_of_parent")
    where = {name: pl.coalesce(name, f"{name}_of_parent") for name in place}
    return pairs.with_columns(pl.col("removed").fill_null(value=False), **where)


def _bits(entity: Entity, flags: Mapping[Column, pl.Expr]) -> pl.Expr:
    """The mask of the columns whose flag is true."""
    bits = [flag.cast(pl.UInt32) * bit(entity, column) for column, flag in flags.items()]
    return pl.sum_horizontal(bits) if bits else pl.lit(0, pl.UInt32)


def _among_delivered(mask: pl.Expr, otherwise: int = 0) -> pl.Expr:
    return pl.when(delivered_row()).then(mask).otherwise(pl.lit(otherwise, pl.UInt32))


def _compared(
    entity: Entity,
    pairs: pl.LazyFrame,
    coverage: Coverage,
    invalid: pl.Series,
    decided: Collection[str],
    affected: pl.Series,
) -> pl.LazyFrame:
    """Stored and delivered rows side by side, with the value that each column would have, and what that proposes."""
    names = pairs.collect_schema().names()
    pairs = pairs.with_columns(
        pl.col("present", "deleted").fill_null(value=False),
        pl.col("unset", "invalid").fill_null(0),
        *(() if "removed" in names else [pl.lit(value=False).alias("removed")]),
    )
    unread = among(pl.col("key").str.splitn("/", 3).struct.field("field_2"), invalid)
    # No row can stand without a required value: a blank there counts as a cell that cannot be read.
    blank = _bits(entity, {c: pl.col(c.label).is_null() for c in entity.columns if c.required})
    pairs = pairs.with_columns(
        protected=unread,
        invalid=pl.col("invalid") | _among_delivered(blank),
        same=same_fingerprint("", "s."),
    )
    every, kept = (1 << len(entity.columns)) - 1, pl.col("unset") | pl.col("invalid")
    lost = _bits(entity, {c: pl.col(c.label).is_not_null() & pl.col(c.name).is_null() for c in entity.refs})
    pairs = pairs.with_columns(dangling=_among_delivered(lost & (kept ^ every)))
    pairs = pairs.with_columns(_kept=_among_delivered(kept | pl.col("dangling"), every)).with_columns(
        pl.when(has("_kept", bit(entity, c))).then(f"s.{c.name}").otherwise(c.name).alias(c.name)
        for c in entity.columns
    )
    differ = _bits(entity, {c: pl.col(c.name).ne_missing(pl.col(f"s.{c.name}")) for c in entity.columns})
    changed = pl.when("known").then(_among_delivered(differ)).otherwise(pl.lit(0, pl.UInt32))
    if KEY in names:
        changed = changed | pl.when(pl.col(KEY).is_not_null()).then(pl.lit(KEY_BIT, pl.UInt32)).otherwise(0)
    pairs = pairs.with_columns(changed=changed, waits=_waits(entity))
    pairs = pairs.with_columns(_action(coverage), _cause(coverage))
    newer = (pl.col("modified_at") > pl.col("stored_modified_at")).fill_null(pl.col("modified_at").is_not_null())
    equal = [
        delivered_row() & pl.col("active") & pl.col("action").is_null() & (pl.col("dangling") == 0) & ~newer,
        ~pl.col("key").is_in(list(decided)),
        ~among(pl.col("id"), affected),
    ]
    return pairs.with_columns(
        equal=pl.all_horizontal(equal),
        node=node(entity.name, pl.col("id")),
        entity=pl.lit(entity.name, ENTITY),
        held_fields=pl.lit(0, pl.UInt32),
        hold=pl.lit(None, HOLD),
        hold_reason=pl.lit(None, pl.String),
    )


def _by_scope(pairs: pl.LazyFrame, outside: pl.Series) -> pl.LazyFrame:
    """Of records that leave because they are out of scope, says so."""
    if outside.is_empty():
        return pairs
    away = (pl.col("action") == "archive") & among(pl.col("key").str.splitn("/", 3).struct.field("field_2"), outside)
    scope = pl.lit("scope", CAUSE)
    return pairs.with_columns(cause=pl.when(away.fill_null(value=False)).then(scope).otherwise("cause"))


def _waits(entity: Entity) -> pl.Expr:
    """Why a record that comes cannot come into being; null where it can."""
    coming = delivered_row() & ~pl.col("active")
    lacks = [
        pl.when(coming & pl.col(c.name).is_null()).then(
            pl.lit(f"its {c.label} is not there" if c.to else "a value that it needs cannot be read")
        )
        for c in entity.columns
        if c.required
    ]
    return pl.coalesce(*lacks, pl.lit(None, pl.String)) if lacks else pl.lit(None, pl.String)


def _leaving(coverage: Coverage) -> tuple[pl.Expr, pl.Expr]:
    """Records that a row states to be gone, and records that a full table lacks."""
    active, present = pl.col("active"), pl.col("present")
    explicit = active & present & pl.col("deleted") & pl.lit(coverage != Coverage.PARTIAL)
    return explicit, active & ~present & ~pl.col("protected") & pl.lit(coverage == Coverage.FULL)


def _action(coverage: Coverage) -> pl.Expr:
    explicit, absent = _leaving(coverage)
    action = (
        pl.when(delivered_row() & pl.col("waits").is_not_null())
        .then(None)
        .when(delivered_row() & ~pl.col("known"))
        .then(pl.lit("create", ACTION))
        .when(delivered_row() & ~pl.col("active"))
        .then(pl.lit("restore", ACTION))
        .when(delivered_row() & (pl.col("changed") != 0))
        .then(pl.lit("update", ACTION))
        .when(explicit | absent | pl.col("removed"))
        .then(pl.lit("archive", ACTION))
    )
    return action.cast(ACTION).alias("action")


def _cause(coverage: Coverage) -> pl.Expr:
    explicit, absent = _leaving(coverage)
    cause = (
        pl.when(delivered_row())
        .then(pl.lit("incoming", CAUSE))
        .when(explicit)
        .then(pl.lit("deleted", CAUSE))
        .when("removed")
        .then(pl.lit("removed", CAUSE))
        .when(absent)
        .then(pl.lit("absent", CAUSE))
    )
    return cause.cast(CAUSE).alias("cause")
