"""What is true of Handshake as a vendor, and what people do there."""

from __future__ import annotations

from rosterkit.feeds.base import ChecklistItem, VendorFacts

BUCKET = "handshake-importer-uploads"
"""The bucket that all schools share; Handshake gives the folder (importer-production-SCHOOL) and a write-only key."""

MAX_BYTES = 50_000_000

VENDOR = VendorFacts(
    name="Handshake",
    files="yyyymmdd_users.csv, and yyyymmdd_users_2.csv and so on where it is split",
    transports=("s3", "folder"),
    clock="weekly, monthly or once a semester, and never twice in 24 hours; the first file by hand in the Importer",
    leaver="in the file with disabled = TRUE for some weeks, or absent, as the setting leaver says; never an alumnus",
    never_changes=("username", "auth_identifier"),
    max_bytes=MAX_BYTES,
    min_hours_between=24,
    absence_deletes=False,
    transport_rule="handshake.transport",
    send_at="0 4 * * Mon",
    recall="Send a file with the right values after 24 hours, or ask support to stop the job; nobody is deleted there.",
    checklist=(
        ChecklistItem(
            "H3",
            "Career Services and IT decide together which fields their work needs; map only those.",
        ),
        ChecklistItem(
            "H7",
            "Decide what the username is before the first file, and set it; it is locked after the first delivery.",
            blocks=True,
        ),
        ChecklistItem("H8", "Make sure that auth_identifier equals the SSO identifier in Handshake's settings."),
        ChecklistItem(
            "H10", "Where a kiosk is used, swipe some cards and put what the reader gave into sample_swipes."
        ),
        ChecklistItem(
            "H11",
            "Whoever uploads takes the Importer training, and then asks support for access to the Importer.",
            blocks=True,
        ),
        ChecklistItem("H12", "Download the Student CSV Example and compare its headers with the file."),
        ChecklistItem(
            "H14",
            "Load the first file by hand: Importer, job type Students, identifier column username, the suggested "
            "description, Save Job.",
        ),
        ChecklistItem("H15", "Read the Importer's feedback and repeat; several rounds are normal."),
        ChecklistItem(
            "H20",
            'Choose "Submit and Request Run"; support opens a request, reviews the file and imports it.',
        ),
        ChecklistItem("H21", "For problems see Handshake's page of common problems, then write to its support."),
    ),
)
