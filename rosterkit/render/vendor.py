"""What people and vendors say of feeds, as people and programs read it: checklists, results, mapping documents."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import asdict
from datetime import tzinfo

import polars as pl
from rich import box
from rich.console import Console
from rich.table import Table
from rich.text import Text

from rosterkit.feeds.checklist import Checklist, Step
from rosterkit.render.json import facts
from rosterkit.render.labels import moment, no_formula, visible, visible_cells
from rosterkit.store.feed_results import Answer


def checklist(console: Console, found: Checklist, zone: tzinfo, command: str = "rosterkit") -> None:
    """The items in their order, what is done and by whom, and what to type next."""
    table = Table(box=box.SIMPLE, pad_edge=False, show_edge=False, header_style="bold")
    for head in ("item", "state", "what to do", "done"):
        table.add_column(head, overflow="fold")
    for step in found.steps:
        state = "done" if step.is_done else "first" if step.item.blocks else "open"
        colour = {"done": "green", "first": "bold red"}.get(state, "yellow")
        table.add_row(step.item.name, Text(state, colour), step.item.text, Text(visible(_done(step, zone))))
    console.print(Text(f"Checklist of {found.feed}: {found.vendor}", style="bold underline"))
    console.print(table)
    if blocking := [step.item.name for step in found.blocking]:
        console.print(Text(f"Nothing is sent before these are done: {', '.join(blocking)}.", style="bold red"))
    console.print(Text(f"{len(found.open)} of {len(found.steps)} items are open."))
    if any(not step.item.setting for step in found.open):
        console.print(Text(f'Mark one: {command} doctor {found.feed} --done ITEM --note "…"'), soft_wrap=True)
    if found.notice:
        console.print(Text("\nA text for the vendor's people, who are told of no delivery:\n", style="bold"))
        console.print(Text("\n".join(map(visible, found.notice.splitlines()))), soft_wrap=True)


def _done(step: Step, zone: tzinfo) -> str:
    if step.done is not None:
        return f"{step.done.actor}, {moment(step.done.at, zone)}: {step.done.note}"
    return f"setting {step.item.setting}" if step.item.setting else ""


def checklist_json(found: Checklist) -> str:
    """``doctor FEED --json``."""
    items = [
        {
            "item": step.item.name,
            "text": step.item.text,
            "blocks": step.item.blocks,
            "setting": step.item.setting,
            "done": step.is_done,
            "actor": step.done.actor if step.done else "",
            "at": step.done.at if step.done else None,
            "note": step.done.note if step.done else "",
        }
        for step in found.steps
    ]
    return facts(feed=found.feed, vendor=found.vendor, items=items, notice=found.notice)


def answers(console: Console, found: Sequence[Answer], zone: tzinfo) -> None:
    """What a vendor could not import, row by row."""
    if not found:
        console.print(Text("The vendor has named no row that it could not import."))
        return
    console.print(Text(f"{len(found):,} rows could not be imported", style="bold underline"))
    rows = [
        (
            one.sourced_id or "nobody who was sent",
            f"{one.file}:{one.line}",
            one.answer,
            one.message,
            moment(one.at, zone),
        )
        for one in found
    ]
    console.print(_table(("user", "row", "answer", "message", "read at"), rows))
    console.print(Text("What is known of a person: rosterkit explain User ID"), soft_wrap=True)


def answers_json(found: Sequence[Answer]) -> str:
    """``feed results --json``."""
    return facts(answers=[asdict(one) for one in found])


def answers_csv(found: Sequence[Answer]) -> str:
    """The work list as CSV for a spreadsheet."""
    names = ("source", "sourced_id", "file", "line", "answer", "message")
    frame = pl.DataFrame(
        [[getattr(one, name) for name in names] for one in found],
        schema={name: pl.Int64 if name == "line" else pl.String for name in names},
        orient="row",
    )
    return no_formula(frame).with_columns(visible_cells()).write_csv()


def document(console: Console, found: pl.DataFrame) -> None:
    """A mapping document or a worksheet as a table."""
    console.print(_table(found.columns, found.rows()))


def document_csv(found: pl.DataFrame) -> str:
    """A mapping document or a worksheet as CSV for a spreadsheet."""
    return no_formula(found).with_columns(visible_cells()).write_csv()


def worksheet_json(found: pl.DataFrame) -> str:
    """``feed worksheet --json``."""
    return facts(worksheet=found.to_dicts())


def mapping_json(found: pl.DataFrame) -> str:
    """``feed mapping --json``."""
    return facts(mapping=found.to_dicts())


def _table(heads: Iterable[str], rows: Iterable[Iterable[object]]) -> Table:
    table = Table(box=box.SIMPLE, pad_edge=False, show_edge=False, header_style="bold")
    for head in heads:
        table.add_column(head, overflow="fold")
    for row in rows:
        table.add_row(*(Text(visible(cell)) for cell in row))
    return table
