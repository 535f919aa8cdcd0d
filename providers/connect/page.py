"""The page of the Connect feed, for docs/build.py."""

from __future__ import annotations

from providers.connect.columns import FILES, MAX_AGENTS, REQUIRED
from providers.connect.feed import ConnectFeed
from providers.connect.worksheet import CLASSROOMS, STUDENTS
from rosterkit.feeds.page import feed_page

COVERED: tuple[tuple[str, str], ...] = (
    ("C1", "This feed is for the daily sync. Connect also takes files by hand; that needs no feed."),
    ("C2", "Any way can be run once: build the files, upload them by hand, and manage the rest in Connect."),
    ("C3", "Choosing a way: by the data of each source; this feed is the SFTP way."),
    ("C4", "The Clever source: Connect's own Clever sync mirrors Clever's data."),
    ("C5", "`title`, `join_sections`; the check warns of names that repeat and of classes without students."),
    ("C6", "`classes`, `subjects`, `courses`, `terms`; the check counts students with many classes."),
    ("C7", "Guardians without contact data are withheld and named."),
    ("C8", "`contact_types`, `contact_relationships`; a type that nobody has mapped is set aside and shown."),
    ("C9", "`school_rules`; Clever's own sync cannot split a school."),
    ("C10", "The Clever source: contacts without ids get stable ones."),
    ("C11", "Choosing a way."),
    ("C12", "The Clever source: filters that are set at Clever."),
    ("C13", "Choosing a way: single sign-on is among the capabilities of a source."),
    ("C14", "The policy of rosterkit allows rows made by hand; Connect keeps what its staff add."),
    ("C15", "`district_staff`."),
    ("C16", "The checklist: the guide to Clever's own sync into Connect."),
    ("C17", "The ClassLink source: Connect's own ClassLink sync mirrors ClassLink's data."),
    ("C18", "Guardians without students are not sent; students without guardians are counted; links are checked."),
    ("C19", "Guardians get the schools of their students."),
    ("C20", "Choosing a way; the ClassLink source."),
    ("C21", "The checklist: the guide to ClassLink's own sync into Connect."),
    ("C22", "Choosing a way; a part can be synced and the rest managed by hand."),
    ("C23", "The check holds files against Connect's form of OneRoster."),
    ("C24", '`guardians = "file"` is the default; `"users"` writes both into users.csv.'),
    ("C25", "Choosing a way: this feed gives the most control, and needs the review of a first file."),
    ("C26", "The checklist."),
    ("C27", "The files of this feed."),
    ("C28", "The checklist: SFTP instead of Clever or ClassLink ends single sign-on into Connect."),
    ("C29", "The checklist: six ways to bring guardians."),
    ("C30", '`profile = "guardians_only"`.'),
    ("C31", "A definition: a school or district is SIS-synced when one of the three syncs keeps it up to date."),
    ("C32", "`rosterkit feed worksheet`, and the checklist."),
    ("C33", "`schools`; the source shows who would lose a school on Clever's own way."),
    ("C34", "Policy: classes made by hand."),
    ("C35", "Policy: what may be edited in a synced class."),
    ("C36", "Policy, and the checklist: guardians added by hand or by a join code."),
    ("C37", "Policy, and the checklist: who edits contact data while the setting is off."),
    ("C38", "Policy: only the sync edits contact data while the setting is on."),
    ("C39", "Policy: the same for staff."),
    ("C40", "The checklist."),
    ("C41", "Policy: students are not added by hand."),
    ("C42", "Policy: what may be edited in a synced student."),
    ("C43", "Policy: staff added by hand."),
    ("C44", "Policy: what may be edited in synced staff."),
    ("C45", "The checklist: the sync can be ended, and rosterkit keeps its roster."),
)
"""Which place of rosterkit covers each requirement of Connect."""


def _columns() -> str:
    lines = ["| file | columns (* required) |", "| --- | --- |"]
    for file, columns in FILES.items():
        names = ", ".join(name + ("*" if name in REQUIRED[file] else "") for name in columns)
        lines.append(f"| `{file}` | {names} |")
    return "\n".join(lines)


def _covered() -> str:
    return "\n".join(["| item | where |", "| --- | --- |", *(f"| {item} | {where} |" for item, where in COVERED)])


