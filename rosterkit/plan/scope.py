"""Which records planning must look at: those that were spoken of, those that may leave, and what hangs on them.

Of an entity whose file was read whole, that is every record. Of one that was filtered (what the source said again in
the same words was not read) or of which only changes were sent, it is what was said, queued, held or approved, what may
no longer be said, and every record that refers to one that may leave, or that an unreadable row protects. Everything
else stays as it is, whatever the others do; where it is referred to, it is *context*: looked up, never judged.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace

import polars as pl

from rosterkit.intake.bundle import ROW_KEYS, Bundle
from rosterkit.intake.cache import Unchanged
from rosterkit.model.schema import Column, Entity, by_name, entities
from rosterkit.plan.calm import calm, context_of, said_at, stirred
from rosterkit.plan.said import Said, fold, from_pending, without_stale
from rosterkit.plan.snapshot import PENDING, Layer, Snapshot

__all__ = ["Scope", "layer_of", "scope"]

_SMALL = ("Org", "AcademicSession")
"""Always looked at whole: few, and every limit asks which orgs are schools."""


@dataclass
class Scope:
    """By entity: ``stored`` rows to judge (``judged_schema``), ``context`` rows to look up, and what was said.

    ``context`` has the columns of ``judged_schema``, or those of ``calm.context_of``.
    """

    stored: dict[str, pl.DataFrame] = field(default_factory=dict)
    context: dict[str, pl.DataFrame] = field(default_factory=dict)
    said: dict[str, Said] = field(default_factory=dict)
    whole: set[str] = field(default_factory=set)  # entities of which every stored record was read
    calm: dict[str, pl.DataFrame] = field(default_factory=dict)  # id, package, file and line of those set aside

    def known(self, entity: Entity) -> pl.DataFrame:
        """The id and sourced_id of every stored record of the entity that is looked at."""
        frames = [self.stored.get(entity.name), self.context.get(entity.name)]
        return pl.concat([f.select("id", "sourced_id") for f in frames if f is not None])


def layer_of(bundle: Bundle, entity: Entity) -> Layer:
    """What tonight's package says of one entity."""
    segment = bundle.segment(entity.name)
    table = bundle.tables.get(entity.name)
    if table is None:
        nothing = from_pending(entity, pl.DataFrame(schema=PENDING))
        return Layer(bundle.package.id, segment.state, nothing.rows.drop("package"), nothing.unreadable)
    return Layer(bundle.package.id, segment.state, table.rows, table.unreadable, table.listings)


def scope(bundle: Bundle, snapshot: Snapshot) -> Scope:
    """Reads from the snapshot what tonight's plan may touch, and folds what is said of it."""
    out = Scope()
    leaving: dict[str, pl.Series] = {}
    shielded: dict[str, pl.Series] = {}
    moved: dict[str, pl.Series] = {}
    words = [snapshot.holds().select("entity", "sourced_id"), snapshot.approved().select("entity", "sourced_id")]
    decided = pl.concat(words)
    for entity in entities():
        tonight = layer_of(bundle, entity)
        before = from_pending(entity, snapshot.pending(entity))
        fresh = [without_stale(entity, layer, out.said) for layer in (*snapshot.queued(entity), tonight)]
        table = bundle.tables.get(entity.name)
        unchanged = table.unchanged if table else None
        if entity.name in _SMALL or (tonight.state == "full" and unchanged is None):
            stored = snapshot.rows(entity)
            out.whole.add(entity.name)
        else:
            keys = [before.rows["sourced_id"], decided.filter(pl.col("entity") == entity.name)["sourced_id"]]
            keys += [frame["sourced_id"] for layer in fresh for frame in (layer.rows, layer.unreadable)]
            above = {name: pl.concat([leaving[name], shielded[name]]) for name in leaving}
            stored = _touched(entity, snapshot, out, pl.concat(keys), fresh, unchanged, above)
        out.stored[entity.name] = stored
        if unchanged:
            fresh[-1] = _said_again(entity, fresh[-1], stored, unchanged, out, snapshot)
        ages = stored.select("sourced_id", "modified_at")
        said = out.said[entity.name] = fold(entity, (before, *fresh), ages, tonight.state)
        at = said_at(stored, said)
        leaving[entity.name] = _leaving(entity, stored, at, leaving)
        shielded[entity.name] = _shielded(entity, stored, said, shielded)
        moved[entity.name] = stirred(entity, stored, at, said, moved)
        if entity.name in out.whole and entity.name not in _SMALL:
            _set_aside(entity, out, at, moved[entity.name], decided)
    for entity in entities():
        _look_up(entity, out, snapshot)
    return out


def _touched(
    entity: Entity,
    snapshot: Snapshot,
    out: Scope,
    keys: pl.Series,
    layers: Iterable[Layer],
    unchanged: Unchanged | None,
    above: Mapping[str, pl.Series],
) -> pl.DataFrame:
    """The stored rows that were spoken of, may be said no longer, are listed anew, or refer to what is ``above``."""
    ids = unchanged.doubt if unchanged else pl.Series([], dtype=pl.Int64)
    found = [snapshot.some(entity, ids, keys.unique())]
    for owners in (listing.owners for layer in layers for listing in layer.listings):
        column = next(c for c in entity.refs if c.label in owners.columns)
        known = out.known(by_name(_to(column)))
        parents = known.filter(pl.col("sourced_id").is_in(owners[column.label].implode()))["id"]
        found.append(snapshot.children(entity, column, parents))
    found += [snapshot.children(entity, c, above[_to(c)]) for c in entity.refs if above[_to(c)].len()]
    return pl.concat(found).unique("id")


