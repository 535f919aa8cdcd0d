"""Compares the desired state with the stored one, each record by itself: what a delivered row, or its absence, changes.

What it makes of an entity's records is described in ``plan.records``.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass

import polars as pl

from rosterkit.plan.dangling import missing, nothing
from rosterkit.plan.fingerprint import same_fingerprint
from rosterkit.plan.matching import NO_IDS, Matched, match
from rosterkit.plan.merge import Desired, parent_labels
from rosterkit.plan.order import ranks
from rosterkit.plan.records import ACTION, CAUSE, ENTITY, HOLD, STATES, Records, node, own_word
from rosterkit.plan.resolve import Resolver
from rosterkit.plan.snapshot import Snapshot
from rosterkit.roster import findings
from rosterkit.roster.schema import FINGERPRINT, PROVENANCE, Column, Entity, entities
from rosterkit.roster.schema import by_name as _by_name
from rosterkit.sources.base import Coverage

__all__ = ["Compared", "compare"]

@dataclass(frozen=True)
class Compared:
    """``refreshed``, by entity: id and FINGERPRINT of rows with equal values under a new fingerprint; they are not
    among the records. ``next_ids``: by entity the next integer id."""

    records: Records
    findings: pl.DataFrame
    missing: pl.DataFrame  # dangling.REPORT
    refreshed: Mapping[str, pl.DataFrame]
    next_ids: Mapping[str, int]


@dataclass(frozen=True)
class _Affected:
    """Ids of stored records that refer to one that may leave (by a required reference: they may leave with it), or to
    one that is protected."""

    may_leave: pl.Series
    protected: pl.Series
    ids: pl.Series


def _affected(
    entity: Entity, snapshot: Snapshot, leaving: Mapping[str, pl.Series], protected: Mapping[str, pl.Series]
) -> _Affected:
    may_leave, kept, every = [NO_IDS], [NO_IDS], [NO_IDS]
    for column in entity.refs:
        gone, safe = (ids.get(str(column.to), NO_IDS) for ids in (leaving, protected))
        children = snapshot.children(entity, column, gone) if gone.len() else NO_IDS
        every.append(children)
        may_leave += [children] if column.required else []
        kept += [snapshot.children(entity, column, safe)] if safe.len() else []
    every += kept
    return _Affected(*(pl.concat(ids).unique() if len(ids) > 1 else ids[0] for ids in (may_leave, kept, every)))


Decided = Mapping[tuple[str, str], set[str]]
"""By source and id space, the sourced ids of records that somebody decided about."""


def _decided(snapshot: Snapshot) -> dict[str, Decided]:
    """By entity the records that are held, or of which a held change was approved."""
    out: dict[str, dict[tuple[str, str], set[str]]] = {}
    for frame in (snapshot.holds(), snapshot.approved()):
        for name, text in frame.select("entity", "key").iter_rows() if frame.height else ():
            source, id_space, sourced_id = text.split("/", 2)
            out.setdefault(name, {}).setdefault((source, id_space), set()).add(sourced_id)
    return out


def compare(desired: Mapping[str, tuple[Desired, ...]], snapshot: Snapshot) -> Compared:
    """Compares every entity, parents first; reads whole rows only of what differs, or may follow what differs."""
    next_ids = dict(snapshot.next_ids())
    resolver = Resolver(snapshot, frozenset(e.name for e in entities() if next_ids.get(e.name, 1) == 1))
    decided = _decided(snapshot)
    states, values = [pl.DataFrame(schema=STATES)], dict[str, pl.DataFrame]()
    found, lost, refreshed = [findings.empty()], [nothing()], dict[str, pl.DataFrame]()
    leaving, protected = dict[str, pl.Series](), dict[str, pl.Series]()
    for entity in entities():
        affected = _affected(entity, snapshot, leaving, protected)
        tables = desired.get(entity.name, ())
        if not tables and affected.ids.is_empty() and entity.name not in decided:
            continue
        found += [d.findings for d in tables]
        rows, reports, own = _entity(entity, tables, affected, decided.get(entity.name, {}), resolver, next_ids)
        lost += reports
        if rows.is_empty():
            continue
        leaving[entity.name] = pl.concat([rows.filter(pl.col("action") == "archive")["id"], affected.may_leave])
        protected[entity.name] = pl.concat([rows.filter("protected")["id"], affected.protected, own])
        equal = rows["equal"]
        if equal.any():
            refreshed[entity.name] = rows.filter(equal & ~rows["same"]).select("id", *FINGERPRINT)
            rows = rows.filter(~equal)
        resolver.rows[entity.name] = rows
        states.append(_states(entity, rows))
        values[entity.name] = rows.select(_value_columns(entity, rows.columns))
    states += _lookups(values, states, resolver)
    records = Records(pl.concat(states), values)
    return Compared(records, findings.concat(found), pl.concat(lost), refreshed, next_ids)


def _entity(
    entity: Entity,
    tables: tuple[Desired, ...],
    affected: _Affected,
    decided: Decided,
    resolver: Resolver,
    next_ids: dict[str, int],
) -> tuple[pl.DataFrame, list[pl.DataFrame], pl.Series]:
    """The records of one entity that must be looked at, compared; REPORT of references that lead nowhere; and ids of
    those that refer to one of the same entity which may leave or is protected."""
    snapshot = resolver.snapshot
    places = {(d.source, d.id_space) for d in tables}
    rest, matched, own = [affected.ids], list[Matched](), [NO_IDS]
    for one in tables:
        met, dependants = match(one, snapshot, resolver, affected.ids, decided.get((one.source, one.id_space), ()))
        matched.append(met)
        own.append(dependants)
    kept = pl.concat([affected.ids, *own])
    rest += own
    rest += [snapshot.find(entity, *place, keys)["id"] for place, keys in decided.items() if place not in places]
    others = pl.concat(rest).unique() if len(rest) > 1 else rest[0]
    if others.len():
        others = others.filter(~others.is_in(pl.concat([NO_IDS, *(m.stored for m in matched)]).implode()))
    keys = {f"{source}/{space}/{text}" for (source, space), texts in decided.items() for text in texts}
    frames, reports = [], []
    for one in matched:
        rows, report = _table(one, resolver, next_ids, kept, keys)
        frames.append(rows)
        reports.append(report)
    if others.len():
        stored = _stored(entity, snapshot.rows(entity, others)).with_columns(_not_delivered(entity))
        frames.append(_compared(entity, stored, Coverage.ABSENT, NO_IDS, keys).collect())
    return pl.concat(frames, how="diagonal") if frames else pl.DataFrame(), reports, pl.concat(own)


def _stored(entity: Entity, rows: pl.DataFrame) -> pl.LazyFrame:
    """Stored rows with the names that they have beside delivered ones."""
    names = {c.name: f"s.{c.name}" for c in entity.columns} | {h: f"s.{h}" for h in FINGERPRINT}
    return rows.lazy().rename(names | {"modified_at": "stored_modified_at"}).with_columns(known=pl.lit(value=True))


def _not_delivered(entity: Entity, *without: str) -> list[pl.Expr]:
    """The columns of a delivered row, all of them empty."""
    shape: dict[str, type[pl.DataType]] = {c.label: c.incoming_dtype for c in entity.columns}
    shape |= {c.name: pl.Int64 for c in entity.refs} | dict.fromkeys(PROVENANCE, pl.String)
    shape |= {"source_line": pl.Int64, "unset": pl.UInt32, "invalid": pl.UInt32} | dict.fromkeys(FINGERPRINT, pl.Int64)
    shape |= {"deleted": pl.Boolean, "present": pl.Boolean}
    return [pl.lit(None, dtype).alias(name) for name, dtype in shape.items() if name not in without]


def _not_stored(entity: Entity) -> list[pl.Expr]:
    shape: dict[str, type[pl.DataType]] = {f"s.{c.name}": c.dtype for c in entity.columns}
    shape |= {f"s.{half}": pl.Int64 for half in FINGERPRINT} | {"stored_modified_at": pl.String}
    nothing = [pl.lit(None, dtype).alias(name) for name, dtype in shape.items()]
    return [*nothing, pl.lit(value=False).alias("known"), pl.lit(value=False).alias("active")]


def _table(
    one: Matched, resolver: Resolver, next_ids: dict[str, int], affected: pl.Series, decided: Collection[str]
) -> tuple[pl.DataFrame, pl.DataFrame]:
    """Compares one table's rows with the stored ones."""
    desired, entity = one.desired, one.desired.entity
    new = one.rows if one.new.all() else one.rows.filter(one.new)
    first = next_ids.get(entity.name, 1)
    new = new.with_columns(id=ranks(new["sourced_id"]) + first) if new.height else new.with_columns(id=NO_IDS)
    next_ids[entity.name] = first + new.height
    resolver.planned[entity.name, desired.source, desired.id_space] = pl.concat(
        [one.known, new.select("sourced_id", "id")]
    )
    prefix = f"{desired.source}/{desired.id_space}/"
    targets = [(column, *resolver.targets(column, desired.source, one.rows)) for column in entity.refs]
    parts = []
    if one.stored.len():
        stored = resolver.snapshot.rows(entity, one.stored).filter(pl.col("key").str.starts_with(prefix))
        old = one.rows.filter(~one.new) if new.height else one.rows
        delivered = _meant(old, targets).with_columns(present=pl.lit(value=True), key=pl.lit(prefix) + pl.col("sourced_id"))
        parts.append(_stored(entity, stored).join(delivered, on="key", how="left", maintain_order="left"))
    if new.height:
        coming = _meant(new, targets).with_columns(present=pl.lit(value=True), key=pl.lit(prefix) + pl.col("sourced_id"))
        parts.append(coming.with_columns(_not_stored(entity)))
    if not parts:
        return pl.DataFrame(), nothing()
    pairs = pl.concat(parts, how="diagonal")
    if desired.parents and one.stored.len():
        pairs = _removed(desired, pairs, resolver)
    rows = _compared(entity, pairs, desired.coverage, desired.invalid, decided, affected).collect()
    return rows, missing(entity, desired.source, rows, resolver)


