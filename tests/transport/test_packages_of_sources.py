"""Sources read packages from a place (17.5): the newest whole bulk package, and every delta since it, in order."""

from __future__ import annotations

import copy
import os
import time
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest
from served_places import ServedFolder, ServedHttps, ServedPlace

from rosterkit.errors import SourceUnreadable, UsageError
from rosterkit.plan.plan import Plan
from rosterkit.settings_template import toml
from rosterkit.store import places
from rosterkit.store.database import connect
from rosterkit.testing.package import write_package
from rosterkit.workspace import Workspace

Rows = dict[str, list[dict[str, str]]]
BULK: Rows = {
    "orgs": [{"sourcedId": "S", "name": "Larch School", "type": "school"}],
    "academicSessions": [],
    "users": [],
}


def student(key: str, given: str = "Amina") -> dict[str, str]:
    return {
        "sourcedId": key,
        "enabledUser": "true",
        "orgSourcedIds": "S",
        "role": "student",
        "username": key,
        "givenName": given,
        "familyName": "Sandoval",
        "identifier": f"N{key}",
    }


class Drop:
    """A workspace whose source reads from a place."""

    def __init__(self, served: ServedPlace, **packages: Any) -> None:
        self.served = served
        folder = served.home / "district"
        Workspace.init(folder)
        for file in served.work.iterdir():  # certificates and host keys
            if file.is_file():
                (folder / file.name).write_bytes(file.read_bytes())
        place = served.given | ({"path": str(served.root)} if isinstance(served, ServedFolder) else {})
        if isinstance(served, ServedHttps):
            place["name"] = "full.zip"
        lines = ['mode = "auto"', "[sources.main]", 'kind = "oneroster"', f"place = {toml(place)}"]
        lines.append(f"packages = {toml({'bulk': 'full*.zip', 'delta': 'delta*.zip', 'quiet_seconds': 0} | packages)}")
        (folder / "rosterkit.toml").write_text("\n".join(lines), encoding="utf-8")
        self.folder = folder

    @property
    def workspace(self) -> Workspace:
        return Workspace(self.folder)

    def lay(self, name: str, users: list[dict[str, str]], *, minutes: float = 10, delta: bool = False) -> None:
        """A package that was written so many minutes ago."""
        files: Mapping[str, Any] = {"users": users} if delta else copy.deepcopy(BULK) | {"users": users}
        made = write_package(self.served.home / name, files, modes={"users": "delta"} if delta else None)
        self.served.put("users.csv" if isinstance(self.served, ServedHttps) else name, made.read_bytes())
        if hasattr(self.served, "root"):
            at = time.time() - minutes * 60
            os.utime(self.served.root / name, (at, at))

    def apply(self) -> Plan:
        plan = self.workspace.plan()
        self.workspace.approve(plan.id, reason="as expected", actor="kim")
        self.workspace.apply(plan.id, actor="kim")
        return plan

    def names(self) -> dict[str, str]:
        """Given names of active users by id."""
        with connect(self.folder / "roster.db") as connection:
            query = "select sourced_id, given_name from user where status='active'"
            return dict(connection.execute(query).fetchall())

    def taken(self) -> list[str]:
        with connect(self.folder / "roster.db") as connection:
            return [one.name for one in places.taken(connection, "main")]


def changed(key: str, given: str) -> dict[str, str]:
    return student(key, given) | {"status": "active", "dateLastModified": "2026-09-14T04:00:00.000Z"}


def test_a_package_is_read_from_every_kind_of_place(served: ServedPlace) -> None:
    drop = Drop(served)
    drop.lay("full.zip", [student("u1"), student("u2")])
    drop.apply()
    assert drop.names() == {"u1": "Amina", "u2": "Amina"}
    assert drop.taken() == ["full.zip"]


@pytest.mark.parametrize("kind", ["folder", "sftp"])
def test_the_newest_bulk_package_and_the_deltas_since_are_one_plan(kind: str, request: Any) -> None:
    drop = Drop(request.getfixturevalue(kind))
    drop.lay("full-1.zip", [student("u1"), student("old")], minutes=60)
    drop.lay("delta-0.zip", [changed("u1", "TooOld")], minutes=50, delta=True)
    drop.lay("full-2.zip", [student("u1"), student("u2")], minutes=40)
    drop.lay("delta-1.zip", [changed("u1", "Bela")], minutes=30, delta=True)
    drop.lay("delta-2.zip", [changed("u1", "Chen"), changed("u3", "Dara")], minutes=20, delta=True)
    plan = drop.apply()
    assert drop.names() == {"u1": "Chen", "u2": "Amina", "u3": "Dara"}
    assert len(plan.packages) == 3
    assert drop.taken() == ["full-2.zip", "delta-1.zip", "delta-2.zip"]
    again = drop.workspace.plan()
    assert again.total.total == 0, "reading the same packages again changes nothing"


