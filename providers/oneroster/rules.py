"""The catalogue of OneRoster's rules: what each finding means and what happens to row, record, dependants, segment."""

from __future__ import annotations

from rosterkit.intake.filerules import FILE_RULES
from rosterkit.intake.rules import Rule

__all__ = ["ONEROSTER_RULES", "RULES"]

_KEPT = "keeps its stored value in that column"
_PROTECTED = "is there but unreadable: keeps its stored values, never archived for absence"


def _habit(code: str, meaning: str, remedy: str, example: str = "", row: str = "read as meant") -> Rule:
    """A departure from the standard that lenient reading mends and strict reading does not."""
    return Rule(code, "warning", "error", meaning, remedy, row=row, example=example)


def _mended(code: str, meaning: str, remedy: str, example: str = "", lenient: str = "warning") -> Rule:
    """A cell that lenient reading mends; strict reading takes it as unreadable."""
    return Rule(
        code,
        lenient,
        "error",
        meaning,
        remedy,
        row="read as meant; strict: without that cell",
        record=f"as the row says; strict: {_KEPT}",
        example=example,
    )


def _unread(code: str, meaning: str, remedy: str, example: str = "") -> Rule:
    """A cell that cannot be read."""
    return Rule(
        code,
        "error",
        "error",
        meaning,
        remedy,
        row="read without that cell",
        record=f"{_KEPT}; a new one that cannot stand without it waits",
        dependants="those of a new record that waits wait with it",
        example=example,
    )


def _absent(code: str, meaning: str, remedy: str, example: str = "") -> Rule:
    """A file that is not read."""
    return Rule(
        code,
        "error",
        "error",
        meaning,
        remedy,
        row="not read",
        record="keeps its stored values",
        segment="absent: absence archives nothing",
        example=example,
    )


_MANIFEST = (
    Rule(
        "manifest.missing",
        "warning",
        "refused",
        "There is no manifest.csv, so the package is OneRoster 1.0 or incomplete. Where its headers are those of 1.1 "
        "or 1.2 it is read all the same, but nothing says what a missing row means; otherwise it is refused.",
        "Export as OneRoster 1.1 or 1.2, with manifest.csv at the root of the package.",
        segment="partial: absence archives nothing",
    ),
    Rule(
        "manifest.unreadable",
        "refused",
        "refused",
        "manifest.csv cannot be read, so nothing says what the files mean.",
        "Export the package again.",
        row="not read",
        record="keeps its stored values",
        segment="nothing is read and nothing changes",
    ),
    Rule(
        "manifest.version",
        "refused",
        "refused",
        "The manifest names a version of OneRoster that is not known, or none that can be told.",
        "Let oneroster.version be 1.1 or 1.2.",
        row="not read",
        record="keeps its stored values",
        segment="nothing is read and nothing changes",
        example="oneroster.version,2.0",
    ),
    _habit(
        "manifest.version-guessed",
        "The manifest does not name the version of OneRoster; it was told from the headers.",
        "Let oneroster.version be 1.1 or 1.2.",
    ),
    _habit(
        "manifest.own-version",
        "manifest.version is not 1.0.",
        "Write it as text: a spreadsheet turns 1.0 into 1.",
        "manifest.version,1",
    ),
    _habit(
        "manifest.header",
        "The columns of the manifest are not propertyName,value.",
        "Name them so, in this order.",
        "propertyName,propertyValue",
    ),
    Rule(
        "manifest.row-missing",
        "",
        "error",
        "The manifest does not say whether this file is absent, bulk or delta.",
        "Give every file its row.",
        segment="absent: absence archives nothing",
    ),
    Rule(
        "manifest.mode",
        "warning",
        "error",
        "What the manifest says of a file is not exactly absent, bulk or delta; blank is taken as absent.",
        "Write absent, bulk or delta.",
        segment="as meant; absent where that cannot be told",
        example="file.users,Bulk",
    ),
    _habit(
        "manifest.unknown-property",
        "The manifest has a property that this version does not know.",
        "Remove it.",
        row="ignored",
    ),
    _absent(
        "manifest.repeated",
        "The manifest says two different things of a file.",
        "Keep one of the two rows.",
    ),
    _absent(
        "manifest.file-missing",
        "The manifest declares a file that the package does not hold.",
        "Export and upload the package again, or declare the file absent.",
    ),
    _absent(
        "manifest.undeclared",
        "The package holds a file that the manifest does not declare as bulk or delta.",
        "Declare it, or leave it out.",
    ),
    _habit(
        "package.unknown-file",
        "The package holds a file that this version does not know.",
        "Remove it, or correct its name.",
        "users_103.csv",
        row="ignored",
    ),
    _habit(
        "package.file-name",
        "The file's name differs from the standard's in upper and lower case.",
        "Name it exactly as the standard does.",
        "userprofiles.csv",
    ),
)

_SCHEMA = (
    Rule(
        "schema.header-case",
        "warning",
        "error",
        "A column's name differs from the standard's in upper and lower case.",
        "Name it exactly as the standard does.",
        row="read as meant; strict: not read",
        segment="unchanged; strict: absent",
        example="birthdate",
    ),
    Rule(
        "schema.order",
        "warning",
        "error",
        "The columns are not in the standard's order, or extensions stand between them.",
        "Put them in the standard's order, extensions to the right.",
        row="read as meant; strict: not read",
        segment="unchanged; strict: absent",
    ),
    Rule(
        "schema.unknown-column",
        "warning",
        "error",
        "The standard knows no such column, and extensions are called metadata.<something>.",
        "Correct the name, or call it metadata.<something>.",
        row="read; the cells are kept as attributes; strict: not read",
        segment="unchanged; strict: absent",
        example="homeroomTeacher",
    ),
    Rule(
        "schema.missing-column",
        "warning",
        "error",
        "An optional column is missing.",
        "Add the column, blank where there is no value.",
        row="read; strict: not read",
        record="keeps its stored values in that column",
        segment="unchanged (what only that column states: absent); strict: absent",
    ),
    Rule(
        "schema.missing-required",
        "error",
        "error",
        "A required column is missing.",
        "Add the column and its values.",
        row="read; strict: not read",
        record="keeps its stored values in that column",
        segment="unchanged (what only that column states: absent); strict: absent",
        example="termSourcedId instead of termSourcedIds",
    ),
    _absent(
        "schema.missing-key",
        "A column is missing without which no row of the file can stand: its key, a required reference or the role.",
        "Add the column and its values.",
        "users.csv without sourcedId",
    ),
)

