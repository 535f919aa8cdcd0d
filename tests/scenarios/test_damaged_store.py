"""A store that is damaged: a sentence that says what to do, never a fault of our own (hostile 4)."""

from __future__ import annotations

import sqlite3
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest

from rosterkit.cli.main import run

FEED = '\n[feeds.oneroster]\nkind = "oneroster"\n'


def pages_of(path: Path, table: str) -> list[int]:
    """The leaf pages of a table, by number."""
    with closing(sqlite3.connect(path)) as connection:
        connection.execute("pragma wal_checkpoint(truncate)")
        query = "select pageno from dbstat where name=? and pagetype='leaf'"
        try:
            return [row[0] for row in connection.execute(query, (table,))]
        except sqlite3.OperationalError:
            pytest.skip("this SQLite has no dbstat")


def overwrite(path: Path, pages: list[int]) -> None:
    """Makes the pages random bytes of no b-tree."""
    with path.open("r+b") as file:
        file.seek(16)
        size = int.from_bytes(file.read(2), "big")
        for page in pages:
            file.seek((page - 1) * size)
            file.write(b"\xa5" * size)


@pytest.fixture
def damaged(scenario: Any, request: pytest.FixtureRequest) -> tuple[Path, Path]:
    settings = scenario.workspace.folder / "rosterkit.toml"
    settings.write_text(settings.read_text() + ("" if "[feeds.oneroster]" in settings.read_text() else FEED))
    package = scenario.package(scenario.changed(lambda files: files["users"].pop()))
    database = scenario.workspace.database
    overwrite(database, pages_of(database, request.param))
    return scenario.workspace.folder, package


VERBS = (
    ["plan", "--package", "{package}"],
    ["feed", "build", "oneroster"],
    ["undo"],
    ["show"],
    ["history", "User", "S1-p0"],
    ["explain", "User", "S1-p0"],
    ["holds"],
)


@pytest.mark.parametrize("damaged", ["user", "revision", "plan_part"], indirect=True)
def test_4_a_damaged_page_is_never_called_our_own_fault(damaged: Any, capsys: pytest.CaptureFixture[str]) -> None:
    folder, package = damaged
    codes = {}
    for verb in VERBS:
        code = run(["-C", str(folder), *(word.format(package=package) for word in verb)])
        error = capsys.readouterr().err
        codes[" ".join(verb)] = code
        assert code in (0, 1, 2), (verb, code, error)
        assert code != 2 or "damaged" in error, (verb, error)
    assert 2 in codes.values()
