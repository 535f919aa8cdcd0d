from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

from uconnect_case import FEED, ROSTER, settings

from rosterkit.testing.feed_suite import feed_suite


@feed_suite(FEED, settings(), ROSTER)
def test_uconnect_keeps_the_contract_of_a_feed(check: Callable[[Path], None], tmp_path: Path) -> None:
    check(tmp_path)


@feed_suite(FEED, settings(identity="email", leaver="delete_flag"), ROSTER)
def test_uconnect_by_email_keeps_the_contract_of_a_feed(check: Callable[[Path], None], tmp_path: Path) -> None:
    check(tmp_path)
