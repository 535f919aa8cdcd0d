"""Rows that go through files of their own: all of them or none, and no file stays."""

from __future__ import annotations

import os
import signal
import sqlite3
import stat
import subprocess
import sys
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import polars as pl
import pytest

from rosterkit import Workspace
from rosterkit.errors import InternalError
from rosterkit.roster.schema import entities
from rosterkit.store import apply, bulk, plans, staging
from rosterkit.store.database import connect, migrate, transaction
from rosterkit.testing.package import write_package

SAME: dict[str, object] = {
    "source": "main",
    "id_space": "",
    "status": "active",
    "created_revision": 1,
    "updated_revision": 1,
}


@pytest.fixture
def path(tmp_path: Path) -> Path:
    migrate(tmp_path / "roster.db")
    return tmp_path / "roster.db"


@pytest.fixture
def store(path: Path) -> Iterator[sqlite3.Connection]:
    with closing(connect(path)) as connection:
        yield connection


@pytest.fixture
def large(monkeypatch: pytest.MonkeyPatch) -> None:
    """Every frame of more than one row counts as large, and plans are kept in pieces of two rows."""
    for module in (apply, bulk):
        monkeypatch.setattr(module, "MANY", 1)
    monkeypatch.setattr(plans, "_PIECE", 2)


def roles(*ids: int) -> pl.DataFrame:
    return pl.DataFrame({"id": ids, "sourced_id": [f"r{i}" for i in ids], "enabled": [i % 2 == 0 for i in ids]})


def files(folder: Path) -> list[str]:
    return sorted(path.name for path in folder.iterdir() if "staging" in path.name)


def test_rows_of_all_pieces_arrive_with_the_values_they_share(path: Path, store: sqlite3.Connection) -> None:
    with staging.staging(store) as stage, transaction(store):
        number = stage.bring([roles(1, 2), roles(3).with_columns(enabled=pl.lit(None, pl.Boolean))])
        stage.pour(number, "user", SAME, 3)
        (name,) = files(path.parent)
        assert stat.S_IMODE((path.parent / name).stat().st_mode) == 0o600
    assert files(path.parent) == []
    rows = store.execute("select id, sourced_id, enabled, source, created_revision from user").fetchall()
    assert rows == [(1, "r1", 0, "main", 1), (2, "r2", 1, "main", 1), (3, "r3", None, "main", 1)]


def test_a_value_that_sqlite_would_read_as_a_number_stays_text(store: sqlite3.Connection) -> None:
    rows = pl.DataFrame({"id": [1], "sourced_id": ["007"], "identifier": ["1e3"], "exit_date": ["2026-09-01"]})
    with staging.staging(store) as stage, transaction(store):
        stage.pour(stage.bring([rows]), "user", SAME, 1)
    assert store.execute("select sourced_id, identifier, exit_date from user").fetchone() == (
        "007",
        "1e3",
        "2026-09-01",
    )


def test_what_fails_while_rows_are_brought_leaves_nothing(path: Path, store: sqlite3.Connection) -> None:
    def broken() -> Iterator[pl.DataFrame]:
        yield roles(2)
        raise InternalError("damaged")

    def load() -> None:
        with staging.staging(store) as stage, transaction(store):
            stage.pour(stage.bring([roles(1)]), "user", SAME, 1)
            stage.pour(stage.bring(broken()), "role", SAME, 1)

    with pytest.raises(InternalError, match="damaged"):
        load()
    assert store.execute("select count(*) from user").fetchone() == (0,)
    assert files(path.parent) == []