_ROWS = (
    _habit(
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
        record=_PROTECTED,
        dependants="protected with it",
    ),
    Rule(
        "row.key",
        "error",
        "error",
        "The row's sourcedId is not one that the standard allows.",
        "Use letters, digits and . - _ / @ only, at most 255 characters.",
        row="not read",
        record=_PROTECTED,
        dependants="protected with it",
    ),
    Rule(
        "delta.incomplete",
        "error",
        "error",
        "A row of a delta file lacks status or dateLastModified, or they cannot be read.",
        "Export both in every row of a delta file.",
        row="not read",
        record=_PROTECTED,
        dependants="protected with it",
    ),
    Rule(
        "bulk.status",
        "warning",
        "error",
        "Rows of a bulk file have a status; the standard wants it blank.",
        "Leave status blank in bulk files.",
        row="read; status ignored",
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
    ),
    _habit(
        "status.inactive",
        "status is inactive, which OneRoster 1.0 had; it is taken as tobedeleted.",
        "Write tobedeleted.",
        row="read as tobedeleted; strict: not read in a delta file",
    ),
)

_CELLS = (
    _unread("cell.required", "A cell that must have a value is blank.", "Fill it in."),
    Rule(
        "cell.null-literal",
        "warning",
        "warning",
        "The cell holds the word NULL, which is taken as blank.",
        "Leave the cell blank.",
        record="as if the cell were blank",
    ),
    _mended("cell.space", "A code, id, date or number has spaces around it.", "Remove them."),
    _mended(
        "guid.characters",
        "An id holds characters other than letters, digits and . - _ / @.",
        "Use the standard's characters in ids.",
        "Sch:0042",
    ),
    _mended("guid.long", "An id has more than 255 characters.", "Use shorter ids."),
    _unread(
        "guid.mangled",
        "A spreadsheet turned an id into a number in scientific notation.",
        "Export straight from the SIS, without opening the file in a spreadsheet.",
        "1.23E+11",
    ),
    _mended("enum.case", "A code differs from the standard's in upper and lower case.", "Write it exactly.", "Student"),
    _unread("enum.unknown", "The standard knows no such code here.", "Use one of the standard's codes."),
    _mended("bool.form", "The cell is not exactly true or false.", "Write true or false.", "TRUE, yes, 1"),
    _unread("bool.unknown", "The cell is neither true nor false.", "Write true or false."),
    _mended("date.form", "The date is not YYYY-MM-DD.", "Write YYYY-MM-DD.", "2026-09-01 00:00"),
    _unread(
        "date.unreadable",
        "The cell is no date, or day and month cannot be told apart.",
        "Write YYYY-MM-DD.",
        "8/27/2026",
    ),
    _mended(
        "datetime.form",
        "The time is not YYYY-MM-DDTHH:MM:SS.sssZ; without an offset it is taken as UTC.",
        "Write YYYY-MM-DDTHH:MM:SS.sssZ.",
        "2026-09-01",
    ),
    _unread("datetime.unreadable", "The cell is no point in time.", "Write YYYY-MM-DDTHH:MM:SS.sssZ."),
    _unread("year.unreadable", "The cell is not a year of four digits.", "Write the year in which it ends, YYYY."),
    _mended("list.spaces", "A list has spaces around its items.", "Remove them.", '"a, b"', lenient="info"),
    _mended("list.empty-item", "A list has an empty item, which is dropped.", "Remove the extra comma.", '"a,,b"'),
    _mended("list.repeated", "A list names the same item twice; it counts once.", "Name each item once.", '"a,a"'),
    _mended(
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
    _mended(
        "user-ids.form",
        "An item is not {Type:Id}; it is kept as {unknown:…}.",
        "Write {Type:Id}, several separated by commas.",
        "local:123",
    ),
)


def _semantic(code: str, meaning: str, remedy: str, example: str = "", lenient: str = "warning") -> Rule:
    return Rule(code, lenient, "error", meaning, remedy, example=example)


_SEMANTIC = (
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
        record=_KEPT,
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
    _semantic(
        "semantic.enrolled-twice",
        "A person is enrolled in the same class, in the same role, more than once at the same time.",
        "Export one enrollment.",
        lenient="info",
    ),
    Rule(
        "semantic.username-shared",
        "warning",
        "warning",
        "People whose names differ have the same username.",
        "Give each person a username of their own.",
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
_AGENTS = (
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
        "error",
        "error",
        "A teacher or another person who is neither student nor guardian stands in an agent relationship.",
        "Remove them from the list; a parent who teaches needs the role of a parent too.",
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
    ),
)

ONEROSTER_RULES: tuple[Rule, ...] = (*_MANIFEST, *_SCHEMA, *_ROWS, *_CELLS, *_SEMANTIC, *_AGENTS)
RULES: tuple[Rule, ...] = (*FILE_RULES, *ONEROSTER_RULES)
"""All that the source may find, those of packages and CSV files first."""
