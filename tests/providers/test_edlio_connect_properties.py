"""Whatever the roster holds, what is built is taken by the vendor, and no row is anybody else's."""

from __future__ import annotations

import csv
import io
import tempfile
from pathlib import Path
from typing import Any

import pytest
from depth import DEEP
from hypothesis import HealthCheck, given, settings
from random_roster import rosters

import providers.connect
import providers.edlio
from providers.connect.settings import ConnectSettings
from providers.edlio.settings import EdlioSettings
from rosterkit.feeds.base import Feed, FeedFile, Outcome
from rosterkit.testing.feed_suite import built, sent
from rosterkit.testing.roster import MemoryRoster

SPLIT = [
    {"to": "LOWER", "schools": ["o-3"], "grades": ["09", "10"]},
    {"to": "UPPER", "schools": ["o-3"], "grades": ["11", "12"]},
]
_ANSWERED = {"file_names_agreed": True, "removal": "absent_removed", "stage": "active"}
EDLIO = [
    {},
    {"guardians": "file"},
    {"guardians": "users", "child": "unique_id"},
    {"layout": "combined", "guardians": "file"},
]
CONNECT: list[dict[str, Any]] = [
    {"guardians": "users"},
    {"guardians": "users", "user_ids": "by_kind", "schools": "primary"},
    {"school_rules": SPLIT, "join_sections": True, "guardians": "users"},
    {"unique_contacts": True, "encoding": "ascii", "district_staff": "schools"},
    {"profile": "guardians_only"},
]
FORGIVEN = {"A6.missing-file", "C23.missing-file", "A5.naming"}  # nobody is left for a whole file

few = settings(
    max_examples=50 if DEEP else 3, suppress_health_check=[HealthCheck.too_slow, HealthCheck.function_scoped_fixture]
)


def build(feed: Feed, with_settings: Any, roster: MemoryRoster, **more: Any) -> list[FeedFile]:
    with tempfile.TemporaryDirectory() as scratch:
        return list(built(feed, with_settings, roster, Path(scratch), **more)[0])


def rows(file: FeedFile, encoding: str = "utf-8") -> list[dict[str, str]]:
    return list(csv.DictReader(io.StringIO(file.content.decode(encoding))))


def taken_by_the_vendor(feed: Feed, files: list[FeedFile], last: list[FeedFile], with_settings: Any) -> None:
    if not files:
        return
    verdict = feed.check(files, sent(last) if last else None, with_settings)
    errors = verdict.findings.filter(verdict.findings["severity"] == "error")
    held = {"feed.gone", "feed.withheld", "connect.threshold", "A5.file-name"} if last else set()
    assert set(errors["rule"]) <= FORGIVEN | held, errors.rows()
    assert not any(verdict.ignored.values())
    if not errors.height:
        assert verdict.outcome in {Outcome.ACCEPTED, Outcome.WARNINGS}


@pytest.mark.deep
@pytest.mark.parametrize("more", EDLIO, ids=str)
@given(before=rosters(), after=rosters())
@few
def test_edlio_takes_what_is_built(more: dict[str, Any], before: MemoryRoster, after: MemoryRoster) -> None:
    with_settings = EdlioSettings.model_validate(_ANSWERED | more)
    feed = providers.edlio.FEED
    first = build(feed, with_settings, before)
    taken_by_the_vendor(feed, first, [], with_settings)
    files = build(feed, with_settings, after, last=sent(first) if first else None)
    taken_by_the_vendor(feed, files, first, with_settings)
    people = [row for file in files for row in rows(file) if "Email 1" in row]
    owners: dict[str, str] = {}
    for row in people:
        assert owners.setdefault(row["Email 1"].lower(), row["Unique ID"]) == row["Unique ID"]


@pytest.mark.deep
@pytest.mark.parametrize("more", CONNECT, ids=str)
@given(before=rosters(), after=rosters())
@few
def test_connect_takes_what_is_built(more: dict[str, Any], before: MemoryRoster, after: MemoryRoster) -> None:
    with_settings = ConnectSettings.model_validate(more)
    feed = providers.connect.FEED
    first = build(feed, with_settings, before)
    taken_by_the_vendor(feed, first, [], with_settings)
    files = build(feed, with_settings, after, last=sent(first) if first else None)
    taken_by_the_vendor(feed, files, first, with_settings)
    users = [row for file in files if file.name == "users.csv" for row in rows(file)]
    for row in users:
        orgs = set(row["orgSourcedIds"].split(","))
        assert "o-1" not in orgs, "no district"
        assert row["role"] != "student" or not {"LOWER", "UPPER"} <= orgs, "each student in exactly one"
        assert len(row["agentSourcedIds"].split(",")) <= 6
