from __future__ import annotations

import sys
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest
from fakes import FakeWorkspace


@pytest.fixture
def fake(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> FakeWorkspace:
    """Stands in for every Workspace that a command opens; the current folder is an empty one."""
    workspace = FakeWorkspace()
    module = ModuleType("rosterkit.workspace")

    class Workspace:
        def __new__(cls, folder: Path, progress: object = None, *, caller: object = None) -> Any:
            workspace.folder = folder
            return workspace

        @staticmethod
        def init(folder: Path) -> Any:
            workspace.made = folder
            return workspace

    def check_package(package: Path, *, kind: str, reading: Any, progress: Any) -> Any:
        return workspace.check(package, alone=True, kind=kind, reading=reading)

    module.Workspace = Workspace  # type: ignore[attr-defined]
    module.check_package = check_package  # type: ignore[attr-defined]
    monkeypatch.setitem(sys.modules, "rosterkit.workspace", module)
    monkeypatch.chdir(tmp_path)
    return workspace
