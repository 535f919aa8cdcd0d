from __future__ import annotations

from pathlib import Path

from rosterkit.settings_page import SETTINGS, document

DOCS = Path(__file__).parents[2] / "docs"


def test_the_page_is_what_the_table_makes() -> None:
    text = (DOCS / "settings.md").read_text(encoding="utf-8")
    assert text == document(), "make it again: python -m rosterkit.settings_page > docs/settings.md"


def test_every_setting_stands_on_the_page() -> None:
    text = (DOCS / "settings.md").read_text(encoding="utf-8")
    assert [setting.key for setting in SETTINGS if f"| `{setting.key}` |" not in text] == []
