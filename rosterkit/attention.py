"""When a run is done and somebody should look all the same (exit code 1, docs/exit-codes.md)."""

from __future__ import annotations

from collections.abc import Iterable

from rosterkit.plan.plan import Plan

__all__ = ["degraded", "gaps", "look", "untold_gaps"]

_ROSTER = frozenset({"Org", "AcademicSession", "Course", "Class", "User", "Enrollment"})


def look(plan: Plan) -> str:
    """Why somebody should look at the plan: ``held``, ``degraded`` or ``found``; "" when nobody need."""
    if plan.total_held.total:
        return "held"
    if degraded(plan):
        return "degraded"
    return "found" if plan.findings.get("error") else ""


def degraded(plan: Plan) -> bool:
    """Whether a segment that was expected is absent or partial."""
    return bool(gaps(plan.segments))


def untold_gaps(plan: Plan) -> list[tuple[str, str, str, str]]:
    """The gaps of which no note of the plan speaks."""
    told = tuple(note.split(" (")[0] for note in plan.notes)
    return [gap for gap in gaps(plan.segments) if f"{gap[0]} is {gap[2]}" not in told]


def gaps(segments: Iterable[tuple[str, str, str, str]]) -> list[tuple[str, str, str, str]]:
    """Of segments (entity, role, state, why), those that were expected and are absent or partial.

    A package in which some segment is full or partial was meant whole, so each entity of a complete roster is expected
    in it; one of deltas alone says what it likes. What is absent comes first: its file was expected and not read.
    """
    told = sorted(segments, key=lambda segment: segment[2] != "absent")
    whole = any(state in ("full", "partial") for _, _, state, _ in told)
    expected = {(entity, "") for entity in _ROSTER} if whole else set()
    return [s for s in told if s[2] == "partial" or (s[2] == "absent" and s[:2] in expected)]