def test_a_delta_that_comes_later_is_laid_over_the_same_bulk_package(folder: ServedFolder) -> None:
    drop = Drop(folder)
    drop.lay("full-1.zip", [student("u1"), student("u2")], minutes=60)
    drop.lay("delta-1.zip", [changed("u1", "Bela")], minutes=50, delta=True)
    drop.apply()
    drop.lay("delta-2.zip", [changed("u2", "Emre")], minutes=40, delta=True)
    plan = drop.apply()
    assert plan.total.update == 1
    assert drop.names() == {"u1": "Bela", "u2": "Emre"}


def test_what_was_taken_is_remembered_only_when_the_plan_is_applied(folder: ServedFolder) -> None:
    drop = Drop(folder)
    drop.lay("full-1.zip", [student("u1")], minutes=60)
    drop.workspace.plan()
    assert drop.taken() == []
    plan = drop.workspace.plans()[0]
    drop.workspace.approve(plan.id, reason="as expected", actor="kim")
    drop.workspace.apply(plan.id, actor="kim")
    assert drop.taken() == ["full-1.zip"]


def test_a_delta_that_was_planned_and_not_applied_is_not_lost_with_its_file(folder: ServedFolder) -> None:
    drop = Drop(folder)
    drop.lay("full-1.zip", [student("u1")], minutes=60)
    drop.apply()
    drop.lay("delta-1.zip", [changed("u1", "Bela")], minutes=50, delta=True)
    drop.workspace.plan()
    (folder.root / "delta-1.zip").unlink()
    (folder.root / "full-1.zip").unlink()
    drop.lay("delta-2.zip", [changed("u9", "Ines")], minutes=40, delta=True)
    drop.apply()
    assert drop.names() == {"u1": "Bela", "u9": "Ines"}


def test_a_bulk_package_that_is_older_than_the_applied_one_is_never_read(folder: ServedFolder) -> None:
    drop = Drop(folder)
    drop.lay("full-2.zip", [student("u1"), student("u2")], minutes=40)
    drop.apply()
    (folder.root / "full-2.zip").unlink()
    drop.lay("full-1.zip", [student("u1")], minutes=60)
    with pytest.raises(SourceUnreadable, match="older than what was read last"):
        drop.workspace.plan()
    assert set(drop.names()) == {"u1", "u2"}


def test_a_package_that_is_still_growing_is_left_and_the_plan_says_so(folder: ServedFolder) -> None:
    drop = Drop(folder, quiet_seconds=60)
    drop.lay("full-1.zip", [student("u1")], minutes=60)
    drop.lay("full-2.zip", [student("u1"), student("u2")], minutes=0)
    plan = drop.workspace.plan()
    assert any("left full-2.zip for the next run: it changed less than 60 seconds ago" in note for note in plan.notes)
    assert plan.changes["User"].create == 1


def test_nothing_but_a_growing_package_is_a_source_that_cannot_be_read(folder: ServedFolder) -> None:
    drop = Drop(folder, quiet_seconds=60)
    drop.lay("full-1.zip", [student("u1")], minutes=0)
    with pytest.raises(SourceUnreadable, match=r"no package there can be read yet\. full-1.zip: it changed less"):
        drop.workspace.plan()


