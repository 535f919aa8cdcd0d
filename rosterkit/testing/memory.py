"""Bundles made by hand, for tests that need no files: rows as dictionaries, and an in-memory source kind of nothing."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import polars as pl

from rosterkit.roster import findings
from rosterkit.roster.rules import Rule
from rosterkit.roster.schema import by_name, entities
from rosterkit.sources.bundle import UNREADABLE, Bundle, Listing, Package, ReadOptions, Segment, Table, said_schema

__all__ = ["MemorySource", "bundle", "table"]


def table(
    entity: str,
    rows: Sequence[Mapping[str, Any]],
    *,
    unreadable: Sequence[str] = (),
    listings: Sequence[Sequence[Mapping[str, Any]]] = (),
    without: Sequence[str] = (),
) -> Table:
    """A Table from rows by label; ``without`` names columns that the source does not have."""
    schema = said_schema(by_name(entity))
    filled = [
        {"deleted": False, "unread": None, "modified_at": None, "file": f"{entity}.csv", "line": i, **row}
        for i, row in enumerate(rows, start=2)
    ]
    frame = pl.DataFrame(filled, schema=schema).drop(list(without))
    lost = pl.DataFrame(
        [(key, f"{entity}.csv", i) for i, key in enumerate(unreadable, start=len(rows) + 2)],
        schema=UNREADABLE,
        orient="row",
    )
    place = {"file": f"{entity}.csv", "line": 2}
    owners = [Listing(pl.DataFrame([{**owner, **place} for owner in some])) for some in listings if some]
    return Table(frame, lost, tuple(owners))


def bundle(
    tables: Mapping[str, Table],
    states: Mapping[str, str] | None = None,
    *,
    delta: bool = False,
    name: str = "made-by-hand",
) -> Bundle:
    """A Bundle; each entity is ``full`` (or ``delta``) unless ``states`` says so, and ``absent`` without a table."""
    states = states or {}
    usual = "delta" if delta else "full"
    segments = tuple(
        Segment(
            e.name, "", states.get(e.name, usual if e.name in tables else "absent"), delta=delta and e.name in tables
        )
        for e in entities()
    )
    said = {
        name: [
            table.rows.to_dicts(),
            table.unreadable.to_dicts(),
            [listing.owners.to_dicts() for listing in table.listings],
        ]
        for name, table in tables.items()
    }
    text = json.dumps([name, said, [[s.entity, s.state] for s in segments]], sort_keys=True, default=str)
    package = Package(hashlib.sha256(text.encode()).hexdigest(), name, "hand")
    return Bundle(package, dict(tables), segments, findings.empty())


@dataclass(frozen=True)
class MemorySource:
    """A source that says what it was given, whatever package is asked for."""

    said: Bundle
    kind: str = "memory"
    rules: tuple[Rule, ...] = ()

    def read(self, package: Path, options: ReadOptions) -> Bundle:
        """The bundle that it was given."""
        del package, options
        return self.said
