"""The invented college-bound district of the uConnect tests, its settings, and one way to build."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from feed_settings import read_settings

from providers.uconnect import FEED, UConnectSettings
from rosterkit.feeds.base import FeedFile, LastSent, Verdict
from rosterkit.feeds.csvout import read_csv
from rosterkit.sources.findings import Findings
from rosterkit.testing.feed_suite import AS_OF, built
from rosterkit.testing.roster import MemoryRoster, district

__all__ = ["AS_OF", "FEED", "GIVEN", "GOLDEN", "ROSTER", "build", "csv", "settings", "verdict"]

ROSTER = district()

GIVEN: dict[str, Any] = {
    "identity": "user_id",
    "populations": [
        {"name": "Undergraduate", "roles": ["student"], "schools": ["o-2", "o-3"]},
        {"name": "Alumni", "sources": ["alumni"]},
        {"name": "Faculty and Staff", "roles": ["teacher"]},
    ],
    "columns": {
        "OPT_OUT": {"attribute": "no_mail"},
        "PROGRAM": {"attribute": "program", "split": ";", "values": {"BUS-01": "Business", "HLTH-04": "Health"}},
        "AFFINITY": {"attribute": "affinity", "split": "|"},
    },
    "groups": {"PROGRAM": "Career Communities"},
}

GOLDEN = (
    b"FIRST_NAME,LAST_NAME,EMAIL,USER_ID,GRADUATION,USER_TYPE,OPT_OUT,PROGRAM,AFFINITY\r\n"
    b'Amara,"Osei, III",aosei@maplehollow.example,690001,2027,Undergraduate,FALSE,Business;Health,First Gen;ROTC\r\n'
    b"Tevita,Fonoti,tfonoti@maplehollow.example,690002,2028,Undergraduate,,Health,\r\n"
    b"Ingrid,Sol\xc3\xb3rzano,isolorzano@maplehollow.example,690003,,Alumni,TRUE,Business,\r\n"
)
"""A small file that uConnect accepts."""


def settings(**changes: Any) -> UConnectSettings:
    return read_settings(UConnectSettings, {**GIVEN, **changes}, where="feeds.uconnect")


def csv(*changes: tuple[str, str], name: str = "uconnect.csv") -> FeedFile:
    """The golden file with texts replaced; each must be in it."""
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
    """Files, rows by USER_ID (or else by e-mail), findings."""
    files, findings = built(FEED, settings(**(given or {})), roster, scratch, last=last, **more)
    rows = read_csv(files[0]).rows.iter_rows(named=True) if files else []
    return list(files), {row.get("USER_ID") or row["EMAIL"]: row for row in rows}, findings
