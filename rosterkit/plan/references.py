"""References between compared records: what cannot stand without its parent, and what follows it.

A new record whose required parent is not there waits. A stored one keeps its stored reference while its target is
active, is archived with its parent where the reference is required, and loses the reference where it is not. A record
that an unreadable row protects follows nobody; then its parent stays instead (``plan.propagation``). Where products
would drop the record without the reference (``Column.needed``), it is the other way round: the archive of its target
is held.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

import polars as pl

from rosterkit.plan.dangling import REPORT
from rosterkit.plan.ids import NO_IDS, among
from rosterkit.plan.records import (
    ACTION,
    CAUSE,
    EXPLICIT,
    HOLD,
    Records,
    by_entity,
    comes,
    delivered_row,
    ids_by_entity,
    leaves,
    links,
    outcome_active,
    set_hold,
)
from rosterkit.roster.schema import by_name, entities


def _levels() -> tuple[tuple[str, ...], ...]:
    """The entities in steps: each refers only to entities of steps before it, or to itself."""
    depth: dict[str, int] = {}
    for entity in entities():
        above = [depth[str(c.to)] + 1 for c in entity.refs if c.to != entity.name]
        depth[entity.name] = max(above, default=0)
    steps = range(max(depth.values()) + 1)
    return tuple(tuple(name for name, at in depth.items() if at == step) for step in steps)


LEVELS = _levels()
_NEEDED = "what depends on it would be lost"


def protect(records: Records) -> Records:
    """Spreads protection from unreadable rows to what refers to them; holds what only its absence would archive."""
    if not records.states["protected"].any():
        return records
    new = records.states.filter("protected")
    while True:
        found = links(records, to=ids_by_entity(new)).lazy()
        kept = records.states.lazy().filter("protected").select(old="node")
        children = found.join(kept, on="old", how="semi").select("node").unique()
        states = records.states.lazy().filter(pl.col("active") & ~pl.col("protected"))
        more = states.join(children, on="node", how="semi").select("node", "entity", "id").collect()
        if more.is_empty():
            break
        records = records.with_states(protected=pl.col("protected") | among(pl.col("node"), more["node"]))
        new = more
    absent = pl.col("protected") & pl.col("cause").is_in(["absent", "scope"]).fill_null(value=False)
    reason = "a row that cannot be read may be about it: correct the row first"
    return records.with_states(
        hold=pl.when(absent).then(pl.lit("protected", HOLD)).otherwise("hold"),
        hold_reason=pl.when(absent).then(pl.lit(reason)).otherwise("hold_reason"),
    )


def resolve_references(records: Records, approved: pl.Series | None = None) -> tuple[Records, pl.DataFrame]:
    """Resolves every reference to a record that will not be active, parents first; also returns REPORT.

    ``approved``: nodes whose archive a person approved, though a record that stays needs them: it loses the reference.
    """
    reports = [pl.DataFrame(schema=REPORT)]
    for level in LEVELS:
        names = [name for name in level if name in records.values]
        inactive = _inactive(records, names)
        if inactive.is_empty():
            continue
        found = links(records, to=ids_by_entity(inactive), names=names)
        if found.is_empty():
            continue
        rows = _outcomes(found, inactive, records.states, NO_IDS if approved is None else approved)
        records = _followed(records, _by_record(rows))
        kept = rows.filter(rows["keeps"])
        if kept.height:
            records = set_hold(records, kept.select(node="new", reason=pl.lit(_NEEDED)).unique(), "needed")
        reports.append(_reports(rows))
    return records, pl.concat(reports)


def _inactive(records: Records, names: Sequence[str]) -> pl.DataFrame:
    """What these entities may refer to and will not be active: node, entity, id and flags that say why."""
    if not names:
        return pl.DataFrame(schema={"node": pl.Int64})
    targets = sorted({str(c.to) for name in names for c in by_name(name).refs})
    explicit = leaves() & pl.col("active") & pl.col("cause").is_in(EXPLICIT).fill_null(value=False)
    gone = pl.col("entity").is_in(targets) & ~outcome_active()
    return (
        records.states.lazy()
        .filter(gone)
        .select(
            "node",
            "entity",
            "id",
            leaving=pl.col("active"),
            explicit=explicit,
            ended=(pl.col("cause") == "ended").fill_null(value=False),
            delivered=delivered_row(),
        )
        .collect()
    )


def _outcomes(found: pl.DataFrame, inactive: pl.DataFrame, states: pl.DataFrame, approved: pl.Series) -> pl.DataFrame:
    """LINKS with what becomes of each.

    ``reverted``: the reference goes back to the stored value. ``cleared``: an optional one is cleared. ``follows``: a
    stored record goes with its target or loses the reference; ``archived``: the former, and ``by_row`` if because of
    what a row states. ``waits``: a record that comes lacks its required target. ``keeps``: the target is not archived.
    """
    gone = inactive.lazy().select("node", "leaving", "explicit", "ended", "delivered", gone=pl.lit(value=True))
    flags = ("known", "active", "present", "deleted", "protected", "unset", "invalid", "action", "cause", "hold")
    of_target = pl.col("gone", "gone_old", "leaving", "explicit", "explicit_old", "ended", "ended_old", "delivered")
    lives, required = pl.col("lives"), pl.col("required")
    stays = pl.col("known") & pl.col("active") & (~pl.col("protected") | pl.col("by_row"))
    back = (pl.col("action") == "restore").fill_null(value=False)
    return (
        found.lazy()
        .join(states.lazy().select("node", *flags), on="node", how="left", maintain_order="left")
        .join(gone, left_on="new", right_on="node", how="left", maintain_order="left")
        .join(gone, left_on="old", right_on="node", how="left", suffix="_old", maintain_order="left")
        .with_columns(of_target.fill_null(value=False), lives=outcome_active(), coming=comes())
        .with_columns(reverted=lives & pl.col("gone") & pl.col("new").ne_missing(pl.col("old")))
        .with_columns(
            lost=pl.when("reverted").then("gone_old").otherwise("gone"),
            by_row=pl.when("reverted").then("explicit_old").otherwise("explicit"),
            over=pl.col("ended") | pl.col("ended_old"),
            blank=pl.when("reverted").then(pl.col("old").is_null()).otherwise(pl.col("new").is_null()),
        )
        .with_columns(follows=lives & pl.col("lost") & stays)
        .with_columns(
            archived=pl.col("follows") & required,
            waits=pl.col("coming") & required & (pl.col("blank") | pl.col("lost")),
        )
        .with_columns(
            keeps=pl.col("needed")
            & lives
            & pl.col("leaving")
            & ~among(pl.col("new"), approved).fill_null(value=False)
            & ~(pl.col("archived") | pl.col("waits")).any().over("node"),
        )
        .with_columns(
            reverted=pl.col("reverted") & ~pl.col("keeps"),
            cleared=(pl.col("follows") | (back & pl.col("lost") & lives)) & ~required & ~pl.col("keeps"),
            stated=delivered_row() & ((pl.col("unset") | pl.col("invalid")) & pl.col("bit") == 0),
        )
        .collect()
    )


def _by_record(rows: pl.DataFrame) -> pl.DataFrame:
    """What becomes of each record, by node.

    ``reverted``, ``cleared``, and ``stated``: bits of references, the last of those that are cleared though the row
    states them. ``archived``: with a parent, and ``explicit`` if because of what a row states. ``waits``: for which
    label.
    """
    nothing = pl.lit(0, pl.UInt32)

    def bits(which: pl.Expr) -> pl.Expr:
        return pl.when(which & ~pl.col("archived").any()).then("bit").otherwise(nothing).sum().cast(pl.UInt32)

    return (
        rows.lazy()
        .group_by("node", maintain_order=True)
        .agg(
            reverted=bits(pl.col("reverted")),
            cleared=bits(pl.col("cleared")),
            stated=bits(pl.col("cleared") & pl.col("stated")),
            archived=pl.col("archived").any(),
            explicit=pl.col("by_row").filter("archived").first(),
            waits=pl.col("label").filter("waits").first(),
        )
        .collect()
    )


def _reports(rows: pl.DataFrame) -> pl.DataFrame:
    """One REPORT for each reference of a delivered row that leads to a record which leaves.

    A record that waits for one that waits itself has no report of its own: the first of them has one. Neither has one
    whose term is over.
    """
    archived = pl.col("archived").any().over("node")
    first = pl.col("archived") & (pl.col("archived").cum_sum().over("node") == 1)
    of_update = ~archived & ((pl.col("reverted") & pl.col("leaving")) | (pl.col("follows") & pl.col("cleared")))
    reported = pl.col("present") & (first | of_update) & ~pl.col("over")
    lost = pl.col("present") & (pl.col("reverted") | pl.col("waits")) & pl.col("gone") & ~archived
    not_active = lost & ~pl.col("leaving") & ~pl.col("delivered")
    return (
        rows.lazy()
        .filter(reported | not_active)
        .select(
            "node",
            "label",
            rule=pl.lit("reference.gone"),
            value=pl.lit(""),
            detail=pl.format("the {} that it refers to is not active", "label"),
        )
        .collect()
    )


def _followed(records: Records, outcome: pl.DataFrame) -> Records:
    """The records with this outcome of their references."""
    action, cause, none = pl.col("action"), pl.col("cause"), pl.lit(0, pl.UInt32)
    reverted, cleared = (pl.col(f"_{n}").fill_null(0) for n in ("reverted", "cleared"))
    archived = pl.col("_archived").fill_null(value=False)
    explicit = pl.col("_explicit").fill_null(value=False)
    waits = pl.col("_waits").is_not_null() & ~archived
    clears = ~archived & (cleared != 0)
    # What only absence archived, and protection held, follows what a readable row takes away.
    absent = (archived | clears) & (action == "archive").fill_null(value=False)
    changed = pl.when(archived).then(none).otherwise((pl.col("changed") & ~reverted) | cleared)
    nothing = ~archived & ~clears & (action == "update").fill_null(value=False) & (changed == 0)
    why = pl.format("its {} is not there", "_waits")
    values = _values(records, outcome)
    return replace(records, values=values).changed_by(
        outcome,
        action=pl.when(archived).then(pl.lit("archive", ACTION))
        .when(waits | nothing).then(pl.lit(None, ACTION))
        .when(clears & (action.is_null() | absent)).then(pl.lit("update", ACTION))
        .otherwise(action),
        cause=pl.when(archived & explicit).then(pl.lit("cascade-explicit", CAUSE))
        .when(archived | (clears & (cause.is_null() | absent))).then(pl.lit("cascade", CAUSE))
        .otherwise(cause),
        hold=pl.when(absent).then(pl.lit(None, HOLD)).otherwise("hold"),
        hold_reason=pl.when(absent).then(pl.lit(None, pl.String)).otherwise("hold_reason"),
        changed=changed,
        dangling=pl.col("dangling") | reverted | pl.col("_stated").fill_null(0),
        waits=pl.when(waits).then(why).otherwise("waits"),
    )  # fmt: skip


def _values(records: Records, outcome: pl.DataFrame) -> dict[str, pl.DataFrame]:
    """The values with these references reverted or cleared; of what is archived, every reference is the stored one.

    What waits keeps what was delivered: nothing comes of it.
    """
    differs = (pl.col("reverted") != 0) | (pl.col("cleared") != 0)
    moved = outcome.lazy().filter(pl.col("archived") | (differs & pl.col("waits").is_null()))
    named = moved.join(records.states.lazy().select("node", "entity", "id"), on="node").collect()
    values = dict(records.values)
    for name, mine in by_entity(named).items():
        entity = by_name(name)
        rows = values[entity.name]
        masks = mine.lazy().select("id", "reverted", "cleared", "archived")
        changes = []
        for column in entity.refs:
            flag = 1 << entity.columns.index(column)
            cleared = (pl.col("cleared") & flag).fill_null(0) != 0
            reverted = ((pl.col("reverted") & flag).fill_null(0) != 0) | pl.col("archived").fill_null(value=False)
            changes.append(
                pl.when(cleared)
                .then(None)
                .when(reverted)
                .then(f"s.{column.name}")
                .otherwise(column.name)
                .alias(column.name)
            )
        joined = rows.lazy().join(masks, on="id", how="left", maintain_order="left").with_columns(changes)
        values[entity.name] = joined.select(rows.columns).collect()
    return values


def waiting_for(records: Records) -> pl.DataFrame:
    """Node and ``waiting``: how many delivered records wait, directly or not, because that record waits."""
    none = pl.DataFrame(schema={"node": pl.Int64, "waiting": pl.UInt32})
    stuck = records.states.lazy().filter(pl.col("waits").is_not_null()).select("node", "entity", "id").collect()
    if stuck.height < 2:
        return none
    nodes = stuck["node"]
    found = links(records, of=ids_by_entity(stuck), names=list(records.values))
    above = found.filter(pl.col("required") & among(pl.col("new"), nodes)).select("node", parent="new")
    pairs = [above]
    while pairs[-1].height and len(pairs) <= len(LEVELS):
        pairs.append(pairs[-1].join(above, left_on="parent", right_on="node").select("node", parent="parent_right"))
    every = pl.concat(pairs).unique()
    return every.group_by(node="parent").agg(waiting=pl.len())