Targets = tuple[Column, pl.DataFrame, list[str]]


def _meant(rows: pl.DataFrame, targets: list[Targets]) -> pl.LazyFrame:
    """Delivered rows with the integer ids that their references mean."""
    out = rows.lazy()
    for column, found, on in targets:
        named = found.rename({"_matches": f"_matches_{column.label}"}, strict=False)
        out = out.join(named.lazy(), on=on, how="left", nulls_equal=len(on) > 1, maintain_order="left")
    return out


def _removed(desired: Desired, pairs: pl.LazyFrame, resolver: Resolver) -> pl.LazyFrame:
    """Marks stored rows that their parent's list, which was delivered, does not hold; with that list's place."""
    entity = desired.entity
    place = {"import_id": "import_id", "source_file": "_file", "source_line": "_line"}
    marks = []
    for number, owners in enumerate(desired.parents):
        rows, on = owners, []
        for label in parent_labels(owners):
            if label.startswith("_"):
                continue
            column = entity.column(label)
            if column.to:
                found, by = resolver.targets(column, desired.source, rows)
                rows = rows.join(found, on=by, nulls_equal=len(by) > 1)
            on.append((f"s.{column.name}", column.name))
        mark = f"_removed_{number}"
        named = {f"{mark}_{name}": pl.col(old) for name, old in place.items()}
        lists = rows.select(**{s: pl.col(name) for s, name in on}, **named).with_columns(pl.lit(value=True).alias(mark))
        lists = lists.unique([s for s, _ in on], keep="last")
        pairs = pairs.join(lists.lazy(), on=[s for s, _ in on], how="left", maintain_order="left")
        marks.append(mark)
    open_ = pl.col("active") & pl.col("present").is_null()
    removed = open_ & pl.any_horizontal(pl.col(marks)).fill_null(value=False)
    where = {name: pl.coalesce(name, *(f"{mark}_{name}" for mark in marks)) for name in place}
    return pairs.with_columns(removed=removed, **{n: pl.when(removed).then(e).otherwise(n) for n, e in where.items()})


