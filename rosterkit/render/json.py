"""The JSON shapes, versioned (docs/json.md): each function gives one document as text."""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import asdict
from datetime import UTC, date, datetime
from pathlib import Path
from typing import Any

import polars as pl

from rosterkit.errors import RosterkitError
from rosterkit.plan.plan import LINES, Counts, Plan, PlanView
from rosterkit.purging import Purged
from rosterkit.render.labels import ENTITY_NAMES, with_words
from rosterkit.results import (
    Applied,
    Approval,
    CheckReport,
    Disclosure,
    Explanation,
    FeedCheck,
    FeedReceipt,
    FeedStatus,
    Hold,
    Holding,
    IgnoredLine,
    Matched,
    Revision,
)
from rosterkit.roster.rules import SEVERITIES, Rule
from rosterkit.store.deliveries import Delivery
from rosterkit.transport.rights import Right

_UNSEEN = re.compile(r"[\x7f-\x9f\u2028\u2029\u202a-\u202e\u2066-\u2069]")
"""Characters that a terminal or an editor obeys and does not show: they are escaped, as JSON can."""

VERSION = 1
"""Rises when a key changes its meaning or goes; new keys may come without."""


def plan(made: Plan, held: Sequence[Holding] = ()) -> str:
    """``plan --json`` and ``undo --json``."""
    return _document(_plan(made, ()) | ({"vendors_hold": [asdict(one) for one in held]} if held else {}))


def plans(made: Iterable[Plan], decisions: Mapping[str, Iterable[Approval]] | None = None) -> str:
    return _document({"plans": [_plan(one, (decisions or {}).get(one.id, ())) for one in made]})


def view(shown: PlanView, lines: pl.DataFrame, rules: Mapping[str, Rule], decisions: Iterable[Approval] = ()) -> str:
    """``show --json``: the plan with ``lines`` (those chosen), ``findings`` and ``creates`` (of the lines' records)."""
    listed = lines.filter(pl.col("action") == "create").select("entity", "sourced_id").unique()
    creates = {
        entity: frame.join(listed.filter(pl.col("entity") == entity), on="sourced_id", how="semi").sort("sourced_id")
        for entity, frame in shown.creates.items()
    }
    head = _plan(shown.plan, decisions)
    head["counts"] = head.pop("findings")  # here the findings themselves have that name, as in ``check``
    return _document(
        head,
        lines=_rows(lines.select(LINES.keys())),
        findings=_findings(shown.findings, rules),
        creates="{" + ", ".join(f"{json.dumps(name)}: {_rows(frame)}" for name, frame in creates.items()) + "}",
    )


def check(report: CheckReport) -> str:
    head = {
        "package": report.package,
        "package_id": report.package_id,
        "package_version": report.version,
        "strict": report.strict,
        "rows_read": dict(report.rows_read),
        "coverage": [table._asdict() for table in report.coverage],
        "counts": {severity: report.count(severity) for severity in SEVERITIES},
    }
    return _document(head, findings=_findings(report.findings, report.rules))


def approval(signed: Approval) -> str:
    return _document(asdict(signed))


def applied(done: Applied) -> str:
    return _document({**asdict(done), "changes": _counts(done.changes), "held": _counts(done.held)})


def holds(kept: Iterable[Hold], name: str = "holds") -> str:
    return _document({name: [asdict(hold) for hold in kept]})


def ignored_lines(lines: Iterable[IgnoredLine]) -> str:
    return _document({"ignored_lines": [asdict(one) for one in lines]})


def history(revisions: Iterable[Revision]) -> str:
    listed = [
        {
            **{key: getattr(one, key) for key in ("revision", "kind", "plan", "actor", "at", "approved_by", "reason")},
            "changes": _counts(one.changes),
            "lines": one.lines.to_dicts(),
        }
        for one in revisions
    ]
    return _document({"revisions": listed})


def explanation(explained: Explanation, rules: Mapping[str, Rule]) -> str:
    head = {
        "entity": explained.entity,
        "sourced_id": explained.sourced_id,
        "status": explained.status,
        "pending": explained.pending,
        "values": [asdict(value) for value in explained.values],
        "holds": [asdict(hold) for hold in explained.holds],
        "answers": [asdict(answer) for answer in explained.answers],
        "matches": [asdict(one) for one in explained.matches],
    }
    return _document(head, findings=_findings(explained.findings, rules))


def matched(done: Matched, *, revoked: bool) -> str:
    """``match --json``."""
    return _document({**asdict(done), "revoked": revoked})


