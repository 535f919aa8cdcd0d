"""``undo``: a plan that takes a revision back where the store still says what it wrote."""

from __future__ import annotations

from typing import Any

import pytest

from rosterkit.errors import Refused
from rosterkit.plan.plan import Counts

KEYS = [f"stu-{i:02}" for i in range(20)]
NEW = {"stu-01": {"email": "new@birch.example"}}


def status(desk: Any, key: str) -> str:
    return str(desk.ws.explain("User", key).status)


def test_there_is_nothing_to_undo_at_first(new_desk: Any) -> None:
    with pytest.raises(Refused) as refused:
        new_desk.ws.undo()
    assert refused.value.why == "no-revision"


def test_a_revision_that_is_not_there_cannot_be_undone(desk: Any) -> None:
    with pytest.raises(Refused) as refused:
        desk.ws.undo(9)
    assert refused.value.why == "no-revision"


def test_an_undo_waits_for_a_person_also_where_plans_do_not(desk: Any, tonight: Any) -> None:
    desk.settings('mode = "review"', 'mode = "auto"')
    desk.night(tonight(said=NEW))
    undo = desk.ws.undo()
    assert (undo.kind, undo.undoes, undo.needs_approval) == ("undo", 2, True)
    with pytest.raises(Refused):
        desk.ws.apply(undo.id, actor="kim")


def test_a_value_is_put_back_a_create_archived_an_archive_restored(desk: Any, tonight: Any) -> None:
    desk.night(tonight([*KEYS[1:], "stu-90"], said=NEW))
    undo = desk.ws.undo()
    assert undo.changes["User"] == Counts(update=1, archive=1, restore=1)
    desk.apply(undo)
    assert (status(desk, "stu-00"), status(desk, "stu-90")) == ("active", "archived")
    assert desk.plan(tonight()).total == Counts()


def test_what_was_undone_stays_so_until_the_source_says_something_new(desk: Any, tonight: Any) -> None:
    desk.night(tonight(said=NEW))
    desk.apply(desk.ws.undo())
    assert {line[4] for line in desk.lines(desk.night(tonight(said=NEW)))} == {"undo"}
    plan = desk.night(tonight(said={"stu-01": {"email": "newest@birch.example"}}))
    assert {line[4] for line in desk.lines(plan)} == {""}
    assert desk.ws.holds() == ()


def test_a_field_that_has_changed_since_is_left_and_said(desk: Any, tonight: Any) -> None:
    desk.night(tonight(said={"stu-01": {"email": "new@birch.example", "phone": "555 0101"}}))
    desk.night(tonight(said={"stu-01": {"email": "newer@birch.example", "phone": "555 0101"}}))
    codes = {line[3]: line[4] for line in desk.lines(desk.ws.undo(2))}
    assert codes == {"email": "changed", "phone": ""}


def test_what_later_records_refer_to_is_left_and_said(desk: Any, tonight: Any) -> None:
    desk.night(tonight([*KEYS, "stu-90"], enrolled=KEYS))
    desk.night(tonight([*KEYS, "stu-90"]))
    undo = desk.ws.undo(2)
    codes = {(line[0], line[2]): line[4] for line in desk.lines(undo)}
    assert codes[("User", "stu-90")] == "referenced"
    assert codes[("Role", "stu-90|S")] == ""


def test_an_undo_can_be_undone(desk: Any, tonight: Any) -> None:
    desk.night(tonight(said=NEW))
    desk.apply(desk.ws.undo())
    desk.apply(desk.ws.undo())
    assert desk.plan(tonight(said=NEW)).total == Counts()
    assert [past.kind for past in desk.ws.history()] == ["undo", "undo", "sync", "sync"]


def test_the_limits_do_not_count_for_an_undo(desk: Any, tonight: Any) -> None:
    desk.night(tonight([*KEYS, *(f"new-{i}" for i in range(20))]))
    undo = desk.ws.undo()
    assert undo.changes["User"] == Counts(archive=20)
    assert undo.total_held == Counts()
