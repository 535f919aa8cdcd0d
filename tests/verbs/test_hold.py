"""``hold``: a record, one action or one field is set aside from run to run, with what depends on it."""

from __future__ import annotations

from typing import Any

import pytest

from rosterkit.errors import UsageError
from rosterkit.plan.plan import Counts

KEYS = [f"stu-{i:02}" for i in range(20)]
NEW = {"stu-01": {"email": "new@birch.example", "phone": "555 0101"}}


def codes(scenario: Any, plan: Any) -> dict[tuple[str, str, str], str]:
    return {(entity, key, field): code for entity, _, key, field, code in scenario.lines(plan)}


def test_a_record_that_is_held_stays_as_it_is_run_after_run(scenario: Any, delivered: Any) -> None:
    hold = scenario.ws.hold("user", "stu-01", reason="they are moving", actor="kim")
    assert (hold.entity, hold.sourced_id, hold.code, hold.actor) == ("User", "stu-01", "person", "kim")
    for _ in range(2):
        plan = scenario.sync(delivered(values=NEW))
        assert codes(scenario, plan) == {("User", "stu-01", f): "person" for f in ("email", "phone")}


def test_one_field_is_held_and_the_others_go_on(scenario: Any, delivered: Any) -> None:
    scenario.ws.hold("User", "stu-01", reason="it bounces", actor="kim", field="email")
    plan = scenario.plan(delivered(values=NEW))
    assert codes(scenario, plan) == {("User", "stu-01", "email"): "person", ("User", "stu-01", "phone"): ""}


def test_one_action_is_held_with_what_depends_on_it_and_another_is_not(scenario: Any, delivered: Any) -> None:
    scenario.ws.hold("User", "stu-01", reason="they come back", actor="kim", action="archive")
    assert scenario.plan(delivered(values=NEW)).total_held == Counts()
    held = codes(scenario, scenario.plan(delivered([k for k in KEYS if k != "stu-01"])))
    assert held == {
        ("User", "stu-01", ""): "person",
        ("Role", "stu-01|S", ""): "dependant",
        ("Enrollment", "C-stu-01", ""): "dependant",
        ("Enrollment", "C2-stu-01", ""): "dependant",
    }


def test_a_create_that_is_held_holds_the_creates_that_refer_to_it(scenario: Any, delivered: Any) -> None:
    scenario.plan(delivered([*KEYS, "stu-90"]))
    scenario.ws.hold("User", "stu-90", reason="who is this?", actor="kim")
    held = codes(scenario, scenario.plan(delivered([*KEYS, "stu-90"])))
    assert held[("User", "stu-90", "")] == "person"
    assert held[("Role", "stu-90|S", "")] == held[("Enrollment", "C-stu-90", "")] == "dependant"


def test_what_an_archive_that_is_held_refers_to_stays_too(scenario: Any, delivered: Any) -> None:
    scenario.ws.hold("Enrollment", "C-stu-01", reason="wait", actor="kim")
    held = codes(scenario, scenario.plan(delivered([k for k in KEYS if k != "stu-01"])))
    assert held[("User", "stu-01", "")] == "dependant"


@pytest.mark.parametrize(
    ("entity", "key", "values"),
    [
        ("Pupil", "stu-01", {}),
        ("User", "stu-99", {}),
        ("User", "stu-01", {"action": "delete"}),
        ("User", "stu-01", {"field": "shoe_size"}),
    ],
)
def test_what_is_not_there_cannot_be_held(scenario: Any, entity: str, key: str, values: dict[str, str]) -> None:
    with pytest.raises(UsageError):
        scenario.ws.hold(entity, key, reason="wait", actor="kim", **values)
    assert scenario.ws.holds() == ()


def test_a_reason_is_needed(scenario: Any) -> None:
    with pytest.raises(UsageError, match="reason"):
        scenario.ws.hold("User", "stu-01", reason=" ", actor="kim")
