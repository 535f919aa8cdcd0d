"""What a verb imports, everybody pays at every call: a library is imported where it is used."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

from rosterkit import Workspace

_OF_FEW_VERBS = (
    *("apscheduler", "apprise", "asyncio", "asyncssh", "boto3", "email_validator", "httpx", "jinja2", "keyring"),
    *("langcodes", "phonenumbers", "sqlalchemy", "sqlmodel", "ssl", "stamina", "starlette", "structlog"),
    *("providers.clever", "providers.connect", "providers.edlio", "providers.guardians", "providers.oneroster.source"),
    *("providers.oneroster.feed_files", "providers.oneroster.preflight"),
)
"""Libraries, providers that the workspace does not name, and what reads or writes the files of one that it does."""


def imported(script: str, modules: tuple[str, ...]) -> str:
    """Those of the modules that the script imports, in a process of its own."""
    said = f"import sys\n{script}\nsys.stderr.write(str([m for m in {modules!r} if m in sys.modules]))"
    return subprocess.run([sys.executable, "-c", said], capture_output=True, text=True, check=True).stderr


def test_help_answers_without_the_heavy_libraries() -> None:
    heavy = ("polars", "pydantic", "rich.console", "rosterkit.workspace", *_OF_FEW_VERBS)
    assert imported("import rosterkit.cli.main", heavy) == "[]"


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A workspace with the OneRoster source and feed."""
    made = Workspace.init(tmp_path_factory.mktemp("imports") / "district").folder
    with (made / "rosterkit.toml").open("a", encoding="utf-8") as settings:
        settings.write('\n[feeds.main]\nkind = "oneroster"\n')
    return made


@pytest.mark.parametrize("verb", ["policy", "plans", "status", "history"])
def test_a_verb_that_only_reads_the_store_imports_what_it_needs(folder: Path, verb: str) -> None:
    script = f"from rosterkit.cli.main import run\nrun(['-C', {str(folder)!r}, {verb!r}])"
    assert imported(script, _OF_FEW_VERBS) == "[]"
