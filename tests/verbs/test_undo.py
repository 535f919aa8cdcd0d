"""``undo``: a plan that takes a revision back where the store still holds what it wrote."""

from __future__ import annotations

from typing import Any

import pytest

from rosterkit.errors import Refused, UsageError
from rosterkit.plan.plan import Counts

KEYS = [f"stu-{i:02}" for i in range(20)]
NEW = {"stu-01": {"email": "new@birch.example"}}


def status(scenario: Any, key: str) -> str:
    return str(scenario.ws.explain("User", key).status)


def test_there_is_nothing_to_undo_at_first(new_scenario: Any) -> None:
    with pytest.raises(UsageError, match="Nothing was applied yet"):
        new_scenario.ws.undo()


def test_a_revision_that_is_not_there_cannot_be_undone(scenario: Any) -> None:
    with pytest.raises(UsageError, match="There is no revision 9"):
        scenario.ws.undo(9)


def test_an_undo_waits_for_a_person_also_where_plans_do_not(scenario: Any, delivered: Any) -> None:
    scenario.settings('mode = "review"', 'mode = "auto"')
    scenario.sync(delivered(values=NEW))
    undo = scenario.ws.undo()
    assert (undo.kind, undo.undoes, undo.needs_approval) == ("undo", 2, True)
    with pytest.raises(Refused):
        scenario.ws.apply(undo.id, actor="kim")


def test_a_value_is_put_back_a_create_archived_an_archive_restored(scenario: Any, delivered: Any) -> None:
    scenario.sync(delivered([*KEYS[1:], "stu-90"], values=NEW))
    undo = scenario.ws.undo()
    assert undo.changes["User"] == Counts(update=1, archive=1, restore=1)
    scenario.apply(undo)
    assert (status(scenario, "stu-00"), status(scenario, "stu-90")) == ("active", "archived")
    assert scenario.plan(delivered()).total == Counts()


def test_what_was_undone_stays_so_until_the_source_says_something_new(scenario: Any, delivered: Any) -> None:
    scenario.sync(delivered(values=NEW))
    scenario.apply(scenario.ws.undo())
    assert {line[4] for line in scenario.lines(scenario.sync(delivered(values=NEW)))} == {"undo"}
    plan = scenario.sync(delivered(values={"stu-01": {"email": "newest@birch.example"}}))
    assert {line[4] for line in scenario.lines(plan)} == {""}
    assert scenario.ws.holds() == ()


def test_a_field_that_has_changed_since_is_left_and_said(scenario: Any, delivered: Any) -> None:
    scenario.sync(delivered(values={"stu-01": {"email": "new@birch.example", "phone": "555 0101"}}))
    scenario.sync(delivered(values={"stu-01": {"email": "newer@birch.example", "phone": "555 0101"}}))
    codes = {line[3]: line[4] for line in scenario.lines(scenario.ws.undo(2))}
    assert codes == {"email": "changed", "phone": ""}


def test_what_later_records_refer_to_is_left_and_said(scenario: Any, delivered: Any) -> None:
    scenario.sync(delivered([*KEYS, "stu-90"], enrolled=KEYS))
    scenario.sync(delivered([*KEYS, "stu-90"]))
    undo = scenario.ws.undo(2)
    codes = {(line[0], line[2]): line[4] for line in scenario.lines(undo)}
    assert codes[("User", "stu-90")] == "referenced"
    assert codes[("Role", "stu-90|S")] == ""


def test_an_undo_can_be_undone(scenario: Any, delivered: Any) -> None:
    scenario.sync(delivered(values=NEW))
    scenario.apply(scenario.ws.undo())
    scenario.apply(scenario.ws.undo())
    assert scenario.plan(delivered(values=NEW)).total == Counts()
    assert [past.kind for past in scenario.ws.history()] == ["undo", "undo", "sync", "sync"]


def test_the_limits_do_not_count_for_an_undo(scenario: Any, delivered: Any) -> None:
    scenario.sync(delivered([*KEYS, *(f"new-{i}" for i in range(20))]))
    undo = scenario.ws.undo()
    assert undo.changes["User"] == Counts(archive=20)
    assert undo.total_held == Counts()