def _to(column: Column) -> str:
    assert column.to is not None
    return column.to


def _set_aside(entity: Entity, out: Scope, at: pl.Series, moved: pl.Series, decided: pl.DataFrame) -> None:
    """Takes calm records out of what is judged; where any are referred to, they are context."""
    stored, said = out.stored[entity.name], out.said[entity.name]
    mine = decided.filter(pl.col("entity") == entity.name)["sourced_id"]
    keys = {_to(column): out.known(by_name(_to(column))) for column in entity.refs}
    still = calm(entity, stored, at, said, moved, mine, keys)
    spoken = at.filter(still)
    places = said.rows.select("package", "file", "line")[spoken]
    out.calm[entity.name] = places.with_columns(stored["id"].filter(still))
    if any(column.to == entity.name for other in entities() for column in other.refs):
        out.context[entity.name] = context_of(entity, stored.filter(still))
    out.stored[entity.name] = stored.filter(~still)
    rest = pl.repeat(True, said.rows.height, dtype=pl.Boolean, eager=True).scatter(spoken, values=False)
    out.said[entity.name] = replace(said, rows=said.rows.filter(rest))


def _leaving(entity: Entity, stored: pl.DataFrame, at: pl.Series, above: Mapping[str, pl.Series]) -> pl.Series:
    """Ids of active rows that might be archived: not said, said to be gone, or in need of one that might be."""
    may_go: pl.Expr = pl.lit(at.is_null())
    for column in entity.refs:
        if column.required and _to(column) in above:
            may_go = may_go | pl.col(column.name).is_in(above[_to(column)].implode())
    return stored.filter((pl.col("status") == "active") & may_go)["id"]


def _shielded(entity: Entity, stored: pl.DataFrame, said: Said, above: Mapping[str, pl.Series]) -> pl.Series:
    """Ids of rows that an unreadable row protects from absence: their own, or one of a record that they refer to."""
    found = stored.filter(pl.col("sourced_id").is_in(said.unreadable["sourced_id"].implode()))["id"]
    while True:
        known = {**above, entity.name: found}
        hit = [pl.col(c.name).is_in(known[_to(c)].implode()) for c in entity.refs if known[_to(c)].len()]
        more = stored.filter(pl.col("id").is_in(found.implode()) | pl.any_horizontal(pl.lit(value=False), *hit))["id"]
        if more.len() == found.len():
            return found
        found = more


def _said_again(
    entity: Entity, tonight: Layer, stored: pl.DataFrame, unchanged: Unchanged, out: Scope, snapshot: Snapshot
) -> Layer:
    """Tonight's layer with the rows that were not read because they are the same: what is stored is what they say."""
    places = unchanged.places(stored.filter(pl.col("status") == "active")["id"])
    rows = stored.join(places, on="id").join(tonight.rows, on="sourced_id", how="anti")
    if rows.is_empty():
        return tonight
    for column in entity.refs:
        if column.label not in tonight.rows.columns:
            continue
        names = _named(by_name(_to(column)), rows[column.name], out, snapshot)
        names = names.select(pl.col("id").alias(column.name), pl.col("sourced_id").alias(column.label))
        rows = rows.join(names, on=column.name, how="left")
    rows = rows.with_columns(
        deleted=pl.lit(value=False), unread=pl.lit(None, ROW_KEYS["unread"]), modified_at=pl.lit(None, pl.String)
    )
    return replace(tonight, rows=pl.concat([tonight.rows, rows.select(tonight.rows.columns)]))


def _named(entity: Entity, ids: pl.Series, out: Scope, snapshot: Snapshot) -> pl.DataFrame:
    """The id and sourced_id of these records; those that are not in scope become context."""
    known = out.known(entity)
    missing = ids.drop_nulls().unique()
    missing = missing.filter(~missing.is_in(known["id"].implode()))
    if missing.len():
        _add_context(entity, out, snapshot.some(entity, missing, pl.Series([], dtype=pl.String)))
    return out.known(entity)


def _look_up(entity: Entity, out: Scope, snapshot: Snapshot) -> None:
    """Reads what the records in scope refer to, as stored and as said, where it is not in scope itself."""
    for column in entity.refs:
        to = by_name(_to(column))
        if to.name in out.whole:
            continue
        known = out.known(to)
        said = out.said[entity.name].rows[column.label].drop_nulls().unique()
        keys = said.filter(~said.is_in(known["sourced_id"].implode()))
        ids = out.stored[entity.name][column.name].drop_nulls().unique()
        ids = ids.filter(~ids.is_in(known["id"].implode()))
        if keys.len() or ids.len():
            _add_context(to, out, snapshot.some(to, ids, keys))


def _add_context(entity: Entity, out: Scope, rows: pl.DataFrame) -> None:
    before = out.context.get(entity.name)
    out.context[entity.name] = rows if before is None else pl.concat([before, rows]).unique("id")
