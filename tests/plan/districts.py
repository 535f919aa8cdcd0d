"""Small districts and their packages, for hypothesis: what the SIS holds, and packages that say it badly."""

from __future__ import annotations

from copy import deepcopy
from dataclasses import dataclass, field
from datetime import date, timedelta
from typing import Any

from happenings import Truth, add_person, change
from hypothesis import strategies as st

from rosterkit.plan.calendar import GraceSettings
from rosterkit.plan.limits import Limits
from rosterkit.roster.schema import by_name, entities
from rosterkit.sources.base import Extract
from rosterkit.testing.memory import extract, table

LISTERS = {  # who lists the records of an entity whole
    "ClassTerm": ("class",),
    "Role": ("user",),
    "GuardianLink": ("student", "asserted_by"),
}


def first_truth(schools: int, students: int, adults: int, *, extras: bool) -> Truth:
    """A district where every reference stands."""
    truth: Truth = {e.name: {} for e in entities()}
    truth["Org"]["D"] = {"name": "District", "type": "district"}
    truth["AcademicSession"]["Y"] = {"title": "Year", "type": "schoolYear", "school_year": "2027"}
    truth["AcademicSession"]["T1"] = {"title": "Fall", "type": "term", "parent": "Y", "school_year": "2027"}
    for s in range(schools):
        truth["Org"][f"S{s}"] = {"name": f"School {s}", "type": "school", "parent": "D"}
        truth["Course"][f"K{s}"] = {"title": "Reading", "org": f"S{s}" if s else "D", "school_year": "Y"}
        for c in range(2):
            key = f"C{s}{c}"
            truth["Class"][key] = {"title": key, "type": "scheduled", "course": f"K{s}", "school": f"S{s}"}
            truth["ClassTerm"][f"{key}|T1"] = {"class": key, "session": "T1"}
    for i in range(students + adults):
        add_person(truth, i, i % schools, "student" if i < students else ("teacher", "guardian")[i % 2], extras=extras)
    return truth


@dataclass
class Package:
    """What a package shows of the truth, and how badly."""

    truth: Truth
    before: Truth  # what the last package held, for a delta
    delta: bool = False
    states: dict[str, str] = field(default_factory=dict)  # absent | partial
    unreadable: dict[str, set[str]] = field(default_factory=dict)
    unread: dict[tuple[str, str], list[str]] = field(default_factory=dict)
    without: dict[str, list[str]] = field(default_factory=dict)
    dates: dict[tuple[str, str], str] = field(default_factory=dict)
    marked: set[tuple[str, str]] = field(default_factory=set)  # rows of a full file that say they are deleted
    listed: bool = False
    name: str = "package"

    def extract(self) -> Extract:
        tables = {}
        for entity in entities():
            if self.states.get(entity.name) != "absent":
                tables[entity.name] = self._table(entity.name)
        return extract(tables, self.states, delta=self.delta, name=self.name)

    def _table(self, name: str) -> Any:
        now, was = self.truth[name], self.before[name]
        lister = LISTERS.get(name) if self.listed else None
        anew = {
            owner(lister, row)
            for key in {**now, **was}
            if now.get(key) != was.get(key)
            for row in (now.get(key), was.get(key))
            if lister and row
        }
        delivered = {
            key: row
            for key, row in now.items()
            if not self.delta or was.get(key) != row or (lister and owner(lister, row) in anew)
        }
        gone = [key for key in was if key not in now and self.delta] + [
            k for n, k in self.marked if n == name and k not in now
        ]
        lost = self.unreadable.get(name, set()) & {*delivered, *gone, *was}
        rows = [self._row(name, key, row) for key, row in delivered.items() if key not in lost]
        rows += [self._row(name, key, was.get(key, {}), deleted=True) for key in dict.fromkeys(gone) if key not in lost]
        listings = []
        if lister:
            owners = (
                sorted(anew) if self.delta else sorted({owner(lister, row) for row in [*now.values(), *was.values()]})
            )
            listings = [[dict(zip(lister, values, strict=True)) for values in owners]]
        return table(name, rows, unreadable=sorted(lost), listings=listings, without=self.without.get(name, []))

    def _row(self, name: str, key: str, row: dict[str, Any], *, deleted: bool = False) -> dict[str, Any]:
        unread = [label for label in self.unread.get((name, key), []) if label not in self.without.get(name, [])]
        values = {label: value for label, value in row.items() if label not in [*unread, *self.without.get(name, [])]}
        return {
            "sourced_id": key,
            "deleted": deleted,
            "unread": unread or None,
            "modified_at": self.dates.get((name, key)),
            **values,
        }


def owner(labels: tuple[str, ...], row: dict[str, Any]) -> tuple[str, ...]:
    return tuple(str(row.get(label)) for label in labels)


@st.composite
def districts(draw: Any) -> Truth:
    """A first truth."""
    return first_truth(
        draw(st.integers(1, 3)), draw(st.integers(2, 10)), draw(st.integers(0, 4)), extras=draw(st.booleans())
    )


