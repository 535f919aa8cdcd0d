from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

from handshake_case import FEED, ROSTER, settings

from rosterkit.testing.feed_suite import feed_suite

KIOSK = settings(
    kiosk=True,
    card_id={"attribute": "card", "extract": "0*([1-9][0-9]+)"},
    alumni={"sources": ["alumni"]},
    megabytes=0.0012,
    clear=["primary_education:major_names"],
)


@feed_suite(FEED, settings(), ROSTER)
def test_handshake_keeps_the_contract_of_a_feed(check: Callable[[Path], None], tmp_path: Path) -> None:
    check(tmp_path)


@feed_suite(FEED, KIOSK, ROSTER)
def test_handshake_in_parts_keeps_the_contract_of_a_feed(check: Callable[[Path], None], tmp_path: Path) -> None:
    check(tmp_path)
