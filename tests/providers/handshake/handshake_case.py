"""The invented students of the Handshake tests, their settings, and one way to build."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from feed_settings import read_settings

from providers.handshake import FEED, HandshakeSettings
from rosterkit.feeds.base import FeedFile, LastSent, Verdict
from rosterkit.feeds.csvout import read_csv
from rosterkit.sources.findings import Findings
from rosterkit.testing.feed_suite import AS_OF, built
from rosterkit.testing.roster import MemoryRoster, district

__all__ = ["AS_OF", "FEED", "GIVEN", "GOLDEN", "NAME", "ROSTER", "build", "csv", "settings", "verdict"]

ROSTER = district()
NAME = "20261121_users.csv"

GIVEN: dict[str, Any] = {
    "username": "identifier",
    "auth_identifier": "username",
    "students": {"roles": ["student"], "grades": ["09", "10", "11", "12"]},
    "columns": {
        "primary_education:major_names": {
            "attribute": "program",
            "split": ";",
            "values": {"BUS-01": "Business", "HLTH-04": "Health Science", "ARTS-02": "Fine Arts"},
        }
    },
}

GOLDEN = (
    b"email_address,username,auth_identifier,first_name,last_name,school_year_name,"
    b"primary_education:major_names,primary_education:end_date,primary_education:currently_attending,disabled\r\n"
    b'kabara@tidewater.example,900100,kabara,Kwame,"Abara, Jr.",Junior,Business;Fine Arts,2028-05-20,TRUE,FALSE\r\n'
    b"lsoto@tidewater.example,900101,lsoto,Luz,Soto,Senior,Business,2027-05-20,TRUE,FALSE\r\n"
    b"mrehn@tidewater.example,900102,mrehn,Maren,Rehn,Alumni,,2026-05-20,FALSE,FALSE\r\n"
)
"""A small file that Handshake accepts."""


def settings(**changes: Any) -> HandshakeSettings:
    return read_settings(HandshakeSettings, {**GIVEN, **changes}, where="feeds.handshake")


def csv(*changes: tuple[str, str], name: str = NAME) -> FeedFile:
    """The golden file with texts replaced once; each must be in it."""
    text = GOLDEN.decode()
    for old, new in changes:
        assert old in text, old
        text = text.replace(old, new, 1)
    return FeedFile(name, text.encode(), text.count("\r\n") - 1)


def verdict(*files: FeedFile, last: LastSent | None = None, feed: Any = FEED, **changes: Any) -> Verdict:
    found: Verdict = feed.check(files or (csv(),), last, settings(**changes))
    return found


def build(
    roster: MemoryRoster,
    scratch: Path,
    *,
    last: LastSent | None = None,
    given: dict[str, Any] | None = None,
    **more: Any,
) -> tuple[list[FeedFile], dict[str, dict[str, Any]], Findings]:
    """Files, rows by username, findings."""
    files, findings = built(FEED, settings(**(given or {})), roster, scratch, last=last, **more)
    rows = [row for file in files for row in read_csv(file).rows.iter_rows(named=True)]
    return list(files), {row["username"]: row for row in rows}, findings
