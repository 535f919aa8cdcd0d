"""Tables and texts at a terminal: what a value holds is shown as it is, never read as markup or as an escape."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from rich import box
from rich.console import Group
from rich.table import Table
from rich.text import Text

from rosterkit.plan.plan import ACTIONS
from rosterkit.render.labels import visible

COLOURS = {
    "create": "green",
    "update": "cyan",
    "archive": "yellow",
    "restore": "green",
    "error": "bold red",
    "warning": "yellow",
    "info": "dim",
}
_WHOLE = {"plan", "entity", "action", "records", "severity"}
_TIMES = {"started", "made", "at"}  # where these wrap, they do so after the day
_NUMBERS = {*ACTIONS, "held", "records", "count", "rows", "bytes", "base", "changes", "revision"}


def table(
    title: str, columns: Iterable[str], rows: Iterable[Iterable[object]], widths: Mapping[str, int] | None = None
) -> Group:
    """A plain table; texts are shown as they are, never read as markup. ``widths``: of columns that shall have one."""
    made = Table(box=box.SIMPLE, pad_edge=False, show_edge=False, header_style="bold")
    for column in columns:
        made.add_column(
            column,
            overflow="fold",
            justify="right" if column in _NUMBERS else "left",
            no_wrap=column in _WHOLE,
            min_width=len("2026-11-27") if column in _TIMES else None,
            width=(widths or {}).get(column),
        )
    for row in rows:
        made.add_row(*(cell if isinstance(cell, Text) else _cell(cell) for cell in row))
    return Group("", text(title, "bold underline"), made) if title else Group("", made)


def _cell(value: object) -> Text:
    return text(value, style=COLOURS.get(str(value), ""))


def text(value: object, style: str = "") -> Text:
    """The value as it is, whatever it holds: never markup, never a terminal's escape."""
    return Text(visible(value), style=style)
