from __future__ import annotations

import os
import shutil
import subprocess
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
MAKE = shutil.which("make")
pytestmark = pytest.mark.skipif(MAKE is None, reason="there is no make here")


@pytest.fixture
def checkout(tmp_path: Path) -> Path:
    """The Makefile alone, in a folder with a space in its name, with a python that only notes what it is asked."""
    place = tmp_path / "a clean clone"
    place.mkdir()
    shutil.copy(ROOT / "Makefile", place)
    (place / "pyproject.toml").touch()
    return place


def python(place: Path, body: str) -> Path:
    script = place / "fake-python"
    script.write_text(f"#!/bin/sh\n{body}\n", encoding="utf-8")
    script.chmod(0o755)
    return script


def make(place: Path, *words: str) -> subprocess.CompletedProcess[str]:
    environment = {**os.environ, "MAKEFLAGS": ""}
    return subprocess.run(["make", *words], cwd=place, env=environment, capture_output=True, text=True, check=False)


def test_an_old_python_is_named(checkout: Path) -> None:
    python(checkout, 'test "$1" = -V && echo Python 3.9.2 && exit 0; exit 1')
    done = make(checkout, "demo", "PYTHON=./fake-python")
    assert done.returncode != 0
    assert "rosterkit needs Python 3.11 or later; ./fake-python is Python 3.9.2." in done.stderr
    assert "make PYTHON=python3.12 demo" in done.stderr
    assert not (checkout / ".venv").exists()


def test_it_is_installed_once_and_again_when_what_is_to_be_installed_changed(checkout: Path) -> None:
    (checkout / ".venv" / "bin").mkdir(parents=True)
    for name in ("python", "rosterkit"):
        tool = checkout / ".venv" / "bin" / name
        tool.write_text(f'#!/bin/sh\necho "{name} $*" >> commands\n', encoding="utf-8")
        tool.chmod(0o755)
    python(checkout, "exit 0")
    for _ in range(2):
        assert make(checkout, "demo", "PYTHON=./fake-python").returncode == 0
    commands = (checkout / "commands").read_text(encoding="utf-8").splitlines()
    assert [line.split()[0] for line in commands] == ["python", "rosterkit", "rosterkit"]
    os.utime(checkout / "pyproject.toml", (4e9, 4e9))
    make(checkout, "test", "PYTHON=./fake-python")
    assert (checkout / "commands").read_text(encoding="utf-8").count("pip install") == 2
