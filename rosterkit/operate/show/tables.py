"""The same for people at a terminal: rich tables, summary first. Colour only says again what a word says."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from datetime import tzinfo
from typing import Any

import polars as pl
from rich import box
from rich.console import Console, Group, RenderableType
from rich.table import Table
from rich.text import Text

from rosterkit.intake.rules import SEVERITIES, Rule
from rosterkit.operate.results import Applied, CheckReport, Explanation, FeedReceipt, Hold, Revision
from rosterkit.operate.show.words import (
    ENTITY_NAMES,
    Choice,
    chosen,
    gathered,
    held_reasons,
    moment,
    visible,
    where,
    with_created_values,
)
from rosterkit.operate.verdict import gaps
from rosterkit.plan.plan import ACTIONS, Counts, Plan, PlanView

__all__ = [
    "applied",
    "check",
    "explanation",
    "history",
    "holds",
    "plan_lines",
    "plan_summary",
    "plans",
    "receipt",
    "rules",
    "view",
]

_COLOURS = {
    "create": "green",
    "update": "cyan",
    "archive": "yellow",
    "restore": "green",
    "error": "bold red",
    "warning": "yellow",
    "info": "dim",
}


def plan_summary(console: Console, made: Plan, zone: tzinfo) -> None:
    """The plan without its lines: what it is, what a reviewer should read first, and the counts."""
    console.print(_text(f"Plan {made.id}", style="bold"), _text(f"is {made.state}."), _text(_made_of(made, zone)))
    if made.needs_approval and made.state == "proposed":
        console.print(_text(f"A person must approve it: {made.approval_why}"))
    for note in made.notes:
        console.print(_text(f"! {note}", style="bold yellow"))
    for entity, role, state, why in gaps(made.segments):
        console.print(_text(f"! {entity}{f' ({role})' if role else ''} is {state}: {why}", style="bold yellow"))
    console.print(_count_table(made.changes, made.held))
    told = ", ".join(f"{made.findings[one]} {one}" for one in SEVERITIES if made.findings.get(one))
    console.print(f"Findings: {told or 'none'}.")


def view(console: Console, shown: PlanView, choice: Choice, rules: Mapping[str, Rule], zone: tzinfo) -> None:
    """``show``: the summary, why things are held, the findings gathered, then the lines."""
    plan_summary(console, shown.plan, zone)
    reasons = held_reasons(shown.lines)
    if reasons.height:
        console.print(_table("Held", ["records", "entity", "action", "by", "why"], reasons.select(_HELD).rows()))
    _print_findings(console, shown.findings, rules)
    plan_lines(console, shown, choice)


def plan_lines(console: Console, shown: PlanView, choice: Choice) -> None:
    """The lines by entity and action, each group as a table, and how many more there are."""
    lines = with_created_values(shown, chosen(shown.lines, choice))
    for (entity, action), group in lines.group_by("entity", "action", maintain_order=True):
        table = _table(f"{entity}: {action}", ["school", "who or what", "change", "why"], _line_cells(group))
        console.print(table)
        more = group["more"][0]
        if more:
            hint = f"rosterkit show {shown.plan.id} --entity {entity} --action {action} --limit 0"
            console.print(_text(f"  … and {more:,} lines more: {hint}", style="dim"))
    if lines.is_empty():
        console.print("No change is to be shown.")


def plans(console: Console, made: Iterable[Plan], zone: tzinfo) -> None:
    rows = [
        (
            one.id,
            one.state,
            one.kind,
            one.source,
            one.base,
            one.total.total,
            one.total_held.total,
            moment(one.created_at, zone),
        )
        for one in made
    ]
    console.print(_table("Plans", ["plan", "state", "kind", "source", "base", "changes", "held", "made"], rows))


def check(console: Console, report: CheckReport) -> None:
    mode = "strictly" if report.strict else "leniently"
    console.print(_text(f"{report.package}: version {report.version}, read {mode}."))
    rows = [(file, f"{count:,}") for file, count in report.rows_read.items()]
    console.print(_table("Rows read", ["file", "rows"], rows))
    for entity, role, state, why in gaps((s.entity, s.role, s.state, s.why) for s in report.segments):
        console.print(_text(f"! {entity}{f' ({role})' if role else ''} is {state}: {why}", style="bold yellow"))
    _print_findings(console, report.findings, report.rules)
    told = ", ".join(f"{report.count(one)} {one}" for one in SEVERITIES if report.count(one))
    console.print(f"Findings: {told or 'none'}.")


def applied(console: Console, done: Applied) -> None:
    if not done.wrote:
        console.print(f"Nothing to write: the store stays at revision {done.revision}.")
    else:
        console.print(f"Applied plan {done.plan} as revision {done.revision} in {done.seconds:.1f} s.")
        console.print(_count_table(done.changes, done.held))
    held = sum(counts.total for counts in done.held.values())
    if held:
        console.print(f"{held:,} changes are still held: rosterkit holds")


def holds(console: Console, kept: Iterable[Hold], zone: tzinfo) -> None:
    rows = [
        (
            one.entity,
            one.sourced_id,
            one.action or "any",
            one.field or "all",
            one.code,
            one.reason,
            one.actor,
            moment(one.since, zone),
        )
        for one in kept
    ]
    if not rows:
        console.print("Nothing is held.")
        return
    console.print(_table("Held", ["entity", "record", "action", "field", "by", "reason", "actor", "since"], rows))


def history(console: Console, revisions: Iterable[Revision], zone: tzinfo) -> None:
    listed = tuple(revisions)
    rows = [(r.revision, r.kind, r.plan, r.actor, moment(r.at, zone), _in_short(r.changes)) for r in listed]
    console.print(_table("History", ["revision", "kind", "plan", "by", "at", "what changed"], rows))
    for revision in listed:
        if revision.lines.height:
            cells = _line_cells(revision.lines)
            console.print(_table(f"Revision {revision.revision}", ["school", "who or what", "change", "why"], cells))


def explanation(console: Console, told: Explanation, rules: Mapping[str, Rule], zone: tzinfo) -> None:
    console.print(_text(f"{told.entity} {told.sourced_id} is {told.status}."))
    rows = [
        (v.field, v.value, v.revision, where(v.file, v.line), v.actor, moment(v.at, zone))
        for v in told.values
        if v.value is not None
    ]
    console.print(_table("Values", ["field", "value", "revision", "from", "by", "at"], rows))
    blank = ", ".join(v.field for v in told.values if v.value is None)
    if blank:
        console.print(_text(f"Without a value: {blank}.", style="dim"))
    if told.pending:
        console.print(_text(f"Waiting: {told.pending}", style="yellow"))
    if told.holds:
        holds(console, told.holds, zone)
    _print_findings(console, told.findings, rules)


def receipt(console: Console, built: FeedReceipt, rules: Mapping[str, Rule]) -> None:
    console.print(_text(f"Feed {built.feed} of revision {built.revision} is in {built.folder}"))
    rows = [(name, f"{count:,}", f"{size:,}", digest[:16]) for name, count, size, digest in built.files]
    console.print(_table("Files", ["file", "rows", "bytes", "sha256"], rows))
    _print_findings(console, built.findings, rules)


def rules(console: Console, known: Iterable[Rule]) -> None:
    rows = [(r.code, r.lenient or "–", r.strict or "–", r.meaning, r.remedy) for r in known]
    console.print(_table("Rules", ["rule", "lenient", "strict", "meaning", "remedy"], rows))


_HELD = ("records", "entity", "action", "held", "held_why")


def _made_of(made: Plan, zone: tzinfo) -> str:
    what = f"undoes revision {made.undoes}" if made.undoes is not None else f"is a {made.kind} of {made.source}"
    became = f", applied as revision {made.applied_as}" if made.applied_as is not None else ""
    until = f", good until {moment(made.expires_at, zone)}" if made.state in {"proposed", "approved"} else ""
    return f"It {what}, on revision {made.base}, as of {made.as_of}{became}{until}."


def _count_table(changes: Mapping[str, Counts], held: Mapping[str, Counts]) -> RenderableType:
    rows = []
    for entity in ENTITY_NAMES:
        counts, kept = changes.get(entity, Counts()), held.get(entity, Counts())
        if counts.total or kept.total:
            rows.append([entity, *(f"{getattr(counts, action) or '–'}" for action in ACTIONS), str(kept.total or "–")])
    return _table("", ["entity", *ACTIONS, "held"], rows) if rows else _text("No change.")


def _in_short(changes: Mapping[str, Counts]) -> str:
    told = [
        f"{getattr(counts, action):,} {entity} {action}"
        for entity, counts in changes.items()
        for action in ACTIONS
        if getattr(counts, action)
    ]
    return ", ".join(told) or "–"


def _print_findings(console: Console, findings: pl.DataFrame, rules: Mapping[str, Rule]) -> None:
    if findings.is_empty():
        return
    rows = [
        (f["severity"], f["count"], f["rule"], _places(f), f"{f['meaning']} {f['remedy']}".strip())
        for f in gathered(findings, rules).iter_rows(named=True)
    ]
    console.print(_table("Findings", ["severity", "count", "rule", "where", "meaning and remedy"], rows))


def _places(found: Mapping[str, object]) -> str:
    """``users.csv:12, 40, 71 grades``."""
    lines = f":{found['lines']}" if found["lines"] else ""
    return f"{found['file']}{lines} {found['column']}".strip()


def _line_cells(lines: pl.DataFrame) -> Iterator[tuple[str, str, Text, Text]]:
    """school, record, change and reason; what a record's fields share stands once, beside the first."""
    record, reason = "", Text()
    for line in lines.iter_rows(named=True):
        name = f"{line['name']} [{line['sourced_id']}]" if line["name"] else line["sourced_id"]
        first, told = line["sourced_id"] != record, _reason(line)
        yield (
            line["school"] if first else "",
            name if first else "",
            _change(line),
            told if first or told != reason else Text(),
        )
        record, reason = line["sourced_id"], told