def test_a_full_disk_is_told_as_sqlite_tells_it(store: sqlite3.Connection, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(staging, "_PRAGMAS", (*staging._PRAGMAS, "max_page_count=3"))
    wide = pl.DataFrame({"id": range(99), "sourced_id": ["x" * 999] * 99})
    with pytest.raises(sqlite3.OperationalError) as raised, staging.staging(store) as stage, transaction(store):
        stage.pour(stage.bring([wide]), "user", SAME, 1)
    assert raised.value.sqlite_errorcode == sqlite3.SQLITE_FULL
    assert "xxx" not in str(raised.value)


def test_what_a_killed_run_left_is_swept(path: Path, store: sqlite3.Connection) -> None:
    (path.parent / "roster.db-staging-4").write_bytes(b"left")
    with staging.staging(store):
        assert files(path.parent) == []


def district(folder: Path) -> Path:
    """A package: one school, nine students, two of them in a class."""
    people = [
        {"sourcedId": f"s{i}", "enabledUser": "true", "orgSourcedIds": "S", "role": "student", "username": f"u{i}"}
        | {"givenName": "Ida", "familyName": f"Moss {i}"}
        for i in range(9, 0, -1)
    ]
    content = {
        "orgs": [{"sourcedId": i, "name": f"Org {i}", "type": t} for i, t in (("D", "district"), ("S", "school"))],
        "users": people,
    }
    return write_package(folder / "package.zip", content)


def planned(folder: Path) -> tuple[Workspace, str]:
    ws = Workspace.init(folder / "ws")
    plan = ws.plan(district(folder))
    ws.approve(plan.id, reason="first load", actor="kim")
    return ws, plan.id


def dump(path: Path) -> dict[str, list[object]]:
    with closing(sqlite3.connect(path)) as connection:
        tables = [*(e.table for e in entities()), "touch", "revision", "deferred", "sqlite_master"]
        out: dict[str, list[object]] = {t: connection.execute(f'select * from "{t}"').fetchall() for t in tables}
        out["sqlite_master"] = connection.execute("select name, sql from sqlite_master order by name").fetchall()
        return out


def test_a_large_load_writes_what_a_small_one_does(tmp_path: Path, request: pytest.FixtureRequest) -> None:
    (tmp_path / "small").mkdir()
    small, plan = planned(tmp_path / "small")
    small.apply(plan, actor="kim")
    request.getfixturevalue("large")
    (tmp_path / "large").mkdir()
    ws, plan = planned(tmp_path / "large")
    ws.apply(plan, actor="kim")
    ours, theirs = dump(ws.database), dump(small.database)
    assert len(ours["user"]) == 9
    assert {n: rows for n, rows in ours.items() if n != "revision"} == {
        n: rows for n, rows in theirs.items() if n != "revision"
    }
    assert files(ws.folder) == []


@pytest.mark.usefixtures("large")
def test_a_plan_in_pieces_is_shown_whole(tmp_path: Path) -> None:
    ws, plan = planned(tmp_path)
    assert ws.show(plan).plan.changes["User"].create == 9
    with closing(connect(ws.database)) as store:
        pieces = store.execute("select count(*) from plan_part where part='create' and entity='User'").fetchone()
        assert pieces == (5,)
        stored = plans.Stored(store, plan, "create")
        assert stored["User"]["id"].to_list() == sorted(stored["User"]["id"].to_list())
        assert stored.heights == {name: frame.height for name, frame in plans.load(store, plan, "create").items()}


@pytest.mark.usefixtures("large")
def test_a_created_row_that_refers_to_what_is_not_active_rolls_everything_back(tmp_path: Path) -> None:
    ws, plan = planned(tmp_path)
    with closing(connect(ws.database)) as store:
        (body,) = store.execute("select body from plan_part where part='create' and entity='Role'").fetchall()[0]
        stray = plans.unpacked(body).with_columns(user_id=pl.lit(999))
        store.execute("delete from plan_part where part='create' and entity='Role'")
        plans.store_part(store, plan, "create", "Role", stray)
    was = dump(ws.database)
    with pytest.raises(InternalError, match="active rows of Role would reference a user that is not active"):
        ws.apply(plan, actor="kim")
    assert dump(ws.database) == was


_KILLED = """
import os, signal, sys
from pathlib import Path
from rosterkit import Workspace
from rosterkit.store import apply, bulk
from rosterkit.store import save as commit
apply.MANY = bulk.MANY = 1
def dies(*_):
    os.kill(os.getpid(), signal.SIGKILL)
commit._defer = dies
Workspace(Path(sys.argv[1])).apply(sys.argv[2], actor="kim")
"""


def test_a_load_that_is_killed_leaves_the_store_at_its_revision_with_all_indexes(tmp_path: Path) -> None:
    ws, plan = planned(tmp_path)
    was = dump(ws.database)
    command = [sys.executable, "-c", _KILLED, str(ws.folder), plan]
    died = subprocess.run(command, check=False, capture_output=True, env=dict(os.environ))
    assert died.returncode == -signal.SIGKILL
    assert files(ws.folder) != []
    assert dump(ws.database) == was
    assert ws.apply(plan, actor="kim").revision == 1
    assert files(ws.folder) == []
    assert dump(ws.database)["sqlite_master"] == was["sqlite_master"]
