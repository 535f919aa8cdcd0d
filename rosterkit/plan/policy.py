"""Policy: what people may change beside a sync, and what a sync may change beside people.

``RULES`` is the whole policy as data; ``check`` answers for a person, ``apply_policy`` for a plan. Where the settings
differ between schools, the unit is the school that is synced: a record of several schools may be changed by a person
only where each of them allows it.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping
from typing import Literal

from pydantic import BaseModel, ConfigDict, Field

from rosterkit.plan.policy_rules import RULES, PolicyRule, rule

__all__ = [
    "CONTACT_FIELDS",
    "GUARDIAN_ROLES",
    "PERMISSIONS",
    "ROLES",
    "RULES",
    "PolicyRule",
    "PolicySettings",
    "SchoolPolicy",
    "allowed",
    "may",
    "rule",
    "subject_of",
]

GUARDIAN_ROLES = ("guardian", "parent", "relative")
CONTACT_FIELDS = (
    *("given_name", "middle_name", "family_name"),
    *("preferred_given_name", "preferred_middle_name", "preferred_family_name"),
    *("email", "sms", "phone"),
)
"""The fields of guardians and staff that a person may own once that person has signed in, by label."""

Role = Literal["viewer", "staff", "leader", "users_manager", "approver"]
ROLES: tuple[str, ...] = ("viewer", "staff", "leader", "users_manager", "approver")


class SchoolPolicy(BaseModel):
    """The policy settings that may differ between schools."""

    model_config = ConfigDict(frozen=True, extra="forbid", strict=True)

    add_students: bool = Field(default=False, description="Whether people may add students while a source is synced.")
    edit_students: bool = Field(
        default=False, description="Whether people may edit names, e-mail, grade and school of synced students."
    )
    students_in_synced_classes: bool = Field(
        default=False, description="Whether people may put students into a synced class."
    )
    edit_class_titles: bool = Field(
        default=True, description="Whether people may edit the title of a synced class. The title is pinned."
    )
    add_co_teachers: bool = Field(default=True, description="Whether people may add co-teachers to a synced class.")
    add_guardians: bool = Field(default=True, description="Whether people may add guardians beside the sync.")
    staff_manage_guardians: bool = Field(
        default=False,
        description="Whether all members of staff may add and link guardians. Otherwise none may, and leaders do.",
    )
    add_staff: bool = Field(default=True, description="Whether people may add members of staff beside the sync.")
    edit_contacts_before_sign_in: bool = Field(
        default=False,
        description="Whether people may edit names, e-mail and phones of synced guardians and staff who have not "
        "signed in yet.",
    )
    sync_updates_active_contacts: bool = Field(
        default=False,
        description="Whether the sync updates names, e-mail and phones of guardians and staff who have signed in. "
        "Where it does, nobody else may.",
    )


class PolicySettings(SchoolPolicy):
    """``[policy]``: who may change what while a source is synced."""

    default_role: Role = Field(
        default="leader", description="The role of an actor who is not named in `[policy.actors]`."
    )
    actors: Mapping[str, Role] = Field(
        default_factory=dict,
        description="The roles of actors, by name. `users_manager` may edit the contact details of others.",
    )
    schools: Mapping[str, SchoolPolicy] = Field(
        default_factory=dict, description="Other values of these settings for one school, by its sourced id."
    )

    def of(self, schools: Collection[str]) -> tuple[SchoolPolicy, ...]:
        """The settings of these schools: those of the district where a school has none, or there is no school."""
        return tuple({id(s): s for s in (self.schools.get(one, self) for one in schools)}.values()) or (self,)


PERMISSIONS: Mapping[str, frozenset[str]] = {
    "add student": frozenset({"leader", "users_manager"}),
    "add staff": frozenset({"leader", "users_manager"}),
    "add guardian": frozenset({"staff", "leader", "users_manager"}),
    "add class": frozenset({"staff", "leader", "users_manager"}),
    "edit": frozenset({"staff", "leader", "users_manager"}),
    "edit contact": frozenset({"users_manager"}),
    "enroll": frozenset({"staff", "leader", "users_manager"}),
    "link": frozenset({"staff", "leader", "users_manager"}),
    "pin": frozenset({"leader", "users_manager"}),
    "unpin": frozenset({"leader", "users_manager"}),
    "archive": frozenset({"leader", "users_manager", "approver"}),
    "unarchive": frozenset({"leader", "users_manager", "approver"}),
    "block": frozenset({"leader", "users_manager", "approver"}),
    "unblock": frozenset({"leader", "users_manager", "approver"}),
    "suppress": frozenset({"leader", "users_manager", "approver"}),
    "unsuppress": frozenset({"leader", "users_manager", "approver"}),
    "activity import": frozenset({"leader", "users_manager", "approver"}),
    "source": frozenset({"leader", "approver"}),
    "expect": frozenset({"leader", "approver"}),
    "override": frozenset({"leader", "approver"}),
    "approve": frozenset({"leader", "approver"}),
    "reject": frozenset({"leader", "approver"}),
    "approve held": frozenset({"leader", "approver"}),
    "match": frozenset({"leader", "approver"}),
    "hold": frozenset({"leader", "users_manager", "approver"}),
    "release": frozenset({"leader", "users_manager", "approver"}),
    "feed approve": frozenset({"leader", "approver"}),
    "feed reject": frozenset({"leader", "approver"}),
}
"""By verb the roles that may use it. Nobody may do anything as a viewer."""


def may(role: str, verb: str) -> bool:
    """Whether an actor of this role may use the verb."""
    return role in PERMISSIONS[verb]


def allowed(code: str, settings: Iterable[SchoolPolicy]) -> bool:
    """Whether a person may do what the rule is about, under the settings of every school that it concerns."""
    one = rule(code)
    if not one.setting:
        return one.allows is not False
    return all(getattr(own, one.setting) == one.allows for own in settings)


def subject_of(roles: Collection[str]) -> str:
    """What a person with these roles is to the policy: student, guardian or staff."""
    if not roles or "student" in roles:
        return "student"
    return "guardian" if set(roles) <= set(GUARDIAN_ROLES) else "staff"
