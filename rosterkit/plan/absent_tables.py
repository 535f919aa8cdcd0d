"""A table that a source delivered before, and does not deliver now: what is stored of it stays, and is out of date."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

import polars as pl

from rosterkit.plan.merge import Delivered
from rosterkit.plan.snapshot import Snapshot
from rosterkit.roster import findings
from rosterkit.roster.schema import by_name
from rosterkit.sources.base import Coverage, Table

_OPTIONAL = ("ClassTerm", "GuardianLink", "Role", "UserAttributes", "UserProfile")
"""Many packages are right without them. The others are expected of each (``attention``); demographics only where a
setting asks for them.
"""


def tables_gone(delivered: Sequence[Delivered], snapshot: Snapshot) -> pl.DataFrame:
    """A finding for each table of an otherwise whole extract that is absent, and of which rows are stored."""
    found = [
        findings.finding("table.gone", "error", detail=f"{table.entity}: {table.reason}")
        for one in delivered
        for table in _absent(one.extract.tables)
        if snapshot.delivers(by_name(table.entity), one.source, table.id_space)
    ]
    return findings.concat(found)


def _absent(tables: Sequence[Table]) -> Iterator[Table]:
    if any(table.coverage in (Coverage.FULL, Coverage.PARTIAL) for table in tables):
        yield from (t for t in tables if t.coverage == Coverage.ABSENT and t.entity in _OPTIONAL)
