from __future__ import annotations

import shutil
from pathlib import Path
from typing import Any

import pytest
from operated import District

from rosterkit import Workspace
from rosterkit.operate import notices


@pytest.fixture
def sent(monkeypatch: pytest.MonkeyPatch) -> list[notices.Message]:
    out: list[notices.Message] = []

    def record(_config: Any, _folder: Any, what: notices.Message, _only: Any = ()) -> dict[str, str]:
        out.append(what)
        return {}

    monkeypatch.setattr(notices, "send", record)
    return out


@pytest.fixture(scope="session")
def loaded(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A district after its first plan and its first file, made once and copied for each test."""
    folder = tmp_path_factory.mktemp("sync")
    Workspace.init(folder / "ws")
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(notices, "send", lambda *_: {})
        District(folder, []).first()
    return folder


@pytest.fixture
def district(tmp_path: Path, loaded: Path, sent: list[notices.Message]) -> District:
    shutil.copytree(loaded, tmp_path / "district")
    return District(tmp_path / "district", sent)


@pytest.fixture
def new_district(tmp_path: Path, sent: list[notices.Message]) -> District:
    Workspace.init(tmp_path / "ws")
    return District(tmp_path, sent)
