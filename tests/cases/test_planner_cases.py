"""Packages from the field (fixtures/cases) that are right by themselves, and that the planner must take care of."""

from __future__ import annotations

from pathlib import Path

import polars as pl
import pytest

from rosterkit import Workspace
from rosterkit.plan.plan import Counts, Plan

CASES = Path(__file__).parents[2] / "fixtures" / "cases"


@pytest.fixture
def workspace(tmp_path: Path) -> Workspace:
    return Workspace.init(tmp_path / "workspace")


def planned(workspace: Workspace, case: str) -> Plan:
    plan = workspace.plan(CASES / case)
    workspace.approve(plan.id, reason="as expected", actor="kim")
    workspace.apply(plan.id, actor="kim")
    return plan


def test_a_course_that_a_class_still_needs_stays(workspace: Workspace) -> None:
    planned(workspace, "course-removed/day-1")
    plan = planned(workspace, "course-removed/day-2")
    assert plan.total == Counts()
    assert plan.held["Course"] == plan.total_held == Counts(archive=1)
    line = workspace.show(plan.id).lines.row(0, named=True)
    assert (line["held"], line["held_why"]) == ("needed", "what depends on it would be lost")
    assert any("what depends on it would be lost" in note for note in plan.notes)


def test_a_course_that_a_class_needs_leaves_when_a_person_approves_it(workspace: Workspace) -> None:
    planned(workspace, "course-removed/day-1")
    held = planned(workspace, "course-removed/day-2")
    (course,) = workspace.show(held.id).lines["sourced_id"].to_list()
    workspace.approve_held(held.id, reason="the classes do without", actor="kim", sourced_id=course)
    plan = planned(workspace, "course-removed/day-2")
    assert (plan.total, plan.total_held) == (Counts(archive=1, update=plan.changes["Class"].update), Counts())
    cleared = workspace.show(plan.id).lines.filter(pl.col("entity") == "Class")
    assert set(cleared.select("field", "before", "after").rows()) == {("course", course, None)}
    assert planned(workspace, "course-removed/day-2").total == Counts()


def test_a_misspelt_school_is_one_finding_that_counts_what_waits(workspace: Workspace) -> None:
    plan = planned(workspace, "one-misspelt-school/day-1")
    found = workspace.show(plan.id).findings.filter(pl.col("severity") == "error")
    assert found.select("rule", "file", "column", "value").rows() == [
        ("reference.missing", "classes.csv", "schoolSourcedId", "S1")
    ]
    detail = found["detail"][0]
    assert 'the nearest known id is "s1"' in detail
    assert "3 more records wait for this one" in detail
