"""The pages on loopback, on a small workspace with everything in it that a page can show."""

from __future__ import annotations

import re
import shutil
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from datetime import date
from pathlib import Path
from typing import Self

import httpx
from serving import serving

from rosterkit import Workspace
from rosterkit.demo import fixtures
from rosterkit.settings_template import template
from rosterkit.web import accounts
from rosterkit.web.app import create_app

PASSWORD = "lantern-orchard-42"
ROLES = ("viewer", "staff", "leader", "users_manager", "approver")
DAYS = {"day-1": date(2026, 9, 14), "day-2": date(2026, 9, 15)}
ONE_SCHOOL = "one-school"


def made(folder: Path) -> Workspace:
    """The demo's packages: the first applied, the second planned, a first file of the feed sent and the next held."""
    Workspace.init(folder)
    for day in DAYS:
        shutil.copytree(fixtures() / day, folder / "packages" / day)
    (folder / "rosterkit.toml").write_text(template("packages/day-2"), encoding="utf-8")
    workspace = Workspace(folder)
    first = workspace.plan(folder / "packages" / "day-1", as_of=DAYS["day-1"])
    workspace.approve(first.id, reason="the first load", actor="kim")
    workspace.apply(first.id, actor="kim")
    workspace.feed_build("oneroster", DAYS["day-1"])
    workspace.feed_approve("oneroster", reason="the first file", actor="kim")
    workspace.plan(folder / "packages" / "day-2", as_of=DAYS["day-2"])
    return workspace


def add_accounts(folder: Path, school: str) -> None:
    """An account of each role, by its role's name, and one that sees one school."""
    accounts_of = {role: (role, ()) for role in ROLES} | {ONE_SCHOOL: ("approver", (school,))}
    for name, (role, schools) in accounts_of.items():
        accounts.add(folder, name, role, PASSWORD, schools=schools, known=[school])


@contextmanager
def served(folder: Path) -> Iterator[str]:
    """The address."""
    with serving(create_app(folder)) as address:
        yield address


class Client:
    """A browser without JavaScript: it keeps cookies, and sends the token of the page that it read."""

    def __init__(self, address: str) -> None:
        self.http = httpx.Client(base_url=address)
        self.page = ""

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.http.close()

    def get(self, path: str, **more: object) -> httpx.Response:
        answer = self.http.get(path, follow_redirects=True, **more)  # type: ignore[arg-type]
        self.page = answer.text
        return answer

    def hidden(self, name: str) -> str:
        found = re.search(rf'name="{name}" value="([^"]*)"', self.page)
        assert found, f"no {name} on the page: {self.page[:500]}"
        return found[1]

    def post(self, path: str, data: Mapping[str, object], **more: object) -> httpx.Response:
        """The answer to the form, before any redirect."""
        return self.http.post(path, data={"csrf": self.hidden("csrf"), **data}, **more)  # type: ignore[arg-type]

    def log_in(self, name: str, password: str = PASSWORD) -> httpx.Response:
        self.get("/log-in")
        answer = self.post("/log-in", {"name": name, "password": password, "back": "/"})
        self.get("/")
        return answer
