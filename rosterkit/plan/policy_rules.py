"""The lines of the policy, as data: ``rosterkit policy`` and docs/policy.md show them from here."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class PolicyRule:
    """One line of the policy. ``allows``: the value of the setting under which a person may; None where always."""

    code: str
    subject: str
    sentence: str
    setting: str  # a field of SchoolPolicy; "" where no setting changes it
    allows: bool | None
    by_hand: str  # at the default of the setting
    by_sync: str
    items: tuple[str, ...] = ()  # requirements it answers


RULES: tuple[PolicyRule, ...] = (
    PolicyRule(
        "student.add",
        "student",
        "Students are added by the source.",
        "add_students",
        True,
        "refused",
        "owns",
        ("C41",),
    ),
    PolicyRule(
        "student.edit",
        "student",
        "Name, e-mail, grade and school of a synced student come from the source.",
        "edit_students",
        True,
        "refused",
        "owns",
        ("C42",),
    ),
    PolicyRule(
        "student.account",
        "student",
        "A person enables or disables a student's account.",
        "",
        None,
        "allowed",
        "leaves alone",
        ("C42",),
    ),
    PolicyRule(
        "student.manual-class",
        "student",
        "A person puts a synced student into a manual class.",
        "",
        None,
        "allowed",
        "leaves alone",
        ("C42",),
    ),
    PolicyRule(
        "class.title",
        "synced class",
        "A person edits the title of a synced class, and the title is pinned.",
        "edit_class_titles",
        True,
        "allowed",
        "keeps",
        ("C35",),
    ),
    PolicyRule(
        "class.co-teachers",
        "synced class",
        "A person adds co-teachers to a synced class.",
        "add_co_teachers",
        True,
        "allowed",
        "leaves alone",
        ("C35", "C43", "C44"),
    ),
    PolicyRule(
        "class.students",
        "synced class",
        "The source says which students are in a synced class.",
        "students_in_synced_classes",
        True,
        "refused",
        "owns",
        ("C35",),
    ),
    PolicyRule(
        "record.edit",
        "synced class, other records",
        "What else a synced record has comes from the source.",
        "",
        False,
        "refused",
        "owns",
        ("C35",),
    ),
    PolicyRule(
        "class.manual",
        "manual class",
        "People own manual classes: they add, edit and fill them.",
        "",
        None,
        "allowed",
        "never touches",
        ("C34",),
    ),
    PolicyRule(
        "guardian.add",
        "guardian",
        "People add guardians beside the sync, and so does a join code.",
        "add_guardians",
        True,
        "allowed",
        "never archives a manual one",
        ("C36",),
    ),
    PolicyRule(
        "guardian.staff",
        "guardian",
        "All members of staff manage guardians, or none does.",
        "staff_manage_guardians",
        True,
        "none does",
        "leaves alone",
        ("C36",),
    ),
    PolicyRule(
        "staff.add",
        "staff",
        "People add members of staff beside the sync.",
        "add_staff",
        True,
        "allowed",
        "never archives a manual one",
        ("C43",),
    ),
    PolicyRule(
        "contact.before-sign-in",
        "guardian, staff",
        "Contact details of synced guardians and staff who have not signed in come from the source.",
        "edit_contacts_before_sign_in",
        True,
        "refused",
        "owns",
        ("C37", "C39", "C44"),
    ),
    PolicyRule(
        "contact.after-sign-in",
        "guardian, staff",
        "Contact details of guardians and staff who have signed in are edited by themselves or by a users_manager.",
        "sync_updates_active_contacts",
        False,
        "the person, or a users_manager",
        "keeps",
        ("C37", "C38", "C39", "C44"),
    ),
    PolicyRule(
        "contact.other",
        "guardian, staff",
        "What else a synced guardian or member of staff has comes from the source.",
        "",
        False,
        "refused",
        "owns",
        (),
    ),
    PolicyRule(
        "source.manages",
        "every role",
        "A source archives and owns people of the roles that it manages.",
        "manages",
        None,
        "allowed for other roles",
        "never archives other roles",
        ("C31",),
    ),
    PolicyRule(
        "source.disabled",
        "every record",
        "The records of a disabled source stay as they are, and people may edit them.",
        "",
        None,
        "allowed",
        "never touches",
        ("C45",),
    ),
)
_BY_CODE = {one.code: one for one in RULES}


def rule(code: str) -> PolicyRule:
    """The rule with this code."""
    return _BY_CODE[code]
