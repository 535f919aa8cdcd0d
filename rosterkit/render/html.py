"""``show --html``: one self-contained page for a reviewer without a shell. No script, nothing fetched, all escaped."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from datetime import tzinfo
from itertools import groupby
from operator import itemgetter
from typing import Any

import polars as pl
from jinja2 import Environment, PackageLoader, StrictUndefined

from rosterkit.attention import absent_in_words
from rosterkit.plan.plan import ACTIONS, Counts, Plan, PlanView
from rosterkit.render.labels import (
    ENTITY_NAMES,
    Choice,
    chosen,
    counted,
    decided,
    gathered,
    held_reasons,
    moment,
    no_formula,
    visible,
    where,
    with_values_in_words,
)
from rosterkit.results import Approval
from rosterkit.roster.rules import Rule

_SHARED = ("sourced_id", "name", "school", "why", "file", "line", "held", "held_why")


def page(
    shown: PlanView,
    choice: Choice,
    rules: Mapping[str, Rule],
    zone: tzinfo,
    decisions: Iterable[Approval] = (),
) -> str:
    """The HTML. Long groups end with how many lines more there are: ``choice.limit`` keeps a first plan readable."""
    environment = Environment(
        loader=PackageLoader("rosterkit.render", "."),
        autoescape=True,
        undefined=StrictUndefined,
        finalize=lambda value: visible(value) if isinstance(value, str) else value,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    lines = no_formula(with_values_in_words(shown, chosen(shown.lines, choice), every=True))
    findings = no_formula(gathered(shown.findings, rules))
    return environment.get_template("plan.html.j2").render(
        plan=shown.plan,
        made_at=moment(shown.plan.created_at, zone),
        expires_at=moment(shown.plan.expires_at, zone),
        absent=absent_in_words(shown.plan),
        actions=ACTIONS,
        counts=_counts(shown.plan),
        held=no_formula(held_reasons(shown.lines)).to_dicts(),
        decisions=[f"{decided(one)} ({moment(one.at, zone)})" for one in decisions],
        found=counted(shown.plan.findings),
        findings=findings.to_dicts(),
        groups=list(_groups(lines)),
    )


def _counts(made: Plan) -> list[dict[str, Any]]:
    rows = []
    for entity in ENTITY_NAMES:
        changes, held = made.changes.get(entity, Counts()), made.held.get(entity, Counts())
        if changes.total or held.total:
            rows.append({"entity": entity, "changes": changes, "held": held.total})
    return rows


def _groups(lines: pl.DataFrame) -> Iterator[dict[str, Any]]:
    """Each (entity, action) with its records, as the page shows them."""
    for (entity, action), group in lines.group_by("entity", "action", maintain_order=True):
        records = group["sourced_id"].n_unique()
        rows = list(_rows(group))
        yield {"entity": entity, "action": action, "rows": rows, "records": records, "more": group["more"][0]}


def _rows(group: pl.DataFrame) -> Iterator[dict[str, Any]]:
    """One row for all fields of a record that change for the same reason: what they share, and ``lines``."""
    for shared, lines in groupby(group.iter_rows(named=True), key=itemgetter(*_SHARED)):
        row = dict(zip(_SHARED, shared, strict=True))
        yield {**row, "place": where(row["file"] or "", row["line"] or 0), "lines": list(lines)}
