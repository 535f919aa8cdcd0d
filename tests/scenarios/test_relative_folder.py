"""A workspace that is named by a path relative to the current folder, as people do with ``-C``."""

from __future__ import annotations

from pathlib import Path

import pytest

from rosterkit import Workspace
from rosterkit.demo.products import DAY


def test_files_go_to_the_workspace_and_not_to_a_folder_below_it(
    products: Workspace, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(products.folder.parent)
    relative = Workspace(Path(products.folder.name))
    relative.feed_build("careers", DAY)
    for item in relative.checklist("careers").blocking:
        relative.checklist_done("careers", item.item.name, note="done", actor="kim")
    relative.feed_approve("careers", reason="compared with the office", actor="kim")
    wanted = products.folder / "products" / "careers" / "uconnect.csv"
    assert list(products.folder.rglob("uconnect.csv")) == [wanted]
