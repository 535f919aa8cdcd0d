"""The set-up page of each source says what to click, what to share, what its data lacks and how to test it (17)."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from rosterkit import registry

PAGES = Path(__file__).parents[2] / "docs" / "sources"
PAGE_OF = {"clever-csv": "clever"}
NAMES = sorted({PAGE_OF.get(kind, kind) for kind in registry.source_kinds()} | {"classlink-csv"})
PARTS = {
    "what to click": r"^## Set it up$[\s\S]*?^1\. ",
    "what to share": r"(?i)\b(?:permission|allow|share|may read)",
    "what it lacks": r"(?m)^(?:## .*\blacks?\b|\*\*What it lacks\.\*\*)",
    "how to test it": r"(?m)^(?:## How to test it$|\*\*How to test it\.\*\*)",
}


@pytest.mark.parametrize("part", PARTS)
@pytest.mark.parametrize("name", NAMES)
def test_every_page_of_a_source_has_this_part(name: str, part: str) -> None:
    assert re.search(PARTS[part], (PAGES / f"{name}.md").read_text(encoding="utf-8"), re.MULTILINE), f"{name}: {part}"
