"""What can be wrong with a district's data at Clever, and with reading it."""

from __future__ import annotations

from typing import Any

from rosterkit.roster.rules import Rule
from rosterkit.sources.http_rules import HTTP_RULES
from rosterkit.sources.package_rules import PACKAGE_RULES


def _rule(code: str, severity: str, meaning: str, remedy: str, example: str, **follows: Any) -> Rule:
    return Rule(f"clever.{code}", severity, severity, meaning, remedy, example=example, **follows)


_KEEPS = "keeps every stored value"
_NOTHING_GOES = "nothing is archived because it is absent"

_RECORDS: tuple[Rule, ...] = (
    _rule(
        "unknown-value",
        "warning",
        "A value is not in Clever's list for this field.",
        "Correct the value in the SIS, or tell Clever which of its values is meant.",
        'the relationship "Guardian"',
        record="a grade, sex or race keeps what is stored; a relationship, subject or type is kept as it came",
    ),
    _rule(
        "date-unreadable",
        "warning",
        "A date is neither month/day/year nor YYYY-MM-DD, or there is no such day.",
        "Correct the date in the SIS.",
        "13/45/2010",
        record="keeps the stored date",
    ),
    _rule(
        "term-without-dates",
        "warning",
        "A term has no first or no last day. Clever makes terms up from what sections say.",
        "Send Term_start and Term_end with every section.",
        'the term "S1" has a name only',
    ),
    _rule(
        "section-without-school",
        "error",
        "A section has no school, and a class cannot be without one.",
        "Give the section a school in the SIS.",
        "section 58da8c63b7ef0a0001000001 has no school",
        row="not read",
        record=_KEEPS,
    ),
    _rule(
        "section-without-teacher",
        "warning",
        "A section has no teacher.",
        "Give the section a teacher, if it has one.",
        "a study hall without a teacher",
    ),
    _rule(
        "email-unusable",
        "warning",
        "An e-mail address has no @ or nothing on one side of it. Clever does not check addresses.",
        "Correct the address in the SIS.",
        "no-address",
    ),
    _rule(
        "no-sis-id",
        "info",
        "A student or teacher has no id of the SIS. Records are keyed by Clever's ids, so nothing follows.",
        "Nothing to do, unless another file names people by their SIS id.",
        "a teacher who was added by hand in Clever",
    ),
    _rule(
        "no-school",
        "warning",
        "A student or teacher belongs to no school, and so has no role there.",
        "Check which school the SIS sends for this person.",
        "a student whose school is not shared",
    ),
    _rule(
        "contact-without-id",
        "info",
        "A contact has no id of the SIS, so rosterkit gives one: by name and student, e-mail address or phone.",
        "Send Contact_sis_id if the SIS has it. Every contact gets a new Clever id on that day, once.",
        "contacts from most systems that fill students.csv",
    ),
    _rule(
        "contact-without-given-name",
        "info",
        "A contact's name is one word. Such a record is never taken for the same person as another.",
        "Write the whole name in the SIS.",
        "Okonkwo",
    ),
    _rule(
        "contact-without-student",
        "warning",
        "A contact belongs to no student.",
        "Remove the contact in the SIS, or add the student.",
        "the contact of a student who left",
        record="is not read",
    ),
    _rule(
        "contact-ambiguous",
        "warning",
        "Contacts of one name share a phone or an e-mail address, and have different relationships to one student. "
        "They may be two people, such as a father and a grandfather, and stay apart.",
        "Send Contact_sis_id, or correct the relationship where it is one person.",
        "José Ruiz is Parent and Grandparent of one student, with one phone",
        record="each is a guardian by itself",
    ),
    _rule(
        "contact-type-unknown",
        "warning",
        "The settings do not say whether contacts of this type are guardians.",
        'Add the type to scope.contact_types with "guardian" or "ignore".',
        "Neighbor: 3 links are set aside",
        record="the link is set aside: a stored link stays, and a new one is not made",
    ),
)

