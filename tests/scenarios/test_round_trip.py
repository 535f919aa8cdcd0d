"""Package → store → package → store changes nothing, in either version of the standard."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from rosterkit import Workspace
from rosterkit.plan.plan import Counts


def with_feed(folder: Path, version: str) -> Workspace:
    settings = folder / "rosterkit.toml"
    feed = f'\n[feeds.out]\nkind = "oneroster"\nversion = "{version}"\n'
    settings.write_text(settings.read_text().split("[feeds.")[0] + feed)
    return Workspace(folder)


def built(workspace: Workspace) -> Path:
    receipt = workspace.feed_build("out")
    assert receipt.findings.is_empty()
    if receipt.state == "waiting":
        workspace.feed_approve("out", reason="the first file", actor="kim")
    return Path(receipt.target) / receipt.files[0][0]


def loaded(folder: Path, package: Path, version: str) -> Workspace:
    Workspace.init(folder)
    workspace = with_feed(folder, version)
    plan = workspace.plan(package)
    workspace.approve(plan.id, reason="the same roster", actor="kim")
    workspace.apply(plan.id, actor="kim")
    return workspace


def test_what_goes_out_in_1_1_comes_back_as_no_change(scenario: Any) -> None:
    workspace = with_feed(scenario.workspace.folder, "1.1")
    package = built(workspace)
    assert workspace.check(package, reading={"strict": True}).findings.is_empty()
    plan = workspace.plan(package)
    assert (plan.total, plan.total_held) == (Counts(), Counts())


@pytest.mark.parametrize("version", ["1.1", "1.2"])
def test_a_store_filled_from_a_package_gives_that_package_again(scenario: Any, tmp_path: Path, version: str) -> None:
    package = built(with_feed(scenario.workspace.folder, version))
    other = loaded(tmp_path / "other", package, version)
    again = built(other)
    assert again.read_bytes() == package.read_bytes()
    plan = other.plan(again)
    assert (plan.total, plan.total_held) == (Counts(), Counts())
