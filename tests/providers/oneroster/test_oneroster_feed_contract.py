"""The OneRoster feed keeps the contract of every feed (the shipped suite), in both versions and both forms."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from providers.oneroster import FEED
from providers.oneroster.feed_settings import FeedSettings
from rosterkit.testing.feed_suite import feed_suite
from rosterkit.testing.roster import district

ROSTER = district()


@feed_suite(FEED, FeedSettings(form="folder"), ROSTER)
def test_the_feed_keeps_the_contract(check: Any, tmp_path: Path) -> None:
    check(tmp_path)


@feed_suite(FEED, FeedSettings(version="1.1"), ROSTER)
def test_the_feed_keeps_the_contract_in_version_1_1_as_a_zip(check: Any, tmp_path: Path) -> None:
    check(tmp_path)
