"""The change set of a plan as frames, which are stored, shown, applied, undone and replayed alike.

Every part is one frame of one entity. ``hold`` and ``hold_reason`` are null in what will be applied.

============  ===================================================================================================
part          columns
============  ===================================================================================================
create        id, KEY_PARTS, every business column by name (references as ids), PROVENANCE, FINGERPRINT, hold,
              hold_reason
status        id, KEY_PARTS, action (archive | restore), cause, digest (of what is held), PROVENANCE, hold, hold_reason
update        id, KEY_PARTS, action (update | restore), field (label), before, after (text, references as sourced
              ids), before_id, after_id (of references), cause, PROVENANCE, hold, hold_reason
dates         id, modified_at: when the source last changed records that otherwise stay as they are
fingerprints  id, FINGERPRINT: of rows that are stored as they were delivered, beside those that are created; written
              outside revisions. Whatever else is written clears the fingerprint of its row.
pins          PINS: values that lie over stored ones from now on, or no longer do, or keep lying over a delivered one
blocks        BLOCKS: what no feed gets from now on, or gets again
============  ===================================================================================================
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field, fields
from functools import cached_property

import polars as pl

from rosterkit.plan.deferred import as_delivered
from rosterkit.plan.fields import Names, digests
from rosterkit.plan.plan import ACTIONS, Counts
from rosterkit.plan.records import ENTITY, QUIET, Records, by_entity, has
from rosterkit.plan.snapshot import KEY_PARTS, with_key_parts
from rosterkit.roster.schema import FINGERPRINT, PROVENANCE, Entity, by_name, entities

Shape = dict[str, type[pl.DataType]]

_HOLD: Shape = {"hold": pl.String, "hold_reason": pl.String}
_KEY: Shape = dict.fromkeys(KEY_PARTS, pl.String)
_PLACE: Shape = {name: pl.Int64 if name == "source_line" else pl.String for name in PROVENANCE}
STATUS: Shape = {
    "id": pl.Int64,
    **_KEY,
    "action": pl.String,
    "cause": pl.String,
    "digest": pl.String,
    **_PLACE,
    **_HOLD,
}
UPDATE: Shape = {
    "id": pl.Int64,
    **_KEY,
    "action": pl.String,
    "field": pl.String,
    "before": pl.String,
    "after": pl.String,
    "before_id": pl.Int64,
    "after_id": pl.Int64,
    "cause": pl.String,
    **_PLACE,
    **_HOLD,
}
PINS: Shape = {
    "id": pl.Int64,
    **_KEY,
    "op": pl.String,  # set | lift | keep
    "field": pl.String,
    "before": pl.String,  # the effective value; of keep the pinned one
    "after": pl.String,  # the effective value; of keep the delivered one
    "value": pl.String,
    "value_id": pl.Int64,
    "code": pl.String,  # person, or a rule of the policy
    "reason": pl.String,
    "pin_id": pl.Int64,
}
BLOCKS: Shape = {
    "id": pl.Int64,
    **_KEY,
    "op": pl.String,  # set | lift
    "kind": pl.String,  # link | suppress | archive
    "student": pl.Int64,
    "student_key": pl.String,
    "feed": pl.String,
    "field": pl.String,
    "reason": pl.String,
    "block_id": pl.Int64,
}
BESIDE = ("dates", "fingerprints", "pins", "blocks")
"""Parts whose rows nothing holds."""


def create_schema(entity: Entity) -> Shape:
    """The columns of a create part."""
    business = {c.name: c.dtype for c in entity.columns}
    return {"id": pl.Int64, **_KEY, **business, **_PLACE, **dict.fromkeys(FINGERPRINT, pl.Int64), **_HOLD}


Part = Mapping[str, pl.DataFrame]


@dataclass(frozen=True)
class Changes:
    """The changes of a plan by entity; an entity without any is missing."""

    create: Part = field(default_factory=dict)
    status: Part = field(default_factory=dict)
    update: Part = field(default_factory=dict)
    dates: Part = field(default_factory=dict)
    fingerprints: Part = field(default_factory=dict)
    pins: Part = field(default_factory=dict)
    blocks: Part = field(default_factory=dict)

    def frames(self) -> Iterator[tuple[str, str, pl.DataFrame]]:
        """(part, entity, frame) of each that is not empty."""
        for part in fields(self):
            for name, frame in getattr(self, part.name).items():
                if frame.height:
                    yield part.name, name, frame

    def written(self) -> Iterator[tuple[str, str, pl.DataFrame]]:
        """``frames`` without what is no part of a revision: fingerprints, and pins that stay as they are."""
        for part, name, frame in self.frames():
            if part == "pins":
                moved = frame.filter(pl.col("op") != "keep")
                if moved.height:
                    yield part, name, moved
            elif part != "fingerprints":
                yield part, name, frame

    @cached_property
    def applicable(self) -> Changes:
        """Only what will be applied."""
        return self._only(held=False, **{part: getattr(self, part) for part in BESIDE})

    @cached_property
    def held(self) -> Changes:
        """Only what is held."""
        return self._only(held=True)

    @property
    def loud(self) -> Changes:
        """Without what a hold keeps that ends by itself on a later day: nobody need look at it."""
        kept: dict[str, Part] = {}
        for part in ("create", "status", "update"):
            frames: dict[str, pl.DataFrame] = {}
            for name, frame in getattr(self, part).items():
                quiet = frame["hold"].is_in(QUIET)
                loud = frame.filter(~quiet.fill_null(value=False)) if quiet.any() else frame
                frames |= {name: loud} if loud.height else {}
            kept[part] = frames
        return Changes(**kept)

    def _only(self, *, held: bool, **others: Part) -> Changes:
        kept: dict[str, Part] = {}
        for part in ("create", "status", "update"):
            of_part = {}
            for name, frame in getattr(self, part).items():
                none = frame["hold"].null_count()
                if none == (0 if held else frame.height):
                    of_part[name] = frame
                elif 0 < none < frame.height:
                    mine = pl.col("hold").is_not_null() if held else pl.col("hold").is_null()
                    of_part[name] = frame.filter(mine)
            kept[part] = of_part
        return Changes(**kept, **others)

    @property
    def empty(self) -> bool:
        """Whether applying these changes writes no revision."""
        return next(self.written(), None) is None


def changes_of(
    records: Records,
    fields_changed: pl.DataFrame,
    holds: pl.DataFrame,
    refreshed: Mapping[str, pl.DataFrame],
    names: Names,
) -> Changes:
    """The changes of all records that have an action.

    ``fields_changed``: FIELDS. ``holds``: entity, key, field, value, code, reason of what holds single fields.
    ``refreshed``: rows with equal values under a new fingerprint.
    """
    moved = pl.col("action").is_in(["archive", "restore"])
    acting = records.states.lazy().filter(pl.col("action").is_not_null())
    status = acting.filter(moved).with_columns(pl.col("action", "cause", "hold").cast(pl.String)).collect()
    return Changes(
        create=_creates(records),
        status=_by_entity(_status(records, status, names), STATUS) if status.height else {},
        update=_by_entity(_updates(records, fields_changed, holds), UPDATE) if fields_changed.height else {},
        dates=_dates(records),
        fingerprints=_fingerprints(records, refreshed),
    )


def _by_entity(rows: pl.LazyFrame, schema: Shape) -> dict[str, pl.DataFrame]:
    """The rows by entity, parents first."""
    found = by_entity(with_key_parts(rows).select("entity", *schema).collect())
    return {e.name: found[e.name][list(schema)] for e in entities() if e.name in found}


def _creates(records: Records) -> dict[str, pl.DataFrame]:
    out = {}
    states = records.states
    mine = (pl.col("action") == "create").fill_null(value=False)
    new = states if (states["action"] == "create").all(ignore_nulls=False) else states.filter(mine)
    keep = ["id", "key", *PROVENANCE, *FINGERPRINT, "hold", "hold_reason", "whole"]
    # A row that is not stored as it was delivered has no fingerprint.
    new = new.with_columns(whole=as_delivered() | pl.col("hold").is_not_null()) if new.height else new
    for name, rows in by_entity(new).items():
        entity = by_name(name)
        prints = [pl.when("whole").then(half).otherwise(None).alias(half) for half in FINGERPRINT]
        values = records.of(entity.name)[["id", *(c.name for c in entity.columns)]]
        if values["id"].equals(rows["id"]):  # a first plan: nothing is copied
            joined = pl.concat([rows[keep], values.drop("id")], how="horizontal").lazy()
        else:
            joined = rows.lazy().select(keep).join(values.lazy(), on="id", maintain_order="left")
        texts = joined.with_columns(*prints, pl.col("hold").cast(pl.String))
        out[entity.name] = with_key_parts(texts).select(list(create_schema(entity))).collect()
    return {e.name: out[e.name] for e in entities() if e.name in out}


def _status(records: Records, status: pl.DataFrame, names: Names) -> pl.LazyFrame:
    held = status.filter(pl.col("hold").is_not_null())
    if held.is_empty():
        return status.lazy().with_columns(digest=pl.lit(None, pl.String))
    texts = digests(records, held, names).select("node", digest="before")
    return status.lazy().join(texts.lazy(), on="node", how="left", maintain_order="left")


def _updates(records: Records, changed: pl.DataFrame, holds: pl.DataFrame) -> pl.LazyFrame:
    """The changed fields of updates and restores, one row each."""
    own = ("node", "entity", "id", "key", "action", "cause", "held_fields", "hold", "hold_reason", *PROVENANCE)
    rows = changed.lazy().join(records.states.lazy().select(own), on="node", maintain_order="left")
    rows = rows.with_columns(pl.col("action", "cause", "hold").cast(pl.String))
    own_hold = pl.col("hold").is_null() | (pl.col("hold") == "dependant")  # else a hold of the record came first
    apart = own_hold & has("held_fields", pl.col("bit"))
    code, reason = pl.lit("dependant"), pl.lit("what it refers to is held")
    if holds.height:
        rows = _with_codes(rows, holds)
        code, reason = pl.coalesce("_code", code), pl.coalesce("_reason", reason)
    return rows.with_columns(
        hold=pl.when(apart).then(code).otherwise("hold"),
        hold_reason=pl.when(apart).then(reason).otherwise("hold_reason"),
    )


def _with_codes(rows: pl.LazyFrame, holds: pl.DataFrame) -> pl.LazyFrame:
    """Adds ``_code`` and ``_reason`` of what holds the field: a hold on it, or on this very value."""
    on = ["entity", "key", "field"]
    named = holds.lazy().filter(pl.col("field") != "").with_columns(pl.col("entity").cast(ENTITY))
    undone = pl.col("code") == "undo"
    any_value = named.filter(~undone).unique(on, keep="first", maintain_order=True)
    this_value = (
        named.filter(undone).rename({"value": "after"}).unique([*on, "after"], keep="first", maintain_order=True)
    )
    rows = rows.join(any_value.select(*on, _code="code", _reason="reason"), on=on, how="left", maintain_order="left")
    other = this_value.select(*on, "after", _code_2="code", _reason_2="reason")
    rows = rows.join(other, on=[*on, "after"], how="left", nulls_equal=True, maintain_order="left")
    return rows.with_columns(_code=pl.coalesce("_code", "_code_2"), _reason=pl.coalesce("_reason", "_reason_2"))


def _dates(records: Records) -> dict[str, pl.DataFrame]:
    at, known_at = pl.col("modified_at"), pl.col("stored_modified_at")
    newer = at.is_not_null() & (at > known_at).fill_null(value=True)
    mine = newer & pl.col("known") & pl.col("action").is_null() & as_delivered()
    found = records.states.lazy().filter(mine).select("entity", "id", "modified_at").collect()
    return _split(found)


def _fingerprints(records: Records, refreshed: Mapping[str, pl.DataFrame]) -> dict[str, pl.DataFrame]:
    mine = pl.col("known") & as_delivered()
    out = _split(records.states.lazy().filter(mine).select("entity", "id", *FINGERPRINT).collect())
    for name, rows in refreshed.items():
        if rows.height:
            out[name] = pl.concat([out[name], rows]) if name in out else rows
    return out


def _split(found: pl.DataFrame) -> dict[str, pl.DataFrame]:
    return {name: rows[rows.columns[1:]] for name, rows in by_entity(found).items()}


def counts(changes: Changes) -> dict[str, Counts]:
    """How many records each action touches, by entity; all entities stand in it."""
    out = {}
    for entity in entities():
        status, update = changes.status.get(entity.name), changes.update.get(entity.name)
        found = dict.fromkeys(ACTIONS, 0)
        found["create"] = changes.create[entity.name].height if entity.name in changes.create else 0
        for action in status["action"].to_list() if status is not None else ():
            found[action] += 1
        found["update"] = _updated(changes, entity.name, update)
        out[entity.name] = Counts(**found)
    return out


def _updated(changes: Changes, name: str, update: pl.DataFrame | None) -> int:
    """How many records have another value, a pin or a block."""
    ids = [] if update is None else [update["id"].filter(update["action"] == "update")]
    if name in changes.pins:
        ids.append(changes.pins[name].filter(pl.col("op") != "keep")["id"])
    if name in changes.blocks:
        ids.append(changes.blocks[name]["id"])
    return pl.concat(ids).n_unique() if ids else 0
