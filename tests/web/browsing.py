"""A browser, and what axe finds on a page: Debian's chromium by playwright, axe-core from its package."""

from __future__ import annotations

import json
import os
import shutil
from collections.abc import Iterator
from contextlib import contextmanager

import pytest
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Browser, Page, sync_playwright

WIDTHS = {"phone": 390, "desk": 1280}
_TAGS = ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa", "best-practice"]


def chromium() -> str:
    """The browser's program; a test that needs one is skipped without it, and fails where CI is true."""
    found = shutil.which("chromium") or shutil.which("chromium-browser")
    if found:
        return found
    if os.environ.get("CI") == "true":
        pytest.fail("There is no chromium: apt-get install chromium")
    pytest.skip("There is no chromium: apt-get install chromium")


@contextmanager
def started() -> Iterator[Browser]:
    """A browser, without the sandbox where root starts it: chromium refuses to run otherwise."""
    with sync_playwright() as playwright:
        arguments = ["--no-sandbox"] if os.geteuid() == 0 else []
        browser = playwright.chromium.launch(executable_path=chromium(), args=arguments)
        try:
            yield browser
        finally:
            browser.close()


def axe_finds(page: Page) -> list[str]:
    """What axe finds by WCAG 2.2 AA and its own best practice: the rule and the place."""
    found = Axe().run(page, options={"runOnly": _TAGS, "resultTypes": ["violations"]})
    return [
        f"{one['id']}: {one['help']}: {node['html'][:160]} {json.dumps(node['any'][:1])[:300]}"
        for one in found.response["violations"]
        for node in one["nodes"][:3]
    ]


def sideways(page: Page) -> int:
    """By how many pixels the page is wider than its window."""
    return int(page.evaluate("document.documentElement.scrollWidth - document.documentElement.clientWidth"))
