"""The database is made by migrations alone, and they make what the tables declare."""

import contextlib
import sqlite3
import stat
from pathlib import Path
from typing import Any

import pytest
from alembic.autogenerate import compare_metadata
from alembic.migration import MigrationContext
from alembic.script import ScriptDirectory
from sqlalchemy import create_engine
from sqlmodel import SQLModel

from rosterkit.errors import UsageError
from rosterkit.roster import entities as tables
from rosterkit.store import database
from rosterkit.store import tables as journal


@pytest.fixture
def fresh(tmp_path: Path) -> Any:
    path = tmp_path / "roster.db"
    database.migrate(path)
    return path


def test_the_newest_migration_is_the_head_that_connect_expects(fresh: Any) -> None:
    script = ScriptDirectory(str(Path(database.__file__).with_name("migrations")))
    assert script.get_heads() == [database.HEAD]
    with database.connect(fresh) as connection:
        assert connection.execute("select version_num from alembic_version").fetchone() == (database.HEAD,)
    connection.close()


def test_migrations_make_what_the_tables_declare(fresh: Any) -> None:
    assert journal.Plan.__tablename__ in SQLModel.metadata.tables
    assert tables.Org.__tablename__ in SQLModel.metadata.tables
    engine = create_engine(f"sqlite:///{fresh}")
    with engine.connect() as connection:
        assert compare_metadata(MigrationContext.configure(connection), SQLModel.metadata) == []
    engine.dispose()


def test_the_database_is_readable_by_its_owner_only(fresh: Any) -> None:
    assert stat.S_IMODE(fresh.stat().st_mode) == 0o600


def test_a_database_of_a_newer_rosterkit_is_refused_and_left_alone(fresh: Any) -> None:
    with sqlite3.connect(fresh) as connection:
        connection.execute("update alembic_version set version_num='9999'")
    connection.close()
    before = fresh.read_bytes()
    with pytest.raises(UsageError, match="newer rosterkit"):
        database.connect(fresh)
    assert fresh.read_bytes() == before


def test_a_missing_database_is_named_with_the_remedy(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="rosterkit init"):
        database.connect(tmp_path / "roster.db")


def test_an_older_database_is_brought_up_to_date(tmp_path: Path) -> None:
    path = tmp_path / "roster.db"
    with sqlite3.connect(path) as old:
        old.execute(f"pragma application_id={database.APPLICATION_ID}")
        old.execute("create table alembic_version (version_num varchar(32) not null)")
    old.close()
    connection = database.connect(path)
    assert connection.execute("select count(*) from user").fetchone() == (0,)
    connection.close()


def test_an_empty_file_is_a_lost_roster_and_not_a_new_one(tmp_path: Path) -> None:
    path = tmp_path / "roster.db"
    path.touch()
    with pytest.raises(UsageError, match="backup"):
        database.connect(path)
    assert path.stat().st_size == 0


def test_the_tables_that_are_looked_for_are_those_that_are_declared() -> None:
    assert {*SQLModel.metadata.tables, "alembic_version"} == database.TABLES


@pytest.mark.parametrize("with_versions", [False, True])
def test_another_programs_database_is_left_as_it_is_hostile_1(tmp_path: Path, *, with_versions: bool) -> None:
    path = tmp_path / "roster.db"
    with sqlite3.connect(path) as other:
        other.execute("create table photos (name text)")
        if with_versions:
            other.execute("create table alembic_version (version_num varchar(32) not null)")
            other.execute("insert into alembic_version values ('8ae14'), ('0001')")
    other.close()
    before = path.read_bytes()
    with pytest.raises(UsageError, match="database of another program"):
        database.connect(path)
    assert path.read_bytes() == before
    assert [file.name for file in tmp_path.iterdir()] == ["roster.db"]


def test_a_file_that_is_no_database_is_damaged(tmp_path: Path) -> None:
    path = tmp_path / "roster.db"
    path.write_text("this was never a database " * 50)
    with pytest.raises(UsageError, match="is not an SQLite file"):
        database.connect(path)


@pytest.mark.parametrize("table", ["enrollment", "hold", "alembic_version"])
def test_a_lost_table_is_seen_hostile_5(fresh: Any, table: str) -> None:
    with sqlite3.connect(fresh) as store:
        store.execute(f"drop table {table}")
    store.close()
    with pytest.raises(UsageError, match=f"the table {table} is missing"):
        database.connect(fresh)


def test_a_version_that_does_not_exist_is_damage(fresh: Any) -> None:
    with sqlite3.connect(fresh) as store:
        store.execute("update alembic_version set version_num='8ae14'")
    store.close()
    with pytest.raises(UsageError, match="unknown version 8ae14"):
        database.connect(fresh)


def test_a_full_disk_can_be_read_and_is_named_hostile_8(fresh: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    real = database._opened

    def no_room(path: Path) -> sqlite3.Connection:
        real(path).close()
        raise sqlite3.OperationalError("unable to open database file")

    monkeypatch.setattr(database, "_opened", no_room)
    with pytest.raises(sqlite3.OperationalError):
        database.connect(fresh)
    monkeypatch.setattr(database, "_NO_ROOM", 1 << 62)
    with contextlib.closing(database.connect(fresh)) as connection:
        assert connection.execute("select count(*) from plan").fetchone() == (0,)
        with pytest.raises(UsageError, match="the disk is full"), database.transaction(connection):
            connection.execute("delete from counter")


def test_what_sqlite_rolled_back_itself_is_told_as_it_was(fresh: Any) -> None:
    connection = database.connect(fresh)
    fill = "with recursive n(i) as (select 1 union all select i+1 from n limit 99999) select i from n"
    connection.execute("pragma max_page_count=1")
    with pytest.raises(sqlite3.OperationalError, match="full"), database.transaction(connection):
        connection.execute(f"create table much as {fill}")
    connection.close()


def test_a_transaction_is_whole_or_nothing(fresh: Any) -> None:
    connection = database.connect(fresh)
    with contextlib.suppress(RuntimeError), database.transaction(connection):
        connection.execute("insert into counter (entity, next_id) values ('Org', 5)")
        raise RuntimeError
    assert connection.execute("select count(*) from counter").fetchone() == (0,)
    connection.close()
