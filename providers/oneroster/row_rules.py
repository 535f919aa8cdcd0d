"""Rules of rows, of their cells, and of what rows say together."""

from __future__ import annotations

from providers.oneroster.rule_kinds import KEPT, PROTECTED, habit, mended, unread
from rosterkit.roster.rules import Rule

__all__ = ["AGENT_RULES", "CELL_RULES", "ROW_RULES", "SEMANTIC_RULES"]

ROW_RULES: tuple[Rule, ...] = (
    habit(
        "row.repeated",
        "The same row stands in the file more than once.",
        "Export each record once.",
        row="read once",
    ),
    Rule(
        "row.conflict",
        "error",
        "error",
        "Rows with the same sourcedId contradict each other.",
        "Export each record once, or give the records ids of their own.",
        row="none of the copies is read",
        record=PROTECTED,
        dependants="protected with it",
    ),
    Rule(
        "row.key",
        "error",
        "error",
        "The row's sourcedId is not one that the standard allows.",
        "Use letters, digits and . - _ / @ only, at most 255 characters.",
        row="not read",
        record=PROTECTED,
        dependants="protected with it",
    ),
    Rule(
        "delta.incomplete",
        "error",
        "error",
        "A row of a delta file lacks status or dateLastModified, or they cannot be read.",
        "Export both in every row of a delta file.",
        row="not read",
        record=PROTECTED,
        dependants="protected with it",
    ),
    Rule(
        "bulk.status",
        "warning",
        "error",
        "Rows of a bulk file have a status; the standard wants it blank.",
        "Leave status blank in bulk files.",
        row="read; status ignored",
        grouped=True,
    ),
    Rule(
        "bulk.delete",
        "warning",
        "error",
        "A row of a bulk file says that its record is to be deleted.",
        "Leave the row out of a bulk file.",
        row="read as an explicit delete; strict: status ignored",
        record="archived, counted against the limits; strict: as the row says",
        dependants="follow the record",
        example="tobedeleted or inactive in bulk",
    ),
    Rule(
        "bulk.date",
        "warning",
        "error",
        "Rows of a bulk file have a dateLastModified; the standard wants it blank.",
        "Leave dateLastModified blank in bulk files.",
        row="read; the date is ignored",
        grouped=True,
    ),
    habit(
        "status.inactive",
        "status is inactive, which OneRoster 1.0 had; it is taken as tobedeleted.",
        "Write tobedeleted.",
        row="read as tobedeleted; strict: not read in a delta file",
    ),
)

CELL_RULES: tuple[Rule, ...] = (
    unread("cell.required", "A cell that must have a value is blank.", "Fill it in."),
    Rule(
        "cell.null-literal",
        "warning",
        "warning",
        "The cell holds the word NULL, which is taken as blank.",
        "Leave the cell blank.",
        record="as if the cell were blank",
    ),
    Rule(
        "cell.space",
        "warning",
        "error",
        "Cells have spaces around their value.",
        "Remove them.",
        row="read without the spaces; strict: without those cells",
        record=f"as the row says; strict: {KEPT}",
        grouped=True,
    ),
    mended(
        "guid.characters",
        "An id holds characters other than letters, digits and . - _ / @.",
        "Use the standard's characters in ids.",
        "Sch:0042",
    ),
    mended("guid.long", "An id has more than 255 characters.", "Use shorter ids."),
    unread(
        "guid.mangled",
        "A spreadsheet turned an id into a number in scientific notation.",
        "Export straight from the SIS, without opening the file in a spreadsheet.",
        "1.23E+11",
    ),
    mended("enum.case", "A code differs from the standard's in upper and lower case.", "Write it exactly.", "Student"),
    unread("enum.unknown", "The standard knows no such code here.", "Use one of the standard's codes."),
    mended("bool.form", "The cell is not exactly true or false.", "Write true or false.", "TRUE, yes, 1"),
    unread("bool.unknown", "The cell is neither true nor false.", "Write true or false."),
    mended("date.form", "The date is not written YYYY-MM-DD.", "Write YYYY-MM-DD.", "8/27/2026"),
    unread("date.unreadable", "The cell is not a date.", "Write YYYY-MM-DD.", "2026-02-30"),
    unread(
        "date.ambiguous",
        "Day and month cannot be told apart.",
        'Write YYYY-MM-DD, or set how such dates are meant: dates = "month-first".',
        "3/4/2026",
    ),
    mended(
        "datetime.form",
        "The time is not YYYY-MM-DDTHH:MM:SS.sssZ; without an offset it is taken as UTC.",
        "Write YYYY-MM-DDTHH:MM:SS.sssZ.",
        "2026-09-01",
    ),
    unread("datetime.unreadable", "The cell is no point in time.", "Write YYYY-MM-DDTHH:MM:SS.sssZ."),
    unread("year.unreadable", "The cell is not a year of four digits.", "Write the year in which it ends, YYYY."),
    mended(
        "year.span",
        "A school year names both of its years; the second is used.",
        "Write the year in which it ends, YYYY.",
        "2026-2027",
    ),
    mended("list.spaces", "A list has spaces around its items.", "Remove them.", '"a, b"', lenient="info"),
    mended("list.empty-item", "A list has an empty item, which is dropped.", "Remove the extra comma.", '"a,,b"'),
    mended("list.repeated", "A list names the same item twice; it counts once.", "Name each item once.", '"a,a"'),
    mended(
        "grade.form",
        "A grade is not written as CEDS writes it.",
        "Write KG and 01 to 09.",
        "9 for 09, K for KG",
    ),
    Rule(
        "grade.unknown",
        "info",
        "info",
        "A grade is not among the CEDS codes; it is kept as it is.",
        "Use CEDS codes, or agree on the code with those who receive it.",
        example="P1",
    ),
    mended(
        "user-ids.form",
        "An item is not {Type:Id}; it is kept as {unknown:…}.",
        "Write {Type:Id}, several separated by commas.",
        "local:123",
    ),
)


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
        segment="absent: absence archives nothing",
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
        "Which of the two is the student and which the guardian cannot be told from the package.",
        "Export the roles of both.",
        row="the list of agents is not read",
        record="keeps its stored links",
        segment="that of the links is partial: absence archives none",
    ),
)
