"""From a Bundle and a Snapshot to a draft of the plan: the one pipeline.

fold what was said of the records in scope → judge each record → protect what cannot be read → settle references →
hold (persons, undos, cases, limits) → free what was approved → close over dependants → parts.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import polars as pl

from rosterkit.plan.approvals import free, freed, wholly
from rosterkit.plan.changes import Parts, content_hash, parts_of
from rosterkit.plan.compare import bit, judge
from rosterkit.plan.holds import hold_cases, hold_over_limits, hold_stored
from rosterkit.plan.limits import Limits
from rosterkit.plan.merge import Said, fold, from_pending, stated
from rosterkit.plan.natural_keys import keys_of
from rosterkit.plan.propagation import close
from rosterkit.plan.references import protect, settle
from rosterkit.plan.scope import layer_of, scope
from rosterkit.plan.snapshot import PENDING, Snapshot
from rosterkit.roster import findings
from rosterkit.roster.schema import Entity, entities
from rosterkit.sources.base import Progress, no_progress
from rosterkit.sources.bundle import Bundle

__all__ = ["Draft", "build", "dangling"]


@dataclass(frozen=True)
class Draft:
    """A plan before it is stored: everything that storing and applying it will write.

    ``pending``: by entity what is to be remembered as said and not stored (PENDING); ``settled``: by entity the sourced
    ids whose pending row is done. ``new_holds``: by entity sourced_id and why of archives that a limit holds
    from now on.
    ``ended_holds``: hold ids whose reason is gone. ``reserved``: by entity the next integer id.
    """

    parts: Parts
    findings: pl.DataFrame
    content_hash: str
    pending: Mapping[str, pl.DataFrame]
    settled: Mapping[str, pl.Series]
    new_holds: Mapping[str, pl.DataFrame]
    ended_holds: tuple[int, ...]
    used_approvals: tuple[int, ...]
    reserved: Mapping[str, int]


def _remembered(entity: Entity, rows: pl.DataFrame, said: Said) -> pl.DataFrame:
    """What was said and will not be stored by this plan: PENDING."""
    held = pl.col("hold").is_not_null() & pl.col("action").is_not_null()
    # A delete that waits goes on waiting when its record loses a reference, and is done when it leaves with its parent.
    waiting = pl.col("deleted") & pl.col("active") & pl.col("action").ne_missing("archive")
    partly = (pl.col("diff") & pl.col("field_hold")) != 0
    followed = ~pl.col("deleted") & (pl.col("action") == "archive").fill_null(value=False)
    spoken = rows.filter(
        pl.col("said")
        & (held | waiting | partly | followed | pl.col("waits").is_not_null() | (pl.col("dangling") != 0))
    )
    why = spoken.select(
        "sourced_id",
        why=pl.coalesce(
            "hold_why",
            "waits",
            pl.when(followed | (pl.col("dangling") != 0)).then(pl.lit("a record it names is not there")),
        ),
    )
    body = stated(entity, said.rows.join(why, on="sourced_id", how="semi"))
    out = [body.join(why.with_columns(pl.col("why").fill_null("the file is not whole")), on="sourced_id")]
    taken = rows.filter(~pl.col("said") & held & pl.col("how").is_in(["unlisted"]))
    if taken.height:
        labels = {c.label: pl.lit(None, c.said_dtype) for c in entity.columns}
        blank = taken.with_columns(keep=pl.lit((1 << 64) - 1, pl.UInt64), deleted=pl.lit(value=True), **labels)
        out.append(stated(entity, blank).with_columns(why=taken["hold_why"]))
    return pl.concat(frame.select(list(PENDING)) for frame in out).sort("sourced_id")


def _ended(judged: Mapping[str, pl.DataFrame], said: Mapping[str, Said], holds: pl.DataFrame) -> tuple[int, ...]:
    """Holds by a limit whose record is back, and holds by an undo of which the source now says something new."""
    ended: list[int] = []
    for entity in entities():
        mine = holds.filter((pl.col("entity") == entity.name) & pl.col("code").is_in(["limit", "undo"]))
        if mine.height == 0:
            continue
        rows = judged[entity.name].select("sourced_id", "active", "said", "deleted", "action", "hold", "known")
        met = mine.join(rows, on="sourced_id", how="left")
        back = pl.col("said") & ~pl.col("deleted")
        stays = back & (pl.col("action_right").fill_null("") != "archive")
        archive = (pl.col("action") == "archive") & (stays | ~pl.col("active"))
        restore = (
            (pl.col("action") == "restore")
            & back
            & (pl.col("active") | (pl.col("hold").is_null() & pl.col("action_right").is_not_null()))
        )
        ended += met.filter((pl.col("field") == "") & (archive | restore))["hold_id"].to_list()
        ended += _said_anew(entity, mine.filter(pl.col("field") != ""), said[entity.name])
    return tuple(sorted(set(ended)))


def _said_anew(entity: Entity, holds: pl.DataFrame, said: Said) -> list[int]:
    """Holds on a reverted value whose field now has another word from the source."""
    out: list[int] = []
    for column in entity.columns:
        mine = holds.filter(pl.col("field") == column.label)
        if mine.height == 0:
            continue
        now = said.rows.filter(
            ~pl.col("deleted").fill_null(value=False) & ((pl.col("keep") & bit(entity, column)) == 0)
        )
        met = mine.join(now.select("sourced_id", _now=pl.col(column.label).cast(pl.String)), on="sourced_id")
        out += met.filter(pl.col("_now").ne_missing(pl.col("value")))["hold_id"].to_list()
    return out


def build(bundle: Bundle, snapshot: Snapshot, limits: Limits, progress: Progress = no_progress) -> Draft:
    """Works out what would change; reads the snapshot, writes nothing. Progress is in records, judged and settled."""
    looked_at = scope(bundle, snapshot)
    said, context, calm = looked_at.said, looked_at.context, looked_at.calm
    next_id = {e.name: snapshot.next_id(e) for e in entities()}
    judged = judge(looked_at.stored, said, next_id, context)
    records = calm + sum(rows.height for rows in judged.values())
    progress("planning", records // 3, records)
    keys = keys_of(judged, context)
    reserved = {name: next_id[name] + rows.filter(~pl.col("known")).height for name, rows in judged.items()}
    del looked_at
    protect(judged)
    found = [bundle.findings, *(s.findings for s in said.values()), settle(judged, context)]
    progress("planning", 2 * records // 3, records)
    holds = snapshot.holds()
    approved = freed(judged, snapshot.approved(), keys)
    ids = wholly(judged, approved)
    hold_stored(judged, holds, keys)
    found.append(hold_cases(judged, ids))
    free(judged, approved)
    tripped = hold_over_limits(judged, context, snapshot, limits, ids)
    close(judged)
    parts = parts_of(judged, keys, holds)
    progress("planning", records, records)
    remembered = {e.name: _remembered(e, judged[e.name], said[e.name]) for e in entities()}
    before = {e.name: snapshot.pending(e) for e in entities()}
    return Draft(
        parts=parts,
        findings=findings.ordered(findings.concat(found)),
        content_hash=content_hash(parts, keys),
        pending={name: _changed(rows, before[name]) for name, rows in remembered.items()},
        settled={n: before[n].join(rows, on="sourced_id", how="anti")["sourced_id"] for n, rows in remembered.items()},
        new_holds=tripped,
        ended_holds=_ended(judged, said, holds),
        used_approvals=_used(snapshot.approved(), parts),
        reserved=reserved,
    )


def _changed(rows: pl.DataFrame, before: pl.DataFrame) -> pl.DataFrame:
    """Pending rows that are not remembered in the same words already."""
    same = ["sourced_id", "body", "deleted", "modified_at", "why"]
    return rows.join(before.select(same), on=same, how="anti", nulls_equal=True)


def _used(approved: pl.DataFrame, parts: Parts) -> tuple[int, ...]:
    """Approvals that this plan makes use of when it is applied."""
    going = parts.applicable()
    used: list[int] = []
    for name in approved["entity"].unique().to_list():
        mine = approved.filter(pl.col("entity") == name)
        frames = [pl.DataFrame(schema={"sourced_id": pl.String, "action": pl.String})]
        for part in (going.create, going.status, going.update):
            if name in part:
                action = pl.lit("create") if part is going.create else pl.col("action")
                frames.append(part[name].select("sourced_id", action=action))
        used += mine.join(pl.concat(frames), on=["sourced_id", "action"], how="semi")["approved_id"].to_list()
    return tuple(sorted(used))


def dangling(bundle: Bundle) -> pl.DataFrame:
    """Findings for references that do not resolve inside the package itself."""
    none = {e.name: pl.DataFrame(schema=e.judged_schema) for e in entities()}
    said: dict[str, Said] = {}
    for entity in entities():
        layers = (from_pending(entity, pl.DataFrame(schema=PENDING)), layer_of(bundle, entity))
        said[entity.name] = fold(entity, layers, none[entity.name], layers[1].state)
    judged = judge(none, said, dict.fromkeys(none, 1), {})
    return settle(judged, {})
