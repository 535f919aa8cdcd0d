"""``explain``: where each value comes from, what waits, what is held, what was found."""

from __future__ import annotations

from typing import Any

import pytest

from rosterkit.errors import UsageError

NEW = {"stu-01": {"email": "new@birch.example"}}


def test_each_value_is_told_with_the_revision_file_and_line_that_gave_it(scenario: Any, delivered: Any) -> None:
    scenario.sync(delivered(values=NEW))
    found = {value.field: value for value in scenario.ws.explain("User", "stu-01").values}
    assert (found["email"].value, found["email"].revision, found["email"].line) == ("new@birch.example", 2, 3)
    assert (found["family_name"].value, found["family_name"].revision) == ("Family 01", 1)
    assert found["email"].file == "User.csv"


def test_what_is_held_and_waits_is_told(scenario: Any, delivered: Any) -> None:
    scenario.ws.hold("User", "stu-01", reason="they are moving", actor="kim")
    scenario.sync(delivered(values=NEW))
    found = scenario.ws.explain("User", "stu-01")
    assert [(hold.code, hold.reason) for hold in found.holds] == [("person", "they are moving")]
    assert found.pending == "they are moving"
    assert found.status == "active"


def test_a_record_that_waits_for_another_is_known(scenario: Any, delivered: Any) -> None:
    extract = delivered([*(f"stu-{i:02}" for i in range(20)), "stu-90"])
    scenario.plan(extract)
    scenario.ws.hold("User", "stu-90", reason="who is this?", actor="kim")
    scenario.sync(extract)
    found = scenario.ws.explain("Role", "stu-90|S")
    assert (found.status, found.values) == ("waiting", ())
    assert "user" in found.pending


def test_nobody_knows_a_record_that_was_never_said(scenario: Any) -> None:
    with pytest.raises(UsageError, match="none waits"):
        scenario.ws.explain("User", "nobody")
