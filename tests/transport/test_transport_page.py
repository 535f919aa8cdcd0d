"""docs/transport.md says what the settings say."""

from __future__ import annotations

import subprocess
import sys
import tomllib
from pathlib import Path

from served_places import ADAPTER

import rosterkit.transport
from rosterkit.transport import RULES
from rosterkit.transport.base import Verified, Why

PAGE = (Path(__file__).parents[2] / "docs" / "transport.md").read_text(encoding="utf-8")


def test_every_rule_and_every_way_to_verify_is_documented() -> None:
    assert {f"place.{why}" for why in Why} - set(RULES) == {"place.settings"}
    assert all(f"`{verified}`" in PAGE for verified in Verified)


def test_the_examples_are_valid() -> None:
    examples = [part.partition("```")[0] for part in PAGE.split("```toml\n")[1:]]
    placed = [tomllib.loads(example) for example in examples if "transport =" in example]
    assert [ADAPTER.validate_python(example).transport for example in placed] == ["folder", "sftp", "s3", "https"]


def test_what_is_exported_is_there() -> None:
    assert all(hasattr(rosterkit.transport, name) for name in rosterkit.transport.__all__)


def test_importing_the_package_does_not_import_the_libraries() -> None:
    """Each takes part of a second, and most runs need one at most; on Windows nothing of Unix alone is imported."""
    code = (
        "import sys\n"
        "for name in ('fcntl', 'pwd', 'grp', 'resource', 'termios'): sys.modules[name] = None\n"
        "import rosterkit.transport, rosterkit.transport.incoming\n"
        "sys.exit(bool({'boto3', 'asyncssh', 'httpx', 'keyring'} & set(sys.modules)))"
    )
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0
