"""A district with a feed of every kind that was sent once, and what a run makes of the files of all feeds."""

from __future__ import annotations

import io
import json
import shutil
import sqlite3
import zipfile
from collections import Counter
from dataclasses import dataclass
from datetime import date
from pathlib import Path

import polars as pl

from rosterkit import Workspace
from rosterkit.errors import Refused
from rosterkit.store import deliveries
from rosterkit.store.sent_files import read_files
from rosterkit.testing.accidents.catalogue import Accident
from rosterkit.testing.accidents.tables import Package, read_package
from rosterkit.testing.district import District, write_district

__all__ = ["SETTINGS", "AtRisk", "Lost"]

DAYS = (date(2026, 9, 14), date(2026, 9, 15))
_GRADES = ("IT", "PR", "PK", "TK", "KG", *(f"{grade:02}" for grade in range(1, 14)), "PS", "UG", "Other")

SETTINGS = f"""
[sources.main]
kind = "oneroster"
path = "package.zip"

[feeds.standard]
kind = "oneroster"

[feeds.careers]
kind = "uconnect"
identity = "user_id"
auto_deprovision = true
populations = [{{ name = "Student", roles = ["student"] }}]

[feeds.jobs]
kind = "handshake"
username = "identifier"
auth_identifier = "username"
never_disable = []

[feeds.jobs.school_years]
{chr(10).join(f'{grade} = "Freshman"' for grade in _GRADES)}

[feeds.app]
kind = "edlio"
guardians = "file"
file_names_agreed = true
removal = "absent_removed"
stage = "active"

[feeds.app-set]
kind = "edlio"
layout = "oneroster"
guardians = "file"
file_names_agreed = true
removal = "absent_removed"
stage = "active"

[feeds.messages]
kind = "connect"
known_schools = SCHOOLS

[feeds.messages-users]
kind = "connect"
guardians = "users"
join_sections = true
known_schools = SCHOOLS
"""


@dataclass(frozen=True)
class Lost:
    """Records of the last file that are not in a file that would leave without a person, and new ones."""

    gone: int
    new: int


class AtRisk:
    """The district after its first load, with every feed sent; ``run`` does a second run on a copy of it."""

    def __init__(self, folder: Path, first: Path | None = None, *, students: int = 400) -> None:
        self._folder = folder
        if first is None:
            first = folder / "first.zip"
            write_district(first, District(students, seed=1))
        self.first = first
        self._runs = 0
        self._begun = self._begin(folder / "begun")

    later = DAYS[1]

    @property
    def package(self) -> Package:
        """The first package, as frames."""
        return read_package(self.first)

    def _begin(self, folder: Path) -> Path:
        Workspace.init(folder)
        schools = json.dumps(_schools(self.first))
        (folder / "rosterkit.toml").write_text(SETTINGS.replace("SCHOOLS", schools), encoding="utf-8")
        workspace = Workspace(folder)
        _apply(workspace, self.first, DAYS[0])
        for name in workspace.config.feeds:
            try:
                workspace.feed_build(name, DAYS[0])
            except Refused as nobody:
                if nobody.why != "empty":
                    raise
                continue
            for step in workspace.checklist(name).blocking:
                if not step.item.setting:
                    workspace.checklist_done(name, step.item.name, note="done", actor="ivy")
            _allow(workspace, name)
        return folder

    def accident(self, accident: Accident) -> dict[str, Lost]:
        """What every feed would lose by an accident, without that a person is asked."""
        folder = accident.change(self.package).write(self._folder / f"package-{self._runs}")
        return self.run(folder)

    def copy(self) -> Workspace:
        """The district as it was after its first load, to change."""
        self._runs += 1
        folder = self._folder / f"run-{self._runs}"
        shutil.copytree(self._begun, folder)
        return Workspace(folder)

    def run(self, package: Path) -> dict[str, Lost]:
        """Plans and applies the package (what is held stays held), and builds every feed."""
        workspace = self.copy()
        _apply(workspace, package, DAYS[1])
        found = {name: _built(workspace, name) for name in workspace.config.feeds}
        shutil.rmtree(workspace.folder)
        return {name: lost for name, lost in found.items() if lost.gone or lost.new}


def _schools(package: Path) -> list[str]:
    orgs = read_package(package).tables["orgs"] if package.suffix == ".zip" else pl.read_csv(package / "orgs.csv")
    return orgs.filter(pl.col("type") == "school")["sourcedId"].to_list()


def _apply(workspace: Workspace, package: Path, day: date) -> None:
    plan = workspace.plan(package, as_of=day)
    workspace.approve(plan.id, reason="what is not held is right", actor="ivy")
    workspace.apply(plan.id, actor="ivy")


def _allow(workspace: Workspace, name: str) -> None:
    workspace.feed_approve(name, reason="compared with the office", actor="ivy")
    assert workspace.feed_log(name)[0].arrived


def _built(workspace: Workspace, name: str) -> Lost:
    """Nothing is lost while a person must approve the file, or while it never leaves."""
    with workspace._read() as connection:
        last = deliveries.last_arrived(connection, name)
        before = _records(connection, last.id) if last else Counter()
    if not before:
        return Lost(0, 0)
    try:
        receipt = workspace.feed_build(name, DAYS[1])
    except Refused:
        return Lost(0, 0)
    if receipt.state in {"waiting", "refused"}:
        return Lost(0, 0)
    assert receipt.delivery is not None
    with workspace._read() as connection:
        after = _records(connection, receipt.delivery.id)
    return Lost((before - after).total(), (after - before).total())


def _records(connection: sqlite3.Connection, delivery: int) -> Counter[tuple[str, bytes]]:
    """Every line of every file of a delivery, by the file without its date."""
    lines: Counter[tuple[str, bytes]] = Counter()
    for file in read_files(connection, delivery):
        for part, content in _parts(file.name.lstrip("0123456789"), file.content):
            lines.update((part, line) for line in content.splitlines())
    return lines


def _parts(name: str, content: bytes) -> list[tuple[str, bytes]]:
    if not name.endswith(".zip"):
        return [(name, content)]
    with zipfile.ZipFile(io.BytesIO(content)) as package:
        return [(member, package.read(member)) for member in package.namelist()]
