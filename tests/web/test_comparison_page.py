"""The page of ``compare --html`` in a browser: axe, both widths, and paper."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from browsing import WIDTHS, axe_finds, sideways
from playwright.sync_api import Browser, Page

from providers.one_sis.sources import compared
from rosterkit.render import compare_html


@pytest.fixture(scope="module")
def address(tmp_path_factory: pytest.TempPathFactory) -> str:
    folder = tmp_path_factory.mktemp("comparison")
    path = folder / "choice.html"
    path.write_text(compare_html.page(compared(folder)), encoding="utf-8")
    return path.as_uri()


@pytest.fixture(params=WIDTHS)
def page(browser: Browser, address: str, request: pytest.FixtureRequest) -> Iterator[Page]:
    with browser.new_page(viewport={"width": WIDTHS[request.param], "height": 900}) as page:
        page.goto(address)
        page.evaluate("document.querySelectorAll('details').forEach(one => one.open = true)")
        yield page


def test_axe_finds_nothing_and_nothing_is_wider_than_the_window(page: Page) -> None:
    assert axe_finds(page) == []
    assert sideways(page) == 0


def test_nothing_is_cut_off_on_paper(browser: Browser, address: str) -> None:
    """On a sheet of letter paper no element that shows text is wider than the sheet, and details are open."""
    with browser.new_page(viewport={"width": 720, "height": 1000}) as page:
        page.goto(address)
        page.emulate_media(media="print")
        assert sideways(page) == 0
        hidden = "[...document.querySelectorAll('details > div')].filter(one => !one.getClientRects().length).length"
        assert page.evaluate(hidden) == 0
        cut = "[...document.querySelectorAll('.wide')].filter(one => one.scrollWidth > one.clientWidth + 1).length"
        assert page.evaluate(cut) == 0
