"""The rules of SchoolStatus Connect's files (C1-C45 of the requirements, and Connect's pages on OneRoster files)."""

from __future__ import annotations

from rosterkit.feeds.preflight import SHARED_RULES
from rosterkit.roster.rules import Rule

_WITHHELD = "withheld from the file"


def _row(code: str, meaning: str, remedy: str, *, example: str = "") -> Rule:
    """A row that Connect cannot use, so it is not sent."""
    return Rule(code, "error", "error", meaning, remedy, row=_WITHHELD, example=example)


def _file(code: str, meaning: str, remedy: str, *, example: str = "") -> Rule:
    """A file that does not leave."""
    return Rule(code, "error", "error", meaning, remedy, row="the files are not sent", example=example)


def _warning(code: str, meaning: str, remedy: str, *, example: str = "") -> Rule:
    return Rule(code, "warning", "warning", meaning, remedy, row="sent", example=example)


RULES: tuple[Rule, ...] = (
    _warning(
        "C5.repeated-title",
        "Several classes of one school have the same name; people cannot tell them apart.",
        "Name them apart with title, such as {title} ({teacher}), or join the sections with join_sections.",
        example="four classes named Algebra 1",
    ),
    _warning(
        "C5.empty-class",
        "The class has no students.",
        "Leave it, or filter it with classes, subjects, courses or terms.",
    ),
    _warning(
        "C6.many-classes",
        "Students have more classes than a family wants to follow. Often only homerooms are wanted.",
        'Set classes = "homeroom", or name subjects or courses.',
        example="312 students have more than 10 classes",
    ),
    _row(
        "C7.no-contact",
        "The guardian has neither an e-mail address nor a number that takes text messages. Connect does not add the "
        "guardian until one of them is there.",
        "Ask the family, and fill it in where the record is kept.",
    ),
    _row(
        "C8.contact-type",
        "The type of this contact is none that is known, so this link is not sent.",
        "Map it once in contact_types: send or omit.",
        example="Neighbor",
    ),
    Rule(
        "connect.disabled",
        "info",
        "info",
        "People whose account is disabled, in the source or in rosterkit, are not sent.",
        "Nothing where that is meant; otherwise enable the accounts.",
        row="left out",
        example="31 people",
    ),
    _row(
        "C9.no-rule",
        "The school is several in Connect, and no rule names the grade of this student.",
        "Add the grade to one of school_rules.",
    ),
    _row(
        "C9.two-schools",
        "The student is in two Connect schools that share one school of the roster.",
        "Give each of school_rules grades of its own.",
    ),
    _warning(
        "C15.district-staff",
        "The person's only role is at the district, which is no school in Connect. The person is not sent.",
        'Set district_staff = "schools" to send them with every school.',
    ),
    _row(
        "C18.guardian-alone",
        "No student's row names this guardian. Connect would not know whose guardian it is.",
        "Link the two where the records are kept.",
    ),
    _row(
        "C18.no-such-guardian",
        "The student's row names a guardian who is not in the file.",
        "Send the guardian's row too; its own finding says what keeps it out.",
    ),
    _warning(
        "C18.student-alone",
        "Students have no guardian in the files.",
        "Nothing where that is known; otherwise look at the links in the source.",
        example="41 students have no guardian",
    ),
    _row(
        "C19.guardian-school",
        "The guardian's row names an organization that is none of the schools of the guardian's students, such as the "
        "district. Connect cannot resolve that.",
        "Build the files with this feed: it gives each guardian the schools of their students.",
    ),
    _warning(
        "connect.agents-left-out",
        "Students have more guardians than fit. Those closest by custody and priority are sent.",
        "Nothing where the choice is right; otherwise set custody_order, or the priority where the links are kept.",
        example="3 students; 4 links are left out",
    ),
    _file(
        "C23.missing-file",
        "A file that must be there is missing.",
        "Send users.csv, classes.csv and enrollments.csv each time, and guardians.csv where it is used.",
    ),
    _warning(
        "C23.other-file",
        "Connect does not read a file of this name.",
        "Name the files users.csv, classes.csv, enrollments.csv and guardians.csv, in small letters.",
        example="user.csv",
    ),
    _file(
        "C23.encoding",
        "The file is not in the encoding that was agreed. Connect would read nothing, and fail on its threshold.",
        "Write UTF-8 without a byte-order mark.",
    ),
    _file(
        "C23.header",
        "The header is not the one that Connect reads: a column is missing, misspelt or holds invisible characters. "
        "The sync would take everybody for gone and fail on the deletion threshold.",
        "Write the header exactly as it is named here.",
        example="sourcedId with U+FEFF before it",
    ),
    _warning(
        "C23.unknown-column",
        "Connect has no such column.",
        "Leave it out: what the product does not need is not sent.",
    ),
    _file(
        "C23.no-rows",
        "The file holds a header and no rows.",
        "Look at the roster and at the settings of the feed: everything was left out.",
    ),
    _row(
        "C23.required",
        "A cell that Connect requires is blank.",
        "Fill it in where the record is kept.",
    ),
    _row(
        "C23.repeated-id",
        "Two rows carry one sourcedId.",
        "Give each record an id of its own; one person is one row.",
    ),
    _row(
        "C23.role",
        "The role is none that Connect knows.",
        "Send student, parent, guardian, relative, teacher, aide, proctor or administrator.",
    ),
    _row(
        "C23.reference",
        "The row names a person or a class that is not in the files.",
        "Send that row too; its own finding says what keeps it out.",
    ),
    _row(
        "C23.quotes",
        "An id or a code holds a quotation mark, which Connect does not take.",
        "Correct it where the record is kept.",
    ),
    _warning(
        "C23.text-mended",
        "A name holds quotation marks, line breaks or characters that the encoding does not have. They are left out.",
        "Correct it where the record is kept.",
        example='Mia "Mimi"',
    ),
    _file(
        "C24.guardian-setting",
        "guardians.csv is used while Connect's sync manages guardians too: the two would undo each other.",
        'Turn "Allow sync to manage guardians" off in Connect.',
    ),
    _file(
        "C30.only-guardians",
        "Beside a Clever or ClassLink sync only guardians.csv is sent.",
        "Remove the other files.",
    ),
    _row(
        "C33.primary-school",
        "The student is to be sent with the primary school only, and has several without a primary one.",
        "State the primary school where the record is kept.",
    ),
    _row(
        "C33.no-school",
        "The person has no school that Connect knows.",
        "Add the role at a school where the record is kept.",
    ),
    _row(
        "connect.id-changed",
        "The sourcedId is another than the one that was sent for this person. Connect would archive the old account.",
        "Send the old id, or approve the change once the accounts are to be merged in Connect.",
    ),
    _row(
        "connect.id-taken",
        "The sourcedId was sent for another person before. Connect would give this person the other's account.",
        "Give the person an id that nobody has had.",
    ),
    _row(
        "connect.school",
        "The School ID is not entered in Connect. Connect reports success, and reads only headers.",
        "Compare it with the School IDs in Connect: a leading zero may be lost.",
        example="0042 in Connect, 42 in the file",
    ),
    _file(
        "connect.threshold",
        "More records would be archived than Connect's deletion threshold allows. Connect creates and updates, "
        "archives nothing, and reports the sync as failed.",
        "Look at who is gone. If it is right, raise the threshold in Connect for one run, approve, and put it back.",
        example="51 of 501 students are gone; 10 % allow 50",
    ),
    _warning(
        "connect.shared-contact",
        "Several people share an e-mail address or mobile number. Since 2026 Connect lets them; before, all but one "
        "lost it.",
        "Nothing where unique_contacts is off; otherwise correct it where the records are kept.",
    ),
    Rule(
        "connect.contact-taken",
        "error",
        "error",
        "The e-mail address or mobile number belongs to another person too, and Connect is set up to give each to one.",
        "Correct it where the records are kept, or set unique_contacts = false.",
        row="sent without it; withheld where a guardian has no other",
    ),
    _row(
        "connect.agents",
        "The student's row names more than six guardians.",
        "Send the six who are closest; this feed chooses them by custody and priority.",
    ),
    _row(
        "C23.ragged",
        "The row has more or fewer cells than the header, or a quotation mark that is not doubled.",
        "Export it again; a program that knows CSV writes this right.",
    ),
    _file(
        "C23.cut-short",
        "The file ends within a quoted cell: it was cut short.",
        "Export it again.",
    ),
    _warning(
        "C23.last-line",
        "The last line has no line end: the file may be cut short.",
        "Compare the number of rows with the source.",
    ),
    *SHARED_RULES,
)
