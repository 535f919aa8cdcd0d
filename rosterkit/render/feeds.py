"""Deliveries and how feeds stand, as tables for a terminal."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from datetime import date, datetime, tzinfo

from rich import box
from rich.console import Console, Group
from rich.table import Table
from rich.text import Text

from rosterkit.feeds.delivery import STATES
from rosterkit.purging import Purged
from rosterkit.render.labels import moment, visible
from rosterkit.render.text import compared_line, print_findings
from rosterkit.results import Disclosure, FeedStatus, Holding
from rosterkit.roster.findings import concat
from rosterkit.roster.rules import Rule
from rosterkit.store.deliveries import Delivery
from rosterkit.transport.credentials import Credential
from rosterkit.transport.rights import Right


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
        ("counts", compared_line(one.compared)),
        ("settings", one.settings_digest),
        ("rosterkit", one.version),
        ("runs that sent it", one.runs),
        ("approved or rejected by", f"{one.actor}: {one.reason}" if one.actor else ""),
    ]
    console.print(_table(f"Delivery {one.id}", ["what", "is"], [fact for fact in facts if fact[1] != ""]))
    files = [
        (
            f.where or f.name,
            f"{f.rows:,}",
            f"{f.bytes:,}",
            f.sha256,
            " – ".join(filter(None, (f.verified, f.why))),
            f.attempts,
        )
        for f in one.files
    ]
    console.print(_table("Files", ["file", "rows", "bytes", "sha256", "arrival verified", "attempts"], files))
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
            _at(one.next_at, zone),
            one.paused or one.waits or "–",
        )
        for one in standing
    ]
    heads = ["feed", "vendor", "state", "last arrived", "last verified", "next by the vendor's clock", "waits for"]
    console.print(_table("Feeds", heads, rows))
    kept = [
        (one.feed, key.setting, key.reference, _issued(key, datetime.now(zone).date()), key.expires or "not known")
        for one in standing
        for key in one.credentials
    ]
    if kept:
        console.print(_table("Credentials", ["feed", "setting", "where it is", "issued", "expires"], kept))
    if not rows:
        console.print("No feed is configured.")
        return
    print_findings(console, concat([one.alarms for one in standing]), rules)


def holdings(console: Console, held: Sequence[Holding], zone: tzinfo, command: str) -> None:
    """What vendors hold of a revision that is undone, and how each takes it back."""
    if not held:
        return
    rows = [
        (one.feed, one.vendor, one.revision, _arrival(one, zone), f"{one.rows:,}", f"{one.recall} {one.leaver}")
        for one in held
    ]
    heads = ["feed", "vendor", "revision", "arrived", "rows", "how to take it back; what a leaver is there"]
    console.print(_table("Vendors hold this by now", heads, rows))
    hint = f"Undo takes nothing back at a vendor by itself. After it is applied: {command} feed send FEED"
    console.print(Text(hint), soft_wrap=True)


def _arrival(one: Holding, zone: tzinfo) -> str:
    return moment(one.sent_at, zone) if one.sent_at else "nobody knows whether"


def disclosures(console: Console, left: Sequence[Disclosure], zone: tzinfo) -> None:
    """What left about a person: files of a feed with the same fields stand in one line."""
    together: dict[tuple[object, ...], list[Disclosure]] = {}
    for one in left:
        where = (one.feed, one.vendor, one.target, one.file, one.state, one.arrived, one.fields)
        together.setdefault(where, []).append(one)
    rows = [
        (
            f"{feed} ({vendor})",
            target,
            file,
            _STATES[str(state)] + ("" if arrived else "; nobody knows whether it arrived"),
            ", ".join(fields) if isinstance(fields, tuple) else "",
            "–".join(dict.fromkeys(str(count) for count in (min(_rows_of(same)), max(_rows_of(same))))),
            moment(min(one.at for one in same), zone),
            moment(max(one.at for one in same), zone),
            len(same),
        )
        for (feed, vendor, target, file, state, arrived, fields), same in together.items()
    ]
    heads = ["feed", "to", "file", "as", "fields", "rows", "first", "last", "files"]
    console.print(_table("What left about this person", heads, rows))
    if not rows:
        console.print("Nothing left about this person.")


def purged(console: Console, done: Purged) -> None:
    """What a purge removed, or would remove."""
    verb = "were purged" if done.done else "would be purged"
    console.print(Text(f"{done.people:,} people {verb}, and the bytes of {done.files:,} files were removed."))
    console.print(_table("Records", ["entity", "rows"], [(name, f"{rows:,}") for name, rows in done.records.items()]))
    if done.kept:
        console.print(_table("Who stays", ["why", "people"], [(why, f"{n:,}") for why, n in done.kept.items()]))


def _rows_of(left: Iterable[Disclosure]) -> list[int]:
    return [len(one.rows) for one in left]


_STATES = {
    "sent": "a row of the person",
    "kept": "the last good row",
    "leaving": "a person who left",
    "named": "named in other rows",
}


def rights(console: Console, place: str, tried: Iterable[Right]) -> None:
    """What the key may do at a place, and what it may not."""
    words = {True: "may", False: "may not", None: "not tried"}
    rows = [(one.right, words[one.allowed], one.detail) for one in tried]
    console.print(_table(f"What the key may do at {place}", ["right", "the key", "why"], rows))


def _age(one: FeedStatus) -> object:
    if one.age_hours is None:
        return Text("never", "yellow")
    return _ago(one.age_hours, "hour") if one.age_hours < 72 else _ago(one.age_hours / 24, "day")


def _issued(key: Credential, today: date) -> str:
    age = key.age(today)
    return "not known" if age is None else f"{key.issued}, {_ago(age, 'day') if age else 'today'}"


def _ago(number: float, unit: str) -> str:
    return f"{number:.0f} {unit}{'' if round(number) == 1 else 's'} ago"


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
