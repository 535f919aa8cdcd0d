"""A design with DuckDB that could win: the state as tables with a hash per row, files unzipped and read as text.

The plan is the changed and gone rows with their old values, kept in the database; keys are checked for repetition and
references for their targets. One verb a process: load (the state of the first day, not measured), plan, apply, feed.
What the product does beside – reading exactly, findings, limits, holds, lists as records, history – it does not do.
"""

from __future__ import annotations

from benchmarks.child import Phases  # isort: skip - first, so that imports are timed

import shutil
import sys
import tempfile
import zipfile
from collections.abc import Callable
from pathlib import Path

import duckdb

_KEY = '"sourcedId"'
_REFERENCES = {
    "classes": (("courseSourcedId", "courses"), ("schoolSourcedId", "orgs")),
    "courses": (("orgSourcedId", "orgs"),),
    "demographics": (("sourcedId", "users"),),
    "enrollments": (("classSourcedId", "classes"), ("schoolSourcedId", "orgs"), ("userSourcedId", "users")),
    "roles": (("userSourcedId", "users"), ("orgSourcedId", "orgs")),
    "userProfiles": (("userSourcedId", "users"),),
}
_LISTED = {
    "classes": (("termSourcedIds", "academicSessions"),),
    "users": (("agentSourcedIds", "users"), ("orgSourcedIds", "orgs")),
}


def _open(path: str) -> duckdb.DuckDBPyConnection:
    connection = duckdb.connect(path)
    connection.execute("set threads = 2")
    connection.execute("set preserve_insertion_order = false")
    return connection


def _unzipped(package: str, folder: Path) -> list[Path]:
    with zipfile.ZipFile(package) as files:
        for name in files.namelist():
            with files.open(name) as member, (folder / name).open("wb") as out:
                shutil.copyfileobj(member, out, 8 << 20)
    return sorted(path for path in folder.glob("*.csv") if path.name != "manifest.csv")


def _rows(path: Path) -> str:
    """The query of a file's rows, all text, with a hash of each."""
    with path.open(encoding="utf-8") as lines:
        header = lines.readline().strip().split(",")
    columns = ", ".join(f"'{name}': 'VARCHAR'" for name in header)
    hashed = ", ".join(f'"{name}"' for name in header)
    options = "header = true, auto_detect = false, delim = ',', quote = '\"', escape = '\"'"
    return f"select *, hash({hashed}) as _hash from read_csv('{path}', {options}, columns = {{{columns}}})"


def load(database: str, package: str) -> None:
    phases = Phases()
    rows = 0
    place = tempfile.TemporaryDirectory(dir=Path(database).parent)
    with place as folder, _open(database) as connection, phases.phase("load"):
        for path in _unzipped(package, Path(folder)):
            connection.execute(f"create table state_{path.stem} as {_rows(path)}")
            rows += _one(connection, f"select count(*) from state_{path.stem}")
    phases.say(rows=rows)


def _one(connection: duckdb.DuckDBPyConnection, query: str) -> int:
    found = connection.execute(query).fetchone()
    return int(found[0]) if found else 0


def plan(database: str, package: str) -> None:
    phases = Phases()
    files = {}
    rows = faults = 0
    with tempfile.TemporaryDirectory(dir=Path(database).parent) as folder, _open(database) as connection:
        with phases.phase("unzip"):
            paths = _unzipped(package, Path(folder))
        with phases.phase("compare"):
            for path in paths:
                name = path.stem
                connection.execute(f"create or replace temp table day_{name} as {_rows(path)}")
                rows += _one(connection, f"select count(*) from day_{name}")
                files[name] = _planned(connection, name)
        with phases.phase("check"):
            for path in paths:
                faults += _faults(connection, path.stem)
    phases.say(files=files, rows=rows, faults=faults)


def _planned(connection: duckdb.DuckDBPyConnection, name: str) -> dict[str, int]:
    """Keeps the rows that are new or other, the old values of those that are other, and those that are gone."""
    connection.execute(
        f"create or replace table plan_{name} as select n.*, s._hash is null as _new "
        f"from day_{name} n left join state_{name} s using ({_KEY}) where s._hash is distinct from n._hash"
    )
    connection.execute(
        f"create or replace table before_{name} as select * from state_{name} semi join plan_{name} using ({_KEY})"
    )
    connection.execute(
        f"create or replace table gone_{name} as select * from state_{name} anti join day_{name} using ({_KEY})"
    )
    new = _one(connection, f"select count(*) from plan_{name} where _new")
    both = _one(connection, f"select count(*) from plan_{name} where not _new")
    return {"create": new, "archive": _one(connection, f"select count(*) from gone_{name}"), "update": both}


def _faults(connection: duckdb.DuckDBPyConnection, name: str) -> int:
    """Keys that stand twice, and references to nothing."""
    found = _one(connection, f"select count(*) - count(distinct {_KEY}) from day_{name}")
    for column, target in _REFERENCES.get(name, ()):
        found += _one(
            connection,
            f'select count(*) from day_{name} n anti join day_{target} t on n."{column}" = t.{_KEY} '
            f'where n."{column}" is not null',
        )
    for column, target in _LISTED.get(name, ()):
        if column in {row[0] for row in connection.execute(f"describe day_{name}").fetchall()}:
            listed = f"(select unnest(string_split(\"{column}\", ',')) as item from day_{name})"
            found += _one(connection, f"select count(*) from {listed} n anti join day_{target} t on n.item = t.{_KEY}")
    return found


def apply(database: str) -> None:
    phases = Phases()
    rows = 0
    with _open(database) as connection, phases.phase("apply"):
        names = [
            row[0][len("plan_") :] for row in connection.execute("show tables").fetchall() if row[0].startswith("plan_")
        ]
        connection.execute("begin")
        for name in names:
            changed = _one(connection, f"select count(*) from plan_{name}") + _one(
                connection, f"select count(*) from gone_{name}"
            )
            rows += changed
            if changed:
                connection.execute(f"delete from state_{name} where {_KEY} in (select {_KEY} from before_{name})")
                connection.execute(f"delete from state_{name} where {_KEY} in (select {_KEY} from gone_{name})")
                connection.execute(f"insert into state_{name} select * exclude (_new) from plan_{name}")
        connection.execute("commit")
        connection.execute("checkpoint")
    phases.say(rows=rows)


def feed(database: str, folder: str) -> None:
    """The state as CSV files, sorted by key, in a zip."""
    phases = Phases()
    rows = 0
    out = Path(folder)
    out.mkdir(exist_ok=True)
    with _open(database) as connection, phases.phase("feed"):
        tables = [row[0] for row in connection.execute("show tables").fetchall() if row[0].startswith("state_")]
        with zipfile.ZipFile(out / "feed.zip", "w", zipfile.ZIP_DEFLATED, compresslevel=6) as package:
            for table in tables:
                path = out / f"{table[len('state_') :]}.csv"
                query = f"select * exclude (_hash) from {table} order by {_KEY}"
                connection.execute(f"copy ({query}) to '{path}' (header, delimiter ',')")
                rows += _one(connection, f"select count(*) from {table}")
                package.write(path, path.name)
                path.unlink()
    phases.say(rows=rows)


if __name__ == "__main__":
    verbs: dict[str, Callable[..., None]] = {"load": load, "plan": plan, "apply": apply, "feed": feed}
    verbs[sys.argv[1]](*sys.argv[2:])
