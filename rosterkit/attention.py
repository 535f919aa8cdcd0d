"""When a run is done and somebody should look all the same (exit code 1, docs/exit-codes.md)."""

from __future__ import annotations

from collections.abc import Iterable

from rosterkit.plan.plan import Plan
from rosterkit.sources.base import TableCoverage, coverage_in_words

_ROSTER = frozenset({"Org", "AcademicSession", "Course", "Class", "User", "Enrollment"})


def attention_reason(plan: Plan) -> str:
    """Why somebody should look at the plan: ``held``, ``degraded`` or ``found``; "" when nobody need."""
    if plan.total_held.total:
        return "held"
    if is_degraded(plan):
        return "degraded"
    return "found" if plan.findings.get("error") else ""


def is_degraded(plan: Plan) -> bool:
    """Whether a table that was expected is absent or partial."""
    return bool(coverage_gaps(plan.coverage))


def absent_in_words(plan: Plan) -> list[str]:
    """The tables that were expected and did not come. The notes of a plan name those that are partial."""
    return coverage_in_words(gap for gap in coverage_gaps(plan.coverage) if gap.coverage == "absent")


def coverage_gaps(tables: Iterable[TableCoverage]) -> list[TableCoverage]:
    """The tables that were expected and are absent or partial; absent ones first.

    Where any table is full or partial, the package was meant as a whole: each entity of a complete roster is expected.
    In a package of deltas alone, none is.
    """
    ordered = sorted(tables, key=lambda table: table.coverage != "absent")
    whole = any(table.coverage in ("full", "partial") for table in ordered)
    return [
        table
        for table in ordered
        if table.coverage == "partial" or (whole and table.coverage == "absent" and table.entity in _ROSTER)
    ]
