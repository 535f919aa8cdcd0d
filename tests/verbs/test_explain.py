"""``explain``: where each value comes from, what waits, what is held, what was found."""

from __future__ import annotations

from typing import Any

import pytest

from rosterkit.errors import UsageError

NEW = {"stu-01": {"email": "new@birch.example"}}


def test_each_value_is_told_with_the_revision_file_and_line_that_gave_it(desk: Any, tonight: Any) -> None:
    desk.night(tonight(said=NEW))
    told = {value.field: value for value in desk.ws.explain("User", "stu-01").values}
    assert (told["email"].value, told["email"].revision, told["email"].line) == ("new@birch.example", 2, 3)
    assert (told["family_name"].value, told["family_name"].revision) == ("Family 01", 1)
    assert told["email"].file == "User.csv"


def test_what_is_held_and_waits_is_told(desk: Any, tonight: Any) -> None:
    desk.ws.hold("User", "stu-01", reason="they are moving", actor="kim")
    desk.night(tonight(said=NEW))
    told = desk.ws.explain("User", "stu-01")
    assert [(hold.code, hold.reason) for hold in told.holds] == [("person", "they are moving")]
    assert told.pending == "they are moving"
    assert told.status == "active"


def test_a_record_that_waits_for_another_is_known(desk: Any, tonight: Any) -> None:
    said = tonight([*(f"stu-{i:02}" for i in range(20)), "stu-90"])
    desk.plan(said)
    desk.ws.hold("User", "stu-90", reason="who is this?", actor="kim")
    desk.night(said)
    told = desk.ws.explain("Role", "stu-90|S")
    assert (told.status, told.values) == ("waiting", ())
    assert "user" in told.pending


def test_nobody_knows_a_record_that_was_never_said(desk: Any) -> None:
    with pytest.raises(UsageError, match="none waits"):
        desk.ws.explain("User", "nobody")
