"""No alarm on an ordinary run: day after day of a district at 1 % a day, and what was held.

Classes are cancelled, teachers are replaced, students come and leave, one person marries, a school renames its e-mail
domain with an announcement, and a term ends.
"""

from __future__ import annotations

import shutil
from collections import Counter
from collections.abc import Callable
from datetime import date, timedelta
from pathlib import Path

import polars as pl
import pytest
from depth import DEEP

from rosterkit import Workspace
from rosterkit.attention import attention_reason
from rosterkit.plan.records import QUIET
from rosterkit.testing.accidents.tables import Package, read_package
from rosterkit.testing.district import Day, District, write_district

HOLIDAYS = '["2026-11-26/2026-11-27", "2026-12-21/2027-01-01"]'
WEDDING, RENAMED = 4, 7
STAFF, OLD, NEW = "juniper-valley.example", "students.juniper-valley.example", "northside.example"

DAYS, STUDENTS = (60, 1200) if DEEP else (16, 600)
FIRST = date(2027, 1, 20) - timedelta(days=DAYS)  # the fall semester is over on 16 January


def school_of(package: Package) -> str:
    """The school that renames its domain."""
    return str(package.tables["users"].filter(pl.col("role") == "student")["orgSourcedIds"].sort()[0])


def renamed(package: Package) -> Package:
    mine = (pl.col("orgSourcedIds") == school_of(package)) & (pl.col("role") == "student")
    email = pl.when(mine).then(pl.col("email").str.replace("@.*$", f"@{NEW}")).otherwise("email")
    return package.with_table("users", package.tables["users"].with_columns(email))


def married(package: Package) -> Package:
    """One teacher has another surname, another e-mail address and another username."""
    users = package.tables["users"]
    who = pl.col("sourcedId") == users.filter(pl.col("role") == "teacher")["sourcedId"].sort()[0]
    login = pl.concat_str(pl.lit("okonkwo"), "identifier")  # should that teacher leave, it is not the next one's
    new = {"familyName": pl.lit("Okonkwo"), "email": login + f"@{STAFF}", "username": login}
    values = {name: pl.when(who).then(value).otherwise(name) for name, value in new.items()}
    return package.with_table("users", users.with_columns(**values))


class Year:
    """A district and its workspace; ``held``: by day and code, how many lines were held."""

    def __init__(self, folder: Path, students: int, patch: pytest.MonkeyPatch) -> None:
        self.folder, self.district = folder, District(students)
        self.ws = Workspace.init(folder / "ws")
        path = self.ws.folder / "rosterkit.toml"
        text = path.read_text(encoding="utf-8").replace("# holidays = []", f"holidays = {HOLIDAYS}")
        path.write_text(text, encoding="utf-8")
        self.ws = Workspace(self.ws.folder)
        self.day = FIRST
        patch.setattr(Workspace, "_today", lambda _ws: self.day)
        self.held: Counter[tuple[int, str]] = Counter()
        self.done: Counter[tuple[str, str]] = Counter()
        self.alarms: list[str] = []

    def run(self, number: int, *changes: Callable[[Package], Package]) -> None:
        """The run of a day: the package of the generator with these changes, planned, approved and applied."""
        self.day = FIRST + timedelta(days=number)
        package = self.folder / f"{number}.zip"
        write_district(package, self.district, Day(number, level=1))
        if changes:
            tables = read_package(package)
            for change in changes:
                tables = change(tables)
            package.unlink()
            package = tables.write(self.folder / f"package-{number}")
        plan = self.ws.plan(package, as_of=self.day)
        lines = self.ws.show(plan.id).lines
        self.held.update((number, code) for code in lines["held"].to_list() if code)
        going = lines.filter(pl.col("held") == "").unique(["entity", "action", "sourced_id"])
        self.done.update(going.select("entity", "action").rows())
        if reason := attention_reason(plan):
            self.alarms.append(f"day {number} ({self.day}): {reason}, {'; '.join(plan.notes)}")
        self.ws.approve(plan.id, reason="looked at", actor="kim")
        self.ws.apply(plan.id, actor="kim")
        shutil.rmtree(package) if package.is_dir() else package.unlink()


@pytest.mark.deep(only="a minute: 60 days")
def test_an_ordinary_run_raises_no_alarm(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    year = Year(tmp_path, STUDENTS, monkeypatch)
    for number in range(DAYS):
        if number == RENAMED:
            year.ws.expect_domain(OLD, NEW, by=year.day + timedelta(days=14), reason="a new name", actor="kim")
        changes = [married] if number >= WEDDING else []
        changes += [renamed] if number >= RENAMED else []
        year.run(number, *changes)
    assert year.alarms == []
    assert {code for _, code in year.held} == set(QUIET) - {"early"}
    assert [one.state for one in year.ws.expectations()] == ["met"]
    for event in (("User", "archive"), ("User", "create"), ("User", "update"), ("Class", "archive")):
        assert year.done[event], event
    assert year.done["AcademicSession", "archive"]
    assert not DEEP or year.done["User", "archive"] > 100


def test_a_domain_that_is_renamed_without_notice_raises_one(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    year = Year(tmp_path, 600, monkeypatch)
    year.run(0)
    year.run(1, renamed)
    assert len(year.alarms) == 1
    assert f"the e-mail domain was renamed from {OLD} to {NEW}" in year.alarms[0]
