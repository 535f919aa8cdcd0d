"""A workspace in which a person decides, and extracts of one school of twenty students, made in the test."""

from __future__ import annotations

import shutil
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

import pytest
from graceless import without_grace

from rosterkit import Workspace, extraction
from rosterkit.plan.plan import Plan
from rosterkit.sources.base import Extract
from rosterkit.testing.memory import MemorySource, extract, table

STUDENTS = tuple(f"stu-{i:02}" for i in range(20))


def student(key: str, **values: Any) -> dict[str, Any]:
    number = key.removeprefix("stu-")
    row = {"sourced_id": key, "given_name": f"Given {number}", "family_name": f"Family {number}"}
    return row | {"email": f"{key}@birch.example", "identifier": number, "username": key, "enabled": True, **values}


def enrollment(class_: str, key: str) -> dict[str, Any]:
    return {"sourced_id": f"{class_}-{key}", "class": class_, "user": key, "school": "S", "role": "student"}


def roster(
    keys: Iterable[str] = STUDENTS,
    *,
    values: Mapping[str, Mapping[str, Any]] | None = None,
    delta: bool = False,
    unreadable: tuple[str, ...] = (),
    enrolled: Iterable[str] | None = None,
    states: Mapping[str, str] | None = None,
) -> Extract:
    """The school as a package delivers it; all in class C2, ``enrolled`` in C. ``values``: other values, by key."""
    keys = list(keys)
    enrolled = keys if enrolled is None else list(enrolled)
    people = table(
        "User", [student(k, **(values or {}).get(k, {})) for k in keys if k not in unreadable], unreadable=unreadable
    )
    if delta:
        return extract({"User": people}, delta=True)
    orgs = [{"sourced_id": "D", "name": "Birch", "type": "district"}]
    orgs.append({"sourced_id": "S", "name": "Birch School", "type": "school", "parent": "D"})
    tables = {
        "Org": table("Org", orgs),
        "Class": table(
            "Class", [{"sourced_id": c, "title": c, "type": "scheduled", "school": "S"} for c in ("C", "C2")]
        ),
        "User": people,
        "Role": table(
            "Role",
            [{"sourced_id": f"{k}|S", "user": k, "org": "S", "role": "student", "type": "primary"} for k in keys],
        ),
        "Enrollment": table(
            "Enrollment",
            [enrollment("C", k) for k in enrolled] + [enrollment("C2", k) for k in keys if k in STUDENTS],
        ),
    }
    return extract(tables, states)


class Scenario:
    """A workspace and a person who decides."""

    def __init__(self, workspace: Workspace, patch: pytest.MonkeyPatch) -> None:
        self.ws = workspace
        self.patch = patch

    def plan(self, extract: Extract | None = None, ws: Workspace | None = None) -> Plan:
        source = MemorySource(extract or roster())
        self.patch.setattr(extraction, "source", lambda _kind: source)
        return (ws or self.ws).plan(Path("by-hand"))

    def apply(self, plan: Plan) -> int:
        if self.ws.show(plan.id).plan.state == "proposed":
            self.ws.approve(plan.id, reason="as expected", actor="kim")
        return self.ws.apply(plan.id, actor="kim").revision

    def sync(self, extract: Extract | None = None) -> Plan:
        plan = self.plan(extract)
        self.apply(plan)
        return plan

    def lines(self, plan: Plan, *, held: bool | None = None) -> set[tuple[str, str, str, str, str]]:
        """entity, action, sourced id, field and what holds it."""
        rows = set(self.ws.show(plan.id).lines.select("entity", "action", "sourced_id", "field", "held").rows())
        return {row for row in rows if held is None or bool(row[4]) == held}

    def settings(self, old: str, new: str) -> None:
        """Changes rosterkit.toml."""
        path = self.ws.folder / "rosterkit.toml"
        text = path.read_text(encoding="utf-8")
        assert old in text
        path.write_text(text.replace(old, new), encoding="utf-8")
        self.ws = Workspace(self.ws.folder)


@pytest.fixture(scope="session")
def empty_workspace(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("empty") / "ws"
    without_grace(Workspace.init(folder))
    return folder


@pytest.fixture(scope="session")
def loaded_workspace(tmp_path_factory: pytest.TempPathFactory, empty_workspace: Path) -> Path:
    folder = tmp_path_factory.mktemp("loaded") / "ws"
    shutil.copytree(empty_workspace, folder)
    with pytest.MonkeyPatch.context() as patch:
        Scenario(Workspace(folder), patch).sync()
    return folder


@pytest.fixture
def new_scenario(tmp_path: Path, empty_workspace: Path, monkeypatch: pytest.MonkeyPatch) -> Scenario:
    """Nothing was applied yet."""
    shutil.copytree(empty_workspace, tmp_path / "ws")
    return Scenario(Workspace(tmp_path / "ws"), monkeypatch)


@pytest.fixture
def scenario(tmp_path: Path, loaded_workspace: Path, monkeypatch: pytest.MonkeyPatch) -> Scenario:
    """The first package is applied."""
    shutil.copytree(loaded_workspace, tmp_path / "ws")
    return Scenario(Workspace(tmp_path / "ws"), monkeypatch)


@pytest.fixture
def delivered() -> Any:
    """``roster``, the school as a package delivers it."""
    return roster
