"""What is true of SchoolStatus Connect, as data; ``docs/feeds/connect.md`` and ``rosterkit doctor`` are made of it."""

from __future__ import annotations

from rosterkit.feeds.base import ChecklistItem, VendorFacts

CHECKLIST: tuple[ChecklistItem, ...] = (
    ChecklistItem(
        "C26",
        "Follow Connect's OneRoster SFTP guide. Enter login, password, host, port, path and start time of the sync in "
        "Connect: Connect fetches the files once a day.",
    ),
    ChecklistItem("C27", "Send users.csv, classes.csv and enrollments.csv, and guardians.csv where it is used."),
    ChecklistItem(
        "C19",
        "Enter each School ID in Connect exactly as this feed sends it, leading zeros included, and list them in "
        "known_schools.",
        blocks=True,
        setting="known_schools",
        answered=lambda settings: bool(settings.known_schools) or settings.profile == "guardians_only",
    ),
    ChecklistItem(
        "C24",
        "Where guardians.csv is used, compare its header with the sample file in Connect (guardian_headers), and turn "
        '"Allow sync to manage guardians" off.',
    ),
    ChecklistItem(
        "C16",
        "Where Clever's own sync brings everything but guardians, follow Connect's guide to the Clever sync first.",
    ),
    ChecklistItem("C21", "Where ClassLink's own sync does that, follow Connect's guide to the ClassLink sync first."),
    ChecklistItem(
        "C28",
        "Tell everybody who signs in by Clever or ClassLink that SFTP instead of that sync ends single sign-on.",
    ),
    ChecklistItem(
        "C29",
        "Where Clever or ClassLink lacks guardians, look first whether the SIS sends them there: often one setting is "
        "wrong. Otherwise use the guardians-only profile, upload the same file by hand, or let staff add guardians.",
    ),
    ChecklistItem(
        "C32",
        "When starting in mid-year: archive the existing students, decide on the existing classrooms with the "
        "worksheets of `rosterkit feed worksheet`, run the sync, merge old students with new ones, and remove "
        "guardians that are not wanted.",
    ),
    ChecklistItem(
        "C36", "Tell leaders that guardians can be added by hand in the directory, or by a student's join code."
    ),
    ChecklistItem(
        "C37",
        "Decide who edits contact details of people who have signed in: the setting in Connect must equal "
        "update_active_users.",
    ),
    ChecklistItem("C40", "Ask the Customer Success Manager for the USERS_MANAGER permission where staff need it."),
    ChecklistItem(
        "C45", "The sync can be ended at any time: ask the Customer Success Manager; rosterkit keeps its roster."
    ),
)

VENDOR = VendorFacts(
    name="SchoolStatus Connect",
    files="users.csv, classes.csv, enrollments.csv, guardians.csv",
    transports=("sftp", "folder"),
    clock="Fetches the files once a day from the SFTP folder, at the start time set in Connect; sent an hour before.",
    leaver="Not in the files any more: the sync archives the person, up to the deletion threshold.",
    never_changes=("sourcedId",),
    absence_deletes=True,
    transport_rule="C26",
    send_at="30 3 * * *",
    recall="Put the new files into the folder, and start a sync in Connect; what it archived, it brings back.",
    checklist=CHECKLIST,
)
