"""Undo: a new plan that takes a revision back where the store still holds what that revision wrote.

What has changed since, or what later rows refer to, is left and listed as held. What is taken back is held afterwards
by its value, so that the next package does not bring it back and a new value from the source does.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace

import polars as pl

from rosterkit.plan.changes import Changes, changes_of
from rosterkit.plan.content_hash import content_hash
from rosterkit.plan.deferred import delivered_body
from rosterkit.plan.fields import Names, changed_fields, names_of, text
from rosterkit.plan.fields import as_text as texts_of
from rosterkit.plan.ids import among, minus
from rosterkit.plan.records import (
    ACTION,
    CAUSE,
    KEY,
    KEY_BIT,
    KEY_FIELD,
    STATES,
    Records,
    bit,
    by_entity,
    has,
    hold_fields,
    ids_by_entity,
    leaves,
    links,
    node,
    nothing_proposed,
    outcome_active,
    set_hold,
)
from rosterkit.plan.snapshot import DEFERRED, Snapshot, key, with_key_parts
from rosterkit.roster.schema import PROVENANCE, Column, Entity, by_name, entities

NEW_HOLDS: dict[str, type[pl.DataType]] = {
    "key": pl.String,
    "action": pl.String,
    "field": pl.String,
    "value": pl.String,
}


@dataclass(frozen=True)
class Reversal:
    """An undo before it is stored.

    ``holds``: by entity NEW_HOLDS, in force once it is applied; ``deferred``: by entity DEFERRED.
    """

    changes: Changes
    content_hash: str
    holds: Mapping[str, pl.DataFrame]
    deferred: Mapping[str, pl.DataFrame]


def reverse(changes: Changes, snapshot: Snapshot) -> Reversal:
    """The reversal of what a revision changed."""
    records = _reverted(_stored(changes, snapshot), changes)
    records = _hold_referenced(_keys_back(records, changes, snapshot))
    names = Names(records, snapshot)
    fields = changed_fields(records, names)
    undone = changes_of(records, fields, _codes(records, fields, changes), {}, names)
    return Reversal(
        undone, content_hash(undone, names), _new_holds(undone.applicable), _deferred(records, changes, names)
    )


def _stored(changes: Changes, snapshot: Snapshot) -> Records:
    """What the revision wrote, what refers to it now, and what it refers to, with nothing proposed yet."""
    wanted: dict[str, list[pl.Series]] = {}
    for part, name, frame in changes.written():
        if part != "dates":
            wanted.setdefault(name, []).append(frame["id"])
    touched = {name: pl.concat(ids).unique() for name, ids in wanted.items()}
    for entity in entities():
        for column in entity.refs:
            if str(column.to) in touched:
                children = snapshot.children(entity, column, touched[str(column.to)])
                wanted.setdefault(entity.name, []).append(children)
    states, values = [pl.DataFrame(schema=STATES)], {}
    for name, ids in wanted.items():
        entity = by_name(name)
        rows = snapshot.rows(entity, pl.concat(ids).unique())
        if rows.height:
            states.append(nothing_proposed(name, rows, cause=pl.lit("undo", CAUSE)))
            values[name] = rows.select(
                "id", *(pl.col(c.name).alias(f"{p}{c.name}") for c in entity.columns for p in ("s.", ""))
            )
    records = Records(pl.concat(states), values)
    return replace(records, states=pl.concat([records.states, *_meant(records, changes, snapshot)]))


def _meant(records: Records, changes: Changes, snapshot: Snapshot) -> list[pl.DataFrame]:
    """STATES of what the records refer to, or would refer to again, where it is not among them."""
    wanted: dict[str, list[pl.Series]] = {}
    for name, rows in records.values.items():
        for column in by_name(name).refs:
            wanted.setdefault(str(column.to), []).append(rows[column.name].drop_nulls().alias("id"))
    for name, update in changes.update.items():
        for column in by_name(name).refs:
            ids = update.filter(pl.col("field") == column.label)["before_id"].drop_nulls()
            wanted.setdefault(str(column.to), []).append(ids.alias("id"))
    out = []
    for name, found in wanted.items():
        ids = pl.concat(found).unique()
        known = records.values[name]["id"] if name in records.values else ids.clear()
        rest = minus(ids, known)
        if rest.len():
            out.append(nothing_proposed(name, snapshot.keys(by_name(name), rest)))
    return out


def _reverted(records: Records, changes: Changes) -> Records:
    """The opposite of each change: a create is archived, a status goes back, and each value that is as it was."""
    wanted = [pl.DataFrame(schema={"node": pl.Int64, "to": ACTION})]
    opposite = {"archive": "restore", "restore": "archive"}
    for name, frame in changes.create.items():
        wanted.append(frame.select(node=node(name, pl.col("id")), to=pl.lit("archive", ACTION)))
    for name, frame in changes.status.items():
        to = pl.col("action").replace_strict(opposite, return_dtype=ACTION)
        wanted.append(frame.select(node=node(name, pl.col("id")), to=to))
    hit = pl.col("_to").is_not_null() & (pl.col("active") == (pl.col("_to") == "archive"))
    records = records.changed_by(pl.concat(wanted), action=pl.when(hit).then("_to").otherwise("action"))
    for name, update in changes.update.items():
        mine = update.filter(pl.col("action") == "update")
        if mine.height:
            records = _values_back(records, by_name(name), mine)
    return records


def _values_back(records: Records, entity: Entity, update: pl.DataFrame) -> Records:
    """Puts back the values of one entity; those that the revision did not leave so are held."""
    open_ = (pl.col("entity") == entity.name) & pl.col("active") & pl.col("action").is_null()
    ids = records.states.lazy().filter(open_).select("id").collect().to_series()
    rows = records.of(entity.name)
    nothing = pl.lit(0, pl.UInt32)
    for column in entity.columns:
        mine = update.filter((pl.col("field") == column.label) & among(pl.col("id"), ids))
        if mine.is_empty():
            continue
        before, after = ("before_id", "after_id") if column.to else ("before", "after")
        back = mine.select("id", _back=_typed(column, before), _wrote=pl.col(after), _hit=pl.lit(value=True))
        now = pl.col(f"s.{column.name}") if column.to else text(column, f"s.{column.name}")
        differs = pl.col("_hit").fill_null(value=False) & pl.col("_back").ne_missing(pl.col(f"s.{column.name}"))
        flag = pl.lit(bit(entity, column), pl.UInt32)
        held = differs & now.ne_missing(pl.col("_wrote"))
        masks = {
            "_changed": pl.when(differs).then(flag).otherwise(nothing),
            "_held": pl.when(held).then(flag).otherwise(nothing),
        }
        earlier = {name: pl.col(name) if name in rows.columns else nothing for name in masks}
        rows = (
            rows.lazy()
            .join(back.lazy(), on="id", how="left", maintain_order="left")
            .with_columns(
                pl.when("_hit").then("_back").otherwise(column.name).alias(column.name),
                **{name: earlier[name] | mask for name, mask in masks.items()},
            )
            .drop("_back", "_wrote", "_hit")
            .collect()
        )
    if "_changed" not in rows.columns:
        return records
    masked = rows.filter(pl.col("_changed") != 0)
    more = masked.select(node=node(entity.name, pl.col("id")), changed="_changed", held="_held")
    values = dict(records.values) | {entity.name: rows.drop("_changed", "_held")}
    return replace(records, values=values).changed_by(
        more,
        action=pl.when(pl.col("_changed").is_not_null()).then(pl.lit("update", ACTION)).otherwise("action"),
        changed=pl.coalesce("_changed", "changed"),
        held_fields=pl.coalesce("_held", "held_fields"),
    )


def _keys_back(records: Records, changes: Changes, snapshot: Snapshot) -> Records:
    """Puts back the keys of what the revision re-linked; where another record has such a key by now, that is held."""
    flag = pl.lit(KEY_BIT, pl.UInt32)
    for name, update in changes.update.items():
        mine = update.filter((pl.col("field") == KEY_FIELD) & (pl.col("action") == "update"))
        if mine.is_empty():
            continue
        states = records.states.lazy().filter((pl.col("entity") == name) & pl.col("active")).select("id", "node", "key")
        back = mine.lazy().select("id", _back="before", _wrote="after").join(states, on="id").collect()
        taken = _taken(by_name(name), back["_back"], snapshot)
        held = (pl.col("key") != pl.col("_wrote")) | pl.col("_back").is_in(taken)
        keys = back.lazy().select("id", pl.col("key").alias(KEY), key="_back")
        values = records.of(name).lazy().join(keys, on="id", how="left", maintain_order="left").collect()
        more = back.select("node", held=pl.when(held).then(flag).otherwise(pl.lit(0, pl.UInt32)))
        records = replace(records, values=dict(records.values) | {name: values}).changed_by(
            more,
            action=pl.when(pl.col("_held").is_not_null()).then(pl.lit("update", ACTION)).otherwise("action"),
            changed=pl.when(pl.col("_held").is_not_null()).then(pl.col("changed") | flag).otherwise("changed"),
            held_fields=pl.col("held_fields") | pl.col("_held").fill_null(0),
        )
    return records


def _taken(entity: Entity, keys: pl.Series, snapshot: Snapshot) -> list[str]:
    """Those of these keys that a record has."""
    parts = with_key_parts(keys.alias("key").to_frame().lazy()).collect()
    out: list[str] = []
    for (source, space), mine in parts.partition_by("source", "id_space", as_dict=True).items():
        found = snapshot.find(entity, str(source), str(space), mine["sourced_id"].to_list())
        out += [f"{source}/{space}/{key}" for key in found["sourced_id"]]
    return out


def _typed(column: Column, name: str) -> pl.Expr:
    if column.kind == "bool":
        return pl.col(name).replace_strict({"true": True, "false": False}, default=None, return_dtype=pl.Boolean)
    return pl.col(name)


def _hold_referenced(records: Records) -> Records:
    """Holds what would leave an active row referring to an inactive one, until none does."""
    while True:
        gone = ids_by_entity(records.states.filter(~outcome_active()))
        found = links(records, to=gone) if gone else pl.DataFrame()
        if found.is_empty():
            return records
        own = records.states.lazy().select("node", "entity", "active", "action", "hold", "held_fields")
        rows = found.lazy().join(own, on="node", how="left", maintain_order="left").filter(outcome_active())
        applied = (
            (pl.col("action") == "update").fill_null(value=False)
            & pl.col("hold").is_null()
            & ~has("held_fields", pl.col("bit"))
        )
        outcome = pl.when(applied).then("new").otherwise("old")
        inactive = records.states.lazy().filter(~outcome_active()).select("node", leaving=leaves())
        broken = rows.with_columns(to=outcome, applied=applied & pl.col("new").ne_missing(pl.col("old"))).join(
            inactive, left_on="to", right_on="node"
        )
        hits = broken.collect()
        if hits.is_empty():
            return records
        records = _held(records, hits)


def _held(records: Records, hits: pl.DataFrame) -> Records:
    """Holds what breaks a reference: the restore, the field that goes back, or else the archive of its target."""
    restores = hits.filter((pl.col("action") == "restore") & pl.col("hold").is_null())
    fields = hits.filter("applied")
    targets = hits.filter(~pl.col("applied") & ~among(pl.col("node"), restores["node"]))
    reason = pl.format("its {} is not active", "label")
    later = pl.format("a later {} refers to it", pl.col("entity").cast(pl.String))
    whole = pl.concat([restores.select("node", reason=reason), targets.select(node="to", reason=later)])
    records = set_hold(records, whole.unique("node", keep="first", maintain_order=True), "referenced")
    bits = fields.group_by("node").agg(bits=pl.col("bit").unique().sum().cast(pl.UInt32))
    return hold_fields(records, bits)


def _codes(records: Records, fields: pl.DataFrame, changes: Changes) -> pl.DataFrame:
    """What holds single fields, as ``changes_of`` takes it: they changed since, or what they referred to is gone."""
    parts = [
        update.lazy()
        .filter(pl.col("action") == "update")
        .select(node=node(name, pl.col("id")), field="field", wrote="after")
        for name, update in changes.update.items()
    ]
    if not parts:
        return pl.DataFrame()
    named = records.states.lazy().select("node", "entity", "key")
    since = pl.col("before").ne_missing(pl.col("wrote"))
    return (
        fields.lazy()
        .join(pl.concat(parts), on=["node", "field"])
        .join(named, on="node")
        .select(
            pl.col("entity").cast(pl.String),
            "key",
            "field",
            value=pl.lit(None, pl.String),
            code=pl.when(since).then(pl.lit("changed")).otherwise(pl.lit("referenced")),
            reason=pl.when(since)
            .then(pl.lit("it has changed since"))
            .when(pl.col("field") == KEY_FIELD)
            .then(pl.lit("another record has that id now"))
            .otherwise(pl.lit("what it referred to is not active")),
        )
        .collect()
    )


def _new_holds(going: Changes) -> dict[str, pl.DataFrame]:
    """What an applied undo keeps from coming back."""
    out: dict[str, list[pl.DataFrame]] = {}
    opposite = {"archive": "restore", "restore": "archive"}
    for name, frame in going.status.items():
        back = pl.col("action").replace_strict(opposite)
        rows = frame.select(key(), action=back, field=pl.lit(""), value=pl.lit(None, pl.String))
        out.setdefault(name, []).append(rows)
    for name, frame in going.update.items():
        rows = frame.select(key(), action=pl.lit("update"), field="field", value="before")
        out.setdefault(name, []).append(rows)
    return {name: pl.concat(frames) for name, frames in out.items()}


def _places(changes: Changes, name: str) -> pl.DataFrame:
    """Where the undone revision's changes were delivered, by key."""
    columns = ["key", *PROVENANCE]
    none = pl.DataFrame(schema={c: pl.Int64 if c == "source_line" else pl.String for c in columns})
    parts = [part[name] for part in (changes.create, changes.status, changes.update) if name in part]
    frames = [frame.with_columns(key()).select(columns) for frame in parts]
    return pl.concat([none, *frames]).unique("key", keep="last", maintain_order=True)


