"""What people do about feeds, as people and programs read it: checklists."""

from __future__ import annotations

from datetime import tzinfo

from rich import box
from rich.console import Console
from rich.table import Table
from rich.text import Text

from rosterkit.feeds.checklist import Checklist, Step
from rosterkit.render.json import facts
from rosterkit.render.labels import moment, visible

__all__ = ["checklist", "checklist_json"]


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
