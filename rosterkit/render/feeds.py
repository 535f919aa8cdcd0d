"""Deliveries and how feeds stand, as tables for a terminal."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime, tzinfo

from rich import box
from rich.console import Console, Group
from rich.table import Table
from rich.text import Text

from rosterkit.feeds.delivery import STATES
from rosterkit.render.labels import moment, visible
from rosterkit.render.text import print_findings
from rosterkit.results import FeedStatus
from rosterkit.roster.rules import Rule
from rosterkit.store.deliveries import Delivery
from rosterkit.transport.rights import Right

__all__ = ["deliveries", "receipt", "rights", "status"]


def deliveries(console: Console, done: Iterable[Delivery], zone: tzinfo) -> None:
    """One line for each delivery."""
    rows = [
        (
            one.id,
            moment(one.at, zone),
            one.feed,
            one.revision,
            one.state,
            ", ".join(f"{file.name} ({file.rows:,})" for file in one.files),
            one.target,
            "; ".join(filter(None, (one.error or one.why, f"{one.actor}: {one.reason}" if one.actor else ""))),
        )
        for one in done
    ]
    console.print(_table("Deliveries", ["id", "built", "feed", "revision", "state", "files (rows)", "to", "why"], rows))
    if not rows:
        console.print("Nothing was built yet.")


def receipt(console: Console, one: Delivery, zone: tzinfo) -> None:
    """Everything that is known of one delivery."""
    facts = [
        ("feed", f"{one.feed} ({one.kind})"),
        ("target", one.target),
        ("state", f"{one.state}: {STATES[one.state]}"),
        ("why", one.why),
        ("error", one.error),
        ("revision", one.revision),
        ("as of", one.as_of),
        ("verdict", one.verdict),
        ("settings", one.settings_digest),
        ("rosterkit", one.version),
        ("runs that sent it", one.runs),
        ("approved or rejected by", f"{one.actor}: {one.reason}" if one.actor else ""),
    ]
    console.print(_table(f"Delivery {one.id}", ["what", "is"], [fact for fact in facts if fact[1] != ""]))
    files = [
        (f.where or f.name, f"{f.rows:,}", f"{f.bytes:,}", f.sha256, " – ".join(filter(None, (f.verified, f.why))))
        for f in one.files
    ]
    console.print(_table("Files", ["file", "rows", "bytes", "sha256", "arrival verified"], files))
    console.print(_table("Steps", ["state", "at"], [(step.state, moment(step.at, zone)) for step in one.steps]))


def status(console: Console, standing: Sequence[FeedStatus], rules: Mapping[str, Rule], zone: tzinfo) -> None:
    """One line for each feed, then its credentials and alarms."""
    rows = [
        (
            one.feed,
            one.vendor,
            one.state or "–",
            _age(one),
            _at(one.verified_at, zone),
            _at(one.next_at, one.next_at.tzinfo or zone) if one.next_at else "–",
            one.paused or one.waits or "–",
        )
        for one in standing
    ]
    heads = ["feed", "vendor", "state", "last arrived", "last verified", "next by the vendor's clock", "waits for"]
    console.print(_table("Feeds", heads, rows))
    kept = [
        (one.feed, key.setting, key.reference, key.issued or "not known", key.expires or "not known")
        for one in standing
        for key in one.credentials
    ]
    if kept:
        console.print(_table("Credentials", ["feed", "setting", "where it is", "issued", "expires"], kept))
    for one in standing:
        print_findings(console, one.alarms, rules)
    if not rows:
        console.print("No feed is configured.")


def rights(console: Console, place: str, tried: Iterable[Right]) -> None:
    """What the key may do at a place, and what it may not."""
    words = {True: "may", False: "may not", None: "not tried"}
    rows = [(one.right, words[one.allowed], one.detail) for one in tried]
    console.print(_table(f"What the key may do at {place}", ["right", "the key", "why"], rows))


def _age(one: FeedStatus) -> object:
    if one.age_hours is None:
        return Text("never", "yellow")
    return f"{one.age_hours:.0f} hours ago" if one.age_hours < 72 else f"{one.age_hours / 24:.0f} days ago"


def _at(at: datetime | None, zone: tzinfo) -> str:
    return moment(at, zone) if at else "–"


def _table(title: str, columns: Iterable[str], rows: Iterable[Iterable[object]]) -> Group:
    """A plain table; texts are shown as they are, never read as markup."""
    made = Table(*columns, box=box.SIMPLE, pad_edge=False, show_edge=False, header_style="bold")
    for column in made.columns:
        column.overflow = "fold"
    for row in rows:
        made.add_row(*(cell if isinstance(cell, Text) else Text(visible(cell)) for cell in row))
    return Group(Text(f"\n{title}", style="bold"), made)
