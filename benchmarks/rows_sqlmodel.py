"""The same job row by row: each row a pydantic model, each record a SQLModel object in SQLite.

Kinder than most such jobs: the stored records of a file are fetched by one query and not one at a time, and each file
is one commit. Verbs: load (the first day, not measured) and day (read, validate, compare, write).
"""

from __future__ import annotations

from benchmarks.child import Phases  # isort: skip - first, so that imports are timed

import csv
import io
import sys
import zipfile
from collections.abc import Iterator
from datetime import date
from typing import Annotated, Any

from pydantic import BaseModel, BeforeValidator, ConfigDict, create_model
from sqlmodel import Field, Session, SQLModel, create_engine, select

from providers.oneroster.spec import FILES, File

_Blank = BeforeValidator(lambda value: value or None)
_TYPES: dict[str, Any] = {"date": date, "bool": bool}


def _type(kind: str, *, required: bool) -> Any:
    plain = _TYPES.get(kind, str)
    return plain if required else Annotated[plain | None, _Blank]


def _row_model(file: File) -> type[BaseModel]:
    columns: dict[str, Any] = {f.name: (_type(f.type, required=f.required), ...) for f in file.fields}
    return create_model(f"{file.name}Row", __config__=ConfigDict(extra="forbid"), **columns)


def _table(file: File) -> Any:
    columns: dict[str, Any] = {f.name: (_TYPES.get(f.type, str) | None, None) for f in file.fields}
    columns["sourcedId"] = (str, Field(primary_key=True))
    columns["archived"] = (bool, False)
    return create_model(f"{file.name}_table", __base__=SQLModel, __cls_kwargs__={"table": True}, **columns)


class Job:
    """A database with a table per file of that version."""

    def __init__(self, database: str, version: str) -> None:
        self.files = {name: file for name, file in FILES[version].items() if file.subject == "rostering"}
        self.rows = {name: _row_model(file) for name, file in self.files.items()}
        self.tables = {name: _table(file) for name, file in self.files.items()}
        self.engine = create_engine(f"sqlite:///{database}")

    def read(self, package: str) -> Iterator[tuple[str, Iterator[BaseModel]]]:
        """The files that the package holds, and their rows, validated."""
        with zipfile.ZipFile(package) as files:
            there = set(files.namelist())
            for name in self.files:
                if f"{name}.csv" in there:
                    with files.open(f"{name}.csv") as member:
                        text = csv.DictReader(io.TextIOWrapper(member, encoding="utf-8", newline=""))
                        yield name, (self.rows[name].model_validate(row) for row in text)


def load(database: str, package: str, version: str) -> None:
    phases = Phases()
    job = Job(database, version)
    SQLModel.metadata.create_all(job.engine)
    count = 0
    with phases.phase("load"), Session(job.engine) as session:
        for name, rows in job.read(package):
            table = SQLModel.metadata.tables[job.tables[name].__tablename__]
            values = [row.model_dump() | {"archived": False} for row in rows]
            session.connection().execute(table.insert(), values)
            count += len(values)
        session.commit()
    phases.say(rows=count)


def day(database: str, package: str, version: str) -> None:
    phases = Phases()
    job = Job(database, version)
    files, count = {}, 0
    with phases.phase("day"):
        for name, rows in job.read(package):
            with Session(job.engine) as session:
                files[name], read = _synced(session, job.tables[name], rows)
                session.commit()
            count += read
    phases.say(files=files, rows=count)


def _synced(session: Session, table: Any, rows: Iterator[BaseModel]) -> tuple[dict[str, int], int]:
    """Writes what differs, archives what is gone; the counts, and how many rows there were."""
    stored = {record.sourcedId: record for record in session.exec(select(table)).all()}
    counts = {"create": 0, "archive": 0, "update": 0}
    seen = set()
    for row in rows:
        values = row.model_dump()
        seen.add(values["sourcedId"])
        record = stored.get(values["sourcedId"])
        if record is None:
            session.add(table(**values))
            counts["create"] += 1
            continue
        changed = {name: value for name, value in values.items() if getattr(record, name) != value}
        for name, value in changed.items():
            setattr(record, name, value)
        counts["update"] += bool(changed)
    for key in stored.keys() - seen:
        stored[key].archived = True
        counts["archive"] += 1
    return counts, len(seen)


if __name__ == "__main__":
    {"load": load, "day": day}[sys.argv[1]](*sys.argv[2:])
