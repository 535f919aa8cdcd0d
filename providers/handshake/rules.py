"""The rules of Handshake, as people read them; ``checks`` says when a file breaks one."""

from __future__ import annotations

from rosterkit.feeds.preflight import SHARED_RULES
from rosterkit.roster.rules import Rule

_FILE = "the whole file is refused"
_HELD = "held with the whole file"
_ROW = "withheld by a build, fails at Handshake"
_SKIPPED = "withheld by a build, skipped by Handshake"
_READ = "sent"


def _rule(code: str, severity: str, meaning: str, remedy: str, row: str) -> Rule:
    return Rule(code, severity, severity, meaning, remedy, row=row, dependants="none", table="not sent")


RULES: tuple[Rule, ...] = (
    _rule(
        "H2",
        "error",
        "The file is not CSV in UTF-8 with a header row and records.",
        "Save the file as CSV in UTF-8, with the headers on the first line and no instruction rows.",
        _FILE,
    ),
    _rule(
        "H4",
        "error",
        "The username changed, or two rows have the same one; it is the student's anchor and must never change.",
        'Ask the SIS who this is; a change needs a job by hand with "This job changes identifier data".',
        _ROW,
    ),
    _rule(
        "H5",
        "error",
        "Two rows have the same e-mail address or card, and Handshake skips them.",
        "Correct one of the two records.",
        _SKIPPED,
    ),
    _rule(
        "H6",
        "error",
        "The username was another person's: a new student would enter that person's account.",
        "Give the new student a username of their own; ask the SIS why it was given out again.",
        "held; never sent by a build",
    ),
    _rule(
        "H7",
        "warning",
        "The username is part of the e-mail address or of the card number, which change.",
        "Take the student number for the username, before the first file.",
        _READ,
    ),
    _rule(
        "H8",
        "error",
        "auth_identifier is blank, is on two rows, or changed; an automatic sync cannot change it.",
        "Fill it in as SSO returns it; a change needs a job by hand.",
        _ROW,
    ),
    _rule(
        "H9",
        "warning",
        "The file has card_id, and the settings say that no kiosk is used.",
        "Leave the column out, or say kiosk = true.",
        _READ,
    ),
    _rule(
        "H10",
        "error",
        "card_id is not contained in what the card reader gave.",
        "Cut the unique part out with extract in the setting card_id, and swipe the card again.",
        _ROW,
    ),
    _rule(
        "H12",
        "error",
        "A header is missing, doubled or not spelt as in the example file; upper and lower case count.",
        "Copy the headers from Handshake's Student CSV Example.",
        _FILE,
    ),
    _rule(
        "H16",
        "error",
        "The file is of another type than CSV, such as a renamed spreadsheet.",
        "Export as CSV.",
        _FILE,
    ),
    _rule(
        "H17",
        "warning",
        "Handshake does not map this header, or reads the value differently: a mixed-case True, an old school year.",
        "Remove the column, or write the value as the page of this feed lists it.",
        _READ,
    ),
    _rule(
        "H17.value",
        "error",
        "The value has not the form that Handshake reads: not one of the preset values, no yyyy-mm-dd date, no "
        "TRUE or FALSE, no decimal number.",
        "Map the value in columns to one that Handshake knows; upper and lower case count.",
        _ROW,
    ),
    _rule(
        "H18",
        "error",
        "email_address, username or first_name is blank, or the address is none.",
        "Fill it in in the source.",
        _ROW,
    ),
    _rule(
        "H18.blank",
        "warning",
        "A column that Handshake's reference page requires is blank in this row.",
        "Fill it in, or map it; school_years gives the school year of each grade.",
        _READ,
    ),
    _rule(
        "H19",
        "warning",
        "A major, minor, college or campus is new: Handshake would create it, or it is a misspelling.",
        "Correct the spelling, or add the name to the setting known.",
        _READ,
    ),
    _rule(
        "H19.intent",
        "error",
        "The file would create or archive more accounts than the setting intent allows.",
        "Look at the counts; change intent if they are meant.",
        _HELD,
    ),
    _rule(
        "H20",
        "info",
        "No file was sent before: the first one is loaded by hand and reviewed by Handshake's support.",
        "Load the file in the Importer as a job of type Students, with the description given here.",
        _READ,
    ),
    _rule(
        "handshake.emails",
        "error",
        "The e-mail addresses of 10 % of the rows or more change; an automatic sync then updates none of them.",
        "If it is meant, ask Handshake's support to run the file.",
        _HELD,
    ),
    _rule(
        "handshake.disabled",
        "error",
        "Half of the changed rows or more are disabled; Handshake does not run such a file by itself.",
        "Look at why so many students leave; if it is meant, ask Handshake's support to run the file.",
        _HELD,
    ),
    _rule(
        "handshake.pair",
        "error",
        "Username and e-mail address of one student change in one file: Handshake takes the row for a new student, "
        "and it fails because auth_identifier or card_id is taken.",
        "Change one of the two in this file and the other in the next, by hand.",
        _ROW,
    ),
    _rule(
        "handshake.domain",
        "error",
        "The address is at a .edu domain that is not the institution's own.",
        "Correct the address, or add the domain to edu_domains.",
        _ROW,
    ),
    _rule(
        "handshake.alumni",
        "warning",
        "A graduate has currently_attending other than FALSE, no end date, or is disabled.",
        "Map primary_education:end_date for alumni; never disable them.",
        _READ,
    ),
    _rule(
        "handshake.graduate",
        "info",
        "The person is among the students and among the alumni; only the row that the setting prefer names is sent.",
        "Nothing to do.",
        "left out",
    ),
    _rule(
        "handshake.trial",
        "error",
        'The name of the file holds "test" or "sample"; Handshake does not run it by itself.',
        "Set trial = false once the trials are over.",
        _HELD,
    ),
    _rule(
        "handshake.name",
        "warning",
        "The file is not named yyyymmdd_users.csv.",
        "Name it by the day on which it is made.",
        _READ,
    ),
    _rule(
        "handshake.transport",
        "error",
        "Handshake reads files from its S3 bucket, and nowhere else.",
        "Set the target of this feed to the bucket and folder that Handshake gave; a folder is for files by hand.",
        _FILE,
    ),
    _rule(
        "handshake.size",
        "error",
        "The file is not below 50 MB.",
        "Split it; a build does.",
        _FILE,
    ),
    _rule(
        "handshake.interval",
        "error",
        "A file was sent on the same day already; Handshake takes one in 24 hours.",
        "Wait until tomorrow.",
        _HELD,
    ),
    *SHARED_RULES,
)
