"""The rules of Edlio's files (A1-A14 of the requirements, and Edlio's pages on guidelines, fields and templates)."""

from __future__ import annotations

from rosterkit.feeds.preflight import SHARED_RULES
from rosterkit.roster.rules import Rule

_WITHHELD = "withheld from the file"


def _row(code: str, meaning: str, remedy: str, *, example: str = "") -> Rule:
    """A row that Edlio cannot use, so it is not sent."""
    return Rule(code, "error", "error", meaning, remedy, row=_WITHHELD, example=example)


def _file(code: str, meaning: str, remedy: str, *, example: str = "") -> Rule:
    """A file that does not leave."""
    return Rule(code, "error", "error", meaning, remedy, row="the file is not sent", example=example)


def _warning(code: str, meaning: str, remedy: str, *, example: str = "") -> Rule:
    return Rule(code, "warning", "warning", meaning, remedy, row="sent", example=example)


def _info(code: str, meaning: str, remedy: str, *, example: str = "") -> Rule:
    return Rule(code, "info", "info", meaning, remedy, row="sent", example=example)


RULES: tuple[Rule, ...] = (
    _warning(
        "A1.link-expired",
        "The link to the SFTP credentials was sent more than seven days ago and no longer works.",
        "Ask Edlio for a new link where the credentials were not stored; otherwise set stage to what comes next.",
    ),
    _row(
        "A5.unique-id",
        "Two different people carry one Unique ID. Edlio warns of delays and missing accounts.",
        'Choose a field that no two people share, with columns = { "Unique ID" = ... }, or correct the ids.',
        example="a student and a teacher who both have number 4711",
    ),
    _row(
        "A5.id-changed",
        "The Unique ID is another than the one that was sent for this person. Edlio would make a second account.",
        "Send the old id, or approve the change once Edlio has changed it too.",
    ),
    _row(
        "A5.id-taken",
        "The Unique ID was sent for another person before. Edlio would give this person the other's account.",
        "Give the person an id that nobody has had.",
    ),
    _row(
        "A5.shared-email",
        "Two different people have one e-mail address. Edlio wants an own address for every account, over all files; "
        "an employee who is also a parent needs two.",
        "Give each of them an address of their own. Where the names agree, the employee's row is sent.",
        example="a teacher whose parent account has the school's address too",
    ),
    _file(
        "A5.class-columns",
        "A file of people has columns of classes. Edlio wants classes and enrollments in files of their own.",
        "Move the columns Classroom ID and Classroom Name out of the file of people.",
    ),
    _file(
        "A5.file-name",
        "The files are named otherwise than last time. Edlio maps each file by hand, once.",
        "Keep the names, or agree on new ones with Edlio and approve this file.",
        example="Staff.csv was sent, and now staff_2027.csv",
    ),
    _file(
        "A5.naming",
        "Edlio has not confirmed yet how the files are to be named.",
        "Ask the Data Integration Specialist, then set file_names_agreed = true.",
    ),
    _file(
        "A5.removal",
        "It is not known yet what happens to a person who is no longer in the files.",
        "Ask the Data Integration Specialist, then set removal to absent_removed or absent_kept.",
    ),
    _file(
        "A5.no-rows",
        "The file holds a header and no rows.",
        "Look at the roster and at the settings of the feed: everybody was left out.",
    ),
    _warning(
        "A5.no-header",
        "The first line is no header that is known. Edlio takes files without one, but mapping them is slow and may "
        "go wrong.",
        "Write the header of the template into the first line, or name your own in headers.",
    ),
    _file(
        "A6.unreadable",
        "The file is no CSV in UTF-8.",
        "Export it again as CSV, in UTF-8, with as many cells in each row as the header has.",
    ),
    _row(
        "A6.ragged",
        "The row has more or fewer cells than the header, or a quotation mark that is not doubled.",
        "Export it again; a program that knows CSV writes this right.",
    ),
    _file(
        "A6.header",
        "Two columns have one header, or a header is blank or holds invisible characters.",
        "Write the header anew, by hand.",
    ),
    _warning(
        "A6.mark",
        "The file starts with a byte-order mark, or its last line has no line end.",
        "Write UTF-8 without a mark, and look whether the file was cut short.",
    ),
    _file(
        "A6.missing-file",
        "A file that must be there is missing.",
        "Send all files each time.",
        example="Enrollments.csv without Classes.csv",
    ),
    _file(
        "A6.column",
        "A column that Edlio requires is missing.",
        "Add the column, or say in headers which of your columns it is.",
        example="Staff.csv without Employee ID",
    ),
    _warning(
        "A6.unknown-column",
        "Edlio has no such column.",
        "Leave it out, or say in headers which column of Edlio it is.",
    ),
    _row(
        "A6.required",
        "A cell that Edlio requires is blank.",
        "Fill it in where the record is kept.",
        example="a student without an e-mail address",
    ),
    _row(
        "A6.email",
        "The e-mail address is not one.",
        "Correct it where the record is kept.",
        example="ruiz.school.example",
    ),
    _warning(
        "A6.other-email",
        "A further e-mail address is not one.",
        "Correct it where the record is kept.",
    ),
    _warning(
        "A6.oneroster",
        "The OneRoster feed, which makes this set, found something in the roster.",
        "See the rule that is named here on the page of the OneRoster feed.",
    ),
    _warning(
        "A8.txt",
        "The file is a TXT file. Edlio takes those, and prefers CSV.",
        "Send a file that ends in .csv.",
    ),
    _file(
        "A8.file-type",
        "The file is neither CSV nor TXT.",
        "Send a file that ends in .csv.",
        example="Staff.xlsx",
    ),
    _file(
        "A10",
        "Edlio takes files over SFTP only, not over FTP, FTPS or anything else.",
        "Name an SFTP target: sftp://host/folder.",
    ),
    _info(
        "A13.stage",
        "Edlio has not activated the sync yet. Nobody appears on its dashboard until then.",
        "Do the next step that is named here, and set stage when it is done.",
    ),
    _info(
        "A14.first-file",
        "Nothing has been sent yet. This is who will not get an account.",
        "Decide with the schools whether that is right before the first file is approved.",
        example="412 students without e-mail; 9 employees who share an address with a parent's account",
    ),
    _info(
        "A14.disabled",
        "People whose account is disabled, in the source or in rosterkit, are not sent.",
        "Nothing where that is meant; otherwise enable the accounts.",
        example="31 people",
    ),
    _info(
        "A14.left-out",
        "Enrollments of people or classes that are not sent are left out.",
        "Nothing here: the finding of the person or class says what keeps it out.",
        example="12 enrollments",
    ),
    _row(
        "A14.role",
        "The role is none that Edlio knows.",
        "Send Administrator, Teacher, Staff, Parent, Guardian, Relative or Student.",
    ),
    _row(
        "A14.titles-differ",
        "One person has several titles. Edlio wants one title over all rows of a person.",
        "Write the same title in each row of the person.",
    ),
    _warning(
        "A14.no-language-code",
        "The language has no ISO 639-1 code. It is sent blank.",
        "Map the word in languages, or leave it: some languages have no code of two letters.",
        example="Hmong",
    ),
    _row(
        "A14.language",
        "The home language is no ISO 639-1 code.",
        "Send a code of two letters, such as es, or nothing.",
        example="Spanish",
    ),
    _row(
        "A14.organization",
        "The Organization ID is none that Edlio knows.",
        "Compare it with the list of organizations: a leading zero may be lost.",
    ),
    _row(
        "A14.repeated",
        "Two rows of one person name the same organization.",
        "Send one row for each person and organization; a parent has one for each child.",
    ),
    _row(
        "A14.child",
        "A parent's row names a child who is not in the files, or by an id that two children have.",
        "Mend what keeps the child out, or correct the id that two children have.",
    ),
    _row(
        "A14.contact-type",
        "The type of this contact is none that is known, so it is not sent.",
        "Map it once in contact_types: send or omit.",
        example="Neighbor",
    ),
    _row(
        "A14.person",
        "An enrollment names a person who is in none of the files.",
        "Mend what keeps the person out, or remove the enrollment.",
    ),
    _row(
        "A14.classroom",
        "An enrollment names a class that is not in the file of classes.",
        "Send the class too, or remove the enrollment.",
    ),
    *SHARED_RULES,
)
