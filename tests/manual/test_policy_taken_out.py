"""Each rule of the policy is taken out in turn, and the test that shows its refusal is seen failing."""

from __future__ import annotations

from collections.abc import Callable, Iterable

import pytest
import test_policy_by_hand as by_hand
from by_hand import School

from rosterkit.manual import edits
from rosterkit.plan.policy import RULES, SchoolPolicy, allowed

REFUSING: dict[str, Callable[[School], object]] = {
    "student.add": by_hand.test_c41_no_student_is_added_while_a_source_is_synced,
    "student.edit": lambda school: by_hand.test_c42_nothing_else_of_a_synced_student_is_edited(school, "email"),
    "class.title": by_hand.test_c35_the_title_is_not_edited_where_the_setting_forbids_it,
    "class.co-teachers": by_hand.test_c35_c44_co_teachers_are_not_added_where_the_setting_forbids_it,
    "class.students": by_hand.test_c35_no_student_is_put_into_a_synced_class_by_hand,
    "record.edit": by_hand.test_c35_nothing_else_of_a_synced_class_is_edited,
    "guardian.add": by_hand.test_c36_guardians_are_not_added_where_the_setting_forbids_it,
    "guardian.staff": by_hand.test_c36_all_staff_manage_guardians_or_none_does,
    "staff.add": by_hand.test_c43_staff_are_not_added_where_the_setting_forbids_it,
    "contact.before-sign-in": lambda school: by_hand.test_c37_c44_who_has_not_signed_in_is_edited_in_the_source(
        school, "gu-1"
    ),
    "contact.after-sign-in": lambda school: by_hand.test_c38_c39_where_the_sync_updates_active_people_nobody_else_does(
        school, "gu-1"
    ),
    "contact.other": lambda school: by_hand.test_nothing_but_contact_details_of_guardians_and_staff_is_edited(
        school, "gu-1"
    ),
}


def test_every_rule_that_may_refuse_is_here() -> None:
    may_refuse = {one.code for one in RULES if one.setting in SchoolPolicy.model_fields or one.allows is False}
    assert set(REFUSING) == may_refuse


@pytest.mark.deep(only="each rule out in turn; its refusal is tested in the ordinary suite")
@pytest.mark.parametrize("code", REFUSING)
def test_without_its_rule_the_refusal_is_missed(code: str, school: School, monkeypatch: pytest.MonkeyPatch) -> None:
    def without(one: str, settings: Iterable[SchoolPolicy]) -> bool:
        return one == code or allowed(one, settings)

    monkeypatch.setattr(edits, "allowed", without)
    with pytest.raises((pytest.fail.Exception, AssertionError)):  # nothing is refused, or for another reason
        REFUSING[code](school)
