"""A tiny district as records, packages of it in pages and lines, and two workspaces that read them on both roads."""

from __future__ import annotations

import atexit
import json
import random
import shutil
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from copy import deepcopy
from functools import cache
from pathlib import Path
from typing import Any
from unittest.mock import patch

from nights_roads import TwoRoads

from rosterkit import Workspace
from rosterkit.plan.plan import Plan
from rosterkit.testing.records import RecordSource

Object = dict[str, Any]
PER_PAGE = 3


class Records:
    """What the interface holds, by kind; a text stands for what is no JSON."""

    def __init__(self) -> None:
        self.minted = 0  # ids and words that are new
        self.gone: list[tuple[str, Object]] = []  # what was there before, with its kind
        self.schools: list[Any] = [{"id": s, "name": f"School {s}"} for s in ("S1", "S2")]
        self.terms: list[Any] = [
            {"id": "autumn", "name": "Autumn", "start": "2026-08-24", "end": "2027-01-15"},
            {"id": "spring", "name": "Spring", "start": "2027-01-16", "end": "2027-06-12"},
        ]
        self.sections: list[Any] = []
        self.staff: list[Any] = []
        self.people: list[Any] = []  # lines, several of which may be one person's
        for school in ("S1", "S2"):
            students = [f"{school}-p{i}" for i in range(8)]
            self.staff += [person(key, school) for key in (f"{school}-t0", f"{school}-p0")]  # one has a student's id
            for i, key in enumerate(students):
                family = ("mother", "aunt") if i % 2 else ("mother",)
                self.people += [
                    person(key, school, grade="03", contact=contact(f"{school}-{c}{i // 2}")) for c in family
                ]
            for i in range(3):
                seats = [{"person": self.staff[-1 - i % 2]["id"], "role": "teacher"}]
                seats += [{"person": key, "role": "student"} for key in students[i:]]
                section = {"id": f"{school}-c{i}", "name": f"Reading {i}", "school": school, "seats": seats}
                self.sections.append(section | {"terms": ["autumn", "spring"][: i + 1]})

    def find(self, kind: str, key: str) -> Object:
        """The first record of that id."""
        found: Object = next(r for r in getattr(self, kind) if isinstance(r, dict) and r.get("id") == key)
        return found

    def write(self, folder: Path) -> Path:
        """A package: sections in pages, the others in lines. The keys of objects come in another order each time."""
        folder.mkdir()
        dice = random.Random(folder.name)
        for kind in ("schools", "terms", "staff", "people"):
            texts = [r if isinstance(r, str) else json.dumps(_shuffled(r, dice)) for r in getattr(self, kind)]
            (folder / f"{kind}.jsonl").write_text("".join(f"{text}\n" for text in texts))
        (folder / "sections").mkdir()
        for at in range(0, max(len(self.sections), 1), PER_PAGE):
            page = {"page": at // PER_PAGE + 1, "data": [_shuffled(r, dice) for r in self.sections[at : at + PER_PAGE]]}
            (folder / "sections" / f"{page['page']:04}.json").write_text(json.dumps(page))
        return folder

    def copy(self) -> Records:
        return deepcopy(self)


def person(key: str, school: str, **more: Any) -> Object:
    return {"id": key, "school": school, "given": f"Given{key}", "family": f"Family{key}"} | more


def contact(key: str, **more: Any) -> Object:
    return {"id": key, "given": f"Given{key}", "family": f"Family{key}", "relationship": "parent"} | more


def _shuffled(value: Any, dice: random.Random) -> Any:
    """The same value with the keys of its objects in a drawn order."""
    if isinstance(value, list):
        return [_shuffled(item, dice) for item in value]
    if not isinstance(value, dict):
        return value
    names = list(value)
    dice.shuffle(names)
    return {name: _shuffled(value[name], dice) for name in names}


class RecordRoads(TwoRoads):
    """Two roads whose packages are of records."""

    def tonight(self, records: Records) -> Path:
        self.written += 1
        return records.write(self.folder / f"records{self.written}")

    def said(self, records: Records) -> Plan:
        """A night with this package."""
        return self.night(self.tonight(records))


@cache
def _first_night() -> Path:
    folder = Path(tempfile.mkdtemp(prefix="rosterkit-records-"))
    atexit.register(shutil.rmtree, folder, ignore_errors=True)
    for name in ("fast", "full"):
        Workspace.init(folder / name)
    roads = RecordRoads(folder)
    roads.configure(limits="loose")
    roads.said(Records())
    return folder


@contextmanager
def record_roads() -> Iterator[RecordRoads]:
    """Two workspaces in a temporary folder, which have what ``Records`` says before anything happens to it."""
    with (
        patch("rosterkit.operate.planning.source", lambda _kind: RecordSource()),
        tempfile.TemporaryDirectory() as folder,
    ):
        shutil.copytree(_first_night(), folder, dirs_exist_ok=True)
        roads = RecordRoads(Path(folder))
        roads.configure(limits="loose")
        roads.nights = roads.written = 1
        yield roads
