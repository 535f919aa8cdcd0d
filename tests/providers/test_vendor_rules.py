"""The rules of the four vendors' feeds: each rule is used, and each finding has one."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

import providers.connect
import providers.edlio
import providers.handshake
import providers.uconnect
from providers.connect.page import COVERED
from rosterkit.feeds.base import Feed

ROOT = Path(__file__).parents[2]
FEEDS = [providers.uconnect.FEED, providers.handshake.FEED, providers.edlio.FEED, providers.connect.FEED]


@pytest.mark.parametrize("feed", FEEDS, ids=lambda feed: feed.kind)
def test_every_rule_is_used_and_every_finding_has_a_rule(feed: Feed) -> None:
    source = "".join(
        path.read_text(encoding="utf-8")
        for folder in (ROOT / "providers" / feed.kind, ROOT / "rosterkit" / "feeds")
        for path in folder.rglob("*.py")
        if path.name != "rules.py"
    )
    rules = {rule.code for rule in feed.rules}
    assert [code for code in sorted(rules) if f'"{code}"' not in source] == []
    own = feed.kind if feed.kind in {"connect", "handshake"} else "feed"
    named = set(re.findall(rf'"((?:[UHAC]\d+|{own})\.[a-z-]+)"', source))
    assert {code for code in named if not code.startswith("feed.")} <= rules


def test_connect_says_of_every_item_where_it_is_covered() -> None:
    assert [item for item, _ in COVERED] == [f"C{number}" for number in range(1, 46)]
