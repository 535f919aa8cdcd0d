"""The same for people at a terminal: rich tables, summary first. Colour only says again what a word says."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import asdict
from datetime import tzinfo
from typing import Any

import polars as pl
from rich.console import Console, RenderableType
from rich.text import Text

from rosterkit.attention import absent_in_words, coverage_gaps
from rosterkit.plan.plan import ACTIONS, Counts, Plan, PlanView
from rosterkit.render.labels import (
    ENTITY_NAMES,
    Choice,
    chosen,
    counted,
    decided,
    gathered,
    held_reasons,
    in_one_line,
    in_words,
    moment,
    unlisted,
    where,
    with_values_in_words,
)
from rosterkit.render.matches import stated
from rosterkit.render.tables import COLOURS
from rosterkit.render.tables import table as _table
from rosterkit.render.tables import text as _text
from rosterkit.results import (
    Applied,
    Approval,
    CheckReport,
    Explanation,
    FeedCheck,
    FeedReceipt,
    Hold,
    IgnoredLine,
    Revision,
)
from rosterkit.roster.rules import SEVERITIES, Rule
from rosterkit.sources.base import coverage_in_words


def plan_summary(console: Console, made: Plan, zone: tzinfo, decisions: Iterable[Approval] = ()) -> None:
    """The plan without its lines: what it is, what a reviewer should read first, and the counts."""
    console.print(_text(f"Plan {made.id}", style="bold"), _text(f"is {made.state}."), _text(_made_of(made, zone)))
    if made.needs_approval and made.state == "proposed":
        console.print(_text(f"A person must approve it: {made.approval_why}"))
    for one in decisions:
        console.print(_text(f"{decided(one)} ({moment(one.at, zone)})"))
    for note in made.notes:
        console.print(_text(f"! {note}", style="bold yellow"))
    for sentence in absent_in_words(made):
        console.print(_text(f"! {sentence}.", style="bold yellow"))
    console.print(_count_table(made.changes, made.held))
    console.print(f"Findings: {counted(made.findings)}.")
    console.print(in_one_line(made))


def view(
    console: Console,
    shown: PlanView,
    choice: Choice,
    rules: Mapping[str, Rule],
    zone: tzinfo,
    command: str = "rosterkit",
    decisions: Iterable[Approval] = (),
) -> None:
    """``show``: the summary, why things are held, the findings gathered, then the lines.

    ``command`` is how the workspace is spoken to, such as ``rosterkit -C our-district``: hints can then be pasted.
    """
    plan_summary(console, shown.plan, zone, decisions)
    reasons = held_reasons(shown.lines)
    if reasons.height:
        console.print(_table("Held", ["records", "entity", "action", "by", "why", "who"], reasons.select(_HELD).rows()))
    if choice.chooses:
        console.print(
            f"Only the chosen lines are shown. The whole plan: {command} show {shown.plan.id}", soft_wrap=True
        )
    else:
        print_findings(console, shown.findings, rules)
    plan_lines(console, shown, choice, command)


def plan_lines(console: Console, shown: PlanView, choice: Choice, command: str = "rosterkit") -> None:
    """The lines by entity and action, each group as a table, and how many more there are."""
    lines = with_values_in_words(shown, chosen(shown.lines, choice), every=choice.limit == 0)
    for (entity, action), group in lines.group_by("entity", "action", maintain_order=True):
        _print_lines(console, f"{entity}: {action}", group)
        more = group["more"][0]
        if more:
            hint = f"{command} show {shown.plan.id} --entity {entity} --action {action} --limit 0"
            console.print(_text(f"  … and {more:,} lines more: {hint}", style="dim"), soft_wrap=True)
    if lines.is_empty():
        console.print("There is no change to show.")


def plans(
    console: Console, made: Iterable[Plan], zone: tzinfo, decisions: Mapping[str, Iterable[Approval]] | None = None
) -> None:
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
            "; ".join(map(decided, (decisions or {}).get(one.id, ()))),
        )
        for one in made
    ]
    columns = ["plan", "state", "kind", "source", "base", "changes", "held", "made", "decided"]
    console.print(_table("Plans", columns, rows))


def check(console: Console, report: CheckReport) -> None:
    mode = "strictly" if report.strict else "leniently"
    console.print(_text(f"{report.package}: version {report.version}, read {mode}."))
    rows = [(file, f"{count:,}") for file, count in report.rows_read.items()]
    console.print(_table("Rows read", ["file", "rows"], rows))
    for sentence in coverage_in_words(coverage_gaps(report.coverage)):
        console.print(_text(f"! {sentence}.", style="bold yellow"))
    print_findings(console, report.findings, report.rules)
    console.print(f"Findings: {counted({one: report.count(one) for one in SEVERITIES})}.")


def applied(console: Console, done: Applied, command: str = "rosterkit") -> None:
    if not done.wrote:
        console.print(f"Nothing to write: the store stays at revision {done.revision}.")
    else:
        console.print(f"Applied plan {done.plan} as revision {done.revision} in {done.seconds:.1f} s.")
        console.print(_count_table(done.changes, done.held))
    held = sum(counts.total for counts in done.held.values())
    if held:
        what = "change is" if held == 1 else "changes are"
        console.print(_text(f"{held:,} {what} still held: {command} show {done.plan} --held"), soft_wrap=True)


def holds(console: Console, kept: Iterable[Hold], zone: tzinfo) -> None:
    """Gathered by what they have in common: a limit or an undo holds many records for one reason."""
    reasons: dict[str, dict[tuple[str, str, str], list[str]]] = {}
    for one in kept:
        reason = f"{one.code}: {one.reason} ({one.actor}, {moment(one.since, zone)})"
        records = reasons.setdefault(reason, {})
        records.setdefault((one.entity, one.action or "any", one.field or "all"), []).append(one.sourced_id)
    for reason, records in reasons.items():
        rows = [(*what, ", ".join(keys)) for what, keys in records.items()]
        console.print(_table(f"Held by {reason}", ["entity", "action", "field", "which"], rows))
    if not reasons:
        console.print("Nothing is held.")


def ignored_lines(console: Console, lines: Iterable[IgnoredLine], zone: tzinfo) -> None:
    rows = [(one.source, one.hash, one.actor, one.reason, moment(one.at, zone)) for one in lines]
    console.print(_table("Ignored lines", ["source", "hash", "by", "why", "at"], rows))
    if not rows:
        console.print("No line is ignored.")


def history(console: Console, revisions: Iterable[Revision], zone: tzinfo) -> None:
    listed = tuple(revisions)
    if any(revision.lines.height for revision in listed):
        _print_past(console, listed, zone)
        return
    rows = [
        (r.revision, r.kind, r.plan, r.actor, moment(r.at, zone), _approved(r), _in_short(r.changes)) for r in listed
    ]
    console.print(_table("History", ["revision", "kind", "plan", "by", "at", "approved by", "what changed"], rows))
    if not rows:
        console.print("Nothing was applied yet.")


def explanation(console: Console, explained: Explanation, rules: Mapping[str, Rule], zone: tzinfo) -> None:
    console.print(_text(f"{explained.entity} {explained.sourced_id} is {explained.status}."))
    known = [value for value in explained.values if value.value is not None]
    for value in (one for one in explained.values if one.pinned):
        what = value.pinned_value if value.pinned_value is not None else "no value"
        console.print(_text(f"{value.field} is pinned by {value.pinned_by}: feeds get {what}.", style="yellow"))
    values = pl.Series("value", [v.value for v in known], pl.String).to_frame().select(unlisted(pl.col("value")))
    rows = [
        (v.field, value, v.revision, where(v.file, v.line) or "–", v.actor, moment(v.at, zone))
        for v, (value,) in zip(known, values.rows(), strict=True)
    ]
    console.print(_table("Values", ["field", "value", "revision", "from", "by", "at"], rows))
    blank = ", ".join(v.field for v in explained.values if v.value is None)
    if blank:
        console.print(_text(f"Without a value: {blank}.", style="dim"))
    if explained.pending:
        console.print(_text(f"Waiting: {explained.pending}", style="yellow"))
    if explained.holds:
        holds(console, explained.holds, zone)
    if explained.answers:
        answers = [(a.feed, where(a.file, a.line), a.answer, a.message, moment(a.at, zone)) for a in explained.answers]
        console.print(
            _table("What products could not import", ["feed", "row", "answer", "message", "read at"], answers)
        )
    if explained.matches:
        stated(console, explained.matches, zone)
    print_findings(console, explained.findings, rules)


def receipt(console: Console, built: FeedReceipt, rules: Mapping[str, Rule], command: str = "rosterkit") -> None:
    """What was built and what became of it; ``command`` is how the workspace is named in hints."""
    head = f"Feed {built.feed} of revision {built.revision}"
    text, style = _OUTCOMES[built.state]
    console.print(_text(text.format(head=head, target=built.target, why=built.why), style=style))
    if built.state == "waiting":
        hint = f'Send it: {command} feed approve {built.feed} --reason "…"; or feed reject {built.feed}.'
        console.print(_text(hint), soft_wrap=True)
    rows = [(name, f"{count:,}", f"{size:,}", digest[:16]) for name, count, size, digest in built.files]
    console.print(_table("Files", ["file", "rows", "bytes", "sha256"], rows))
    _print_compared(console, built.compared)
    print_findings(console, built.findings, rules)


_OUTCOMES = {
    "sent": ("{head} is in {target}; the target does not let its arrival be verified.", ""),
    "verified": ("{head} is in {target}", ""),
    "unchanged": ("{head} was not sent again: {why}.", ""),
    "checked": ("{head} is ready and was not sent yet: {why}", "bold yellow"),
    "waiting": ("{head} waits for a person: {why}.", "bold yellow"),
    "refused": ("{head} was not sent: {why}.", "bold red"),
    "failed": ("{head} did not arrive.", "bold red"),
}
"""What is printed of a delivery that was built or sent, by its state, and in which style."""


def feed_check(console: Console, checked: FeedCheck, rules: Mapping[str, Rule]) -> None:
    console.print(_text(f"Feed {checked.feed}: {checked.verdict}."))
    console.print(_table("Rows", ["file", "rows"], [(name, f"{count:,}") for name, count in checked.rows.items()]))
    _print_compared(console, checked.compared)
    print_findings(console, checked.findings, rules)


def _print_compared(console: Console, compared: Mapping[str, int]) -> None:
    if line := compared_line(compared):
        console.print(_text(line))


def compared_line(compared: Mapping[str, int]) -> str:
    """The counts in a sentence, those of one file or kind together; what is 0 is not shown."""
    gathered: dict[str, list[str]] = {}
    for name, count in compared.items():
        of, _, what = name.rpartition(": ")
        gathered.setdefault(of, []).extend([f"{count:,} {what}"] if count else [])
    found = [f"{of}: {', '.join(counts)}" if of else ", ".join(counts) for of, counts in gathered.items() if counts]
    return f"Compared with what was sent last: {'; '.join(found)}." if found else ""


def rules(console: Console, known: Iterable[Rule]) -> None:
    """All of them in a table, or everything that is known of one."""
    listed = tuple(known)
    if len(listed) == 1:
        facts = [(name, value or "–") for name, value in asdict(listed[0]).items() if name != "code"]
        console.print(_table(listed[0].code, ["what", "is"], facts))
        return
    rows = [(r.code, r.lenient or "–", r.strict or "–", r.meaning, r.remedy) for r in listed]
    console.print(_table("Rules", ["rule", "lenient", "strict", "meaning", "remedy"], rows))


_HELD = ("records", "entity", "action", "held", "held_why", "who")


def _made_of(made: Plan, zone: tzinfo) -> str:
    what = f"undoes revision {made.undoes}" if made.undoes is not None else f"is a {made.kind} of {made.source}"
    became = f", applied as revision {made.revision_made}" if made.revision_made is not None else ""
    until = f", good until {moment(made.expires_at, zone)}" if made.state in {"proposed", "approved"} else ""
    return f"It {what}, on revision {made.base}, as of {made.as_of}{became}{until}."


def _count_table(changes: Mapping[str, Counts], held: Mapping[str, Counts]) -> RenderableType:
    rows = []
    for entity in ENTITY_NAMES:
        counts, kept = changes.get(entity, Counts()), held.get(entity, Counts())
        if counts.total or kept.total:
            rows.append([entity, *map(_number, (getattr(counts, action) for action in ACTIONS)), _number(kept.total)])
    return _table("", ["entity", *ACTIONS, "held"], rows) if rows else _text("No change.")


def _approved(revision: Revision) -> str:
    return f"{revision.approved_by}: {revision.reason}" if revision.approved_by else "–"


def _in_short(changes: Mapping[str, Counts]) -> str:
    """``Class: 2 update, 1 archive; User: 4 update``."""
    found = [
        f"{entity}: " + ", ".join(f"{done:,} {action}" for action, done in asdict(counts).items() if done)
        for entity, counts in changes.items()
        if counts.total
    ]
    return "; ".join(found) or "–"


def _number(count: int) -> str:
    return f"{count:,}" if count else "–"


def print_findings(console: Console, findings: pl.DataFrame, rules: Mapping[str, Rule]) -> None:
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


def _print_lines(console: Console, title: str, lines: pl.DataFrame) -> None:
    """One table of lines. The second column is wide enough for an id of the usual length, so that it can be copied."""
    rows = list(_line_cells(lines))
    from_column = 0 if any(school for school, *_ in rows) else 1
    columns = ["school", "who or what", "change", "why"][from_column:]
    names = [name for _, name, *_ in rows]
    word = max(len(word) for name in names for word in name.split(" "))
    width = min(max(map(len, names)), max(console.width // 3, min(word, _ID_WIDTH)))
    cells = (row[from_column:] for row in rows)
    console.print(_table(title, columns, cells, {"who or what": width} if console.width >= _ROOMY else {}))


def _print_past(console: Console, revisions: Iterable[Revision], zone: tzinfo) -> None:
    """What happened to one record: the fields of a revision stand below each other."""
    rows: list[tuple[object, ...]] = []
    title = "History"
    for revision in revisions:
        head: tuple[object, ...] = (revision.revision, revision.kind, revision.actor, moment(revision.at, zone))
        lines = in_words(revision.lines)
        for *_, change, why in _line_cells(lines):
            rows.append((*head, change, why))
            head = ("", "", "", "")
        title = f"History of {lines['entity'][0]} {lines['sourced_id'][0]}" if lines.height else title
    console.print(_table(title, ["revision", "kind", "by", "at", "change", "why"], rows))


def _line_cells(lines: pl.DataFrame) -> Iterator[tuple[str, str, Text, Text]]:
    """school, record, change and reason; what the fields of a record share is shown once, beside the first."""
    record, reason = "", Text()
    for line in lines.iter_rows(named=True):
        name = f"{line['name']} [{line['sourced_id']}]" if line["name"] else line["sourced_id"]
        first, why = line["sourced_id"] != record, _reason(line)
        yield (
            line["school"] if first else "",
            name if first else "",
            _change(line),
            why if first or why != reason else Text(),
        )
        record, reason = line["sourced_id"], why


def _reason(line: Mapping[str, Any]) -> Text:
    held = f"held ({line['held']}): {line['held_why']} – " if line["held"] else ""
    place = where(line["file"] or "", line["line"] or 0)
    return _text(held, "yellow") + _text(line["why"] or "") + _text(f" ({place})" if place else "", "dim")


def _change(line: Mapping[str, object]) -> Text:
    if not line["field"]:
        return _text(str(line["after"] or line["action"]), style=COLOURS[str(line["action"])])
    before, after = ("–" if value is None else str(value) for value in (line["before"], line["after"]))
    return _text(f"{line['field']}: ") + _text(before, "dim") + Text(" → ") + _text(after, "bold")


_ID_WIDTH = 38  # a UUID in brackets
_ROOMY = 100  # from so many columns on, a table has room for one