def _bits(entity: Entity, flags: Mapping[Column, pl.Expr]) -> pl.Expr:
    mask: pl.Expr = pl.lit(0, pl.UInt32)
    for column, flag in flags.items():
        one = 1 << entity.columns.index(column)
        mask = mask | pl.when(flag).then(pl.lit(one, pl.UInt32)).otherwise(pl.lit(0, pl.UInt32))
    return mask


def _compared(
    entity: Entity,
    pairs: pl.LazyFrame,
    coverage: Coverage,
    invalid: pl.Series,
    decided: Collection[str],
    affected: pl.Series = NO_IDS,
) -> pl.LazyFrame:
    """Stored and delivered rows side by side, with the value that each column would have, and what that proposes."""
    names = pairs.collect_schema().names()
    pairs = pairs.with_columns(
        pl.col("present", "deleted").fill_null(value=False),
        pl.col("unset", "invalid").fill_null(0),
        *(() if "removed" in names else [pl.lit(value=False).alias("removed")]),
    )
    unread = pl.col("key").str.splitn("/", 3).struct.field("field_2").is_in(invalid.implode())
    # No row can stand without a required value: a blank there counts as a cell that cannot be read.
    blank = {c: own_word() & pl.col(c.label).is_null() for c in entity.columns if c.required}
    pairs = pairs.with_columns(
        protected=unread if invalid.len() else pl.lit(value=False),
        invalid=pl.col("invalid") | _bits(entity, blank),
        same=same_fingerprint("", "s."),
    )
    kept = {c: ((pl.col("unset") | pl.col("invalid")) & (1 << i)) != 0 for i, c in enumerate(entity.columns)}
    lost = {c: own_word() & ~kept[c] & pl.col(c.label).is_not_null() & pl.col(c.name).is_null() for c in entity.refs}
    taken = {c: own_word() & ~kept[c] & (~lost[c] if c in lost else pl.lit(value=True)) for c in entity.columns}
    pairs = pairs.with_columns(dangling=_bits(entity, lost)).with_columns(
        pl.when(taken[c]).then(c.name).otherwise(f"s.{c.name}").alias(c.name) for c in entity.columns
    )
    differ = {c: own_word() & pl.col("known") & pl.col(c.name).ne_missing(pl.col(f"s.{c.name}")) for c in entity.columns}
    pairs = pairs.with_columns(changed=_bits(entity, differ), waits=_waits(entity))
    pairs = pairs.with_columns(_action(coverage), _cause(coverage))
    newer = (pl.col("modified_at") > pl.col("stored_modified_at")).fill_null(pl.col("modified_at").is_not_null())
    equal = [
        own_word() & pl.col("active") & pl.col("action").is_null() & (pl.col("dangling") == 0) & ~newer,
        ~pl.col("key").is_in(list(decided)),
        ~pl.col("id").is_in(affected.implode()),
    ]
    return pairs.with_columns(equal=pl.all_horizontal(equal))


