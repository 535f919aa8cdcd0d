"""What is true of Edlio, as data; ``docs/feeds/edlio.md`` and ``rosterkit doctor`` are made of it."""

from __future__ import annotations

from providers.edlio.activation import LINK_DAYS, Stage, notice
from rosterkit.feeds.base import ChecklistItem, VendorFacts

CHECKLIST: tuple[ChecklistItem, ...] = (
    ChecklistItem(
        "A1",
        f"Open the link that Edlio's Data Integration team e-mailed within {LINK_DAYS} days. Store the credentials "
        "as a secret and note the day in credentials_issued. Ask for a new link where it has expired.",
    ),
    ChecklistItem(
        "A2",
        "The link opens only for the e-mail address that it was sent to: whoever sets up SFTP needs the credentials "
        "themselves, passed on as a secret.",
    ),
    ChecklistItem("A3", "Check that the folder on Edlio's server is your own: every client has one."),
    ChecklistItem(
        "A4", "Take host and port from that e-mail, and compare the host key with Edlio before it is pinned."
    ),
    ChecklistItem(
        "A5",
        "Read Edlio's Data Processing & Sync Guidelines, ask how the files are to be named, and set file_names_agreed.",
        blocks=True,
        part="naming",
        setting="file_names_agreed",
        answered=lambda settings: settings.file_names_agreed,
    ),
    ChecklistItem(
        "A5",
        "Ask what happens to a person who is no longer in the files, and set removal.",
        blocks=True,
        part="removal",
        setting="removal",
        answered=lambda settings: settings.removal != "unknown",
    ),
    ChecklistItem(
        "A5", "Read Edlio's list of data fields, and compare it with the columns that are mapped.", part="fields"
    ),
    ChecklistItem("A6", "Choose the template's headers (faster) or your own, and tell Edlio which."),
    ChecklistItem(
        "A11",
        "After the first delivery, send the notice that rosterkit prints to your Data Integration Specialist: Edlio's "
        "system sends no receipt.",
    ),
    ChecklistItem("A12", "Answer what Edlio asks while it maps and validates, and send corrected files."),
    ChecklistItem(
        "A13",
        "When Edlio has activated the sync, set stage = active and look at the dashboard the next day.",
        setting="stage",
        answered=lambda settings: settings.stage is Stage.ACTIVE,
    ),
    ChecklistItem(
        "A14",
        "Look at the counts before the first file: students without e-mail, and employees who share an address with a "
        "parent's account, get no account.",
    ),
)

VENDOR = VendorFacts(
    name="Edlio app",
    files="Staff.csv, Users.csv, Classes.csv, Enrollments.csv, and Parents.csv where parents are sent",
    transports=("sftp",),
    clock='Reads every day at about 00:15 America/Chicago; sent at 23:30 there, as "about" has no upper bound.',
    leaver="Not in the files any more. What Edlio makes of that is to be asked (setting removal).",
    never_changes=("Unique ID",),
    min_hours_between=None,
    transport_rule="A10",
    send_at="30 23 * * *",
    zone="America/Chicago",
    reads_at="00:15",
    clock_rule="A9",
    takes_unchanged=True,  # nobody knows whether it keeps files that it has read
    recall="Send the files again before the next processing, and tell your Data Integration Specialist.",
    absence_deletes=True,  # nobody knows: until Edlio answers, the graver of the two is assumed
    checklist=CHECKLIST,
    notice=notice,
)
