"""Every requirement of a vendor has a test, a line of the checklist or a sentence of the page, by its tag.

Tags: S the feed does it; R-E ``check`` refuses what breaks it; R-W it warns; L the vendor's behaviour, documented;
P a person's step, in the checklist.
"""

from __future__ import annotations

import ast
import re
from collections.abc import Iterable
from pathlib import Path

import pytest

import providers.handshake
import providers.uconnect
from providers.handshake import page as handshake_page
from providers.uconnect import page as uconnect_page
from rosterkit.feeds.base import Feed

ROOT = Path(__file__).parents[2]

UCONNECT = """
    U1 L, U2 S, U3 R-E, U4 S R-E, U5 S R-E, U6 S R-E, U7 S, U8 S, U9 P, U10 S, U11 S, U12 S, U13 S, U14 L, U15 P,
    U16 P, U17 P, U18 L, U19 L, U20 P, U21 S R-E, U22 S R-E, U23 S R-E, U24 S R-E, U25 S R-W, U26 S, U27 S,
    U28 S R-E, U29 S R-E, U30 S, U31 S R-E, U32 S R-E, U33 S, U34 S, U35 S, U36 S, U37 S R-E, U38 S, U39 S R-W,
    U40 S R-W, U41 L, U42 S, U43 P, U44 P, U45 R-E
"""
HANDSHAKE = """
    H1 L, H2 S R-E, H3 P, H4 S R-E, H5 S R-E, H6 S, H7 P, H8 S R-E, H9 S, H10 S R-E, H11 P, H12 S R-E, H13 S, H14 P,
    H15 L, H16 R-E, H17 R-E, H18 R-E, H19 S R-W, H20 P, H21 P
"""
TRANSPORT = {"U7", "U8", "U10", "U11", "U13", "U36"}  # done by delivery and scheduler, or a statement: on the page


def items(table: str) -> list[tuple[str, set[str]]]:
    return [(words[0], set(words[1:])) for words in (part.split() for part in table.replace("\n", " ").split(","))]


def ids(text: str) -> set[str]:
    return {found.upper() for found in re.findall(r"(?<![A-Za-z0-9])[UuHh]\d+(?![0-9A-Za-z])", text.replace("_", " "))}


def named_in_tests(vendor: str) -> set[str]:
    """Ids in the name or first line of a test, and in the rule of a case that is refused and mutated."""
    found: set[str] = set()
    for path in (ROOT / "tests" / "providers" / vendor).glob("test_*.py"):
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            if isinstance(node, ast.FunctionDef) and node.name.startswith("test_"):
                found |= ids(f"{node.name} {(ast.get_docstring(node) or '').split(chr(10))[0]}")
    return found


def refused(vendor: str) -> set[str]:
    """Ids of the rules of all cases in the table of cases."""
    text = (ROOT / "tests" / "providers" / vendor / f"test_{vendor}_check.py").read_text(encoding="utf-8")
    calls = [node for node in ast.walk(ast.parse(text)) if isinstance(node, ast.Call)]
    cases = [call for call in calls if isinstance(call.func, ast.Name) and call.func.id == "Case" and call.args]
    codes = [str(ast.literal_eval(call.args[0])) for call in cases]
    return set().union(*(ids(code.split(".")[0]) for code in codes))


def every() -> Iterable[tuple[str, Feed, str, set[str]]]:
    for vendor, feed, table in (
        ("uconnect", providers.uconnect.FEED, UCONNECT),
        ("handshake", providers.handshake.FEED, HANDSHAKE),
    ):
        for item, tags in items(table):
            yield vendor, feed, item, tags


@pytest.mark.parametrize(("vendor", "feed", "item", "tags"), [pytest.param(*row, id=row[2]) for row in every()])
def test_every_item_is_done_checked_documented_or_in_the_checklist(
    vendor: str, feed: Feed, item: str, tags: set[str]
) -> None:
    tests, cases = named_in_tests(vendor), refused(vendor)
    page = ids((ROOT / "docs" / "feeds" / f"{vendor}.md").read_text(encoding="utf-8"))
    checklist = {entry.rule for entry in feed.vendor.checklist}
    assert item in page, "the page does not speak of it"
    if "P" in tags:
        assert item in checklist
    if tags & {"R-E", "R-W"}:
        assert item in cases | tests
        assert any(rule.code.split(".")[0] == item for rule in feed.rules)
    if "R-E" in tags:
        assert item in cases or item == "U3", "no refused case"
    if "S" in tags and item not in TRANSPORT:
        assert item in tests | cases


def test_all_items_are_listed() -> None:
    assert [item for item, _ in items(UCONNECT)] == [f"U{number}" for number in range(1, 46)]
    assert [item for item, _ in items(HANDSHAKE)] == [f"H{number}" for number in range(1, 22)]


@pytest.mark.parametrize(("vendor", "page"), [("uconnect", uconnect_page.page), ("handshake", handshake_page.page)])
def test_the_page_is_what_the_feed_makes(vendor: str, page: object) -> None:
    text = (ROOT / "docs" / "feeds" / f"{vendor}.md").read_text(encoding="utf-8")
    assert callable(page)
    assert text == page(), f"make it again: python -m providers.{vendor}.page docs/feeds/{vendor}.md"


@pytest.mark.parametrize("feed", [providers.uconnect.FEED, providers.handshake.FEED], ids=["uconnect", "handshake"])
def test_every_check_has_a_rule_and_every_rule_a_use(feed: Feed) -> None:
    rules = {rule.code for rule in feed.rules}
    used = {check.rule for check in feed.checks}  # type: ignore[attr-defined] # both have a table of checks
    assert used <= rules
    source = "".join(
        path.read_text(encoding="utf-8")
        for folder in (ROOT / "providers" / feed.kind, ROOT / "rosterkit" / "feeds", ROOT / "tests")
        for path in folder.rglob("*.py")
        if path.name != "rules.py"
    )
    assert [code for code in rules - used if f'"{code}"' not in source] == []
