"""Deltas: a set of changes is never lost, comes in order, and is applied once."""

from typing import Any

import pytest

from rosterkit.plan.plan import Counts

MODES = dict.fromkeys(("users", "enrollments", "classes"), "delta")
NOTHING = Counts()


def user(scenario: Any, key: Any, at: Any, *, status: str = "active", **changed: Any) -> Any:
    row = next((u for u in scenario.files["users"] if u["sourcedId"] == key), scenario.files["users"][2])
    return {**row, "sourcedId": key, "status": status, "dateLastModified": f"2026-11-{at:02}T00:00:00.000Z", **changed}


def delta(scenario: Any, *rows: Any, **named: Any) -> Any:
    return scenario.plan({"users": list(rows)}, modes={"users": "delta"}, **named)


def test_a_delta_changes_what_it_says_and_nothing_else(scenario: Any) -> None:
    plan = delta(scenario, user(scenario, "S1-p0", 1, email="a@jv.example"))
    assert plan.total == Counts(update=1)
    assert plan.total_held == NOTHING


def test_a_reference_of_a_delta_resolves_against_the_store(scenario: Any) -> None:
    row = {
        "sourcedId": "late",
        "status": "active",
        "dateLastModified": "2026-11-01T00:00:00.000Z",
        "classSourcedId": "S2-c0",
        "schoolSourcedId": "S2",
        "userSourcedId": "S1-p0",
        "role": "student",
    }
    plan = scenario.plan({"enrollments": [row]}, modes={"enrollments": "delta"})
    assert plan.changes["Enrollment"] == Counts(create=1)
    assert plan.findings["error"] == 0


def test_two_deltas_that_were_not_applied_are_both_in_the_next_plan(scenario: Any) -> None:
    delta(scenario, user(scenario, "S1-p0", 1, email="a@jv.example"))
    second = delta(scenario, user(scenario, "S1-p1", 2, email="b@jv.example"))
    assert second.total == Counts(update=2)
    assert len(second.packages) == 2
    scenario.apply(second)
    assert delta(scenario, user(scenario, "S1-p2", 3, email="c@jv.example")).total == Counts(update=1)


def test_a_rejected_plan_loses_no_delta(scenario: Any) -> None:
    first = delta(scenario, user(scenario, "S1-p0", 1, email="a@jv.example"))
    scenario.workspace.reject(first.id, reason="not today", actor="kim")
    assert delta(scenario, user(scenario, "S1-p1", 2, email="b@jv.example")).total == Counts(update=2)


def test_the_same_delta_is_applied_once(scenario: Any) -> None:
    package = scenario.package({"users": [user(scenario, "S1-p0", 1, email="a@jv.example")]}, modes={"users": "delta"})
    scenario.apply(scenario.workspace.plan(package))
    scenario.apply(delta(scenario, user(scenario, "S1-p0", 2, email="b@jv.example")))
    again = scenario.workspace.plan(package)
    assert again.total == NOTHING
    assert "applied before" in " ".join(again.notes)


def test_a_row_older_than_what_is_known_is_left_with_a_finding(scenario: Any) -> None:
    scenario.apply(delta(scenario, user(scenario, "S1-p0", 9, email="new@jv.example")))
    plan = delta(scenario, user(scenario, "S1-p0", 3, email="old@jv.example"))
    assert plan.total == NOTHING
    assert scenario.workspace.show(plan.id).findings["rule"].to_list() == ["delta.stale-row"]


def test_a_stale_row_says_nothing_of_roles_and_guardians_either(scenario: Any) -> None:
    scenario.apply(delta(scenario, user(scenario, "S1-p0", 9)))
    plan = delta(scenario, user(scenario, "S1-p0", 3, agentSourcedIds="", orgSourcedIds="S2"))
    assert plan.total == NOTHING
    assert plan.total_held == NOTHING


def test_a_newer_date_is_remembered_though_nothing_else_changed(scenario: Any) -> None:
    scenario.apply(delta(scenario, user(scenario, "S1-p0", 9)))
    plan = delta(scenario, user(scenario, "S1-p0", 3, email="old@jv.example"))
    assert plan.total == NOTHING


