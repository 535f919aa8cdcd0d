"""Records of a plan made from a few values, and a store that answers from lists: no workspace, no file."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import polars as pl

from rosterkit.plan.fields import FIELDS
from rosterkit.plan.records import KEY, KEY_BIT, STATES, Records, bit, node
from rosterkit.plan.snapshot import GROUP_COUNTS
from rosterkit.roster.schema import Column, Entity, by_name

__all__ = ["Rec", "Stored", "counts", "fields_of", "node_of", "records"]

NO_BITS = ("unset", "invalid", "dangling", "changed", "held_fields")


@dataclass(frozen=True)
class Rec:
    """One record: ``old`` and ``new`` are values by column name; ``state``: other columns of STATES; ``was``: the key
    under which it is stored, where it is re-linked.
    """

    entity: str
    id: int
    action: str | None = None
    old: dict[str, Any] = field(default_factory=dict)
    new: dict[str, Any] = field(default_factory=dict)
    key: str = ""
    state: dict[str, Any] = field(default_factory=dict)
    was: str = ""

    @property
    def proposed(self) -> dict[str, Any]:
        return {**self.old, **self.new}


def node_of(entity: str, number: int) -> int:
    return int(pl.select(node(entity, pl.lit(number))).item())


def _state(one: Rec) -> dict[str, Any]:
    kind = by_name(one.entity)
    changed = sum(bit(kind, c) for c in kind.columns if one.old.get(c.name) != one.proposed.get(c.name))
    changed |= KEY_BIT if one.was else 0
    stored = one.action != "create"
    own = {"node": node_of(one.entity, one.id), "entity": one.entity, "id": one.id, "action": one.action}
    own |= {"key": one.key or f"main//{one.entity}-{one.id}", "known": stored, "present": one.action != "archive"}
    own |= {"active": stored and one.action != "restore", "deleted": False, "protected": False}
    own |= {"changed": changed if one.action in ("update", "restore") else 0, "source_line": one.id}
    return dict.fromkeys(STATES) | dict.fromkeys(NO_BITS, 0) | own | one.state


def _values(name: str, some: Sequence[Rec]) -> pl.DataFrame:
    kind = by_name(name)
    schema: dict[str, Any] = {"id": pl.Int64}
    schema |= {f"s.{c.name}": c.dtype for c in kind.columns} | {c.name: c.dtype for c in kind.columns}
    rows = [
        {"id": one.id}
        | {f"s.{c.name}": one.old.get(c.name) for c in kind.columns}
        | {c.name: one.proposed.get(c.name) for c in kind.columns}
        for one in some
    ]
    values = pl.DataFrame(rows, schema=schema)
    keys = [one.was or None for one in some]
    return values.with_columns(pl.Series(KEY, keys, pl.String)) if any(keys) else values


def records(*some: Rec) -> Records:
    """Records as planning has them before anything is held."""
    by: dict[str, list[Rec]] = {}
    for one in some:
        by.setdefault(one.entity, []).append(one)
    states = pl.DataFrame([_state(one) for one in some], schema=STATES)
    return Records(states, {name: _values(name, rows) for name, rows in by.items()})


def fields_of(*some: Rec) -> pl.DataFrame:
    """FIELDS of what these update and restore; a reference is shown by its id."""
    rows = []
    for one in some:
        kind = by_name(one.entity)
        for column in kind.columns if one.action in ("update", "restore") else ():
            old, new = one.old.get(column.name), one.proposed.get(column.name)
            if old != new:
                shown = {"before": None if old is None else str(old), "after": None if new is None else str(new)}
                where = {"node": node_of(one.entity, one.id), "bit": bit(kind, column), "field": column.label}
                rows.append(where | shown | {"before_id": None, "after_id": None})
    return pl.DataFrame(rows, schema=FIELDS)


def counts(*groups: tuple[str, int | None, int]) -> pl.DataFrame:
    """GROUP_COUNTS: role, school (None: over all) and how many there are."""
    return pl.DataFrame(groups, schema=GROUP_COUNTS, orient="row")


@dataclass
class Stored:
    """The part of ``plan.snapshot.Snapshot`` that limits and policy ask. ``rows_of``, by entity: id and key of
    rows with their values; ``roles``: user_id, role, org_id.
    """

    groups: Mapping[str, pl.DataFrame] = field(default_factory=dict)
    classes: Sequence[tuple[int, str, int]] = ()
    places: Mapping[int, int] = field(default_factory=dict)  # class, school
    school_ids: Sequence[int] = (1, 2)
    roles: Sequence[tuple[int, str, int]] = ()
    rows_of: Mapping[str, pl.DataFrame] = field(default_factory=dict)
    looked_up: list[str] = field(default_factory=list)

    def group_counts(self, entity: Entity) -> pl.DataFrame:
        self.looked_up.append(entity.name)
        return self.groups.get(entity.name, counts())

    def class_counts(self, classes: pl.Series) -> pl.DataFrame:
        schema = {"class_id": pl.Int64, "role": pl.String, "base": pl.Int64}
        found = pl.DataFrame(list(self.classes), schema=schema, orient="row")
        return found.filter(pl.col("class_id").is_in(classes.implode()))

    def schools(self) -> pl.Series:
        return pl.Series("id", list(self.school_ids), pl.Int64)

    def school_of(self, classes: pl.Series) -> pl.DataFrame:
        rows = [(i, self.places[i]) for i in classes.to_list() if i in self.places]
        return pl.DataFrame(rows, schema={"id": pl.Int64, "school_id": pl.Int64}, orient="row")

    def roles_of(self, people: pl.Series) -> pl.DataFrame:
        schema = {"user_id": pl.Int64, "role": pl.String, "org_id": pl.Int64}
        rows = [row for row in self.roles if row[0] in set(people.to_list())]
        return pl.DataFrame(rows, schema=schema, orient="row").with_row_index("id").cast({"id": pl.Int64})

    def rows(self, entity: Entity, ids: pl.Series) -> pl.DataFrame:
        return self.rows_of[entity.name].filter(pl.col("id").is_in(ids.implode()))

    def children(self, entity: Entity, column: Column, parents: pl.Series) -> pl.Series:
        found = self.rows_of.get(entity.name)
        if found is None:
            return pl.Series("id", [], pl.Int64)
        return found.filter(pl.col(column.name).is_in(parents.implode()))["id"]
