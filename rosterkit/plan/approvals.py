"""Held changes that a person approved: a ceiling. The next plan is freed of exactly these and no others."""

from __future__ import annotations

from dataclasses import dataclass

import polars as pl

from rosterkit.plan.fields import FIELDS, Names, digests
from rosterkit.plan.ids import NO_IDS
from rosterkit.plan.records import ENTITY, HOLD, Records
from rosterkit.plan.snapshot import Snapshot

_NONE = pl.DataFrame(schema={"node": pl.Int64, "bits": pl.UInt32, "whole": pl.Boolean})


@dataclass(frozen=True)
class Approved:
    """``rows``, by node: ``bits`` of approved fields of an update, and whether everything proposed was approved."""

    rows: pl.DataFrame

    @property
    def whole(self) -> pl.Series:
        """Nodes that a person approved whole: of a suspected reuse of an id, no part is enough."""
        return self.rows["node"].filter(self.rows["whole"])


def approved_of(records: Records, approved: pl.DataFrame, fields: pl.DataFrame, names: Names) -> Approved:
    """What was approved of these records, exactly as it was: ``approved`` is APPROVED, ``fields`` FIELDS."""
    if approved.is_empty():
        return Approved(_NONE)
    states = records.states.lazy().filter(pl.col("action").is_not_null())
    mine = (
        approved.lazy()
        .with_columns(pl.col("entity").cast(ENTITY))
        .join(
            states.select("node", "entity", "id", "key", "changed", action=pl.col("action").cast(pl.String)),
            on=["entity", "key", "action"],
        )
        .collect()
    )
    if mine.is_empty():
        return Approved(_NONE)
    updates = mine.filter(pl.col("action") == "update")
    lines = updates.join(fields, on=["node", "field", "before", "after"], nulls_equal=True)
    by_node = lines.group_by("node", "changed").agg(bits=pl.col("bit").unique().sum().cast(pl.UInt32))
    of_updates = by_node.select("node", "bits", whole=(pl.col("changed") & ~pl.col("bits")) == 0)
    others = mine.filter(pl.col("action") != "update")
    texts = digests(records, others.select("node", "entity", "id").unique(), names)
    met = others.join(texts, on="node", suffix="_now")
    creates, archives = (pl.col("action") == action for action in ("create", "archive"))
    before = pl.when(creates).then(pl.lit("")).otherwise("before_now")
    after = pl.when(archives).then(pl.lit("")).otherwise("after_now")
    same = met.filter((pl.col("before") == before) & (pl.col("after") == after))
    of_others = same.select("node", bits=pl.lit(0, pl.UInt32), whole=pl.lit(value=True)).unique()
    return Approved(pl.concat([of_updates, of_others]))


def approved_archives(records: Records, snapshot: Snapshot) -> pl.Series:
    """Nodes whose archive a person approved: asked before references are resolved, as what needs them then yields."""
    archives = snapshot.approved().filter(pl.col("action") == "archive")
    if archives.is_empty():
        return NO_IDS
    return approved_of(records, archives, pl.DataFrame(schema=FIELDS), Names(records, snapshot)).whole


def free(records: Records, approved: Approved) -> Records:
    """Lifts the direct holds of what was approved; what depends on something held is held by ``plan.propagation``."""
    direct = pl.col("hold").is_in(["case", "limit", "person", "undo"])
    lift = pl.col("_whole").fill_null(value=False) & direct
    return records.changed_by(
        approved.rows,
        hold=pl.when(lift).then(pl.lit(None, HOLD)).otherwise("hold"),
        hold_reason=pl.when(lift).then(pl.lit(None, pl.String)).otherwise("hold_reason"),
        held_fields=pl.col("held_fields") & ~pl.col("_bits").fill_null(0),
    )


def used(approved: pl.DataFrame, going: pl.DataFrame) -> tuple[int, ...]:
    """Approvals that a plan uses up when it is applied; ``going``: entity, key and action of what it applies."""
    if approved.is_empty():
        return ()
    met = approved.join(going, on=["entity", "key", "action"], how="semi")
    return tuple(sorted(met["approved_id"].to_list()))
