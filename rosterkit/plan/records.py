"""The records that a plan looks at, and what is known and proposed of each.

``states`` has one row for each record of any entity; ``values`` has, by entity, the stored and the proposed values.
A *node* is one record: its integer id and its entity in one number. A reference of one record to another is a *link*.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass, replace
from functools import cache

import polars as pl

from rosterkit.plan.ids import among
from rosterkit.plan.plan import ACTIONS
from rosterkit.roster.schema import Column, Entity, by_name, entities

_ENTITIES = [e.name for e in entities()]
_CODES = {name: code for code, name in enumerate(_ENTITIES)}
_SPAN = 32  # node = id * _SPAN + code of the entity

ENTITY = pl.Enum(_ENTITIES)
ACTION = pl.Enum(ACTIONS)
CAUSE = pl.Enum(["incoming", "deleted", "removed", "absent", "ended", "scope", "cascade", "cascade-explicit", "undo"])
"""Why an action is proposed.

incoming: a row was delivered. deleted: a row states that the record is gone. removed: its parent's list, which was
delivered, no longer holds it. absent: a full table does not hold it. ended: its term is over. scope: the source has it,
and it is out of scope. cascade: a record that it refers to leaves; cascade-explicit: that record leaves because of what
a row or the date states.
"""
HOLD = pl.Enum(
    [
        *("case", "limit", "person", "undo", "protected", "needed", "policy", "dependant", "changed", "referenced"),
        *("early", "grace"),
    ]
)
QUIET = ("early", "grace")
"""Holds that end by themselves on a later day, with what depends on them: nobody need look at them."""

EXPLICIT = ("deleted", "removed", "ended", "cascade-explicit")
"""Causes that a readable row or the date states; a row that cannot be read does not protect from them."""

STATES: dict[str, pl.DataType | type[pl.DataType]] = {
    "node": pl.Int64,
    "entity": ENTITY,
    "id": pl.Int64,  # reserved, where the record is new
    "key": pl.String,
    "known": pl.Boolean,  # a row is stored
    "active": pl.Boolean,  # the stored row is active
    "present": pl.Boolean,  # a row was delivered
    "deleted": pl.Boolean,  # that row states that the record is gone
    "protected": pl.Boolean,  # a row that cannot be read, its own or one it refers to, keeps it from absence
    "unset": pl.UInt32,  # bits of the columns that the row does not have
    "invalid": pl.UInt32,  # bits of the cells that could not be read
    "dangling": pl.UInt32,  # bits of the references that were delivered and lead nowhere
    "changed": pl.UInt32,  # bits of the columns whose proposed value differs from the stored one
    "held_fields": pl.UInt32,  # bits of the columns of an update that are held, the rest being applied
    "action": ACTION,  # null: none
    "cause": CAUSE,
    "hold": HOLD,  # null: what is proposed will be applied
    "hold_reason": pl.String,
    "waits": pl.String,  # why a record that was delivered cannot come into being; null where it can
    "import_id": pl.String,
    "source_file": pl.String,
    "source_line": pl.Int64,
    "modified_at": pl.String,
    "stored_modified_at": pl.String,
    "fingerprint_high": pl.Int64,  # of the row as delivered
    "fingerprint_low": pl.Int64,
}
LINKS: dict[str, pl.DataType | type[pl.DataType]] = {
    "node": pl.Int64,  # the record that refers
    "bit": pl.UInt32,  # by which column
    "label": pl.String,
    "required": pl.Boolean,
    "needed": pl.Boolean,  # the target is not archived while the record stays
    "old": pl.Int64,  # the node that the stored value means
    "new": pl.Int64,  # the node that the proposed value means
}


KEY = "s.key"
"""Of the values of a record that is re-linked: the stored key, where the record has another one now; null elsewhere."""

OLD_DELETED = "_old_deleted"
"""Beside KEY: whether a row was delivered that deletes the record under its stored key."""

KEY_FIELD = "sourced_id"
"""The field, beside the business columns, that such an update changes: from key to key."""

KEY_BIT = 1 << 31
"""The bit of that field."""


def bit(entity: Entity, column: Column) -> int:
    """The bit that stands for a business column in the masks of ``states``."""
    return 1 << entity.columns.index(column)


def has(mask: str, value: int | pl.Expr) -> pl.Expr:
    """Whether the mask has that bit."""
    return (pl.col(mask) & value) != 0


def node(entity: str, ids: pl.Expr) -> pl.Expr:
    """The nodes of these ids of an entity."""
    return ids * _SPAN + _CODES[entity]


def proposed() -> pl.Expr:
    """Records with an action that nothing holds."""
    return pl.col("action").is_not_null() & pl.col("hold").is_null()


def leaves() -> pl.Expr:
    """Records that are archived if every proposed action is applied."""
    return pl.col("hold").is_null() & (pl.col("action") == "archive").fill_null(value=False)


def comes() -> pl.Expr:
    """Records that are created or restored if every proposed action is applied."""
    return pl.col("hold").is_null() & pl.col("action").is_in(["create", "restore"]).fill_null(value=False)


def outcome_active() -> pl.Expr:
    """Whether the record is active if every proposed action is applied."""
    return (pl.col("active") & ~leaves()) | comes()


def removed_link() -> pl.Expr:
    """Guardian links that a readable row took away: nothing but their own limit holds them.

    One that is merely absent waits with a person who is absent too, and for nothing else (``vanished_link``).
    """
    by_row = pl.col("cause").is_in(["removed", "deleted", "scope"]).fill_null(value=False)
    return (pl.col("entity") == "GuardianLink") & by_row


def vanished_link() -> pl.Expr:
    """Guardian links that a readable row took away, or that a full table no longer holds."""
    by_absence = (pl.col("cause") == "absent").fill_null(value=False)
    return removed_link() | ((pl.col("entity") == "GuardianLink") & by_absence)


def delivered_row() -> pl.Expr:
    """Whether a row was delivered that does not state that the record is gone."""
    return pl.col("present") & ~pl.col("deleted")


@dataclass(frozen=True)
class Records:
    """``states``: STATES. ``values``, by entity: id, ``s.<column>`` (stored), ``<column>`` (proposed), and what was
    delivered of references: ``<label>`` and, where the source has them, ``_by_<label>`` and ``_space_<label>``; KEY,
    OLD_DELETED and ``key``, the proposed one, where a record of the entity is re-linked.
    """

    states: pl.DataFrame
    values: Mapping[str, pl.DataFrame]

    def of(self, entity: str) -> pl.DataFrame:
        """The values of an entity's records."""
        return self.values[entity]

    def with_states(self, *changes: pl.Expr, **named: pl.Expr) -> Records:
        """The records with columns of ``states`` replaced."""
        return replace(self, states=self.states.with_columns(*changes, **named))

    def changed_by(self, more: pl.DataFrame, **named: pl.Expr) -> Records:
        """The records with columns replaced where ``more``, which has one row a node, has them.

        The expressions see the columns of ``more`` as ``_<name>``, null elsewhere.
        """
        if more.is_empty():
            return self
        extra = more.lazy().rename({name: f"_{name}" for name in more.columns if name != "node"})
        columns = self.states.columns
        states = self.states.lazy().join(extra, on="node", how="left", maintain_order="left")
        return replace(self, states=states.with_columns(**named).select(columns).collect())