_TEXT = f"""
`kind = "connect"` writes the files that SchoolStatus Connect (once ClassTag) takes as OneRoster over SFTP. Ids such as
C19 name the requirements of Connect that this page and the findings cite.

## How Connect takes files

- Connect fetches the files once a day, from its own SFTP folder or the district's, at the time set there (C26).
- It archives who is not in the files, up to a deletion threshold in percent of the records that the sync manages,
  rounded down: of 501 students at 10 % it archives 50. Above it Connect still creates and updates, archives nothing,
  and reports the sync as failed. The check simulates this against what was last sent, for students, staff,
  guardians and classes each: such a file is held. Connect advises 10 to 20 % in the year. At the start of a year
  raise it, run the sync, and put it back.
- An invisible character in a header, a wrong encoding or a School ID without its leading zero makes Connect take
  everybody for gone, or report success after reading headers alone. The check refuses such files and names the code
  point. List the School IDs in `known_schools`.
- A guardian with neither an e-mail address nor a number for text messages is not added until one is there (C7).
- Since 2026 people may share an address or number; before, one of them kept it. `unique_contacts` says how your Connect
  is set up; the check warns of shared ones in either case.
- Settings in Connect that this feed cannot see are noted for people: `sync_start`, `update_active_users`,
  `update_language`, `unarchive_classrooms`.

## What is written

{_columns()}

- The headers of `guardians.csv` are on no page that a program can read. Ours are a proposal: compare them with
  the sample file in Connect, and set `guardian_headers`. `phone` is sent only with `home_phone`, `identifier` only with
  `identifier`. Preferred names, pronouns and demographics are in no file. Nor are ELL, FRL and IEP: Connect's
  pages differ on whether the sync takes them.
- Grades are sent as CEDS codes (KG, 05) and languages as ISO 639; Connect's own lists are not published, so
  `grade_codes` and `languages` change them.
- **Guardians** (C24): in guardians.csv, one row for each guardian and student, or as rows of users.csv that students'
  rows name. A student's row takes {MAX_AGENTS}: the closest by contact type (`custody_order`), then priority, then id.
  The order of a file never decides. A guardian who is an employee too gets a second row, with -guardian after the id.
- **Schools**: guardians get the schools of their students, never the district (C19). A student of several schools is
  sent with all of them, or with the primary one alone (C33). Several schools may become one in Connect, and one may
  become several by grade: each student lands in exactly one (C9). A class of such a school is sent once for each
  Connect school in which it has students, with that School ID after its own id.
- **Classes**: all or homerooms only, of certain subjects or courses, of running terms (C6). With `join_sections` the
  sections of one teacher and course are one classroom; its id is made of course, teacher and school, so it stays when a
  section ends (C5).
- **Beside Clever or ClassLink** (C30): `profile = "guardians_only"` writes guardians.csv alone. `student_key` says by
  which id that sync has brought the students.
- A person is one row with one role. A student stays a student, whatever other role the record has.
- Quotation marks and line breaks are left out of names, and withheld where they stand in ids.

## Who left

A person who left is not in the files, and Connect archives the account. So the last good row of a person whose row
breaks a rule is sent for `limits.keep_days` days. Such a row has today's links: one that is gone or blocked never comes
back, nor does a suppressed value.

## Starting in mid-year

`rosterkit feed worksheet FEED list.csv --output to-confirm.csv` matches the students that exist in Connect with the
roster, by number, e-mail, or name and grade, and proposes a class for each classroom, by title and school (C32). The
list of students has the columns `{"`, `".join(STUDENTS)}`; that of classrooms
has `{"`, `".join(CLASSROOMS)}`. A person confirms every line, archives and merges in Connect, and enters the proposed
id as external source, so that the sync takes the classroom over.

    [feeds.families]
    kind = "connect"
    known_schools = ["017", "042"]
    school_id = "identifier"
    classes = "homeroom"
    contact_types = {{ Neighbor = "omit" }}

    [[feeds.families.school_rules]]
    to = "042"
    schools = ["042", "043"]

## Which place covers which requirement

{_covered()}
"""


def page(note: str) -> str:
    """``docs/feeds/connect.md``; ``note`` says what makes it."""
    return feed_page(ConnectFeed(), note=note, text=_TEXT)