def _waits(entity: Entity) -> pl.Expr:
    """Why a record that comes cannot come into being; null where it can."""
    coming = own_word() & ~pl.col("active")
    lacks = [
        pl.when(coming & pl.col(c.name).is_null()).then(
            pl.lit(f"its {c.label} is not there" if c.to else "a value that it needs cannot be read")
        )
        for c in entity.columns
        if c.required
    ]
    return pl.coalesce(*lacks, pl.lit(None, pl.String)) if lacks else pl.lit(None, pl.String)


def _leaving(coverage: Coverage) -> tuple[pl.Expr, pl.Expr]:
    """Records that a row says are gone, and records that a full table lacks."""
    active, present = pl.col("active"), pl.col("present")
    explicit = active & present & pl.col("deleted") & pl.lit(coverage != Coverage.PARTIAL)
    return explicit, active & ~present & ~pl.col("protected") & pl.lit(coverage == Coverage.FULL)


def _action(coverage: Coverage) -> pl.Expr:
    explicit, absent = _leaving(coverage)
    action = (
        pl.when(own_word() & pl.col("waits").is_not_null())
        .then(None)
        .when(own_word() & ~pl.col("known"))
        .then(pl.lit("create", ACTION))
        .when(own_word() & ~pl.col("active"))
        .then(pl.lit("restore", ACTION))
        .when(own_word() & (pl.col("changed") != 0))
        .then(pl.lit("update", ACTION))
        .when(explicit | absent | pl.col("removed"))
        .then(pl.lit("archive", ACTION))
    )
    return action.cast(ACTION).alias("action")


