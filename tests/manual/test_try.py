"""``plan --try``: what a plan would be under other limits and policies; nothing is stored."""

from __future__ import annotations

from pathlib import Path

import pytest
from by_hand import DAY, PEOPLE, School, delivered
from test_kept_by_policy import signed_in

from rosterkit.errors import UsageError


def test_a_plan_is_tried_under_another_policy_and_nothing_is_stored(school: School) -> None:
    signed_in(school, "gu-1")
    changed = delivered(PEOPLE | {"gu-1": PEOPLE["gu-1"] | {"email": "tova.new@home.example"}})
    school.sync(changed)
    school.plan(changed)
    before = (len(school.ws.plans()), school.ws.database.read_bytes())
    package = Path("by-hand")
    tried = school.ws.try_plan({"policy.sync_updates_active_contacts": "true"}, package, as_of=DAY)
    assert (tried.state, tried.changes["User"].update) == ("tried", 1)
    assert school.ws.try_plan({"policy.add_staff": "false"}, package, as_of=DAY).total.total == 0
    assert (len(school.ws.plans()), school.ws.database.read_bytes()) == before


@pytest.mark.parametrize("setting", [("policy.add_stuff", "true"), ("limits", "ten"), ("policy.add_staff", "maybe")])
def test_a_setting_that_does_not_hold_is_wrong_usage(school: School, setting: tuple[str, str]) -> None:
    with pytest.raises(UsageError):
        school.ws.try_plan(dict([setting]), Path("by-hand"), as_of=DAY)