def test_a_delta_that_deletes_is_an_explicit_archive(scenario: Any) -> None:
    plan = delta(scenario, user(scenario, "S1-p0", 1, status="tobedeleted"))
    assert plan.changes["User"] == Counts(archive=1)
    assert plan.changes["Enrollment"] == Counts(archive=2)


def test_a_delta_that_deletes_many_is_held_by_the_limits_and_not_lost(scenario: Any) -> None:
    rows = [user(scenario, f"S1-p{i}", 1, status="tobedeleted") for i in range(12)]
    plan = delta(scenario, *rows)
    assert plan.held["User"] == Counts(archive=12)
    scenario.apply(plan)
    later = delta(scenario, user(scenario, "S2-p0", 2, email="x@jv.example"))
    assert later.held["User"] == Counts(archive=12)
    scenario.workspace.approve_held(later.id, reason="a school moved", actor="kim")
    freed = delta(scenario, user(scenario, "S2-p1", 3, email="y@jv.example"))
    assert freed.changes["User"] == Counts(update=2, archive=12)


def test_a_new_record_waits_for_the_record_that_it_names(scenario: Any) -> None:
    row = {
        "sourcedId": "early",
        "status": "active",
        "dateLastModified": "2026-11-01T00:00:00.000Z",
        "classSourcedId": "S1-c0",
        "schoolSourcedId": "S1",
        "userSourcedId": "S1-tomorrow",
        "role": "student",
    }
    plan = scenario.plan({"enrollments": [row]}, modes={"enrollments": "delta"})
    assert plan.total == NOTHING
    assert scenario.workspace.show(plan.id).findings["rule"].to_list() == ["reference.missing"]
    if plan.needs_approval:
        scenario.workspace.approve(plan.id, reason="nothing in it", actor="kim")
    scenario.workspace.apply(plan.id, actor="kim")
    own = {"givenName": "Noor", "familyName": "Haddad", "email": "noor@lk.example", "identifier": "99101"}
    own |= {"username": "tomorrow", "agentSourcedIds": "", "userIds": "", "phone": "", "sms": ""}
    arrives = delta(scenario, user(scenario, "S1-tomorrow", 2, **own))
    assert arrives.changes["User"] == Counts(create=1)
    assert arrives.changes["Enrollment"] == Counts(create=1)


def test_a_delta_row_that_drops_a_guardian_takes_the_link(scenario: Any) -> None:
    plan = delta(scenario, user(scenario, "S1-p0", 1, agentSourcedIds=""))
    assert plan.changes["GuardianLink"] == Counts(archive=1)
    assert plan.changes["User"] == NOTHING


def test_bulk_users_and_delta_enrollments_in_one_package(scenario: Any) -> None:
    gone = {
        **scenario.files["enrollments"][0],
        "status": "tobedeleted",
        "dateLastModified": "2026-11-01T00:00:00.000Z",
    }
    files = {k: v for k, v in scenario.files.items() if k != "enrollments"} | {"enrollments": [gone]}
    plan = scenario.plan(files, modes={"enrollments": "delta"})
    assert plan.total == Counts(archive=1)


def test_a_full_file_takes_the_place_of_deltas_before_it(scenario: Any) -> None:
    delta(scenario, user(scenario, "S1-p0", 1, email="a@jv.example"))
    plan = scenario.plan(scenario.files)
    assert plan.total == NOTHING


@pytest.mark.parametrize("action", ["reject", "supersede"])
def test_an_undone_delta_does_not_come_back_by_itself(scenario: Any, action: Any) -> None:
    scenario.apply(delta(scenario, user(scenario, "S1-p0", 1, email="a@jv.example")))
    scenario.apply(scenario.workspace.undo())
    plan = delta(scenario, user(scenario, "S1-p1", 2, email="b@jv.example"))
    assert plan.changes["User"] == Counts(update=1)
    assert plan.held["User"] == Counts(update=1)
    if action == "reject":
        scenario.workspace.reject(plan.id, reason="no", actor="kim")
    anew = delta(scenario, user(scenario, "S1-p0", 3, email="c@jv.example"))
    assert ("User", "update", "S1-p0", "") in scenario.lines(anew)
