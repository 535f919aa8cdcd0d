"""Each page and each act in a browser: axe in light and dark, both widths, the keyboard, paper, no JavaScript.

A deep run looks at each page in both looks, an ordinary one at every other page in the second.
"""

from __future__ import annotations

import re
import shutil
from collections.abc import Iterator
from pathlib import Path
from typing import Literal

import pytest
from browsing import WIDTHS, axe_finds, sideways
from depth import DEEP
from pages import DAYS, PASSWORD, Client, served
from playwright.sync_api import Browser, Page, expect

from rosterkit import Workspace


@pytest.fixture(scope="module")
def shared(made_workspace: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """The pages for tests that change nothing but the audit log, on a copy of their own."""
    folder = tmp_path_factory.mktemp("shared") / "ws"
    shutil.copytree(made_workspace, folder)
    with served(folder) as address:
        yield address


def every_page(folder: Path) -> dict[str, str]:
    workspace = Workspace(folder)
    plan = workspace.plans()[0].id
    rule = workspace.show(plan).findings["rule"][0]
    return {
        "overview": "/",
        "plans": "/plans",
        "plan": f"/plans/{plan}",
        "held": f"/plans/{plan}?held=yes",
        "case": f"/plans/{plan}?held=case",
        "nothing": f"/plans/{plan}?q=zzzz",
        "people": "/people",
        "person": "/record?entity=User&id=stu-1001",
        "classes": "/classes",
        "class": "/record?entity=Class&id=cls-hr-3",
        "findings": f"/findings?rule={rule}",
        "feeds": "/feeds",
        "feed": "/feeds/oneroster?check=1",
        "compare": "/compare",
        "runs": "/runs",
        "settings": "/settings",
        "audit-log": "/audit-log",
        "problem": "/nothing-here",
    }


def log_in(page: Page, address: str, name: str = "approver") -> None:
    page.goto(f"{address}/log-in")
    page.fill("#name", name)
    page.fill("#password", PASSWORD)
    page.click("button.first")
    expect(page.locator("nav")).to_be_visible()


LOOKS: tuple[tuple[Literal["light", "dark"], int], ...] = (("light", WIDTHS["phone"]), ("dark", WIDTHS["desk"]))


@pytest.mark.deep
def test_every_page_is_for_everybody_and_can_be_printed(browser: Browser, shared: str, made_workspace: Path) -> None:
    """WCAG 2.2 AA in light and dark; at no width and not on paper is anything cut off; the policy blocks nothing."""
    with browser.new_page() as page:
        blocked: list[str] = []
        page.on("console", lambda message: blocked.append(message.text) if "Content Security" in message.text else None)
        page.on("pageerror", lambda problem: blocked.append(str(problem)))
        page.goto(f"{shared}/log-in")
        for scheme, _ in LOOKS:
            page.emulate_media(color_scheme=scheme)
            assert axe_finds(page) == [], scheme
        log_in(page, shared)
        for number, (name, path) in enumerate(every_page(made_workspace).items()):
            page.goto(f"{shared}{path}")
            on_paper(page, name)
            page.evaluate("document.querySelectorAll('details').forEach(one => one.open = true)")
            for look, (scheme, width) in enumerate(LOOKS):
                page.emulate_media(media="screen", color_scheme=scheme)
                page.set_viewport_size({"width": width, "height": 900})
                if DEEP or number % len(LOOKS) == look:
                    assert axe_finds(page) == [], (name, scheme)
                assert sideways(page) == 0, (name, width)
        assert blocked == []


def on_paper(page: Page, name: str) -> None:
    """On letter paper nothing is cut off, and what cannot be used on paper is not there."""
    page.set_viewport_size({"width": 720, "height": 1000})
    page.emulate_media(media="print")
    assert sideways(page) == 0, name
    assert page.locator("body > header").is_hidden(), name
    assert page.locator("form:visible").count() == 0 or name == "plan", name


def test_every_page_comes_whole_without_javascript(shared: str, made_workspace: Path) -> None:
    with Client(shared) as client:
        client.log_in("approver")
        for name, path in every_page(made_workspace).items():
            assert client.get(path).text.count("<h1") == 1, name


def test_a_plan_is_filtered_without_javascript(browser: Browser, shared: str, made_workspace: Path) -> None:
    with browser.new_context(java_script_enabled=False) as context, context.new_page() as page:
        log_in(page, shared)
        plan = every_page(made_workspace)["plan"]
        page.goto(f"{shared}{plan}")
        page.select_option("#f-action", "archive")
        page.click("text=Show")
        assert "action=archive" in page.url
        assert page.locator("tbody tr strong").all_inner_texts().count("create") == 0


def test_the_keyboard_alone_suffices(browser: Browser, address: str, workspace: Workspace) -> None:
    """From the log-in to the approval of a plan, with Tab, Enter and typing; what has the focus is always seen."""
    with browser.new_page(viewport={"width": WIDTHS["desk"], "height": 900}) as page:
        page.goto(f"{address}/log-in")
        page.keyboard.type("approver")
        page.keyboard.press("Tab")
        page.keyboard.type(PASSWORD)
        page.keyboard.press("Enter")
        expect(page.get_by_role("heading", name="Overview")).to_be_visible()
        _tab_to(page, "Plan ")
        page.keyboard.press("Enter")
        expect(page.get_by_role("heading", name=re.compile("^Plan "))).to_be_visible()
        page.keyboard.press("Tab")
        assert page.evaluate("document.activeElement.textContent") == "Skip to the content"
        page.keyboard.press("Enter")
        _tab_to(page, "", tag="TEXTAREA")
        page.keyboard.type("compared with the office")
        page.keyboard.press("Tab")
        page.keyboard.press("Enter")
        expect(page.locator(".told")).to_contain_text("The plan is approved.")
    assert workspace.plans()[0].state == "approved"


def _tab_to(page: Page, text: str, tag: str = "A") -> None:
    """Presses Tab until an element of this kind that begins so has the focus."""
    for _ in range(60):
        page.keyboard.press("Tab")
        found = page.evaluate("[document.activeElement.tagName, document.activeElement.textContent.trim()]")
        outline = page.evaluate("getComputedStyle(document.activeElement).outlineStyle")
        assert outline != "none", found
        if found[0] == tag and found[1].startswith(text):
            return
    pytest.fail(f"Tab does not reach {tag} {text}")


def test_a_reviewer_walks_through_every_act(browser: Browser, address: str, workspace: Workspace) -> None:
    """Filter, search, choose, approve held changes, hold, release, reject: with JavaScript, as people do it."""
    plan = workspace.plans()[0].id
    with browser.new_page(viewport={"width": WIDTHS["desk"], "height": 900}) as page:
        log_in(page, address)
        page.goto(f"{address}/plans/{plan}")
        page.select_option("#f-held", "limit")
        expect(page.locator("#lines p").first).to_have_text("4 records in 4 lines.")
        assert "held=limit" in page.url
        page.check("#choose-all")
        expect(page.locator("#chosen")).to_have_text("4 chosen.")
        page.fill("#lines-reason", "they moved to another district")
        page.click("text=Approve what is held")
        expect(page.locator(".told")).to_have_text("4 changes are approved for the next plan.")
        assert "held=limit" in page.url
        page.fill("#q", "stu-1008")
        page.keyboard.press("Enter")
        expect(page).to_have_url(re.compile("q=stu-1008"))
        page.goto(f"{address}/record?entity=User&id=stu-1001")
        page.click("summary")
        page.fill("#hold-reason", "custody question")
        page.get_by_role("button", name="Hold", exact=True).click()
        expect(page.locator(".told")).to_contain_text("is held")
        expect(page.locator("main")).to_contain_text("custody question")
        page.click("summary")
        page.fill("#hold-reason", "answered")
        page.click("text=Release all holds")
        expect(page.locator(".told")).to_contain_text("1 holds")
        page.goto(f"{address}/plans/{plan}")
        page.fill("#plan-reason", "the export was cut short")
        page.click("text=Reject")
        expect(page.locator(".told")).to_contain_text("rejected")
        page.goto(f"{address}/people")
        page.fill("#q", "quispe")
        page.click("text=Search")
        page.click("text=Ana Quispe")
        expect(page.get_by_role("heading", level=1)).to_contain_text("Ana Quispe")
        with page.expect_download() as download:
            page.goto(f"{address}/findings")
            page.click("text=Everything as CSV")
        assert download.value.suggested_filename == f"findings-{plan}.csv"
        page.click("text=Log out")
        expect(page.get_by_role("heading", name="Log in")).to_be_visible()
    assert workspace.plans()[0].state == "rejected"


def with_files_that_wait(workspace: Workspace) -> Workspace:
    """The second plan is applied; of one feed a changed file waits, of another the first one."""
    plan = workspace.plans()[0].id
    workspace.approve(plan, reason="compared with the office", actor="kim")
    workspace.apply(plan, actor="kim")
    path = workspace.folder / "rosterkit.toml"
    text = path.read_text(encoding="utf-8").replace("# extensions = true", "extensions = false")
    path.write_text(f'{text}\n[feeds.second]\nkind = "oneroster"\n', encoding="utf-8")
    workspace = Workspace(workspace.folder)
    for name in workspace.config.feeds:
        workspace.feed_build(name, DAYS["day-2"])
    return workspace


def test_feed_files_that_wait_and_the_comparison_are_for_everybody(
    browser: Browser, address: str, workspace: Workspace
) -> None:
    """What is shown when a file waits or sources are compared: axe, both widths, light and dark.

    In the comparison itself no script may run, axe's neither: ``test_comparison_page`` looks at it as a file.
    """
    with_files_that_wait(workspace)
    for scheme, width in LOOKS:
        with browser.new_context(color_scheme=scheme) as context, context.new_page() as page:
            page.set_viewport_size({"width": width, "height": 900})
            log_in(page, address)
            if scheme == "light":
                page.goto(f"{address}/compare")
                page.click("text=Compare now")
                expect(page.locator(".told")).to_have_text("The sources are compared.")
            for path in ("/feeds/oneroster", "/feeds/second", "/compare", "/compare/page"):
                page.goto(f"{address}{path}")
                if path.startswith("/feeds"):  # the others are in the walk of every page
                    assert axe_finds(page) == [], (scheme, path)
                for other in WIDTHS.values():
                    page.set_viewport_size({"width": other, "height": 900})
                    assert sideways(page) == 0, (scheme, path, other)
            expect(page.get_by_role("heading", level=1)).to_contain_text("Sources compared")


def test_feed_files_are_decided_on_in_a_browser(browser: Browser, address: str, workspace: Workspace) -> None:
    """A held file and a first file, from the overview to the decision, with their counts beside the last file's."""
    workspace = with_files_that_wait(workspace)
    with browser.new_page(viewport={"width": WIDTHS["phone"], "height": 900}) as page:
        log_in(page, address)
        page.click("text=/A file of oneroster waits/")
        expect(page.locator("table").first).to_contain_text(re.compile(r"oneroster\.zip\s*322\s*306\s*\+16"))
        page.fill("#feed-reason", "the office wants the old columns")
        page.click("text=Reject")
        expect(page.locator(".told")).to_contain_text("it never leaves")
        page.goto(address)
        page.click("text=/A file of second waits/")
        expect(page.locator("table").first).to_contain_text(re.compile(r"oneroster\.zip\s*322\s*none"))
        page.fill("#feed-reason", "looked at with the vendor")
        page.click("text=Approve and send")
        expect(page.locator(".told")).to_contain_text("approved and sent")
        expect(page.locator("main")).not_to_contain_text("A file waits for a person")
    newest = {name: workspace.feed_log(name)[0] for name in ("oneroster", "second")}
    assert {name: (one.state, one.actor, one.reason) for name, one in newest.items()} == {
        "oneroster": ("rejected", "approver", "the office wants the old columns"),
        "second": ("verified", "approver", "looked at with the vendor"),
    }


def test_a_case_is_decided_in_a_browser(browser: Browser, address: str, workspace: Workspace) -> None:
    """From the overview to the decision that it is another person."""
    with browser.new_page(viewport={"width": WIDTHS["phone"], "height": 900}) as page:
        log_in(page, address)
        page.click("text=/may be another person/")
        page.check('input[name="record"]')
        page.fill("#lines-reason", "a new pupil has the old id")
        page.click("text=It is wrong: hold")
        expect(page.locator(".told")).to_have_text("1 change is held.")
        page.goto(address)
        expect(page.locator("main")).not_to_contain_text("may be another person")
    assert [hold.reason for hold in workspace.holds() if hold.code == "person"] == ["a new pupil has the old id"]
