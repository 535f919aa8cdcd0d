"""What the OneRoster feed leaves out or blanks, and what a conversion through the other version loses: both as data.

``docs/feeds/oneroster.md`` is generated from here (``providers.oneroster.feed_page``).
"""

from __future__ import annotations

from dataclasses import dataclass

from rosterkit.roster.rules import Rule

_OUT = "left out of the feed"
_SENT = "sent"


def _out(code: str, meaning: str, remedy: str, *, dependants: str = "left out too", example: str = "") -> Rule:
    """A row that is left out."""
    return Rule(code, "error", "error", meaning, remedy, row=_OUT, dependants=dependants, example=example)


def _blank(code: str, meaning: str, remedy: str, *, row: str = _SENT, example: str = "") -> Rule:
    """A row that is sent with less, or with something mended."""
    return Rule(code, "warning", "warning", meaning, remedy, row=row, dependants="sent", example=example)


RULES: tuple[Rule, ...] = (
    _out(
        "feed.id",
        "The sourced id has characters that OneRoster does not allow, more than 255 of them, is the word NULL, or was "
        "turned into a number by a spreadsheet (1.23E+11).",
        "Give the record an id of letters, digits and . - _ / @ in the source.",
        example="org north#1",
    ),
    _out(
        "feed.duplicate-id",
        "Two rows of this file carry the same sourced id; which of them is right is unknown, so neither is sent.",
        "Give each record an id of its own.",
        example="users U-7 and U-7",
    ),
    _out(
        "feed.required",
        "A cell that OneRoster requires is blank.",
        "Fill the value in where the record is kept. Version 1.1 requires a role: "
        "a guardian file gives one where its settings name org.",
        example="a user without a username",
    ),
    _out(
        "feed.value",
        "A required cell holds what OneRoster does not allow there: no date, no year of four digits, an unknown token.",
        "Correct the value in the source; a token of your own (ext:…) can be sent only in version 1.2.",
        example="an org of type ext:campus in version 1.1",
    ),
    _out(
        "feed.dates",
        "It ends before it begins, or on the same day (an end date is exclusive).",
        "Correct the dates in the source.",
        example="an enrollment from 2026-09-08 to 2026-09-01",
    ),
    _out(
        "feed.outside-terms",
        "The enrollment lies wholly outside the terms of its class, which OneRoster does not allow.",
        "Correct the dates of the enrollment, or the terms of the class.",
        dependants="none",
        example="an enrollment that ended before the term of its class began",
    ),
    _out(
        "feed.depends",
        "The row needs a record that was itself left out of the feed.",
        "Mend the record that it needs; the finding of that record says how.",
        example="the enrollments of a class that was left out",
    ),
    _out(
        "feed.school",
        "The row names as its school an organisation that is not of type school.",
        "Correct the type of the organisation, or name the school.",
        example="a class at the district office",
    ),
    _out(
        "feed.id-clash",
        "A person with roles of several kinds needs a further row in version 1.1, and its id is another person's.",
        "Rename the other record, or send version 1.2.",
        dependants="sent under the person's own row",
        example="U-7 is aide and teacher, and there is a user U-7-teacher",
    ),
    Rule(
        "feed.guardian-account",
        "info",
        "info",
        "OneRoster requires enabledUser and username, and the source of this guardian states neither or one of them.",
        "Nothing to do. complete_guardians = false withholds such guardians.",
        row="sent with enabledUser true and the sourcedId as username",
        dependants="sent",
        example="a guardian of a guardian file",
    ),
    _blank(
        "feed.cell",
        "An optional cell holds what OneRoster does not allow there, and is sent blank.",
        "Correct the value in the source; other, unspecified and ext:… can be sent only in version 1.2. "
        "A text that is the word NULL is read as blank by many, and is sent so.",
        example="an end date of 2026-02-30",
    ),
    _blank(
        "feed.line-break",
        "The text holds line breaks or control characters, which no cell may; each run is sent as one space.",
        "Remove the line break in the source.",
        example="a class title of two lines",
    ),
    _blank(
        "feed.item",
        "An item is blank, or holds a comma or a line break, and is left out of its list; spaces around items go.",
        "Remove the comma in the source.",
        example='the subject "Reading, Writing"',
    ),
    _blank(
        "feed.grade",
        "A grade is not written as CEDS writes it, and is sent as CEDS does.",
        "Write KG and 01 to 09 in the source.",
        row="sent with KG for K, 09 for 9",
        example="9 instead of 09",
    ),
    _blank(
        "feed.family",
        "A family link joins a person to themselves, two students, two guardians or somebody who is neither by their "
        "roles; OneRoster has no such link, and it is left out.",
        "Correct the link or the roles of the two in the source.",
        example="a student whose guardian has only the role of a teacher",
    ),
    _blank(
        "feed.user-id",
        "A user id is not of the form {Type:Id}; it is left out of the list.",
        "State the type of the id in the source.",
        example="12345 instead of {SIS:12345}",
    ),
    _blank(
        "feed.subject-codes",
        "Subjects and their codes do not pair: not of one number, or an item is left out; the codes are blank.",
        "Give each subject one code.",
    ),
    _blank(
        "feed.link",
        "An optional reference names a record that is not in the feed; it is sent blank.",
        "Add the record, mend what left it out, or correct the reference.",
        example="a guardian who was left out",
    ),
    _blank(
        "feed.cycle",
        "The record is its own parent, directly or through others; the parent is sent blank.",
        "Correct the parents in the source.",
        example="two terms that are each other's parent",
    ),
    _blank(
        "feed.school-year",
        "The school year of the course is a session of another type; it is sent blank.",
        "Name a session of type schoolYear.",
    ),
    _blank(
        "feed.primary-org",
        "The person has no role at their primary organisation; it is sent blank.",
        "Add the role, or correct the primary organisation.",
    ),
    _blank(
        "feed.profile",
        "The role names a user profile of another person; it is sent blank.",
        "Name a profile of the same person.",
    ),
    _blank(
        "feed.no-role",
        "The person has no role that is sent, so that nobody knows whether they are a student, staff or family.",
        "Give the person a role in the source.",
        row="the person is sent without a role; in version 1.1 the person is left out (feed.required)",
        example="a user of users.csv whom no row of roles.csv names",
    ),
    _blank(
        "feed.second-primary",
        "The person has several primary roles at one organisation; the first by id stays primary.",
        "State which role is the primary one.",
        row="sent as a secondary role",
    ),
    _blank(
        "feed.role",
        "The role has no counterpart in this version of OneRoster; it is not sent.",
        "Send version 1.2, which carries roles of your own (ext:…).",
        row="the person is sent with their other roles",
        example="ext:coach in version 1.1",
    ),
)


