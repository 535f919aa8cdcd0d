"""When a run is done and somebody should look all the same (exit code 1, docs/exit-codes.md)."""

from __future__ import annotations

from rosterkit.plan.plan import Plan

__all__ = ["degraded", "look"]

_ROSTER = frozenset({"Org", "AcademicSession", "Course", "Class", "Person", "Enrollment"})


def look(plan: Plan) -> str:
    """Why somebody should look at the plan: ``held``, ``degraded`` or ``found``; "" when nobody need."""
    if plan.total_held.total:
        return "held"
    if degraded(plan):
        return "degraded"
    return "found" if plan.findings.get("error") else ""


def degraded(plan: Plan) -> bool:
    """Whether a segment that was expected is absent or partial.

    A package in which some segment is full was meant whole, so each entity of a complete roster is expected in it; one
    of deltas alone says what it likes.
    """
    states = {state for _, _, state, _ in plan.segments}
    missing = any(entity in _ROSTER and not role and state == "absent" for entity, role, state, _ in plan.segments)
    return "partial" in states or ("full" in states and missing)