def _reason(line: Mapping[str, Any]) -> Text:
    held = f"held ({line['held']}): {line['held_why']} " if line["held"] else ""
    place = where(line["file"] or "", line["line"] or 0)
    return _text(held, "yellow") + _text(line["why"] or "") + _text(f" ({place})" if place else "", "dim")


def _change(line: Mapping[str, object]) -> Text:
    if not line["field"]:
        return _text(str(line["after"] or line["action"]), style=_COLOURS[str(line["action"])])
    before, after = ("–" if value is None else str(value) for value in (line["before"], line["after"]))
    return _text(f"{line['field']}: ") + _text(before, "dim") + Text(" → ") + _text(after, "bold")


def _table(title: str, columns: Iterable[str], rows: Iterable[Iterable[object]]) -> Group:
    """A plain table; texts are shown as they are, never read as markup."""
    table = Table(box=box.SIMPLE, pad_edge=False, show_edge=False, header_style="bold")
    for column in columns:
        table.add_column(column, overflow="fold", justify="right" if column in _NUMBERS else "left")
    for row in rows:
        table.add_row(*(cell if isinstance(cell, Text) else _cell(cell) for cell in row))
    return Group("", _text(title, "bold underline"), table) if title else Group("", table)


def _cell(value: object) -> Text:
    return _text(value, style=_COLOURS.get(str(value), ""))


def _text(value: object, style: str = "") -> Text:
    """The value as it is, whatever it holds: never markup, never a terminal's escape."""
    return Text(visible(value), style=style)


_NUMBERS = {*ACTIONS, "held", "records", "count", "rows", "bytes", "base", "changes", "revision"}