@dataclass(frozen=True, slots=True)
class Loss:
    """What is lost. ``path``: the versions in order; ``columns``: the cells that may differ (``file.column``)."""

    path: str
    columns: tuple[str, ...]
    sentence: str


_ANY = "1.1 → 1.2 → 1.1"
_DOWN = "1.2 → 1.1 → 1.2"

LOSSES: tuple[Loss, ...] = (
    Loss(_ANY, ("users.password",), "Passwords are secrets: never stored, never sent."),
    Loss(
        _ANY,
        (
            "users.orgSourcedIds",
            "users.userIds",
            "users.agentSourcedIds",
            "users.grades",
            "classes.grades",
            "classes.termSourcedIds",
            "courses.grades",
        ),
        "The order inside these lists: they are sets, and come back sorted.",
    ),
    Loss(
        _ANY,
        ("categories.*", "classResources.*", "courseResources.*", "lineItems.*", "resources.*", "results.*"),
        "Gradebook and resource files are not read, and are declared absent.",
    ),
    Loss(_ANY, ("manifest.source.systemName", "manifest.source.systemCode"), "The name and code of the source system."),
    Loss(
        _ANY,
        ("*.status", "*.dateLastModified"),
        "What a delta package says of the status and time of a row: the feed is always bulk.",
    ),
    Loss(
        _DOWN,
        (
            "users.userMasterIdentifier",
            "users.preferredGivenName",
            "users.preferredMiddleName",
            "users.preferredFamilyName",
            "users.primaryOrgSourcedId",
            "users.pronouns",
        ),
        "Version 1.1 has no column for them.",
    ),
    Loss(_DOWN, ("userProfiles.*",), "Version 1.1 has no user profiles."),
    Loss(
        _DOWN,
        (
            "roles.sourcedId",
            "roles.roleType",
            "roles.beginDate",
            "roles.endDate",
            "roles.userProfileSourcedId",
            "roles.metadata.*",
        ),
        "Version 1.1 has no roles.csv: ids, dates, profiles and extensions go; every role comes back as primary.",
    ),
    Loss(
        _DOWN,
        ("roles.role",),
        "counselor comes back as aide; principal and the administrators come back as siteAdministrator at a school and "
        "as districtAdministrator elsewhere; ext:… does not come back.",
    ),
    Loss(
        _DOWN,
        ("users.sourcedId", "roles.userSourcedId", "enrollments.userSourcedId", "users.agentSourcedIds"),
        "A person with roles of several kinds gets a further row for each; enrollments and family links of that kind "
        "move to it. Those rows come back as people of their own, with the same username.",
    ),
    Loss(_DOWN, ("demographics.sex",), "other and unspecified are sent blank."),
    Loss(
        _DOWN,
        ("academicSessions.type", "classes.classType", "enrollments.role", "orgs.type"),
        "A row whose required token is one of your own (ext:…) is left out, and so is what needs it.",
    ),
)
"""What a package loses on its way through the other version and back; what is not listed comes back as it was."""