def next_package(draw: Any, before: Truth, number: int, *, kinds: tuple[str, ...] = ("full", "delta")) -> Package:
    """What happens in one day, and the package that says it."""
    truth = deepcopy(before)
    for _ in range(draw(st.integers(0, 6))):
        change(truth, draw)
    package = Package(truth, before, delta=draw(st.sampled_from(kinds)) == "delta", name=f"package {number}")
    package.listed = draw(st.booleans())
    keys = [(name, key) for name, rows in {n: {**before[n], **truth[n]} for n in truth}.items() for key in rows]
    trouble = st.sampled_from(
        ["state", "state", "unreadable", "unreadable", "unread", "without", "date", "date", "mark"]
    )
    for kind in draw(st.lists(trouble, max_size=6)):
        name, key = draw(st.sampled_from(keys))
        labels = [c.label for c in by_name(name).columns]
        optional = [c.label for c in by_name(name).columns if not c.required]
        if kind == "state":
            package.states[name] = draw(st.sampled_from(["absent", "partial"]))
        elif kind == "unreadable":
            package.unreadable.setdefault(name, set()).add(key)
        elif kind == "unread":
            package.unread[name, key] = [draw(st.sampled_from(labels))]
        elif kind == "without" and optional:
            package.without[name] = [draw(st.sampled_from(optional))]
        elif kind == "date":
            day = draw(st.integers(1, 3))
            package.dates |= {k: f"2026-09-0{day}T00:00:00.000Z" for k in keys if k[0] == name}
        elif kind == "mark":
            package.marked.add((name, key))
    return package


@st.composite
def limit_settings(draw: Any) -> Limits:
    """The limits as they are, or limits that a small district exceeds: every minimum and percentage may be low."""
    if draw(st.booleans()):
        return Limits()
    numbers = {name: draw(st.sampled_from([0, 1, 2, 5])) for name in MINIMUMS}
    percents = {name: draw(st.sampled_from([0, 5, 20, 50, 100])) for name in draw(st.sets(st.sampled_from(PERCENTS)))}
    return Limits(**numbers, **percents, max_guardians=draw(st.sampled_from([1, 2, 6])))


PERCENTS = [name for name in Limits.model_fields if name.endswith("_percent")]
MINIMUMS = [name for name in Limits.model_fields if name.startswith("min_") or name == "max_renamed_people"]


def raised(draw: Any, limits: Limits) -> Limits:
    """The limits, some of which are higher."""
    names = draw(st.sets(st.sampled_from([*PERCENTS, *MINIMUMS, "max_guardians", "halving_min_size"]), min_size=1))
    more = {name: draw(st.sampled_from([1, 3, 20])) for name in sorted(names)}
    values = limits.model_dump()
    high = {name: min(values[name] + by, 100) for name, by in more.items()}
    return Limits.model_validate(values | {n: float(v) if n in PERCENTS else int(v) for n, v in high.items()})


def give_terms(truth: Truth, draw: Any, day: date) -> None:
    """The sessions get days near this one; there are a second term and a next year, with classes of their own."""

    def near(low: int, high: int) -> str:
        return (day + timedelta(days=draw(st.integers(low, high)))).isoformat()

    sessions = truth["AcademicSession"]
    sessions["Y2"] = {"title": "Next year", "type": "schoolYear", "school_year": "2028"}
    sessions["T2"] = {"title": "Spring", "type": "term", "parent": draw(st.sampled_from(["Y", "Y2"]))}
    for session in sessions.values():
        session |= {"start_date": near(-20, 3), "end_date": draw(st.sampled_from([near(-1, 6), near(20, 30), None]))}
    for key in list(truth["Class"]):
        for term in draw(st.sampled_from([(), ("T2",), ("Y",), ("T2", "Y2")])):
            truth["ClassTerm"][f"{key}|{term}"] = {"class": key, "session": term}
        if draw(st.booleans()):
            truth["ClassTerm"].pop(f"{key}|T1", None)


def next_year(truth: Truth, draw: Any) -> None:
    """New classes come, with people in them."""
    for number in range(draw(st.integers(1, 4))):
        key = f"N{number}"
        truth["Class"][key] = {"title": key, "type": "scheduled", "course": None, "school": "S0"}
        truth["ClassTerm"][f"{key}|Y2"] = {"class": key, "session": draw(st.sampled_from(["Y2", "T2", "T1"]))}
        person = draw(st.sampled_from(sorted(truth["User"]) or ["P0"]))
        row = {"class": key, "user": person, "school": "S0", "role": "student", "primary": False}
        truth["Enrollment"][f"{key}-{person}"] = row


@st.composite
def graces(draw: Any) -> GraceSettings:
    """No grace, or some days."""
    students, guardians, staff = (draw(st.sampled_from([0, 0, 1, 2])) for _ in range(3))
    return GraceSettings(students=students, guardians=guardians, staff=staff)
