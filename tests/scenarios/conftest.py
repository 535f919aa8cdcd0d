"""A small district as CSV rows, packages, and a workspace that walks the whole pipeline."""

from __future__ import annotations

import copy
import shutil
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import pytest
from graceless import without_grace

from rosterkit import Workspace
from rosterkit.demo.products import workspace_of_products
from rosterkit.plan.plan import Plan
from rosterkit.testing.package import write_package

Files = dict[str, list[dict[str, str]]]
SCHOOLS = ("S1", "S2")
PER_SCHOOL = 30


def _person(key: str, role: str, school: str, **more: str) -> dict[str, str]:
    row = {"sourcedId": key, "enabledUser": "true", "orgSourcedIds": school, "role": role, "username": key.lower()}
    return row | {"givenName": f"Given{key}", "familyName": f"Family{key}", "identifier": f"N{key}"} | more


def small_district() -> Files:
    """Two schools of 30 students, two teachers and 30 guardians each; two classes a school, all students in both."""
    files: Files = {
        "orgs": [
            {"sourcedId": "D", "name": "Juniper Valley", "type": "district"},
            *({"sourcedId": s, "name": f"School {s}", "type": "school", "parentSourcedId": "D"} for s in SCHOOLS),
        ],
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
        classes = [f"{school}-c{i}" for i in range(2)]
        files["classes"] += [
            {
                "sourcedId": key,
                "title": f"Reading {key}",
                "classType": "scheduled",
                "courseSourcedId": "K",
                "schoolSourcedId": school,
                "termSourcedIds": "Y",
            }
            for key in classes
        ]
        files["users"] += [_person(f"{school}-t{i}", "teacher", school) for i in range(2)]
        for i in range(PER_SCHOOL):
            student, guardian = f"{school}-p{i}", f"{school}-g{i}"
            files["users"].append(_person(student, "student", school, agentSourcedIds=guardian, grades="03"))
            files["users"].append(_person(guardian, "guardian", school))
            files["enrollments"] += [_enrolled(c, student, school) for c in classes]
        files["enrollments"] += [_enrolled(c, f"{school}-t{i}", school, role="teacher") for i, c in enumerate(classes)]
    return files


def _enrolled(class_: str, user: str, school: str, role: str = "student") -> dict[str, str]:
    return {
        "sourcedId": f"{class_}.{user}",
        "classSourcedId": class_,
        "schoolSourcedId": school,
        "userSourcedId": user,
        "role": role,
    }


class Scenario:
    """A workspace with the first package applied, and packages to come."""

    def __init__(self, folder: Path, workspace: Workspace) -> None:
        self.folder = folder
        self.workspace = workspace
        self.packages = 0
        self.files = small_district()

    def package(self, files: Mapping[str, list[dict[str, str]]], **named: Any) -> Path:
        self.packages += 1
        return write_package(self.folder / f"package{self.packages}.zip", files, **named)

    def plan(self, files: Mapping[str, list[dict[str, str]]] | None = None, **named: Any) -> Plan:
        return self.workspace.plan(self.package(self.files if files is None else files, **named))

    def apply(self, plan: Plan) -> None:
        self.workspace.approve(plan.id, reason="as expected", actor="kim")
        self.workspace.apply(plan.id, actor="kim")

    def sync(self, files: Mapping[str, list[dict[str, str]]] | None = None, **named: Any) -> Plan:
        plan = self.plan(files, **named)
        self.apply(plan)
        return plan

    def changed(self, change: Callable[[Files], None]) -> Files:
        """The files of the next package: those of the first, changed."""
        files = copy.deepcopy(self.files)
        change(files)
        return files

    def lines(self, plan: Plan) -> list[tuple[str, str, str, str]]:
        """(entity, action, sourced id, what holds it) of every line, each once."""
        shown = self.workspace.show(plan.id).lines
        return sorted(set(shown.select("entity", "action", "sourced_id", "held").rows()))


@pytest.fixture(scope="session")
def synced_folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A workspace with the first package applied, made once and copied for each test."""
    folder = tmp_path_factory.mktemp("day-1")
    Scenario(folder, without_grace(Workspace.init(folder / "workspace"))).sync()
    return folder / "workspace"


@pytest.fixture
def scenario(tmp_path: Path, synced_folder: Path) -> Scenario:
    shutil.copytree(synced_folder, tmp_path / "workspace")
    return Scenario(tmp_path, Workspace(tmp_path / "workspace"))


@pytest.fixture(scope="session")
def first_products(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The workspace of the demonstration's four products, applied and nothing sent; made once."""
    folder = tmp_path_factory.mktemp("products") / "workspace"
    workspace_of_products(folder)
    return folder


@pytest.fixture
def products(tmp_path: Path, first_products: Path) -> Workspace:
    """A copy of it."""
    shutil.copytree(first_products, tmp_path / "products")
    return Workspace(tmp_path / "products")