def test_a_zip_that_is_cut_short_waits_and_the_older_one_is_read(folder: ServedFolder) -> None:
    drop = Drop(folder)
    drop.lay("full-1.zip", [student("u1"), student("u2")], minutes=60)
    drop.apply()
    drop.lay("full-2.zip", [student("u1")], minutes=30)
    body = (folder.root / "full-2.zip").read_bytes()
    folder.put("full-2.zip", body[: len(body) // 2])
    plan = drop.workspace.plan()
    assert plan.total.total == 0
    assert any("full-2.zip" in note and "not whole" in note for note in plan.notes)


def test_a_delta_that_is_partly_unreadable_makes_the_whole_partial(folder: ServedFolder) -> None:
    """What a row without a key says is not known: nobody is archived for being absent from the bulk package."""
    drop = Drop(folder)
    drop.lay("full-1.zip", [student("u1"), student("u2")], minutes=60)
    drop.apply()
    drop.lay("full-2.zip", [student("u1")], minutes=40)
    drop.lay("delta-1.zip", [changed("", "Nobody")], minutes=30, delta=True)
    plan = drop.workspace.plan()
    assert plan.total.archive == 0
    assert any("User, " in note and "are partial" in note for note in plan.notes)


def loose(served: ServedFolder, users: list[dict[str, str]], seconds: float = 600) -> None:
    """The files of a package, side by side."""
    made = write_package(served.home / "loose", copy.deepcopy(BULK) | {"users": users})
    for file in made.iterdir():
        served.put(file.name, file.read_bytes())
        at = time.time() - (seconds if file.name == "users.csv" else 600)
        os.utime(served.root / file.name, (at, at))


def test_files_that_lie_side_by_side_are_one_package(folder: ServedFolder) -> None:
    drop = Drop(folder, bulk="*.csv", delta="", files="together", quiet_seconds=60)
    loose(folder, [student("u1"), student("u2")])
    drop.apply()
    assert set(drop.names()) == {"u1", "u2"}
    assert drop.taken() == ["*.csv"]
    assert drop.workspace.plan().total.total == 0


def test_while_one_of_them_grows_none_is_taken(folder: ServedFolder) -> None:
    drop = Drop(folder, bulk="*.csv", delta="", files="together", quiet_seconds=60)
    loose(folder, [student("u1")], seconds=5)
    with pytest.raises(SourceUnreadable, match=r"users\.csv: it changed less than 60 seconds ago"):
        drop.workspace.plan()


def test_check_reads_what_the_place_has(folder: ServedFolder) -> None:
    drop = Drop(folder)
    drop.lay("full-1.zip", [student("u1")], minutes=60)
    report = drop.workspace.check()
    assert report.package == "full-1.zip"
    assert report.rows_read["users.csv"] == 1


def test_a_guardian_file_and_a_table_come_from_places_beside_the_roster(folder: ServedFolder) -> None:
    drop = Drop(folder)
    drop.lay("full-1.zip", [student("u1")], minutes=60)
    folder.put("guardians.csv", b"student,guardian,given_name,family_name\nNu1,g1,Oyelaran,Sandoval\n")
    (folder.home / "programs").mkdir()
    (folder.home / "programs" / "programs.csv").write_text("user,program\nNu1,Biology\n", encoding="utf-8")
    with (drop.folder / "rosterkit.toml").open("a", encoding="utf-8") as settings:
        settings.write(f"""
[sources.families]
kind = "guardians"
place = {{transport = "folder", path = "{folder.root}"}}
packages = {{quiet_seconds = 0}}
[sources.programs]
kind = "table"
attributes = {{program = "program"}}
place = {{transport = "folder", path = "{folder.home / "programs"}"}}
packages = {{quiet_seconds = 0}}
""")
    drop.apply()
    assert drop.names() == {"u1": "Amina", "g1": "Oyelaran"}
    with connect(drop.folder / "roster.db") as connection:
        assert connection.execute("select attributes from user_attributes").fetchall() == [('{"program":"Biology"}',)]
        query = "select source, name from taken_package order by source"
        found = connection.execute(query).fetchall()
    assert found == [("families", "guardians.csv"), ("main", "full-1.zip"), ("programs", "programs.csv")]


@pytest.mark.parametrize(
    ("lines", "text"),
    [
        ('kind = "clever"\ntoken = "env:T"\nplace = {transport = "folder", path = "x"}', "reads an API and no files"),
        ('kind = "oneroster"\npath = "a.zip"\nplace = {transport = "folder", path = "x"}', "both path and place"),
        ('kind = "oneroster"\nplace = {transport = "ftp", path = "x"}', "sources.main.place"),
        ('kind = "oneroster"\nplace = {transport = "folder", path = "x"}\npackages = {bul = "x"}', "packages.bul"),
        (
            (
                'kind = "oneroster"\nplace = {transport = "folder", path = "x"}\n'
                'packages = {files = "together", delta = "d"}'
            ),
            "neither delta nor companion",
        ),
    ],
)
def test_settings_of_a_place_that_do_not_hold_are_named(tmp_path: Path, lines: str, text: str) -> None:
    Workspace.init(tmp_path / "w")
    (tmp_path / "w" / "rosterkit.toml").write_text(f"[sources.main]\n{lines}\n", encoding="utf-8")
    with pytest.raises(UsageError, match=text):
        Workspace(tmp_path / "w")
