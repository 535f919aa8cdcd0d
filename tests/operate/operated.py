"""A district that is synced without a person: its package changes from run to run, and people are notified."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

from rosterkit import Workspace
from rosterkit.operate import notices
from rosterkit.store.runs import Run
from rosterkit.testing.package import write_package

Files = dict[str, list[dict[str, str]]]
SCHOOLS = ("S1", "S2")


def small_district(students: int = 30) -> Files:
    """Two schools, each with a class and as many students, all enrolled."""
    files: Files = {
        "orgs": [{"sourcedId": "D", "name": "Larkspur Valley", "type": "district"}],
        "academicSessions": [
            {
                "sourcedId": "Y",
                "title": "2026-2027",
                "type": "schoolYear",
                "startDate": "2026-08-24",
                "endDate": "2027-06-12",
                "schoolYear": "2027",
            }
        ],
        "courses": [{"sourcedId": "K", "title": "Reading", "orgSourcedId": "D"}],
        "classes": [],
        "users": [],
        "enrollments": [],
    }
    for school in SCHOOLS:
        files["orgs"].append(
            {"sourcedId": school, "name": f"School {school}", "type": "school", "parentSourcedId": "D"}
        )
        class_ = {"sourcedId": f"{school}-c", "title": "Reading", "classType": "scheduled", "courseSourcedId": "K"}
        files["classes"].append(class_ | {"schoolSourcedId": school, "termSourcedIds": "Y"})
        for number in range(students):
            files["users"].append(student(f"{school}-p{number}", school))
            files["enrollments"].append(enrollment(f"{school}-p{number}", school))
    return files


def student(key: str, school: str) -> dict[str, str]:
    """A student as users.csv has one."""
    row = {"sourcedId": key, "enabledUser": "true", "orgSourcedIds": school, "role": "student", "username": key.lower()}
    return row | {"givenName": f"Given{key}", "familyName": f"Family{key}", "identifier": f"N{key}", "grades": "03"}


def enrollment(key: str, school: str) -> dict[str, str]:
    """The enrollment of a student in the class of the school."""
    row = {"sourcedId": f"{school}-c.{key}", "classSourcedId": f"{school}-c", "schoolSourcedId": school}
    return row | {"userSourcedId": key, "role": "student"}


SETTINGS = """
timezone = "America/Chicago"
mode = "{mode}"
[sources.main]
kind = "oneroster"
path = "../package.zip"
[feeds.out]
kind = "oneroster"
[notices]
to = ["env:ROSTERKIT_TEST_NOTICES"]
{more}
"""


class District:
    """A workspace whose package changes from run to run, and the notices that its runs sent."""

    def __init__(self, folder: Path, sent: list[notices.Message]) -> None:
        self.folder = folder
        self.files = small_district()
        self.sent = sent
        self.more = ""
        self.mode = "auto"

    @property
    def ws(self) -> Workspace:
        (self.folder / "ws" / "rosterkit.toml").write_text(SETTINGS.format(mode=self.mode, more=self.more))
        return Workspace(self.folder / "ws")

    def deliver(self, change: Callable[[Files], None] | None = None) -> None:
        if change:
            change(self.files)
        write_package(self.folder / "package.zip", self.files)

    def sync(self, change: Callable[[Files], None] | None = None) -> Run:
        if change:
            self.deliver(change)
        return self.ws.sync()

    def first(self) -> None:
        """The first plan and the first file, which a person approves."""
        self.deliver()
        run = self.sync()
        self.ws.approve(run.plan, reason="compared with the office", actor="kim")
        self.ws.sync()
        self.ws.feed_approve("out", reason="compared with the office", actor="kim")
        self.sent.clear()

    @property
    def kinds(self) -> list[tuple[str, ...]]:
        """The kinds of the notices since the last look."""
        found = [message.kinds for message in self.sent]
        self.sent.clear()
        return found


def rename(files: Files) -> None:
    """One more change than before."""
    user = files["users"][-1]
    user["givenName"] += "a"


def remove_many_and_rename(files: Files) -> None:
    """All students of one school are gone, and one of the other has another name."""
    rename(files)
    files["users"] = [u for u in files["users"] if not u["sourcedId"].startswith("S1-p")]
    files["enrollments"] = [e for e in files["enrollments"] if not e["userSourcedId"].startswith("S1-p")]


def states(run: Run) -> dict[str, str]:
    return {stage.name: stage.state for stage in run.stages}
