"""C 1-22: each known issue has a line, and the tests that it names are there."""

from __future__ import annotations

import re
from pathlib import Path

ROOT = Path(__file__).parents[2]
PAGE = (ROOT / "docs" / "sources" / "known-issues.md").read_text(encoding="utf-8")
LINES = [line.split(" | ") for line in PAGE.splitlines() if re.match(r"\| \d", line)]


def test_every_known_issue_has_a_line() -> None:
    assert [int(line[0].strip("| ")) for line in LINES] == list(range(1, 23))


def test_every_test_that_is_named_is_there() -> None:
    for line in LINES:
        named = re.findall(r"`([\w./-]+\.py)::(\w+)`", line[-1])
        assert line[-1].count("`") == 2 * len(named), f"{line[0]} names a file without its test"
        assert named or re.match(r"documented: \[\w+\]\([\w-]+\.md\)", line[-1]), f"{line[0]} has neither test nor page"
        for path, name in named:
            file = ROOT / (path if path.startswith("tests/") else f"tests/providers/{path}")
            assert file.exists(), path
            assert f"def {name}(" in file.read_text(encoding="utf-8"), f"{path}::{name}"


def test_the_pages_that_it_points_to_are_there() -> None:
    for target in re.findall(r"\]\(([\w./-]+\.md)\)", PAGE):
        assert (ROOT / "docs" / "sources" / target).exists(), target
