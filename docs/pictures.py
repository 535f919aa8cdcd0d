"""Makes the pictures of docs/: pages in a browser, on the demo's data. ``python docs/pictures.py``.

It needs chromium and the extra ``dev``.
"""

from __future__ import annotations

import os
import secrets
import shutil
import socket
import sys
import tempfile
import threading
import time
from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path

import uvicorn
from playwright.sync_api import Browser, Page, sync_playwright
from rich.console import Console

from rosterkit.demo import DAYS, first_load
from rosterkit.demo.comparison import compare_into
from rosterkit.demo.packages import fresh_workspace
from rosterkit.web import accounts
from rosterkit.web.app import create_app
from rosterkit.workspace import Workspace

PICTURES = Path(__file__).parent / "pictures"
DESK = {"width": 1280, "height": 860}
PHONE = {"width": 390, "height": 844}


@contextmanager
def browser() -> Iterator[Browser]:
    """Debian's chromium; as root it runs without its sandbox."""
    program = shutil.which("chromium")
    if program is None:
        sys.exit("There is no chromium: apt-get install chromium")
    with sync_playwright() as playwright:
        arguments = ["--no-sandbox"] if os.geteuid() == 0 else []
        started = playwright.chromium.launch(executable_path=program, args=arguments)
        yield started
        started.close()


@contextmanager
def served(folder: Path) -> Iterator[str]:
    """The address of the pages of that workspace."""
    server = uvicorn.Server(uvicorn.Config(create_app(folder), log_level="critical", lifespan="off"))
    with closing(socket.create_server(("127.0.0.1", 0))) as listening:
        thread = threading.Thread(target=server.run, kwargs={"sockets": [listening]}, daemon=True)
        thread.start()
        while not server.started:
            time.sleep(0.01)
        yield f"http://127.0.0.1:{listening.getsockname()[1]}"
        server.should_exit = True
        thread.join(10)


def taken(page: Page, name: str, anchor: str = "") -> None:
    """One window of the page, from the element with the id ``anchor`` on."""
    if anchor:
        page.locator(f"#{anchor}").evaluate("one => one.scrollIntoView()")
    page.screenshot(path=PICTURES / f"{name}.png")


def of_the_comparison(browser: Browser, workspace: Workspace) -> None:
    """The pictures of docs/for-admins.md."""
    address = compare_into(workspace.folder, Console(quiet=True)).as_uri()
    with browser.new_page(viewport=DESK) as page:  # type: ignore[arg-type] # a width and a height
        page.goto(address)
        taken(page, "compare-ways")
        taken(page, "compare-questions", "questions")
        taken(page, "compare-people", "people")
    with browser.new_page(viewport=PHONE) as page:  # type: ignore[arg-type] # as above
        page.goto(address)
        taken(page, "compare-phone")


def of_the_pages(browser: Browser, workspace: Workspace) -> None:
    """The pictures of docs/for-reviewers.md: the first package is applied, the second is planned."""
    console = Console(quiet=True)
    first_load.step(workspace, console)
    plan = workspace.plan(workspace.folder / "packages" / "day-2", as_of=DAYS["day-2"])
    password = secrets.token_urlsafe(16)
    accounts.add(workspace.folder, "maria", "approver", password)
    with served(workspace.folder) as address, browser.new_context(viewport=DESK) as context:  # type: ignore[arg-type] # as above
        page = context.new_page()
        page.goto(f"{address}/log-in")
        page.fill("#name", "maria")
        page.fill("#password", password)
        page.click("button.first")
        taken(page, "review-overview")
        page.goto(f"{address}/plans/{plan.id}")
        taken(page, "review-plan")
        page.goto(f"{address}/plans/{plan.id}?action=update")
        taken(page, "review-changes", "changes")
        page.goto(f"{address}/plans/{plan.id}?held=yes")
        page.locator("[name=record]").first.check()
        page.fill("#lines-reason", "they moved to another district")
        taken(page, "review-held", "lines")
        page.goto(f"{address}/record?entity=User&id=stu-1001")
        taken(page, "review-person")
        page.goto(f"{address}/findings")
        taken(page, "review-findings")
        page.set_viewport_size(PHONE)  # type: ignore[arg-type] # as above
        page.goto(f"{address}/plans/{plan.id}")
        taken(page, "review-phone")


def main() -> None:
    """Makes them all."""
    PICTURES.mkdir(exist_ok=True)
    with tempfile.TemporaryDirectory() as scratch, browser() as started:
        workspace = fresh_workspace(Path(scratch, "demo"), Console(quiet=True))
        of_the_comparison(started, workspace)
        of_the_pages(started, workspace)


if __name__ == "__main__":
    main()
