"""``fake``: a vendor's server that the settings and secrets it prints can read."""

from __future__ import annotations

import subprocess
import sys

import pytest

from rosterkit.cli.main import run


@pytest.mark.parametrize("kind", ["clever", "classlink", "oneroster-rest"])
def test_it_prints_address_secrets_settings_and_what_is_planted(kind: str) -> None:
    command = [sys.executable, "-u", "-m", "rosterkit.cli.main", "fake", kind, "--students", "60", "--defects"]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as server:
        assert server.stdout
        printed = ""
        while "each makes:" not in printed:
            line = server.stdout.readline()
            assert line, printed
            printed += line
        server.terminate()
    for sign in ("served at http://127.0.0.1:", "  export ", f"[sources.{kind}]", f'kind = "{kind}"', '= "env:'):
        assert sign in printed


def test_an_unknown_vendor_is_named_with_those_that_are_there(capsys: pytest.CaptureFixture[str]) -> None:
    assert run(["fake", "aspen"]) == 2
    assert "classlink, clever, oneroster-rest" in capsys.readouterr().err
