"""What the benchmark rests on: it counts right, sees memory, fails when it should. What it measures, no test asks."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

from benchmarks.goals import GB, GOALS, Goal, Judged, judged
from benchmarks.measure import BenchmarkError, Stage, measured, median, together
from benchmarks.report import growth, into_page, table
from benchmarks.runs import Outcome
from rosterkit.testing.package import write_package

ORGS = [{"sourcedId": "D", "name": "Juniper Valley", "type": "district"}]
SESSIONS = [
    {"sourcedId": "Y", "title": "Year", "type": "schoolYear", "startDate": "2026-08-24", "endDate": "2027-06-12"}
]


def stage(name: str = "a", work: float = 1.0, **said: object) -> Stage:
    return Stage(name, work, work + 0.5, work, round(work * GB), said={"rows": 100} | said)


def outcome(size: str = "M", work: float = 1.0) -> Outcome:
    names = {goal.stage for goal in GOALS} | {goal.against for goal in GOALS if goal.against} | {"P", "Z"}
    return Outcome(size, "1.1", 100, {name: stage(name, work) for name in sorted(names)})


def test_changes_are_counted_by_file_and_by_entity(tmp_path: Path) -> None:
    user = {"givenName": "Ayumi", "familyName": "Langat", "enabledUser": "true", "orgSourcedIds": "D"}
    a = user | {"sourcedId": "a", "role": "student", "username": "a", "agentSourcedIds": "g"}
    g = user | {"sourcedId": "g", "role": "parent", "username": "g"}
    h = user | {"sourcedId": "h", "role": "parent", "username": "h"}
    before = write_package(tmp_path / "1", {"orgs": ORGS, "academicSessions": SESSIONS, "users": [a, g]})
    later = [a | {"agentSourcedIds": "g,h"}, g | {"email": "g@post.example"}, h]
    after = write_package(tmp_path / "2", {"orgs": [], "academicSessions": SESSIONS, "users": later})
    said = measured("truth", "truth", before, after).said
    assert said["files"]["users"] == {"create": 1, "archive": 0, "update": 2}
    assert said["entities"] == {
        "Org": {"create": 0, "archive": 1, "update": 0},
        "User": {"create": 1, "archive": 0, "update": 1},
        "Role": {"create": 1, "archive": 0, "update": 0},
        "GuardianLink": {"create": 1, "archive": 0, "update": 0},
    }
    first = measured("truth", "truth", "", before).said
    assert first["entities"]["User"] == {"create": 2, "archive": 0, "update": 0}


def test_a_process_that_fails_fails_the_run(tmp_path: Path) -> None:
    with pytest.raises(BenchmarkError, match=r"(?s)P failed.*nowhere"):
        measured("P", "plain_polars", tmp_path / "nowhere")


def test_memory_and_time_are_seen(tmp_path: Path) -> None:
    package = write_package(tmp_path / "1", {"orgs": ORGS})
    read = measured("P", "plain_polars", package)
    assert read.rows == 1
    assert read.peak > 10_000_000
    assert read.whole > read.work > 0


def test_an_outcome_that_is_not_right_is_noted() -> None:
    found = outcome()
    found.expect("changes", {"User": 1}, {"User": 1})
    assert found.wrong == []
    found.expect("changes", {"User": 1}, {"User": 2})
    assert found.wrong == ["changes: {'User': 1} where {'User': 2} is right"]


@pytest.mark.parametrize(
    ("goal", "value", "met", "over"),
    [
        (Goal("a", "work", 2), 2, True, False),
        (Goal("a", "work", 2), 2.9, False, False),
        (Goal("a", "work", 2), 3.1, False, True),
        (Goal("a", "work", 6, least=True), 7, True, False),
        (Goal("a", "work", 6, least=True), 4.1, False, False),
        (Goal("a", "work", 6, least=True), 3.9, False, True),
    ],
)
def test_a_goal_is_met_missed_or_over_its_gate(goal: Goal, value: float, *, met: bool, over: bool) -> None:
    judgement = Judged(goal, value)
    assert (judgement.missed_by <= 1, judgement.over_gate) == (met, over)


def test_ratios_are_taken_against_the_stage_that_is_named() -> None:
    stages = outcome().stages | {"P": stage("P", 0.5)}
    ratios = {(j.value, j.processor) for j in judged("L", stages) if j.goal.against == "P"}
    assert ratios == {(2.0, 2.0)}


def test_a_goal_of_processor_seconds_is_judged_by_them_alone() -> None:
    stages = outcome().stages | {"1 % changed: plan": replace(stage("1 % changed: plan", 60), processor=0.5)}
    judgement = next(j for j in judged("S", stages) if j.goal.take == "processor")
    assert (judgement.value, judgement.processor, judgement.missed_by <= 1) == (0.5, None, True)
    assert "1 % changed: plan, processor" in table(replace(outcome("S"), stages=stages))


def test_stages_are_put_together_and_stretched() -> None:
    day = together("day", stage(work=1), stage(work=3))
    assert (day.work, day.whole, day.peak, day.rows) == (4, 5, 3 * GB, 100)
    middle = median([stage(work=3, plan="a"), stage(work=2, plan="b"), stage(work=1, plan="c")])
    assert (middle.work, middle.peak, middle.said["plan"]) == (2, 3 * GB, "c")
    longer = stage(work=2).extrapolated(10)
    assert (longer.work, longer.rows, longer.scaled) == (20, 1000, 10)


def test_a_busy_machine_is_told_of() -> None:
    alone, busy = outcome(), outcome()
    busy.stages = {name: replace(stage, processor=stage.work / 2) for name, stage in busy.stages.items()}
    assert "Other work" not in table(alone)
    assert "Other work" in table(busy)


def test_the_table_says_how_each_goal_stands_and_goes_into_a_page(tmp_path: Path) -> None:
    slow = outcome(work=100)
    assert "missed by a factor of" in table(slow)
    assert "over the gate" in table(slow)
    assert "met" in table(outcome())
    assert "M" in growth([outcome("S"), slow]).splitlines()[0]
    page = tmp_path / "page.md"
    page.write_text("before\n<!-- size M: made by make bench -->\nof yesterday\n<!-- end of size M -->\nafter\n")
    into_page(page, slow)
    written = page.read_text()
    assert "| stage |" in written
    assert "of yesterday" not in written
    assert written.startswith("before")
    assert written.endswith("after\n")
