"""Spreads what is held to what depends on it, until nothing more is held.

A held create holds what would refer to it. A suspected reuse of an id holds everything that refers to the person, and
so does a new id that is held: it may be another record. A held archive holds the archives of what refers to it, and of
what it refers to: no active row refers to an archived one. A guardian link that a readable row no longer states waits
for none of these: taking away a guardian is never delayed by another hold. A link that a full table no longer holds
waits only with a person who is absent too, or whose new id is held: the links of that person come under it. What ends
with its term leaves though the person to whom it belongs stays.
"""

from __future__ import annotations

import polars as pl

from rosterkit.plan.ids import among
from rosterkit.plan.named import hold_misnamed
from rosterkit.plan.records import (
    KEY_BIT,
    QUIET,
    Records,
    has,
    hold_fields,
    ids_by_entity,
    leaves,
    links,
    outcome_active,
    removed_link,
    set_hold,
    vanished_link,
)

_WAITS = "it depends on a {} that is held"
_FLAGS = ("case", "other", "unborn", "kept")
_NEEDED = "a record that stays still refers to it"


def propagate(records: Records, code: str = "dependant") -> Records:
    """Spreads holds along references. Each step looks at what the last one held.

    ``code``: what holds the dependants. One of ``records.QUIET`` spreads the holds of that code alone: they are set
    last.
    """
    started = pl.col("hold").is_not_null() | (pl.col("held_fields") != 0) | pl.col("protected")
    if code in QUIET:
        started = (pl.col("hold") == code).fill_null(value=False)
    new = records.states.lazy().filter(started).select("node", "entity", "id").collect()
    while new.height:
        before = records.states.lazy().select("node", "hold", "held_fields").collect()
        ids = ids_by_entity(new)
        records = _to_children(records, links(records, to=ids), new["node"], code)
        records = _to_parents(records, links(records, of=ids), code)
        records = hold_misnamed(records, code)
        new = _newly(records, before)
    return records


def _newly(records: Records, before: pl.DataFrame) -> pl.DataFrame:
    was = before.select(was="hold", was_fields="held_fields")
    beside = pl.concat([records.states.select("node", "entity", "id", "hold", "held_fields"), was], how="horizontal")
    moved = pl.col("hold").ne_missing(pl.col("was")) | (pl.col("held_fields") != pl.col("was_fields"))
    return beside.lazy().filter(moved).select("node", "entity", "id").collect()


def _with_flags(found: pl.DataFrame, records: Records) -> pl.LazyFrame:
    own = ("entity", "active", "action", "cause", "hold", "changed", "held_fields")
    return found.lazy().join(records.states.lazy().select("node", *own), on="node", how="left", maintain_order="left")


def _to_children(records: Records, found: pl.DataFrame, new: pl.Series, code: str) -> Records:
    """Holds records because of what they refer to, which was held just now."""
    if found.is_empty():
        return records
    held = records.states.lazy().filter(among(pl.col("node"), new) & pl.col("hold").is_not_null())
    action = pl.col("action")
    of = held.select(
        "node",
        case=(pl.col("hold") == "case") & (action != "archive"),
        other=has("changed", KEY_BIT) & (action != "archive"),
        unborn=action.is_in(["create", "restore"]),
        kept=action == "archive",
    )
    rows = _with_flags(found, records)
    for side in ("old", "new"):
        rows = rows.join(
            of.rename({n: f"{side}_{n}" for n in _FLAGS}),
            left_on=side,
            right_on="node",
            how="left",
            maintain_order="left",
        )
    flags = pl.col([f"{side}_{n}" for side in ("old", "new") for n in _FLAGS]).fill_null(value=False)
    free = action.is_not_null() & pl.col("hold").is_null()
    archive = (action == "archive").fill_null(value=False)
    case = (pl.col("old_case") | pl.col("new_case")) & ~vanished_link()
    case = case | ((pl.col("old_other") | pl.col("new_other")) & ~removed_link())
    unborn = pl.col("new_unborn") & ~archive
    ended = (pl.col("cause") == "ended").fill_null(value=False)
    kept = pl.col("old_kept") & archive & ~removed_link() & ~ended
    # A reference was to be cleared because its target leaves: the target stays, and so does the reference.
    cleared = pl.col("old_kept") & (action == "update").fill_null(value=False) & pl.col("new").is_null() & free
    marked = rows.with_columns(flags).with_columns(
        whole=free & (case | unborn | kept), field=cleared & has("changed", pl.col("bit"))
    )
    hits = marked.filter(pl.col("whole") | pl.col("field")).select("node", "bit", "label", "whole", "field").collect()
    if hits.is_empty():
        return records
    whole = hits.filter("whole").unique("node", keep="first", maintain_order=True)
    records = set_hold(records, whole.select("node", reason=pl.format(_WAITS, "label")), code)
    fields = hits.filter(pl.col("field") & ~among(pl.col("node"), whole["node"]))
    return hold_fields(records, fields.group_by("node").agg(bits=pl.col("bit").unique().sum().cast(pl.UInt32)))


def _to_parents(records: Records, found: pl.DataFrame, code: str) -> Records:
    """Holds the archives of what records that stay go on referring to."""
    if found.is_empty():
        return records
    stays = records.states.lazy().filter(outcome_active()).select("node")
    applied = pl.col("action").is_not_null() & pl.col("hold").is_null() & ~has("held_fields", pl.col("bit"))
    outcome = pl.when(applied).then("new").otherwise("old")
    named = _with_flags(found, records).join(stays, on="node", how="semi").select(node=outcome).drop_nulls().unique()
    leaving = records.states.lazy().filter(leaves()).select("node")
    hit = named.join(leaving, on="node", how="semi").with_columns(reason=pl.lit(_NEEDED)).collect()
    return set_hold(records, hit, code)