def _cause(coverage: Coverage) -> pl.Expr:
    explicit, absent = _leaving(coverage)
    cause = (
        pl.when(own_word())
        .then(pl.lit("incoming", CAUSE))
        .when(explicit)
        .then(pl.lit("deleted", CAUSE))
        .when("removed")
        .then(pl.lit("removed", CAUSE))
        .when(absent)
        .then(pl.lit("absent", CAUSE))
    )
    return cause.cast(CAUSE).alias("cause")


def _states(entity: Entity, rows: pl.DataFrame) -> pl.DataFrame:
    """STATES of compared rows."""
    own = {
        "node": node(entity.name, pl.col("id")),
        "entity": pl.lit(entity.name, ENTITY),
        "held_fields": pl.lit(0, pl.UInt32),
        "hold": pl.lit(None, HOLD),
        "hold_reason": pl.lit(None, pl.String),
    }
    return rows.select(own.get(name, pl.col(name)).alias(name) for name in STATES)


def _value_columns(entity: Entity, names: list[str]) -> list[str]:
    own = [name for c in entity.columns for name in (f"s.{c.name}", c.name)]
    delivered = [name for c in entity.refs for name in (c.label, f"_by_{c.label}", f"_space_{c.label}")]
    return ["id", *own, *(name for name in delivered if name in names)]


def _lookups(
    values: Mapping[str, pl.DataFrame], states: list[pl.DataFrame], resolver: Resolver
) -> list[pl.DataFrame]:
    """STATES of archived records that records refer to, where they are not among the states."""
    known = {str(f["entity"][0]): f["id"] for f in states if f.height}
    wanted: dict[str, list[pl.DataFrame]] = {
        name: [f.filter(~pl.col("active")).select("id", "key", "active") for f in frames]
        for name, frames in resolver.looked_up.items()
    }
    for entity in entities():
        rows = resolver.rows.get(entity.name)
        back = rows.filter(pl.col("action") == "restore") if rows is not None else None
        for column in entity.refs if back is not None and back.height else ():
            ids = back[column.name].drop_nulls().unique()
            named = resolver.snapshot.keys(_by_name(str(column.to)), ids)
            wanted.setdefault(str(column.to), []).append(named.filter(~pl.col("active")))
    out = []
    for name, frames in wanted.items():
        archived = pl.concat(frames).unique("id")
        if name in known:
            archived = archived.filter(~pl.col("id").is_in(known[name].implode()))
        if archived.height:
            blank = {n: pl.lit(None, dtype) for n, dtype in STATES.items()}
            blank |= dict.fromkeys(("unset", "invalid", "dangling", "changed", "held_fields"), pl.lit(0, pl.UInt32))
            blank |= dict.fromkeys(("present", "deleted", "protected"), pl.lit(value=False))
            own = {"node": node(name, pl.col("id")), "entity": pl.lit(name, ENTITY), "known": pl.lit(value=True)}
            own |= {n: pl.col(n) for n in ("id", "key", "active")}
            out.append(archived.select((blank | own)[n].alias(n) for n in STATES))
    return out
