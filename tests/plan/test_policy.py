"""The policy as data and pure functions: who may use a verb, and what a setting allows at which schools."""

from __future__ import annotations

import pytest

from rosterkit.plan.policy import (
    PERMISSIONS,
    ROLES,
    RULES,
    PolicySettings,
    SchoolPolicy,
    allowed,
    may,
    rule,
    subject_of,
)

OF_STAFF = {"add guardian", "add class", "edit", "enroll", "link"}
OF_MANAGERS = {"edit contact"}
OF_APPROVERS = {
    "source",
    "expect",
    "override",
    "approve",
    "reject",
    "approve held",
    "match",
    "feed approve",
    "feed reject",
}


def test_nobody_does_anything_as_a_viewer() -> None:
    assert not any(may("viewer", verb) for verb in PERMISSIONS)
    assert {role for role in ROLES if any(may(role, verb) for verb in PERMISSIONS)} == set(ROLES) - {"viewer"}


def test_each_role_may_use_its_verbs() -> None:
    assert {verb for verb in PERMISSIONS if may("staff", verb)} == OF_STAFF
    assert {verb for verb in PERMISSIONS if not may("leader", verb)} == OF_MANAGERS
    assert {verb for verb in PERMISSIONS if not may("users_manager", verb)} == OF_APPROVERS
    assert not any(may("approver", verb) for verb in OF_STAFF | OF_MANAGERS)
    assert all(may("approver", verb) for verb in OF_APPROVERS)


def test_a_rule_is_found_by_its_code_and_each_code_is_one_rule() -> None:
    assert [rule(one.code) for one in RULES] == list(RULES)
    with pytest.raises(KeyError):
        rule("student.nothing")


def test_a_rule_with_a_setting_allows_at_that_value_alone() -> None:
    """At the default a person is refused just where the table says so; the other value turns it round."""
    for one in RULES:
        if one.setting in SchoolPolicy.model_fields:
            default = SchoolPolicy.model_fields[one.setting].default
            assert allowed(one.code, [SchoolPolicy()]) is (default == one.allows), one.code
            other = SchoolPolicy.model_validate({one.setting: not default})
            assert allowed(one.code, [other]) is (default != one.allows), one.code
            assert not allowed(one.code, [SchoolPolicy(), other]), "each of several schools must allow it"


def test_a_rule_without_a_setting_always_says_the_same() -> None:
    fixed = {one.code: allowed(one.code, [SchoolPolicy()]) for one in RULES if not one.setting}
    refused = {"record.edit", "contact.other"}
    assert {code for code, yes in fixed.items() if not yes} == refused
    assert {code for code, yes in fixed.items() if yes} == {
        "student.account",
        "student.manual-class",
        "class.manual",
        "source.disabled",
    }


def test_a_school_has_its_own_settings_or_those_of_the_district() -> None:
    own = SchoolPolicy(add_students=True)
    settings = PolicySettings(schools={"S-1": own})
    assert settings.of(["S-1"]) == (own,)
    assert settings.of(["S-2"]) == (settings,)
    assert settings.of([]) == (settings,)
    assert settings.of(["S-2", "S-1", "S-3"]) == (settings, own)


@pytest.mark.parametrize(
    ("roles", "subject"),
    [
        ([], "student"),
        (["student"], "student"),
        (["student", "aide"], "student"),
        (["guardian"], "guardian"),
        (["parent", "relative"], "guardian"),
        (["guardian", "parent", "relative"], "guardian"),
        (["guardian", "teacher"], "staff"),
        (["teacher"], "staff"),
    ],
)
def test_what_a_person_is_to_the_policy(roles: list[str], subject: str) -> None:
    assert subject_of(roles) == subject
