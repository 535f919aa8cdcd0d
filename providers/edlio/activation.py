"""The way from Edlio's credentials to a sync that runs (A1, A11, A13).

Edlio's people review the files and switch the sync on. No program can ask how far they are, so a person keeps the
setting ``stage`` up to date, and ``rosterkit doctor`` says what comes next.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date, timedelta
from enum import StrEnum

LINK_DAYS = 7
"""How many days the link to the SFTP credentials works (A1)."""


class Stage(StrEnum):
    """How far the set-up is."""

    CREDENTIALS = "credentials"
    REVIEWED = "reviewed"
    EXPORTED = "exported"
    NOTIFIED = "notified"
    VALIDATION = "validation"
    CORRECTIONS = "corrections"
    ACTIVE = "active"


NEXT: Mapping[Stage, tuple[Stage, ...]] = {
    Stage.CREDENTIALS: (Stage.REVIEWED,),
    Stage.REVIEWED: (Stage.EXPORTED,),
    Stage.EXPORTED: (Stage.NOTIFIED,),
    Stage.NOTIFIED: (Stage.VALIDATION,),
    Stage.VALIDATION: (Stage.CORRECTIONS, Stage.ACTIVE),
    Stage.CORRECTIONS: (Stage.EXPORTED,),
    Stage.ACTIVE: (),
}
"""The stages that may follow each stage."""

STEPS: Mapping[Stage, str] = {
    Stage.CREDENTIALS: "Read Edlio's sync guidelines and its list of data fields, and agree on file names and removal.",
    Stage.REVIEWED: "Approve the first files and send them.",
    Stage.EXPORTED: "Write to your Data Integration Specialist that the files are there. Edlio's system tells nobody.",
    Stage.NOTIFIED: "Wait until Edlio begins to map the columns and to validate the data.",
    Stage.VALIDATION: "Wait for Edlio's answer: corrections, or activation.",
    Stage.CORRECTIONS: "Correct what Edlio names, send again, and write to the specialist again.",
    Stage.ACTIVE: "Nothing. Users appear on the dashboard after each day's processing.",
}
"""What a person does at each stage."""


def link_expires(issued: date) -> date:
    """The first day on which the link to the credentials, sent on ``issued``, no longer works (A1)."""
    return issued + timedelta(days=LINK_DAYS)


def notice(rows: Mapping[str, int], sent_on: date, district: str) -> str:
    """A text that a person sends to the Data Integration Specialist after the first delivery (A11).

    ``rows``: how many rows each file holds. The text says what was sent. Nobody knows yet whether Edlio has it, so it
    asks for that. It holds counts and no names.
    """
    lines = "\n".join(f"- {name}: {count:,} rows" for name, count in rows.items())
    return (
        f"Subject: Roster files of {district}\n\n"
        f"Our files were sent to our SFTP folder on {sent_on.isoformat()}:\n{lines}\n\n"
        "Please confirm that they are there, and write to us what has to be corrected before you activate the sync.\n"
    )
