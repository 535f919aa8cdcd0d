"""The checks of the doctor for people at a terminal."""

from __future__ import annotations

from collections.abc import Sequence

from rich.console import Console

from rosterkit.render.tables import table, text
from rosterkit.results import Check


def checks(console: Console, found: Sequence[Check]) -> None:
    """What is wrong first, then what should be looked at, then what is right."""
    order = {"bad": 0, "look": 1, "ok": 2}
    rows = [(one.state, one.area, one.what, one.text, one.remedy or "–") for one in found]
    rows.sort(key=lambda row: order[row[0]])
    counts = {state: sum(row[0] == state for row in rows) for state in order}
    console.print(table("Checks", ["state", "about", "what", "found", "what to do"], rows))
    console.print(text(f"{counts['bad']} will fail, {counts['look']} to look at, {counts['ok']} right."))
