"""The house: which rooms there are, what may import what, and that the engine knows no vendor."""

import subprocess
import sys
import tomllib
from importlib.metadata import entry_points
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
VENDORS = ("clever", "classlink", "uconnect", "handshake", "edlio", "schoolstatus", "powerschool", "skyward", "aeries")


def test_imports_run_one_way() -> None:
    lint = Path(sys.executable).with_name("lint-imports")
    done = subprocess.run([lint], cwd=ROOT, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout


@pytest.mark.parametrize("path", sorted((ROOT / "rosterkit").rglob("*.py")), ids=lambda p: str(p.relative_to(ROOT)))
def test_no_vendor_is_named_in_the_engine(path: Path) -> None:
    text = path.read_text(encoding="utf-8").lower()
    assert [v for v in VENDORS if v in text] == []


def test_every_room_of_the_engine_stands_in_the_import_contract() -> None:
    contracts = tomllib.loads((ROOT / "pyproject.toml").read_text())["tool"]["importlinter"]["contracts"]
    layers = {name for contract in contracts for layer in contract.get("layers", []) for name in layer.split(" | ")}
    rooms = {f"rosterkit.{p.name}" for p in (ROOT / "rosterkit").iterdir() if (p / "__init__.py").exists()}
    assert rooms - {"rosterkit.testing"} <= layers


def test_sources_and_feeds_are_found_by_entry_point() -> None:
    assert "oneroster" in {p.name for p in entry_points(group="rosterkit.sources")}
    assert "oneroster" in {p.name for p in entry_points(group="rosterkit.feeds")}


def test_the_hot_road_does_not_import_the_orm() -> None:
    code = (
        "import sys, rosterkit.workspace, providers.oneroster\n"
        "sys.exit(1 if {'sqlmodel', 'sqlalchemy', 'alembic'} & set(sys.modules) else 0)"
    )
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0
