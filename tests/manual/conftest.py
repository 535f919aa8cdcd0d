"""A school that was synced once."""

from __future__ import annotations

import shutil
import sys
from pathlib import Path

import pytest

sys.path.insert(0, str(Path(__file__).parent))
from by_hand import School
from graceless import without_grace

from rosterkit import Workspace


@pytest.fixture(scope="session")
def synced_folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("synced") / "ws"
    without_grace(Workspace.init(folder))
    with pytest.MonkeyPatch.context() as patch:
        School(folder, patch).sync()
    return folder


@pytest.fixture
def school(tmp_path: Path, synced_folder: Path, monkeypatch: pytest.MonkeyPatch) -> School:
    shutil.copytree(synced_folder, tmp_path / "ws")
    return School(tmp_path / "ws", monkeypatch)
