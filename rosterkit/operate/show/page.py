"""``show --html``: one self-contained page for a reviewer without a shell. No script, nothing fetched, all escaped."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from datetime import tzinfo
from typing import Any

import polars as pl
from jinja2 import Environment, PackageLoader, StrictUndefined

from rosterkit.intake.rules import SEVERITIES, Rule
from rosterkit.operate.show.words import (
    ENTITY_NAMES,
    Choice,
    chosen,
    gathered,
    held_reasons,
    moment,
    no_formula,
    visible,
    where,
    with_created_values,
)
from rosterkit.operate.verdict import gaps
from rosterkit.plan.plan import ACTIONS, Counts, Plan, PlanView

__all__ = ["page"]


def page(shown: PlanView, choice: Choice, rules: Mapping[str, Rule], zone: tzinfo) -> str:
    """The HTML. Long groups end with how many lines more there are: ``choice.limit`` keeps a first plan readable."""
    environment = Environment(
        loader=PackageLoader("rosterkit.operate.show", "."),
        autoescape=True,
        undefined=StrictUndefined,
        finalize=lambda value: visible(value) if isinstance(value, str) else value,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    lines = no_formula(with_created_values(shown, chosen(shown.lines, choice)))
    findings = no_formula(gathered(shown.findings, rules))
    return environment.get_template("plan.html.j2").render(
        plan=shown.plan,
        made_at=moment(shown.plan.created_at, zone),
        expires_at=moment(shown.plan.expires_at, zone),
        gaps=gaps(shown.plan.segments),
        actions=ACTIONS,
        counts=_counts(shown.plan),
        held=no_formula(held_reasons(shown.lines)).to_dicts(),
        finding_counts={one: shown.plan.findings.get(one, 0) for one in SEVERITIES},
        findings=findings.to_dicts(),
        groups=list(_groups(lines)),
    )


def _counts(made: Plan) -> list[dict[str, Any]]:
    counted = []
    for entity in ENTITY_NAMES:
        changes, held = made.changes.get(entity, Counts()), made.held.get(entity, Counts())
        if changes.total or held.total:
            counted.append({"entity": entity, "changes": changes, "held": held.total})
    return counted


def _groups(lines: pl.DataFrame) -> Iterator[dict[str, Any]]:
    """Each (entity, action) with its lines, as the page shows them."""
    for (entity, action), group in lines.group_by("entity", "action", maintain_order=True):
        rows = [{**line, "place": where(line["file"] or "", line["line"] or 0)} for line in group.iter_rows(named=True)]
        records = group["sourced_id"].n_unique()
        yield {"entity": entity, "action": action, "rows": rows, "records": records, "more": group["more"][0]}
