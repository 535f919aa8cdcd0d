"""A school in memory, for tests of days: who is there, and a workspace that plans and applies on a given day."""

from __future__ import annotations

import atexit
import shutil
import tempfile
from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import date
from functools import cache
from pathlib import Path
from typing import Any

import polars as pl
from driving import plan_extract

from rosterkit import Workspace
from rosterkit.plan.plan import Plan
from rosterkit.sources.base import Extract
from rosterkit.testing.memory import extract, table

MONDAY = date(2026, 9, 14)
Rows = dict[str, dict[str, Any]]


@dataclass
class School:
    """``students`` and ``guardians`` of two schools; every student is in the year-long class of the school.

    ``sessions`` and ``classes``: sourced ids and values; ``terms``, by class, the sessions.
    """

    students: list[str] = field(default_factory=lambda: [f"st-{i:03}" for i in range(100)])
    guardians: dict[str, str] = field(default_factory=lambda: {"gu-1": "st-001", "gu-2": "st-002"})
    staff: list[str] = field(default_factory=lambda: ["te-1", "te-2"])
    sessions: Rows = field(
        default_factory=lambda: {
            "Y": {"type": "schoolYear", "start_date": "2026-08-24", "end_date": "2027-06-12", "school_year": "2027"}
        }
    )
    classes: dict[str, str] = field(default_factory=lambda: {"C-A": "Y", "C-B": "Y"})
    courses: Rows = field(default_factory=dict)
    changed: Rows = field(default_factory=dict)  # of users
    states: dict[str, str] = field(default_factory=dict)
    unreadable: list[str] = field(default_factory=list)  # sessions

    def of(self, key: str) -> str:
        """The school of a person."""
        return str(self.changed.get(key, {}).get("school", "B" if int(key[-1]) % 2 else "A"))

    def extract(self, name: str = "package") -> Extract:
        """What the SIS delivers."""
        orgs = [{"sourced_id": "D", "name": "District", "type": "district"}]
        orgs += [
            {"sourced_id": key, "name": f"School {key}", "type": "school", "parent": "D"}
            for key in ("A", "B")
            if key in {self.of(s) for s in self.students}
        ]
        roles = [(key, "student") for key in self.students] + [(key, "teacher") for key in self.staff]
        roles += [(key, "guardian") for key in self.guardians]
        tables = {
            "Org": table("Org", orgs),
            "AcademicSession": table(
                "AcademicSession",
                [_row(k, title=k, **v) for k, v in self.sessions.items() if k not in self.unreadable],
                unreadable=self.unreadable,
            ),
            "Course": table("Course", [_row(k, title=k, org="D", **v) for k, v in self.courses.items()]),
            "Class": table("Class", [self._class(key) for key in self.classes]),
            "ClassTerm": table(
                "ClassTerm",
                [_row(f"{c}|{s}", **{"class": c, "session": s}) for c, t in self.classes.items() for s in t.split()],
            ),
            "User": table("User", [self._user(key) for key, _ in roles]),
            "Role": table("Role", [_row(f"{k}|{self.of(k)}", user=k, org=self.of(k), role=r) for k, r in roles]),
            "GuardianLink": table(
                "GuardianLink",
                [
                    _row(f"{child}|{key}", asserted_by="student", guardian=key, student=child)
                    for key, child in self.guardians.items()
                    if child in self.students
                ],
            ),
            "Enrollment": table("Enrollment", list(self._enrollments())),
        }
        return extract(tables, self.states, name=name)

    def _class(self, key: str) -> dict[str, Any]:
        course = {"course": next(iter(self.courses))} if self.courses else {}
        return _row(key, title=key, type="scheduled", school=key[2], **course)

    def _user(self, key: str) -> dict[str, Any]:
        number = str(1000 + int(key[3:]))
        base: dict[str, Any] = {"identifier": key[:2] + number, "primary_org": self.of(key)}
        base |= {"phone": f"555-0{number}"}
        base |= {"given_name": f"Given{key}", "family_name": f"Family{key}", "email": f"{key}@birch.example"}
        own = {k: v for k, v in self.changed.get(key, {}).items() if k != "school"}
        grade = {"grades": '["04"]'} if key.startswith("st") else {}
        return _row(key, enabled=True, **(base | grade | own))

    def _enrollments(self) -> Iterator[dict[str, Any]]:
        for key in self.students:
            for group in self.classes:
                if group[2] == self.of(key):
                    yield _row(f"{group}-{key}", user=key, school=group[2], role="student", **{"class": group})


def _row(key: str, **values: Any) -> dict[str, Any]:
    return {"sourced_id": key, **values}


@cache
def _template() -> Path:
    folder = Path(tempfile.mkdtemp(prefix="rosterkit-school-"))
    atexit.register(shutil.rmtree, folder, ignore_errors=True)
    Workspace.init(folder / "ws")
    return folder / "ws"


@cache
def _applied(day: date) -> Path:
    """A workspace with the school as it is on that day, made once and copied for each test."""
    folder = Path(tempfile.mkdtemp(prefix="rosterkit-school-"))
    atexit.register(shutil.rmtree, folder, ignore_errors=True)
    with opened() as ws:
        run(ws, School(), day)
        shutil.copytree(ws.folder, folder / "ws")
    return folder / "ws"


@contextmanager
def opened(settings: Mapping[str, object] | None = None, *, since: date | None = None) -> Iterator[Workspace]:
    """A workspace with the school as it is applied on day ``since``, without it a new one.

    ``settings``: by TOML table, lines of it.
    """
    with tempfile.TemporaryDirectory() as folder:
        shutil.copytree(_applied(since) if since else _template(), Path(folder) / "ws")
        path = Path(folder) / "ws" / "rosterkit.toml"
        text = path.read_text(encoding="utf-8")
        for table_name, lines in (settings or {}).items():
            text = text.replace(f"[{table_name}]\n", f"[{table_name}]\n{lines}\n", 1)
        path.write_text(text, encoding="utf-8")
        yield Workspace(Path(folder) / "ws")


def run(ws: Workspace, school: School, day: date, *, apply: bool = True, **named: Any) -> Plan:
    """Plans what the school delivers on that day, and applies it."""
    plan = plan_extract(ws, school.extract(f"package of {day}"), as_of=day, **named)
    if apply:
        ws.approve(plan.id, reason="looked at", actor="kim")
        ws.apply(plan.id, actor="kim")
    return plan


def held(ws: Workspace, plan: Plan, entity: str = "User") -> dict[str, str]:
    """By sourced id what holds the archives and creates of an entity; "" = it will be applied."""
    mine = ws.show(plan.id).lines.filter((pl.col("entity") == entity) & pl.col("action").is_in(["archive", "create"]))
    return dict(mine.select("sourced_id", "held").rows())


def without(school: School, keys: Iterable[str]) -> School:
    """The school without these students."""
    gone = set(keys)
    school.students = [key for key in school.students if key not in gone]
    return school
