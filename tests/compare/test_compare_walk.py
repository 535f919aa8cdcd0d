"""docs/for-admins.md walks through a choice: what it shows is what a run prints."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from providers.one_sis.serving import DAY
from providers.one_sis.sources import choice, printed
from rosterkit.compare.comparison import compare
from rosterkit.compare.delivered import Delivered
from rosterkit.compare.settings import CompareSettings, Weights

PAGE = Path(__file__).parents[2] / "docs" / "for-admins.md"


@pytest.fixture(scope="module")
def delivered(tmp_path_factory: pytest.TempPathFactory) -> list[Delivered]:
    return choice(tmp_path_factory.mktemp("choice"))


def test_every_line_that_the_page_shows_is_printed(delivered: list[Delivered]) -> None:
    changed = CompareSettings(weights=Weights(sign_on=0))
    lines = {
        line
        for settings in (CompareSettings(), changed)
        for line in printed(compare(delivered, settings, DAY)).splitlines()
    }
    shown = re.findall(r"```text\n(.*?)```", PAGE.read_text(encoding="utf-8"), re.DOTALL)
    assert [line for block in shown for line in block.splitlines() if line not in lines] == []
    assert len(shown) >= 6
