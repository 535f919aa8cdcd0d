"""Extracts made by hand, for tests that need no files: rows as dictionaries, and a source that delivers them."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import polars as pl
from pydantic import BaseModel, ConfigDict

from rosterkit.roster import findings
from rosterkit.roster.rules import Rule
from rosterkit.roster.schema import by_name, entities
from rosterkit.sources.base import INVALID, Capabilities, Context, Coverage, Extract, Table


def table(
    entity: str,
    rows: Sequence[Mapping[str, Any]],
    *,
    unreadable: Sequence[str] = (),
    listings: Sequence[Sequence[Mapping[str, Any]]] = (),
    without: Sequence[str] = (),
    id_space: str = "",
) -> Table:
    """A Table from rows by label, with full coverage.

    A row may have ``deleted``, ``modified_at`` and ``unread``, the labels of its invalid cells, and ``_by_x`` and
    ``_space_x`` of a reference ``x``. ``without`` names columns that the source does not have; ``listings``: the
    parents whose lists were delivered.
    """
    beside = {"_deleted": pl.Boolean, "_modified_at": pl.String, "_file": pl.String, "_line": pl.Int64}
    others = sorted({name for row in rows for name in row if name.startswith(("_by_", "_space_"))})
    schema: dict[str, Any] = {
        "sourced_id": pl.String,
        **beside,
        **by_name(entity).incoming_schema,
        **dict.fromkeys(others, pl.String),
    }
    filled = [
        {"_deleted": row.get("deleted", False), "_modified_at": row.get("modified_at"), "_file": f"{entity}.csv"}
        | {"_line": line, **{name: value for name, value in row.items() if name in schema}}
        for line, row in enumerate(rows, start=2)
    ]
    lost = [(key, None, f"{entity}.csv", i) for i, key in enumerate(unreadable, start=len(rows) + 2)]
    cells = [
        (row["sourced_id"], label, f"{entity}.csv", line)
        for line, row in enumerate(rows, start=2)
        for label in row.get("unread") or ()
    ]
    place = {"_file": f"{entity}.csv", "_line": 2}
    return Table(
        entity,
        pl.DataFrame(filled, schema=schema).drop(list(without)).lazy(),
        Coverage.FULL,
        id_space=id_space,
        invalid=pl.DataFrame(cells + lost, schema=INVALID, orient="row"),
        parents=tuple(pl.DataFrame([{**owner, **place} for owner in some]) for some in listings if some),
    )


def extract(
    tables: Mapping[str, Table] | Sequence[Table],
    states: Mapping[str, str] | None = None,
    *,
    delta: bool = False,
    name: str = "made-by-hand",
    cursor: str | None = None,
) -> Extract:
    """An Extract; the coverage of each table is full (or delta) unless ``states`` says so, by entity."""
    states = states or {}
    given = list(tables.values()) if isinstance(tables, Mapping) else list(tables)
    usual = "delta" if delta else "full"
    made = [_covered(t, Coverage(states.get(t.entity, usual)), changes=delta) for t in given]
    there = {t.entity for t in given}
    empty = pl.LazyFrame(schema={"sourced_id": pl.String, "_file": pl.String, "_line": pl.Int64})
    made += [Table(e.name, empty, Coverage(states.get(e.name, "absent"))) for e in entities() if e.name not in there]
    frames = [
        [t.entity, t.id_space, str(t.coverage), t.rows.collect().to_dicts(), t.invalid.to_dicts()]
        + [owners.to_dicts() for owners in t.parents]
        for t in made
    ]
    text = json.dumps([name, frames], sort_keys=True, default=str)
    return Extract(
        hashlib.sha256(text.encode()).hexdigest(), name, "hand", tuple(made), findings.empty(), cursor=cursor
    )


def _covered(given: Table, coverage: Coverage, *, changes: bool) -> Table:
    return Table(given.entity, given.rows, coverage, "", given.id_space, given.invalid, given.parents, changes=changes)


class _Settings(BaseModel):
    model_config = ConfigDict(extra="allow")


_NOTHING = Capabilities(
    (), "none", stable_contact_ids=True, demographics=True, incremental="", sso="", filters=(), set_up_by=""
)


@dataclass(frozen=True)
class MemorySource:
    """A source that delivers what it was given, whatever it is asked for."""

    given: Extract
    kind: str = "memory"
    rules: tuple[Rule, ...] = ()
    capabilities: Capabilities = _NOTHING
    Settings: type[BaseModel] = _Settings

    def extract(self, settings: Any, context: Context) -> Extract:
        """The extract that it was given."""
        del settings, context
        return self.given
