"""The layers: which packages there are, what may import what, where SQL runs; the engine names no vendor."""

import ast
import subprocess
import sys
import tomllib
from importlib.metadata import entry_points
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
VENDORS = ("clever", "classlink", "uconnect", "handshake", "edlio", "schoolstatus", "powerschool", "skyward", "aeries")


def test_imports_run_downwards() -> None:
    lint = Path(sys.executable).with_name("lint-imports")
    done = subprocess.run([lint], cwd=ROOT, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout


@pytest.mark.parametrize("path", sorted((ROOT / "rosterkit").rglob("*.py")), ids=lambda p: str(p.relative_to(ROOT)))
def test_no_vendor_is_named_in_the_engine(path: Path) -> None:
    text = path.read_text(encoding="utf-8").lower()
    assert [v for v in VENDORS if v in text] == []


ELSEWHERE = {"fcntl", "grp", "msvcrt", "posix", "pty", "pwd", "resource", "termios", "tty", "winreg"}
"""Modules of one operating system: districts run Windows servers too."""


@pytest.mark.parametrize("package", ["rosterkit", "providers"])
def test_no_module_of_one_operating_system_is_imported(package: str) -> None:
    found = {
        (path.relative_to(ROOT).as_posix(), name)
        for path in (ROOT / package).rglob("*.py")
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8")))
        for name in _imported(node)
    }
    assert {one for one in found if one[1] in ELSEWHERE} == set()


def _imported(node: ast.AST) -> list[str]:
    if isinstance(node, ast.Import):
        return [alias.name for alias in node.names]
    return [str(node.module)] if isinstance(node, ast.ImportFrom) else []


def test_every_part_of_the_engine_is_in_the_import_contracts() -> None:
    contracts = tomllib.loads((ROOT / "pyproject.toml").read_text())["tool"]["importlinter"]["contracts"]
    layers = {name for contract in contracts for layer in contract.get("layers", []) for name in layer.split(" | ")}
    (without_harness,) = (one for one in contracts if one["name"] == "Nothing imports the testing harness")
    parts = {
        f"rosterkit.{path.stem}"
        for path in (ROOT / "rosterkit").iterdir()
        if path.suffix == ".py" or (path / "__init__.py").exists()
    } - {"rosterkit.__init__", "rosterkit.testing"}
    assert parts == layers
    assert {*without_harness["source_modules"]} == {*parts, "providers"}


def test_sources_and_feeds_are_found_by_entry_point() -> None:
    assert "oneroster" in {p.name for p in entry_points(group="rosterkit.sources")}
    assert "oneroster" in {p.name for p in entry_points(group="rosterkit.feeds")}


def test_a_workspace_opens_without_the_orm() -> None:
    code = (
        "import sys, rosterkit.workspace, providers.oneroster\n"
        "sys.exit(1 if {'sqlmodel', 'sqlalchemy', 'alembic'} & set(sys.modules) else 0)"
    )
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0


_RUNS_SQL = frozenset({"execute", "executemany", "executescript", "cursor", "connect"})
_MAKES_STATEMENTS = frozenset({"connect", "create_engine", "text"})
_DRIVERS = frozenset({"adbc_driver_manager", "adbc_driver_sqlite", "psycopg", "sqlalchemy", "sqlite3"})


def sql_in(source: str) -> list[str]:
    """Statements that run SQL: calls of a driver's methods, and names of a driver used as more than a type."""
    found = []
    drivers: set[str] = set()
    for node in ast.walk(ast.parse(source)):
        if isinstance(node, ast.Import):
            drivers |= {alias.name.split(".")[0] for alias in node.names} & _DRIVERS
        if isinstance(node, ast.ImportFrom) and (node.module or "").split(".")[0] in _DRIVERS:
            found += [f"line {node.lineno}: {one.name}" for one in node.names if one.name in _MAKES_STATEMENTS]
        if isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute) and node.func.attr in _RUNS_SQL:
            owner = ast.unparse(node.func.value)
            if owner.split(".")[0] in drivers or owner.split(".")[-1] in {"connection", "_connection", "cursor"}:
                found.append(f"line {node.lineno}: {ast.unparse(node.func)}")
    return found


def test_sql_runs_only_in_the_store() -> None:
    engine = ROOT / "rosterkit"
    files = [path for path in engine.rglob("*.py") if engine / "store" not in path.parents]
    files += (ROOT / "providers").rglob("*.py")
    found = {str(path.relative_to(ROOT)): sql_in(path.read_text(encoding="utf-8")) for path in files}
    assert {name: lines for name, lines in found.items() if lines} == {}


@pytest.mark.parametrize(
    "source",
    [
        "connection.execute('select 1')",
        "desk.connection.execute('select 1').fetchone()",
        "import sqlite3\nsqlite3.connect('roster.db')",
        "from sqlalchemy import text",
    ],
)
def test_sql_outside_the_store_is_found(source: str) -> None:
    assert sql_in(source)
    assert not sql_in("import sqlite3\ndef names(connection: sqlite3.Connection) -> None: ...")
