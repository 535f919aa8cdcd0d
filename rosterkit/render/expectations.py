"""Announced changes and overrides as people and programs read them."""

from __future__ import annotations

import json
from collections.abc import Sequence

from rich import box
from rich.console import Console
from rich.table import Table

from rosterkit.results import Announcement
from rosterkit.store.overrides import Override


def _expected(one: Announcement) -> dict[str, object]:
    return {
        "expectation": one.id,
        "state": one.state,
        "what": one.text,
        "by": one.by.isoformat(),
        "came": one.seen,
        "of": one.count,
        "actor": one.actor,
        "since": one.at.isoformat(),
        "reason": one.reason,
    }


def _overridden(one: Override) -> dict[str, object]:
    return {
        "setting": f"limits.{one.setting}",
        "value": one.value,
        "until": one.until.isoformat(),
        "once": one.once,
        "actor": one.actor,
        "since": one.at.isoformat(),
        "reason": one.reason,
    }


def _table(console: Console, rows: Sequence[dict[str, object]], nothing: str) -> None:
    if not rows:
        console.print(nothing)
        return
    table = Table(box=box.SIMPLE_HEAD)
    for head in rows[0]:
        table.add_column(head, overflow="fold")
    for row in rows:
        table.add_row(*map(str, row.values()))
    console.print(table)


def expectations_json(found: Sequence[Announcement]) -> str:
    """The expectations as JSON."""
    return json.dumps({"expectations": [_expected(one) for one in found]}, indent=2, ensure_ascii=False) + "\n"


def expectations_table(console: Console, found: Sequence[Announcement]) -> None:
    """The expectations as a table."""
    _table(console, [_expected(one) for one in found], "Nothing was announced.")


def overrides_json(found: Sequence[Override]) -> str:
    """The overrides as JSON."""
    return json.dumps({"overrides": [_overridden(one) for one in found]}, indent=2, ensure_ascii=False) + "\n"


def overrides_table(console: Console, found: Sequence[Override]) -> None:
    """The overrides as a table."""
    _table(console, [_overridden(one) for one in found], "No limit is overridden.")
