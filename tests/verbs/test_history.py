"""``history``: the revisions, and what each did to one record."""

from __future__ import annotations

from typing import Any

import pytest

from rosterkit.errors import UsageError
from rosterkit.plan.plan import Counts

NEW = {"stu-01": {"email": "new@birch.example"}}


def test_revisions_come_the_newest_first_with_what_they_did(scenario: Any, delivered: Any) -> None:
    plan = scenario.sync(delivered(values=NEW))
    newest, first = scenario.ws.history()
    assert (newest.revision, newest.kind, newest.plan, newest.actor) == (2, "sync", plan.id, "kim")
    assert newest.changes["User"] == Counts(update=1)
    assert first.changes["User"] == Counts(create=20)


def test_of_a_record_only_the_revisions_that_touched_it(scenario: Any, delivered: Any) -> None:
    scenario.sync(delivered(values=NEW))
    scenario.sync(delivered(values=NEW | {"stu-02": {"email": "other@birch.example"}}))
    past = scenario.ws.history("User", "stu-01")
    assert [revision.revision for revision in past] == [2, 1]
    assert past[0].lines.select("action", "field", "before", "after").rows() == [
        ("update", "email", "stu-01@birch.example", "new@birch.example")
    ]
    assert past[1].lines["action"].to_list() == ["create"]


def test_a_record_that_is_not_there_has_none(scenario: Any) -> None:
    with pytest.raises(UsageError, match="no User"):
        scenario.ws.history("User", "nobody")


def test_before_the_first_revision_there_is_none(new_scenario: Any) -> None:
    assert new_scenario.ws.history() == ()
