"""Two SQLite libraries in one process: what is committed after a table was read whole is there for everybody."""

from __future__ import annotations

import sqlite3
import subprocess
import sys
from contextlib import closing
from pathlib import Path

import polars as pl

from rosterkit.store import bulk
from rosterkit.store.database import connect, migrate

COMMITS_AND_DIES = """
import os, sys
from pathlib import Path
import polars as pl
from rosterkit.store.bulk import read
from rosterkit.store.database import connect, transaction
path = Path(sys.argv[1])
connection = connect(path)
for table in ("org", "user"):
    read(path, table, {"id": pl.Int64})
if "visitor" in sys.argv:
    import subprocess
    visit = "import sqlite3, sys; c = sqlite3.connect(sys.argv[1]); c.execute('select 1 from org'); c.close()"
    subprocess.run([sys.executable, "-c", visit, str(path)], check=True)
with transaction(connection):
    connection.execute("insert into counter (entity, next_id) values ('Org', 7)")
    read(path, "org", {"id": pl.Int64})
os._exit(9)
"""


def counters(path: Path) -> list[tuple[str, int]]:
    with closing(sqlite3.connect(path)) as connection:
        return connection.execute("select entity, next_id from counter").fetchall()


def test_what_was_committed_after_a_table_was_read_outlives_the_process(tmp_path: Path) -> None:
    for visitor in ("", "visitor"):
        path = tmp_path / f"roster{visitor}.db"
        migrate(path)
        done = subprocess.run([sys.executable, "-c", COMMITS_AND_DIES, str(path), visitor], check=False)
        assert done.returncode == 9
        assert counters(path) == [("Org", 7)], visitor


def test_another_process_sees_it_while_ours_is_open(tmp_path: Path) -> None:
    path = tmp_path / "roster.db"
    migrate(path)
    with closing(connect(path)) as connection:
        bulk.read(path, "org", {"id": pl.Int64})
        connection.execute("insert into counter (entity, next_id) values ('Org', 7)")
        look = "import sqlite3, sys; print(sqlite3.connect(sys.argv[1]).execute('select * from counter').fetchall())"
        seen = subprocess.run([sys.executable, "-c", look, str(path)], check=True, capture_output=True, text=True)
        assert seen.stdout.strip() == "[('Org', 7)]"
        assert bulk.read(path, "counter", {"next_id": pl.Int64}).rows() == [(7,)]


def test_nothing_is_left_open_or_lying_about(tmp_path: Path) -> None:
    path = tmp_path / "rös ter?.db"
    migrate(path)
    with closing(connect(path)) as first, closing(connect(path)) as other:
        bulk.read(path, "org", {"id": pl.Int64})
        other.close()
        first.execute("insert into counter (entity, next_id) values ('Org', 7)")
        assert bulk.read(path, "counter", {"next_id": pl.Int64}).rows() == [(7,)]
    assert [file.name for file in tmp_path.iterdir()] == [path.name]
    assert bulk.read(path, "counter", {"next_id": pl.Int64}).rows() == [(7,)]  # nobody else has it open
    assert not {str(link.readlink()) for link in Path("/proc/self/fd").iterdir() if link.is_symlink()} & {str(path)}


def test_opening_it_again_keeps_the_locks_of_the_connection_that_is_open(tmp_path: Path) -> None:
    """A page that is served opens the store for each request, while another process syncs."""
    path = tmp_path / "roster.db"
    migrate(path)
    visit = "import sqlite3, sys; c = sqlite3.connect(sys.argv[1]); c.execute('select 1 from org'); c.close()"
    with closing(connect(path)) as connection:
        connection.execute("insert into counter (entity, next_id) values ('Org', 7)")
        connect(path).close()
        subprocess.run([sys.executable, "-c", visit, str(path)], check=True)
        assert path.with_name("roster.db-wal").exists(), "the other process took itself for the only one"
        connection.execute("insert into counter (entity, next_id) values ('User', 9)")
    assert counters(path) == [("Org", 7), ("User", 9)]