def receipt(built: FeedReceipt, rules: Mapping[str, Rule]) -> str:
    """``feed build --json``."""
    names = ("feed", "kind", "target", "revision", "built_at", "state", "verdict", "why", "compared", "errors")
    files = [dict(zip(("name", "rows", "bytes", "sha256"), file, strict=True)) for file in built.files]
    head = {name: getattr(built, name) for name in names} | {"files": files}
    head |= {"delivery": asdict(built.delivery) if built.delivery else None}
    return _document(head, findings=_findings(built.findings, rules))


def feed_check(checked: FeedCheck, rules: Mapping[str, Rule]) -> str:
    """``feed check --json``."""
    head = {name: getattr(checked, name) for name in ("feed", "kind", "verdict", "rows", "compared")}
    return _document(head, findings=_findings(checked.findings, rules))


def deliveries(done: Iterable[Delivery]) -> str:
    """``feed log --json``."""
    return _document({"deliveries": [asdict(one) for one in done]})


def feed_status(standing: Iterable[FeedStatus], rules: Mapping[str, Rule]) -> str:
    """``feed status --json``."""
    names = ("feed", "kind", "vendor", "target", "state", "why", "last_at", "verified_at", "age_hours", "next_at")
    return _document(
        {
            "feeds": [
                {name: getattr(one, name) for name in (*names, "waits", "paused")}
                | {"credentials": [asdict(credential) for credential in one.credentials]}
                | {"alarms": _findings(one.alarms, rules)}
                for one in standing
            ]
        }
    )


def disclosed(left: Iterable[Disclosure]) -> str:
    """``disclosed --json``."""
    return _document({"disclosures": [asdict(one) for one in left]})


def purged(done: Purged) -> str:
    """``purge --json``."""
    return _document(asdict(done))


def rights(place: str, tried: Iterable[Right]) -> str:
    """``target test --json``."""
    return _document({"target": place, "rights": [asdict(one) for one in tried]})


def rules(known: Iterable[Rule]) -> str:
    return _document({"rules": [asdict(rule) for rule in known]})


def facts(**values: object) -> str:
    """A document of a few plain facts."""
    return _document(values)


def error(exit_code: int, message: str, problem: Exception | None = None) -> str:
    """What ``--json`` prints when a command fails; ``why`` is a stable word where the error has one."""
    error: dict[str, object] = {"exit": exit_code, "why": getattr(problem, "why", ""), "message": message}
    if isinstance(problem, RosterkitError):
        error |= {key: getattr(problem, key) for key in ("rule", "file", "line") if hasattr(problem, key)}
    return _document({"error": error})


_PLAN_KEYS = (
    *("source", "kind", "state", "as_of", "created_at", "expires_at", "content_hash", "needs_approval"),
    *("approval_why", "undoes", "revision_made", "packages", "notes"),
)


def _plan(made: Plan, decisions: Iterable[Approval]) -> dict[str, Any]:
    head = {"plan": made.id, "base": made.base, "changes": _counts(made.changes), "held": _counts(made.held)}
    head["findings"] = {severity: made.findings.get(severity, 0) for severity in SEVERITIES}
    head |= {key: getattr(made, key) for key in _PLAN_KEYS}
    head["decisions"] = [asdict(one) for one in decisions]
    head["coverage"] = [table._asdict() for table in made.coverage]
    return head


def _counts(counts: Mapping[str, Counts]) -> dict[str, dict[str, int]]:
    """Every entity, those without a change too: the shape is always the same."""
    return {entity: asdict(counts.get(entity, Counts())) for entity in ENTITY_NAMES}


def _findings(findings: pl.DataFrame, rules: Mapping[str, Rule]) -> str:
    return _rows(with_words(findings, rules))


def _rows(frame: pl.DataFrame) -> str:
    """A JSON array with one row a line, written by polars: a first plan has millions."""
    written = frame.write_ndjson().rstrip("\n")
    return "[\n" + written.replace("\n", ",\n") + "\n]" if written else "[]"


def _document(head: Mapping[str, Any], **arrays: str) -> str:
    """``head`` under the version, then the arrays, which are JSON already."""
    text = json.dumps({"version": VERSION, **head}, indent=2, ensure_ascii=False, default=_plainly)
    more = "".join(f',\n  "{name}": {array}' for name, array in arrays.items())
    return _UNSEEN.sub(lambda found: f"\\u{ord(found.group()):04x}", text.removesuffix("\n}") + more + "\n}\n")


def _plainly(value: object) -> object:
    if isinstance(value, datetime):
        return value.astimezone(UTC).isoformat(timespec="seconds").replace("+00:00", "Z")
    if isinstance(value, date):
        return value.isoformat()
    if isinstance(value, Path):
        return str(value)
    raise TypeError(f"no JSON for {type(value).__name__}")
