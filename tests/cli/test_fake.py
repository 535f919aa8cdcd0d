"""``fake``: a vendor's server that the settings and secrets it prints can read."""

from __future__ import annotations

import json
import subprocess
import sys
import zipfile
from pathlib import Path

import pytest

from rosterkit.cli.main import run


@pytest.mark.parametrize("kind", ["clever", "classlink", "oneroster-rest", "oneroster"])
def test_it_prints_address_secrets_settings_and_what_is_planted(kind: str) -> None:
    command = [sys.executable, "-u", "-m", "rosterkit.cli.main", "fake", kind, "--students", "200", "--defects"]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as server:
        assert server.stdout
        printed = ""
        while "each makes:" not in printed:
            line = server.stdout.readline()
            assert line, printed
            printed += line
        server.terminate()
    source = "oneroster-rest" if kind == "oneroster" else kind
    compared = f"  rosterkit compare {source}:"
    signs = (
        "served at http://127.0.0.1:",
        "  export ",
        f"[sources.{source}]",
        f'kind = "{source}"',
        '= "env:',
        compared,
    )
    for sign in signs:
        assert sign in printed


def test_an_unknown_vendor_is_named_with_those_that_are_there(capsys: pytest.CaptureFixture[str]) -> None:
    assert run(["fake", "aspen"]) == 2
    assert "classlink, clever, oneroster, oneroster-rest" in capsys.readouterr().err


def test_generate_writes_a_package_that_is_sound(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    out = tmp_path / "district.zip"
    assert run(["generate", "--students", "60", "--seed", "4", "--out", str(out), "--json"]) == 0
    shown = json.loads(capsys.readouterr().out)
    assert (shown["rows"]["demographics"], shown["seed"]) == (60, 4)
    assert run(["check", str(out), "--strict"]) == 0
    assert [file.name for file in tmp_path.iterdir()] == ["district.zip"]


def test_generate_gives_the_same_district_for_the_same_seed(tmp_path: Path) -> None:
    packages = []
    for name, seed in (("a", "4"), ("b", "4"), ("c", "5")):
        assert run(["generate", "--students", "60", "--seed", seed, "--out", str(tmp_path / f"{name}.zip")]) == 0
        with zipfile.ZipFile(tmp_path / f"{name}.zip") as package:
            packages.append(package.read("users.csv"))
    assert packages[0] == packages[1] != packages[2]


def test_generate_writes_over_nothing(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    out = tmp_path / "thesis.zip"
    out.write_bytes(b"years of work")
    assert run(["generate", "--students", "60", "--out", str(out)]) == 2
    assert "is there already" in capsys.readouterr().err
    assert out.read_bytes() == b"years of work"
    assert run(["generate", "--students", "60", "--out", str(tmp_path / "no" / "x.zip")]) == 2
