"""Every requirement of Edlio and Connect has a test, a line of the checklist or a sentence of the page, by its tag.

Tags: S the feed does it; R-E ``check`` or the build refuses what breaks it; R-W it warns; L the vendor's behaviour,
documented; P a person's step, in the checklist.
"""

from __future__ import annotations

import ast
import re
from collections.abc import Callable
from pathlib import Path

import pytest

import providers.connect
import providers.edlio
from providers.connect import page as connect_page
from providers.edlio import page as edlio_page
from rosterkit.feeds.base import Feed

ROOT = Path(__file__).parents[2]

EDLIO = """
    A1 P, A2 L, A3 L, A4 P, A5 P, A6 S, A7 S, A8 S R-E, A9 S R-E, A10 S R-E, A11 P, A12 L, A13 P, A14 S
"""
CONNECT = """
    C1 L, C2 L, C3 L, C5 S R-W, C6 S R-W, C7 S R-W, C8 S R-E, C9 S R-E, C14 L, C15 S, C18 S R-E, C19 S R-E, C22 L,
    C23 R-E, C24 S, C25 L, C26 P, C27 S, C28 L, C29 P, C30 S, C31 L, C32 S P, C33 S R-E, C36 L, C37 L, C40 P, C45 P
"""
"""What the Connect feed carries; the page names the place that covers each of the others."""

DELIVERED = {"A7"}  # the scheduler and the delivery do it: the page says so


def items(table: str) -> dict[str, set[str]]:
    words = (part.split() for part in table.replace("\n", " ").split(","))
    return {word[0]: set(word[1:]) for word in words}


def ids(text: str) -> set[str]:
    return set(re.findall(r"(?<![A-Za-z0-9])[AC]\d+(?![0-9A-Za-z])", text.replace("_", " ")))


def named_in_tests(vendor: str) -> set[str]:
    """Ids in the name or the first line of a test."""
    found: set[str] = set()
    for path in (ROOT / "tests" / "providers" / vendor).glob("test_*.py"):
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            if isinstance(node, ast.FunctionDef) and node.name.startswith("test_"):
                found |= ids(f"{node.name} {(ast.get_docstring(node) or '').splitlines()[:1]}")
    return found


def golden_and_refused(vendor: str) -> set[str]:
    """Ids with a case in the table of golden and refused files, or with tests of both kinds."""
    text = (ROOT / "tests" / "providers" / vendor / f"test_{vendor}_check.py").read_text(encoding="utf-8")
    cases = ids(" ".join(re.findall(r'^    "([AC]\d+)\.', text, re.MULTILINE)))
    names: dict[str, set[str]] = {"golden": set(), "refused": set()}
    for path in (ROOT / "tests" / "providers" / vendor).glob("test_*.py"):
        for name in re.findall(r"^def (test_\w+)", path.read_text(encoding="utf-8"), re.MULTILINE):
            for kind in names:
                if kind in name:
                    names[kind] |= ids(name)
    return cases | names["golden"] & names["refused"]


def every() -> list[tuple[str, Feed, str, set[str]]]:
    of = (("edlio", providers.edlio.FEED, EDLIO), ("connect", providers.connect.FEED, CONNECT))
    return [(vendor, feed, item, tags) for vendor, feed, table in of for item, tags in items(table).items()]


@pytest.mark.parametrize(("vendor", "feed", "item", "tags"), [pytest.param(*row, id=row[2]) for row in every()])
def test_every_item_is_done_checked_documented_or_in_the_checklist(
    vendor: str, feed: Feed, item: str, tags: set[str]
) -> None:
    tests, both = named_in_tests(vendor), golden_and_refused(vendor)
    page = ids((ROOT / "docs" / "feeds" / f"{vendor}.md").read_text(encoding="utf-8"))
    assert item in page, "the page does not speak of it"
    if "P" in tags:
        assert item in {entry.rule for entry in feed.vendor.checklist}
    if "S" in tags and item not in DELIVERED:
        assert item in tests | both
    if "R-W" in tags:
        assert item in both
    if "R-E" in tags:
        assert item in both, "no golden and refused case"


def test_no_item_is_left_out() -> None:
    assert list(items(EDLIO)) == [f"A{number}" for number in range(1, 15)]
    assert [item for item, _ in connect_page.COVERED] == [f"C{number}" for number in range(1, 46)]
    assert set(items(CONNECT)) <= {item for item, _ in connect_page.COVERED}


@pytest.mark.parametrize(("vendor", "page"), [("edlio", edlio_page.page), ("connect", connect_page.page)])
def test_the_page_is_what_the_feed_makes(vendor: str, page: Callable[[], str]) -> None:
    text = (ROOT / "docs" / "feeds" / f"{vendor}.md").read_text(encoding="utf-8")
    assert text == page(), f"make it again: python -m providers.{vendor}.page docs/feeds/{vendor}.md"


@pytest.mark.parametrize("feed", [providers.edlio.FEED, providers.connect.FEED], ids=["edlio", "connect"])
def test_every_rule_is_used_and_every_finding_has_a_rule(feed: Feed) -> None:
    source = "".join(
        path.read_text(encoding="utf-8")
        for folder in (ROOT / "providers" / feed.kind, ROOT / "rosterkit" / "feeds")
        for path in folder.rglob("*.py")
        if path.name != "rules.py"
    )
    rules = {rule.code for rule in feed.rules}
    assert [code for code in sorted(rules) if f'"{code}"' not in source] == []
    named = set(re.findall(r'"((?:[AC]\d+|connect)\.[a-z-]+)"', source))
    assert named <= rules
