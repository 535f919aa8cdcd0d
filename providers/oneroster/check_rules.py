"""Rules of the checks across rows, and of guardians."""

from __future__ import annotations

from rosterkit.roster.rules import Rule
from rosterkit.sources.rule_kinds import KEPT


def _semantic(code: str, meaning: str, remedy: str, example: str = "", lenient: str = "warning") -> Rule:
    return Rule(code, lenient, "error", meaning, remedy, example=example)


SEMANTIC_RULES: tuple[Rule, ...] = (
    _semantic(
        "semantic.school-type",
        "The school named here is an organisation of another type.",
        "Name the school, or correct the organisation's type.",
        "a class at a department",
    ),
    _semantic(
        "semantic.school-year-type",
        "The school year named here is a session of another type.",
        "Name the session whose type is schoolYear.",
    ),
    _semantic(
        "semantic.primary-roles",
        "A person has more than one primary role at an organisation.",
        "Keep one primary role; make the others secondary.",
    ),
    _semantic(
        "semantic.primary-org-role",
        "A person's primary organisation is one at which they have no role.",
        "Add the role, or correct primaryOrgSourcedId.",
    ),
    Rule(
        "semantic.profile-owner",
        "error",
        "error",
        "A role names the profile of another person.",
        "Name one of the person's own profiles.",
        row="read without that cell",
        record=KEPT,
    ),
    _semantic(
        "semantic.subject-codes",
        "subjects and subjectCodes are not equally many, so they cannot be paired.",
        "Give each subject its code.",
    ),
    _semantic(
        "semantic.dates",
        "It ends before it begins.",
        "Correct the dates.",
    ),
    _semantic(
        "semantic.enrollment-dates",
        "An enrollment lies wholly outside the terms of its class.",
        "Correct the dates.",
        lenient="info",
    ),
    Rule(
        "semantic.enrolled-twice",
        "info",
        "info",
        "A person is enrolled in the same class, in the same role, more than once at the same time.",
        "Export one enrollment. The standard does not forbid several, so strict reading finds no error either.",
    ),
    Rule(
        "semantic.username-shared",
        "warning",
        "warning",
        "People whose names differ have the same username.",
        "Give each person a username of their own.",
    ),
    Rule(
        "semantic.username-case",
        "warning",
        "warning",
        "Usernames differ only in upper and lower case; most products take them for one.",
        "Give each person a username of their own.",
    ),
    Rule(
        "semantic.email-case",
        "warning",
        "warning",
        "E-mail addresses differ only in upper and lower case; most products take them for one.",
        "Give each person an address of their own.",
    ),
    Rule(
        "semantic.guardian-email",
        "info",
        "info",
        "A guardian and their child have the same e-mail address; some products need one for each account.",
        "Export the guardian's own address where there is one.",
        grouped=True,
    ),
    Rule(
        "semantic.no-role",
        "warning",
        "warning",
        "No row of roles.csv gives this user a role.",
        "Export the user's roles, or leave the user out.",
    ),
    Rule(
        "demographics.not-read",
        "info",
        "info",
        "The package holds demographics, and this workspace does not ask for them.",
        "Set demographics = true where they are needed; otherwise leave the file out of the export.",
        row="not read",
        record="keeps its stored values",
        table="absent: absence archives nothing",
    ),
    Rule(
        "semantic.cycle",
        "error",
        "error",
        "A record is its own parent, directly or through others.",
        "Correct the parents.",
        row="read without its parent",
        record="keeps its stored parent",
    ),
)

_NO_STATEMENT = "no link is made from this item"
AGENT_RULES: tuple[Rule, ...] = (
    Rule(
        "agents.self",
        "error",
        "error",
        "A person is named as their own agent.",
        "Remove the person from the list.",
        record=_NO_STATEMENT,
    ),
    Rule(
        "agents.two-students",
        "error",
        "error",
        "A student is named as the agent of a student.",
        "Remove the student from the list.",
        record=_NO_STATEMENT,
    ),
    Rule(
        "agents.two-guardians",
        "error",
        "error",
        "A guardian is named as the agent of a guardian.",
        "Let a guardian's row name students, and a student's row guardians.",
        record=_NO_STATEMENT,
    ),
    Rule(
        "agents.not-family",
        "info",
        "info",
        "A list of agents names somebody who is neither student nor guardian, such as a teacher.",
        "Nothing, unless they are a guardian: a parent who teaches needs the role of a parent too.",
        record=_NO_STATEMENT,
    ),
    Rule(
        "agents.role-unknown",
        "warning",
        "warning",
        "The package does not show which of the two is the student and which the guardian.",
        "Export the roles of both.",
        row="the list of agents is not read",
        record="keeps its stored links",
        table="that of the links is partial: absence archives none",
    ),
)
