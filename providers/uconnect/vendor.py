"""What is true of uConnect as a vendor, and what people do there."""

from __future__ import annotations

from rosterkit.feeds.base import ChecklistItem, VendorFacts

CRON = "5 8 * * Sat"
"""When the file is sent by default: Saturday 08:05 in the district's zone, before the weekly run of Saturday night."""

REHEARSAL = "0 9 * * Fri"
"""When the file of the week is built and checked, and not sent: people hear of problems while the office is open."""

REGION = "us-east-1"
"""The region of the bucket unless uConnect names another one."""

VENDOR = VendorFacts(
    name="uConnect",
    files="uconnect.csv",
    transports=("s3", "https"),
    clock=f"reads weekly, on Saturday night, or daily, as its dashboard is set; we send at {CRON} (cron) by default",
    leaver="absent from the file, or in it with the delete flag for some weeks, as the setting leaver says",
    never_changes=("USER_ID", "USER_LOGIN"),
    absence_deletes=True,
    transport_rule="U3",
    send_at=CRON,
    rehearse_at=REHEARSAL,
    recall="The next file takes the place of the last one; then start an import in the dashboard.",
    checklist=(
        ChecklistItem(
            "U15",
            "In uConnect's dashboard open Engage, Subscribers, Automate Subscriber Uploads, and begin the process: it "
            "makes the bucket and mails the instructions.",
            blocks=True,
        ),
        ChecklistItem(
            "U9",
            "Fetch the access key within 7 days by the link in that mail; later ask for it with Resend Instructions.",
            blocks=True,
        ),
        ChecklistItem(
            "U8",
            "Store the key pair as a secret and name it by reference; after staff change, use Regenerate Credentials.",
        ),
        ChecklistItem(
            "U16",
            "After the first file choose its File Name in the dashboard, or wait for uConnect to review it: its pages "
            "say both.",
        ),
        ChecklistItem(
            "U17",
            "Choose sync and e-mail options, map columns to attributes and community groups, decide on Auto "
            "Deprovision, and set auto_deprovision to the same.",
        ),
        ChecklistItem("U33", "Agree with uConnect on the program codes of PROGRAM and their career communities."),
        ChecklistItem("U34", "Send uConnect the mapping document where headers or values differ from its names."),
        ChecklistItem("U19", "Look at the SIS Sync Log in the dashboard after each run; no program can read it."),
        ChecklistItem("U20", "For an integration that exists already, or questions, write to uConnect's support."),
        ChecklistItem(
            "U43",
            "Where uConnect does not see the file, check bucket name, region and file name, see that only "
            "one CSV lies there, and refresh the page.",
        ),
        ChecklistItem("U44", "Where access is denied, check key and secret, or regenerate the credentials."),
    ),
)
