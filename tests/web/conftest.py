"""One browser for each file of tests."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest
from argon2 import PasswordHasher
from browsing import started
from pages import Client, add_accounts, made, served
from playwright.sync_api import Browser

from rosterkit import Workspace
from rosterkit.store.browse import schools
from rosterkit.web import accounts


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    """Ended with its file: playwright's loop would stand in the way of tests that run one of their own."""
    with started() as browser:
        yield browser


@pytest.fixture(scope="session", autouse=True)
def cheap_hashes() -> Iterator[None]:
    """Argon2id with little memory: what it costs is argon2's business."""
    cheap = PasswordHasher(time_cost=1, memory_cost=64, parallelism=1)
    with pytest.MonkeyPatch.context() as hand:
        hand.setattr(accounts, "_HASHER", cheap)
        hand.setattr(accounts, "_NOBODY", cheap.hash("nobody"))
        yield


@pytest.fixture(scope="session")
def made_workspace(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("pages") / "ws"
    workspace = made(folder)
    with workspace.reading() as connection:
        school = schools(connection)[0]["sourced_id"]
    add_accounts(folder, school)
    return folder


@pytest.fixture
def workspace(made_workspace: Path, tmp_path: Path) -> Workspace:
    """A copy that the test may change."""
    shutil.copytree(made_workspace, tmp_path / "ws")
    return Workspace(tmp_path / "ws")


@pytest.fixture
def address(workspace: Workspace) -> Iterator[str]:
    with served(workspace.folder) as address:
        yield address


@pytest.fixture
def client(address: str) -> Iterator[Client]:
    with Client(address) as client:
        yield client
