"""What was found in the data, as a work list for whoever keeps the SIS: grouped by rule, and as CSV to hand over."""

from __future__ import annotations

import polars as pl
from starlette.responses import Response

from rosterkit.plan.plan import Plan
from rosterkit.render import csv as sheets
from rosterkit.render.labels import with_words
from rosterkit.roster.findings import empty
from rosterkit.roster.rules import SEVERITIES, Rule
from rosterkit.store import browse, plans
from rosterkit.web.guard import Visit
from rosterkit.web.pages import masked

_SHOWN = 200  # rows of one rule on the page


def _found(visit: Visit) -> tuple[Plan | None, pl.DataFrame]:
    """The newest plan of the sources, and what it found that the account may see."""
    newest = next((plan for plan in visit.workspace.plans() if plan.kind == "sync"), None)
    if newest is None:
        return None, empty()
    with visit.workspace.reading() as connection:
        frames = plans.load(connection, newest.id, "finding").values()
        found = pl.concat([empty(), *frames])
        if visit.visitor.schools is not None:
            keys = found["key"].unique().to_list()
            found = found.filter(pl.col("key").is_in(browse.keys_seen(connection, keys, visit.visitor.schools)))
    return newest, found


def _rules(visit: Visit) -> dict[str, Rule]:
    return {rule.code: rule for rule in visit.workspace.rules()}


def findings_page(visit: Visit) -> Response:
    """Rules by severity with how often each is broken; of the one that is asked for, every row."""
    plan, found = _found(visit)
    rules, asked = _rules(visit), visit.asked("rule")
    rank = {name: number for number, name in enumerate(SEVERITIES)}
    groups = found.group_by("rule", "severity").agg(count=pl.len(), files=pl.col("file").unique().sort())
    ranked = groups.sort(pl.col("severity").replace_strict(rank, default=9), -pl.col("count").cast(pl.Int64), "rule")
    rows = with_words(found.filter(pl.col("rule") == asked).head(_SHOWN), rules).to_dicts() if asked else []
    if rows:
        visit.log("view", "findings", subject=asked, records=[f"record {row['key']}" for row in rows if row["key"]])
    return visit.show(
        "findings.html.j2",
        title="Findings",
        plan=plan,
        groups=ranked.to_dicts(),
        rules=rules,
        asked=asked,
        rows=rows,
        most=_SHOWN,
    )


def findings_csv(visit: Visit) -> Response:
    """The same as CSV, for a spreadsheet: of one rule or of all."""
    plan, found = _found(visit)
    asked = visit.asked("rule")
    chosen = found.filter(pl.col("rule") == asked) if asked else found
    if visit.visitor.schools is not None:
        chosen = chosen.with_columns(pl.col(pl.String).map_elements(masked, return_dtype=pl.String))
    visit.log("view", "findings.csv", subject=asked or "all", records=[f"record {key}" for key in chosen["key"] if key])
    name = f"findings-{plan.id}.csv" if plan else "findings.csv"
    return Response(
        sheets.findings(chosen, _rules(visit)),
        media_type="text/csv",
        headers={"content-disposition": f'attachment; filename="{name}"'},
    )
