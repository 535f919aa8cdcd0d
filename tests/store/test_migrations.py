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