_API: tuple[Rule, ...] = (
    _rule(
        "record-unreadable",
        "error",
        "A record has another shape than Clever documents, such as an object in the place of a text.",
        "Report it to Clever with the record's id.",
        '"roles": "student"',
        row="not read",
        record=_KEEPS,
    ),
    _rule(
        "record-without-id",
        "error",
        "A record has no id, or one with a control character in it, so nobody knows which stored record it is.",
        "Report it to Clever.",
        "the 12th record of users has no id",
        row="not read",
        table=_NOTHING_GOES,
    ),
    _rule(
        "no-role",
        "warning",
        "A user has none of the roles student, teacher, staff, district_admin and contact.",
        "Check which roles the district shares with the application.",
        "a user whose only role is not shared",
    ),
    _rule(
        "district-frozen",
        "error",
        "The district's sync is paused, pending or in error, so Clever shows old data. Nothing was read.",
        "Paused: wait for the end of the pause, or end it in Clever's dashboard. Pending: the district must approve or "
        "correct something there. Error: Clever must act.",
        "paused over the summer",
        table="every table is absent",
    ),
    _rule(
        "not-shared",
        "warning",
        "The district does not share this list with the application (404).",
        "Ask the district to share it, if it is needed.",
        "courses",
        table=_NOTHING_GOES,
    ),
    _rule(
        "no-contacts",
        "warning",
        "Clever shows no contact at all. Contacts are left out where they are not shared, so this is not taken to mean "
        "that there are none.",
        "In Clever's dashboard, see whether contacts are shared with the application and come from the SIS.",
        "the scope for contacts was switched off",
        table="the stored guardians stay",
    ),
    _rule(
        "cut-short",
        "error",
        "A list ended before its end: the connection, the credentials or the server failed half-way.",
        "Run again. What was read is used; what was not is not missed.",
        "users ended after 20,000 records",
        table=_NOTHING_GOES,
    ),
    _rule(
        "page-repeated",
        "error",
        "Clever gave the same records again, or records without ids, so the end of the list cannot be found.",
        "Run again; if it goes on, report it to Clever.",
        "the second page of sections is the first one",
        table=_NOTHING_GOES,
    ),
    _rule(
        "read-in-full",
        "info",
        "Events could not be used, so everything was read in full.",
        "Nothing to do. Switch events on in Clever's application settings if this comes in every run.",
        "the last applied run is more than 30 days old",
    ),
    Rule(
        "clever.no-token",
        "refused",
        "refused",
        "Clever lists no token of this district for the application.",
        "Ask the district to connect the application, and compare the district id.",
        example="the district disconnected the application",
    ),
    Rule(
        "clever.not-one-district",
        "refused",
        "refused",
        "The token does not show exactly one district, so it is not a district's token.",
        "Use the token of the district and the application, not that of a signed-in user.",
        example="a token from a sign-in",
    ),
    Rule(
        "clever.other-district",
        "refused",
        "refused",
        "The token belongs to another district than the settings name.",
        "Correct the token or the district id.",
        example="the token of a neighbouring district",
    ),
)

API_RULES: tuple[Rule, ...] = (*HTTP_RULES, *_RECORDS, *_API)
"""The rules of kind "clever"."""

_CSV: tuple[Rule, ...] = (
    _rule(
        "csv-missing",
        "error",
        "One of the files is not there.",
        "Upload all of schools, students, teachers, sections and enrollments together.",
        "enrollments.csv is missing",
        table=_NOTHING_GOES,
    ),
    _rule(
        "csv-empty",
        "error",
        "A file has a header and no row, or nothing at all. That is never taken to mean that everybody left.",
        "Export the file again.",
        "students.csv has a header only",
        table=_NOTHING_GOES,
    ),
    _rule(
        "csv-encoding",
        "error",
        "A file is not UTF-8 text.",
        "Export the file as UTF-8.",
        "a file saved in Latin-1",
        table=_NOTHING_GOES,
    ),
    _rule(
        "csv-columns",
        "error",
        "A file lacks a column that it must have, or has a column twice.",
        "Correct the header. Case, blanks and underscores do not matter.",
        "students.csv has no Student_id",
        table=_NOTHING_GOES,
    ),
    _rule(
        "csv-row",
        "error",
        "A line has more or fewer cells than the header, quotes that do not close, or control characters; the file may "
        "be cut short.",
        "Export the file again, and put quotes around cells with commas.",
        "line 4,021 ends after three cells",
        row="not read",
        table=_NOTHING_GOES,
    ),
    _rule(
        "csv-no-key",
        "error",
        "A line has no id.",
        "Give every line its id.",
        "Student_id is blank",
        row="not read",
        table=_NOTHING_GOES,
    ),
    _rule(
        "csv-rows-differ",
        "warning",
        "Two lines of one id say different things; the first counts.",
        "Write the same in each line of a person who has several schools or contacts.",
        "a student's two lines have two grades",
    ),
    _rule(
        "csv-contact-incomplete",
        "warning",
        "A line says something of a contact, but not both its name and its type.",
        "Fill Contact_name and Contact_type.",
        "a phone without a name",
    ),
    _rule(
        "csv-many-contacts",
        "warning",
        "A student has more than five contacts, and Clever takes five.",
        "Send the five that matter.",
        "six lines for one student",
    ),
    Rule(
        "clever.csv-unreadable",
        "refused",
        "refused",
        "The folder or zip holds none of the files of a district.",
        "Check the path.",
        example="the path names the folder above",
    ),
)

CSV_RULES: tuple[Rule, ...] = (*PACKAGE_RULES, *_RECORDS, *_CSV)
"""The rules of kind "clever-csv"."""
