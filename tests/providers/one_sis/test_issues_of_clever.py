"""What the plan does when Clever behaves as districts and vendors report (docs/sources/known-issues.md)."""

from __future__ import annotations

import copy
import csv
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from providers.clever.fake import FakeClever
from providers.clever.fake_district import DistrictData
from providers.one_sis.clever_csv_shape import write_files
from providers.one_sis.clever_shape import clever
from providers.one_sis.district import Neutral, invented
from rosterkit.plan.plan import Plan
from rosterkit.settings_template import toml
from rosterkit.workspace import Workspace


@pytest.fixture(scope="module")
def district(tmp_path_factory: pytest.TempPathFactory) -> Neutral:
    return invented(tmp_path_factory.mktemp("district"), 40, seed=5)


def applied(folder: Path, settings: Mapping[str, object]) -> Path:
    Workspace.init(folder)
    lines = ["[sources.main]", *(f"{key} = {toml(value)}" for key, value in settings.items())]
    (folder / "rosterkit.toml").write_text("\n".join(lines), encoding="utf-8")
    one = Workspace(folder)
    plan = one.plan()
    one.approve(plan.id, reason="as expected", actor="imani")
    one.apply(plan.id, actor="imani")
    return folder


@dataclass
class Synced:
    server: FakeClever
    folder: Path

    def plan(self, change: Callable[[DistrictData], Any]) -> Plan:
        """The next plan after that change of what Clever shows, which is taken back afterwards."""
        before = self.server.data
        self.server.data = copy.deepcopy(before)
        change(self.server.data)
        try:
            return Workspace(self.folder).plan()
        finally:
            self.server.data = before


@pytest.fixture(scope="module")
def synced(district: Neutral, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Synced]:
    with FakeClever(clever(district), events_on=False) as server, pytest.MonkeyPatch.context() as patch:
        patch.setenv("CLEVER_TOKEN", server.token)
        address = {"address": server.address, "token_address": server.address}
        settings = {"kind": "clever", "token": "env:CLEVER_TOKEN", **address}
        yield Synced(server, applied(tmp_path_factory.mktemp("synced") / "w", settings))


def counts(plan: Plan) -> dict[str, tuple[int, ...]]:
    """(create, update, archive, restore) by entity, held or not."""
    found = {}
    for entity in sorted({*plan.changes, *plan.held}):
        both = [counted[entity] for counted in (plan.changes, plan.held) if entity in counted]
        numbers = tuple(sum(getattr(n, name) for n in both) for name in ("create", "update", "archive", "restore"))
        if any(numbers):
            found[entity] = numbers
    return found


def test_known_issue_1_a_class_that_becomes_empty_takes_nobody_along(synced: Synced) -> None:
    gone = synced.server.data.records["sections"][0]
    members = {*gone["students"], *gone["teachers"]}
    found = counts(synced.plan(lambda data: data.records["sections"].pop(0)))
    assert found == {
        "Class": (0, 0, 1, 0),
        "ClassTerm": (0, 0, 1, 0),
        "Enrollment": (0, 0, len(members), 0),
    }


@pytest.mark.parametrize(
    ("resource", "column", "entity"), [("terms", "term_id", "AcademicSession"), ("courses", "course", "Course")]
)
def test_known_issues_3_and_4_a_term_or_course_under_a_new_id(
    synced: Synced, resource: str, column: str, entity: str
) -> None:
    """It is the same record under another id; classes keep it, and nobody's membership changes."""
    sections = synced.server.data.records["sections"]
    key = next(section[column] for section in sections)
    of_it = [section for section in sections if section.get(column) == key]

    def made_anew(data: DistrictData) -> None:
        new = f"9{key[1:]}"
        (term,) = (one for one in data.records[resource] if one["id"] == key)
        data.records[resource].remove(term)
        data.records[resource].append({**term, "id": new})
        for section in data.records["sections"]:
            if section.get(column) == key:
                section[column] = new

    found = counts(synced.plan(made_anew))
    assert found.pop(entity) == (0, 1, 0, 0)
    assert found == ({"ClassTerm": (0, len(of_it), 0, 0)} if resource == "terms" else {})


def test_known_issue_5_names_and_grades_of_sections_are_their_own(synced: Synced) -> None:
    """Two sections of one name, of another grade than their students', are two classes."""

    def alike(data: DistrictData) -> None:
        one, two = data.records["sections"][:2]
        two |= {"name": one["name"], "grade": "PostGraduate"}

    assert counts(synced.plan(alike)) == {"Class": (0, 1, 0, 0)}


def test_known_issue_12_one_address_of_several_people_is_an_address_of_each(synced: Synced) -> None:
    def shared(data: DistrictData) -> None:
        for user in data.records["users"][:3]:
            user["email"] = "office@juniper-valley.example"

    assert counts(synced.plan(shared)) == {"User": (0, 3, 0, 0)}


def test_known_issue_13_who_comes_under_a_new_id(synced: Synced) -> None:
    key = next(user["id"] for user in synced.server.data.records["users"] if "teacher" in user["roles"])

    def anew(data: DistrictData) -> None:
        new = f"9{key[1:]}"
        for user in data.records["users"]:
            if user["id"] == key:
                user["id"] = new
        data.records["users"].sort(key=lambda user: user["id"])
        for section in data.records["sections"]:
            section["teachers"] = [new if one == key else one for one in section["teachers"]]
            section.update({"teacher": new} if section.get("teacher") == key else {})

    taught = sum(key in section["teachers"] for section in synced.server.data.records["sections"])
    assert counts(synced.plan(anew)) == {
        "User": (0, 1, 0, 0),
        "Role": (0, 1, 0, 0),
        "Enrollment": (0, taught, 0, 0),
    }


@pytest.fixture(scope="module")
def files(district: Neutral, tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, Path]:
    """The files of a district for Clever, and a workspace in which they are applied."""
    folder = tmp_path_factory.mktemp("files")
    written = write_files(district, folder / "files")
    return written, applied(folder / "w", {"kind": "clever-csv", "path": str(written)})


@pytest.mark.parametrize("how", ["rows in another order", "every cell in quotes", "line ends of Windows"])
def test_known_issue_22_how_a_file_is_written_changes_nothing(how: str, files: tuple[Path, Path]) -> None:
    written, folder = files
    for file in written.iterdir():
        with file.open(newline="", encoding="utf-8") as stream:
            head, *rows = csv.reader(stream)
        if how == "rows in another order" and file.stem not in ("students", "teachers"):  # their first school counts
            rows.reverse()
        with file.open("w", newline="", encoding="utf-8") as stream:
            end = "\r\n" if how == "line ends of Windows" else "\n"
            if how == "every cell in quotes":
                writer = csv.writer(stream, quoting=csv.QUOTE_ALL, lineterminator=end)
            else:
                writer = csv.writer(stream, lineterminator=end)
            writer.writerows([head, *rows])
    assert counts(Workspace(folder).plan()) == {}