def _deferred(records: Records, changes: Changes, names: Names) -> dict[str, pl.DataFrame]:
    """By entity what the source last delivered of the records that this undo takes back: DEFERRED."""
    part = (pl.col("action") != "update") | ((pl.col("changed") & ~pl.col("held_fields")) != 0)
    going = pl.col("action").is_not_null() & pl.col("hold").is_null() & part
    named = ("entity", "id", "key", "action", "changed", "held_fields")
    done = records.states.lazy().filter(going).select(named).collect()
    out = {}
    for name, mine in by_entity(done).items():
        entity = by_name(name)
        every = (1 << len(entity.columns)) - 1
        rows = records.of(entity.name).join(mine.select("id"), on="id", how="semi")
        texts = texts_of(entity, rows, names_of(entity, rows, names, ("s.",)), "s.")
        labels = [_typed(c, c.label).alias(c.label) for c in entity.columns if c.kind == "bool"]
        unset = (
            pl.when(pl.col("action") == "archive")
            .then(pl.lit(0, pl.UInt32))
            .when(pl.col("action") == "restore")
            .then(pl.lit(every, pl.UInt32))
            .otherwise(pl.lit(every, pl.UInt32) ^ (pl.col("changed") & ~pl.col("held_fields")))
        )
        states = mine.lazy().with_columns(
            unset=unset, invalid=pl.lit(0, pl.UInt32), deleted=pl.col("action") == "restore"
        )
        states = states.join(_places(changes, entity.name).lazy(), on="key", how="left", maintain_order="left")
        whole = texts.with_columns(labels).join(states, on="id")
        body = delivered_body(entity, list(entity.incoming_schema))
        out[entity.name] = (
            whole.with_columns(body, reason=pl.lit("it was undone")).select(list(DEFERRED)).sort("key").collect()
        )
    return out
