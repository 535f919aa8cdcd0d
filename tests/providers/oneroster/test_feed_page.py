from __future__ import annotations

from pathlib import Path

from providers.oneroster.feed_rules import LOSSES, RULES
from providers.oneroster.feed_settings import FeedSettings

PAGE = Path(__file__).parents[3] / "docs" / "feeds" / "oneroster.md"


def test_every_rule_setting_and_loss_stands_on_the_page() -> None:
    text = PAGE.read_text(encoding="utf-8")
    assert [rule.code for rule in RULES if f"| `{rule.code}` |" not in text] == []
    assert [key for key in FeedSettings.model_fields if f"| `{key}` |" not in text] == []
    assert [loss.sentence for loss in LOSSES if loss.sentence not in text] == []