def by_entity(rows: pl.DataFrame) -> dict[str, pl.DataFrame]:
    """Rows with a column ``entity``, by entity."""
    return {str(part["entity"][0]): part for part in rows.partition_by("entity")} if rows.height else {}


def ids_by_entity(rows: pl.DataFrame) -> dict[str, pl.Series]:
    """Of rows with ``entity`` and ``id``, the ids by entity."""
    return {name: part["id"] for name, part in by_entity(rows).items()}


@cache
def _links_of(name: str) -> tuple[Column, ...]:
    return by_name(name).refs


def links(
    records: Records,
    *,
    to: Mapping[str, pl.Series] | None = None,
    of: Mapping[str, pl.Series] | None = None,
    names: Collection[str] = _ENTITIES,
) -> pl.DataFrame:
    """LINKS of the records of the entities ``names``: those that lead ``to`` these ids, or those ``of`` these ids."""
    parts = []
    for name in names:
        if name not in records.values or (of is not None and name not in of):
            continue
        rows = records.values[name].lazy()
        if of is not None:
            rows = rows.filter(among(pl.col("id"), of[name]))
        for column in _links_of(name):
            target = str(column.to)
            if to is not None and target not in to:
                continue
            part = rows.select(
                node=node(name, pl.col("id")),
                bit=pl.lit(bit(by_name(name), column), pl.UInt32),
                label=pl.lit(column.label),
                required=pl.lit(column.required),
                needed=pl.lit(column.needed),
                old=pl.col(f"s.{column.name}"),
                new=pl.col(column.name),
            )
            meant = pl.any_horizontal(among(pl.col("old", "new"), to[target])) if to is not None else None
            kept = part.filter(pl.any_horizontal(pl.col("old", "new").is_not_null()) if meant is None else meant)
            parts.append(kept.with_columns(node(target, pl.col("old", "new"))))
    return pl.concat(parts).collect() if parts else pl.DataFrame(schema=LINKS)


def nothing_proposed(entity: str, rows: pl.DataFrame, **more: pl.Expr) -> pl.DataFrame:
    """STATES of stored rows (id, key, active) of an entity, with nothing delivered and nothing proposed."""
    blank = {n: pl.lit(None, dtype) for n, dtype in STATES.items()}
    blank |= dict.fromkeys(("unset", "invalid", "dangling", "changed", "held_fields"), pl.lit(0, pl.UInt32))
    blank |= dict.fromkeys(("present", "deleted", "protected"), pl.lit(value=False))
    own = {"node": node(entity, pl.col("id")), "entity": pl.lit(entity, ENTITY), "known": pl.lit(value=True)}
    own |= {n: pl.col(n) for n in ("id", "key", "active")} | more
    return rows.select((blank | own)[n].alias(n) for n in STATES)


def set_hold(records: Records, found: pl.DataFrame, code: str) -> Records:
    """Holds these nodes (node, reason) where they have an action that nothing holds yet."""
    free = pl.col("_reason").is_not_null() & pl.col("action").is_not_null() & pl.col("hold").is_null()
    return records.changed_by(
        found,
        hold=pl.when(free).then(pl.lit(code, HOLD)).otherwise("hold"),
        hold_reason=pl.when(free).then("_reason").otherwise("hold_reason"),
    )


def hold_fields(records: Records, found: pl.DataFrame) -> Records:
    """Holds fields (node, bits) of updates."""
    update = (pl.col("action") == "update").fill_null(value=False)
    bits = pl.when(update).then(pl.col("_bits").fill_null(0) & pl.col("changed")).otherwise(pl.lit(0, pl.UInt32))
    return records.changed_by(found, held_fields=pl.col("held_fields") | bits)
