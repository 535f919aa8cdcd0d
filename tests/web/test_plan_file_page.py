"""The page of ``show --html`` in a browser, at the width of a phone and of a desk (at-the-command-line 11)."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest
from browsing import WIDTHS, axe_finds, sideways
from playwright.sync_api import Browser, Page

from rosterkit import Workspace, registry
from rosterkit.demo import DAYS, fixtures
from rosterkit.render import html
from rosterkit.render.labels import Choice


@pytest.fixture(scope="module")
def address(tmp_path_factory: pytest.TempPathFactory) -> str:
    folder: Path = tmp_path_factory.mktemp("plan")
    workspace = Workspace.init(folder / "workspace")
    first = workspace.plan(fixtures() / "day-1", as_of=DAYS["day-1"])
    workspace.approve(first.id, reason="as expected", actor="kim")
    workspace.apply(first.id, actor="kim")
    second = workspace.plan(fixtures() / "day-2", as_of=DAYS["day-2"])
    path = folder / "plan.html"
    page = html.page(workspace.show(second.id), Choice(limit=500).checked(), registry.rules(), ZoneInfo("UTC"), [])
    path.write_text(page, encoding="utf-8")
    return path.as_uri()


@pytest.fixture(params=WIDTHS)
def page(browser: Browser, address: str, request: pytest.FixtureRequest) -> Iterator[Page]:
    with browser.new_page(viewport={"width": WIDTHS[request.param], "height": 900}) as page:
        page.goto(address)
        page.evaluate("document.querySelectorAll('details').forEach(one => one.open = true)")
        yield page


def test_11_rows_are_whole_at_any_width(page: Page) -> None:
    assert sideways(page) == 0
    off = """[...document.querySelectorAll('td, th')].filter(cell => {
      return cell.offsetParent && cell.getBoundingClientRect().left < 0
    }).length"""
    assert page.evaluate(off) == 0
    broken = """[...document.querySelectorAll('td')].filter(cell => {
      const wide = cell.getBoundingClientRect().width
      return cell.offsetParent && cell.textContent.trim().length > 12 && wide < 60
    }).length"""
    assert page.evaluate(broken) == 0


def test_axe_finds_nothing(page: Page) -> None:
    assert axe_finds(page) == []
