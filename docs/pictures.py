"""Makes the pictures of docs/: pages in a browser, on the demo's data. ``python docs/pictures.py``.

It needs chromium and the extra ``dev``. Nothing depends on the clock but the pages that show a time.
"""

from __future__ import annotations

import os
import shutil
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from playwright.sync_api import Browser, sync_playwright
from rich.console import Console

from rosterkit.demo.comparison import compare_into

PICTURES = Path(__file__).parent / "pictures"
DESK = (1280, 860)
PHONE = (390, 844)


@contextmanager
def browser() -> Iterator[Browser]:
    """Debian's chromium; as root it runs without its sandbox."""
    program = shutil.which("chromium")
    if program is None:
        sys.exit("There is no chromium: apt-get install chromium")
    with sync_playwright() as playwright:
        started = playwright.chromium.launch(
            executable_path=program, args=["--no-sandbox"] if os.geteuid() == 0 else []
        )
        yield started
        started.close()


def picture(browser: Browser, address: str, name: str, size: tuple[int, int] = DESK, anchor: str = "") -> None:
    """One window of a page, from the element with the id ``anchor`` on."""
    with browser.new_page(viewport={"width": size[0], "height": size[1]}) as page:
        page.goto(f"{address}#{anchor}" if anchor else address)
        page.screenshot(path=PICTURES / f"{name}.png")


def comparison(browser: Browser, folder: Path) -> None:
    """The pages of docs/for-admins.md."""
    address = compare_into(folder, Console(quiet=True)).as_uri()
    picture(browser, address, "compare-ways")
    picture(browser, address, "compare-questions", anchor="questions")
    picture(browser, address, "compare-people", anchor="people")
    picture(browser, address, "compare-phone", PHONE)


def main() -> None:
    """Makes them all."""
    PICTURES.mkdir(exist_ok=True)
    with tempfile.TemporaryDirectory() as scratch, browser() as started:
        comparison(started, Path(scratch))


if __name__ == "__main__":
    main()
