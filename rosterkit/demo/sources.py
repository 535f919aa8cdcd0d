"""The same district from every vendor's server and from a package; one of them synced with two files beside it."""

from __future__ import annotations

import zipfile
from collections.abc import Mapping, Sequence
from contextlib import ExitStack
from datetime import date
from pathlib import Path

import polars as pl
from rich.console import Console
from rich.table import Table
from rich.text import Text

from rosterkit import registry
from rosterkit.demo.packages import carry_out
from rosterkit.errors import InternalError
from rosterkit.plan.plan import Plan
from rosterkit.settings_template import toml
from rosterkit.sources.fake_server import Invented
from rosterkit.testing.district import District, write_district
from rosterkit.workspace import Workspace

TITLE = "The same district from every vendor's server and from a package, and two files beside it."

_DISTRICT = Invented(students=120, seed=11)
_DAY = date(2026, 10, 1)
_SHOWN = ("Org", "Class", "User", "Enrollment", "GuardianLink")
_SAME = ("Org", "Class", "User", "Enrollment")  # what every vendor can carry whole
_PROGRAMS = ("Robotics", "Orchestra", "Dual Language")


def step(workspace: Workspace, console: Console) -> None:
    """Plans the district from each source, then applies the package with a guardian file and a table of attributes.

    Raises InternalError where a source delivers another number of people, classes or enrollments.
    """
    folder = workspace.folder / "sources"
    folder.mkdir(mode=0o700)
    package = folder / "district.zip"
    write_district(package, District(_DISTRICT.students, _DISTRICT.seed))
    found = {"oneroster": _planned(folder, "oneroster", {"kind": "oneroster", "path": "../district.zip"}, {})}
    for kind in registry.fake_kinds():
        with ExitStack() as stack:
            running = stack.enter_context(registry.fake(kind).serve(_DISTRICT, 0))
            name = str(running.settings["kind"])
            found[name] = _planned(folder, name, running.settings, running.secrets)
    _show(console, found)
    _with_files(folder, package, console)


def _planned(folder: Path, name: str, settings: Mapping[str, object], secrets: Mapping[str, str]) -> Plan:
    """The first plan of a workspace with that source; its secrets are files of the workspace."""
    place = folder / name
    Workspace.init(place)
    for secret, value in secrets.items():
        path = place / secret
        path.touch(mode=0o600)
        path.write_text(value, encoding="utf-8")
    by_file = {key: _by_file(value) for key, value in settings.items()}
    _configure(place, [("main", by_file)])
    return Workspace(place).plan(as_of=_DAY)


def _by_file(value: object) -> object:
    """A reference to a file in the place of one to the environment."""
    return f"file:{value.removeprefix('env:')}" if isinstance(value, str) and value.startswith("env:") else value


def _configure(folder: Path, sources: Sequence[tuple[str, Mapping[str, object]]]) -> None:
    lines = ['timezone = "America/Denver"', "demographics = true"]
    for name, settings in sources:
        lines += [f"[sources.{name}]", *(f"{key} = {toml(value)}" for key, value in settings.items())]
    (folder / "rosterkit.toml").write_text("\n".join([*lines, ""]), encoding="utf-8")


def _show(console: Console, found: Mapping[str, Plan]) -> None:
    table = Table(box=None, pad_edge=False, header_style="bold")
    table.add_column("source")
    for entity in _SHOWN:
        table.add_column(entity, justify="right")
    counts = {name: {e: c.create for e, c in plan.changes.items()} for name, plan in found.items()}
    for name, made in counts.items():
        table.add_row(name, *(f"{made.get(entity, 0):,}" for entity in _SHOWN))
    console.print(table)
    for entity in _SAME:
        if len({made.get(entity, 0) for made in counts.values()}) > 1:
            raise InternalError(f"The sources deliver different numbers of {entity}.")
    console.print(Text("docs/sources/differences.md says what each source cannot carry."))


def _with_files(folder: Path, package: Path, console: Console) -> None:
    """Syncs the package with a guardian file and a table of attributes, which name students by their number."""
    with zipfile.ZipFile(package) as archive:
        users = pl.read_csv(archive.read("users.csv"), infer_schema=False)
    numbers = users.filter(pl.col("role") == "student")["identifier"].to_list()
    rows = [f"{number},N{at},Rosa,Whitfield{at},Aunt,555-01{at:05}" for at, number in enumerate(numbers[:30])]
    _write(folder / "guardians.csv", "student_number,guardian_id,first_name,last_name,relationship,phone", rows)
    rows = [f"{number},{_PROGRAMS[at % 3]},C{at:04}" for at, number in enumerate(numbers)]
    _write(folder / "programs.csv", "number,program,card", rows)
    place = folder / "oneroster"
    table = {"kind": "table", "path": "../programs.csv", "attributes": {"program": "program", "card_id": "card"}}
    _configure(
        place,
        [
            ("main", {"kind": "oneroster", "path": "../district.zip"}),
            ("families", {"kind": "guardians", "path": "../guardians.csv"}),
            ("programs", table | {"columns": {"user": "number"}}),
        ],
    )
    synced = Workspace(place)
    plan = synced.plan(as_of=_DAY)
    console.print(Text(f"\nWith a guardian file and a table of attributes beside it: {plan.total.create:,} to create."))
    carry_out(console, synced, plan, "the first load, with both files")


def _write(path: Path, header: str, rows: Sequence[str]) -> None:
    path.write_text("\n".join([header, *rows, ""]), encoding="utf-8")
