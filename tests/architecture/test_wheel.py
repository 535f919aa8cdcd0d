from __future__ import annotations

import os
import subprocess
import sys
import venv
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]


def run(*command: str | Path, cwd: Path) -> str:
    environment = {key: value for key, value in os.environ.items() if not key.startswith(("PYTHON", "VIRTUAL_ENV"))}
    done = subprocess.run(
        [str(word) for word in command], cwd=cwd, env=environment, capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout


@pytest.mark.deep(only="a minute: the whole demo")
def test_a_wheel_in_an_empty_environment_walks_the_road(tmp_path: Path) -> None:
    run(sys.executable, "-m", "build", "--wheel", "--outdir", tmp_path, ROOT, cwd=tmp_path)
    (wheel,) = tmp_path.glob("rosterkit-*.whl")
    empty = tmp_path / "an empty environment"
    venv.create(empty, with_pip=True)
    run(empty / "bin" / "python", "-m", "pip", "install", "--quiet", wheel, cwd=tmp_path)

    output = run(empty / "bin" / "rosterkit", "demo", cwd=tmp_path)

    assert "byte for byte" in output
    assert (tmp_path / "demo-workspace" / "rosterkit.toml").exists()
    where = run(
        empty / "bin" / "python",
        "-c",
        "import rosterkit, providers; print(rosterkit.__path__, providers.__path__)",
        cwd=tmp_path,
    )
    assert str(ROOT) not in where
