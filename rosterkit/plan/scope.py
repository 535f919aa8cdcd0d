"""Which records planning must look at: those that were spoken of, those that may leave, and what hangs on them.

Of an entity of which the package says everything, that is every record, but for those that are calm (``plan.calm``).
Of one of which only changes were sent, it is what was said, queued, held or approved, and every record that refers to
one that may leave, or that an unreadable row protects. Everything else stays as it is, whatever the others do; where it
is referred to, it is *context*: looked up, never judged.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace

import polars as pl

from rosterkit.plan.calm import calm, context_of, said_at, stirred
from rosterkit.plan.merge import Said, fold, from_pending, without_stale
from rosterkit.plan.snapshot import PENDING, Layer, Snapshot
from rosterkit.roster.schema import Column, Entity, by_name, entities
from rosterkit.sources.bundle import Bundle

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
    calm: int = 0  # how many records were set aside

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
    moved: dict[str, pl.Series] = {}
    words = [snapshot.holds().select("entity", "sourced_id"), snapshot.approved().select("entity", "sourced_id")]
    decided = pl.concat(words)
    for entity in entities():
        tonight = layer_of(bundle, entity)
        layers = [from_pending(entity, snapshot.pending(entity))]
        layers += [without_stale(entity, layer, out.said) for layer in (*snapshot.queued(entity), tonight)]
        mine = decided.filter(pl.col("entity") == entity.name)["sourced_id"]
        if entity.name in _SMALL or tonight.state == "full":
            stored = snapshot.rows(entity)
            out.whole.add(entity.name)
        else:
            stored = _touched(entity, snapshot, out, layers, mine, moved)
        out.stored[entity.name] = stored
        ages = stored.select("sourced_id", "modified_at")
        said = out.said[entity.name] = fold(entity, layers, ages, tonight.state)
        at = said_at(stored, said)
        moved[entity.name] = stirred(entity, stored, at, said, moved)
        if entity.name in out.whole and entity.name not in _SMALL:
            _set_aside(entity, out, at, moved[entity.name], mine)
    for entity in entities():
        _look_up(entity, out, snapshot)
    return out


def _touched(
    entity: Entity,
    snapshot: Snapshot,
    out: Scope,
    layers: Sequence[Layer],
    decided: pl.Series,
    moved: Mapping[str, pl.Series],
) -> pl.DataFrame:
    """The stored rows that were spoken of or decided on, are listed anew, or refer to one that is ``moved``."""
    keys = [frame["sourced_id"] for layer in layers for frame in (layer.rows, layer.unreadable)]
    found = [snapshot.some(entity, pl.Series([], dtype=pl.Int64), pl.concat([decided, *keys]).unique())]
    for owners in (listing.owners for layer in layers for listing in layer.listings):
        column = next(c for c in entity.refs if c.label in owners.columns)
        known = out.known(by_name(_to(column)))
        parents = known.filter(pl.col("sourced_id").is_in(owners[column.label].implode()))["id"]
        found.append(snapshot.children(entity, column, parents))
    found += [snapshot.children(entity, c, moved[_to(c)]) for c in entity.refs if _to(c) in moved]
    return pl.concat(found).unique("id")


def _to(column: Column) -> str:
    assert column.to is not None
    return column.to


def _set_aside(entity: Entity, out: Scope, at: pl.Series, moved: pl.Series, decided: pl.Series) -> None:
    """Takes calm records out of what is judged; where any are referred to, they are context."""
    stored, said = out.stored[entity.name], out.said[entity.name]
    keys = {_to(column): out.known(by_name(_to(column))) for column in entity.refs}
    still = calm(entity, stored, at, said, moved, decided, keys)
    out.calm += int(still.sum())
    if any(column.to == entity.name for other in entities() for column in other.refs):
        out.context[entity.name] = context_of(entity, stored.filter(still))
    out.stored[entity.name] = stored.filter(~still)
    rest = pl.repeat(True, said.rows.height, dtype=pl.Boolean, eager=True).scatter(at.filter(still), values=False)
    out.said[entity.name] = replace(said, rows=said.rows.filter(rest))


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
