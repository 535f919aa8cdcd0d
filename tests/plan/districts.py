"""Small districts and their packages, for hypothesis: what the SIS holds, and packages that say it badly."""

from __future__ import annotations

from collections.abc import Sequence
from copy import deepcopy
from dataclasses import dataclass, field
from typing import Any

from hypothesis import strategies as st

from rosterkit.plan.calendar import GraceSettings
from rosterkit.plan.limits import Limits
from rosterkit.roster.schema import by_name, entities
from rosterkit.sources.base import Extract
from rosterkit.testing.memory import extract, table

Truth = dict[str, dict[str, dict[str, Any]]]  # entity, sourced id, values

NAMES = ("Ines", "Kofi", "Zofia", "Mateo", "Ayumi", "Tariq", "Odalys", "Bram")
FAMILIES = ("Quispe", "Mensah", "Nowak", "Fofana", "Lindqvist", "Achterberg")
LISTERS = {  # who lists the records of an entity whole
    "ClassTerm": ("class",),
    "Role": ("user",),
    "GuardianLink": ("student", "asserted_by"),
}
SOFT: dict[str, dict[str, Sequence[Any]]] = {  # what an edit may write, blank among it
    "Org": {"name": ["North", "South"], "identifier": ["1", None], "type": ["school", "district"]},
    "AcademicSession": {"title": ["Fall", "Spring"]},
    "Course": {"title": ["Art", "Music"], "code": ["A1", None]},
    "Class": {"title": ["1a", "2b"], "location": ["Hall", None], "periods": ['["1"]', None]},
    "User": {
        "given_name": NAMES,
        "family_name": FAMILIES,
        "email": ["one@x.example", "two@x.example", None],
        "identifier": ["n1", "n2", "n3", None],
        "username": ["u0", "u1", "u2", None],
        "state_id": ["s1", "s2", None],
        "enabled": [True, False, None],
    },
    "UserProfile": {"username": ["u1", None]},
    "Role": {"type": ["primary", "secondary", None], "role": ["student", "teacher", None]},
    "Enrollment": {"primary": [True, False, None], "begin_date": ["2026-08-20", None]},
    "GuardianLink": {"relationship": ["mother", "guardian", None]},
    "Demographics": {"birth_date": ["2015-04-01", "2014-11-30", None]},
}


EVENTS = [
    "edit",
    "edit",
    "drop",
    "drop",
    "leave",
    "add",
    "point",
    "rekey",
    "reuse",
    "shrink",
    "every",
    "every",
    "zeros",
]


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


def add_person(truth: Truth, i: int, school: int, role: str, *, extras: bool) -> None:
    key = f"P{i}"
    truth["User"][key] = {
        "given_name": NAMES[i % len(NAMES)],
        "family_name": FAMILIES[i % len(FAMILIES)],
        "email": f"{key}@x.example",
        "identifier": f"i{i}",
        "username": f"u{i}",
        "primary_org": f"S{school}",
        "enabled": True,
    }
    truth["Role"][f"{key}|S{school}"] = {"user": key, "org": f"S{school}", "role": role, "type": "primary"}
    if extras:
        truth["Demographics"][key] = {"user": key, "birth_date": f"2015-01-{i % 27 + 1:02}"}
        if i % 3 == 0:
            truth["UserProfile"][f"{key}-u"] = {"user": key, "username": key.lower()}
            truth["Role"][f"{key}|S{school}"]["user_profile"] = f"{key}-u"
    if role == "guardian":
        child = f"P{i % 3}"
        statement = {"asserted_by": "student", "guardian": key, "student": child, "relationship": "father"}
        truth["GuardianLink"][f"{child}|{key}"] = statement
    else:
        for c in (f"C{school}0", f"C{school}{i % 2}"):
            truth["Enrollment"][f"{c}-{key}"] = {
                "class": c,
                "user": key,
                "school": f"S{school}",
                "role": role,
                "primary": False,
            }


def change(truth: Truth, draw: Any) -> None:
    """One thing that happens to the district."""
    what = draw(
        st.sampled_from(
            [
                "edit",
                "edit",
                "drop",
                "drop",
                "leave",
                "add",
                "point",
                "rekey",
                "reuse",
                "shrink",
                "every",
                "every",
                "zeros",
            ]
        )
    )
    filled = [name for name, rows in truth.items() if rows]
    name = draw(st.sampled_from(filled))
    key = draw(st.sampled_from(sorted(truth[name])))
    if what == "edit" and name in SOFT:
        label = draw(st.sampled_from(sorted(SOFT[name])))
        truth[name][key][label] = draw(st.sampled_from(SOFT[name][label]))
    elif what == "drop":
        del truth[name][key]
    elif what == "leave":
        _with_children(truth, name, key)
    elif what == "add":
        add_person(
            truth,
            draw(st.integers(0, 18)),
            0,
            draw(st.sampled_from(["student", "guardian"])),
            extras=draw(st.booleans()),
        )
    elif what == "point":
        _point(truth, name, key, draw)
    elif what == "rekey":
        truth[name][f"{key}'"] = truth[name].pop(key)
        _renamed(truth, name, key)
    elif what == "reuse" and truth["User"]:
        key = draw(st.sampled_from(sorted(truth["User"])))
        truth["User"][key] |= {
            "given_name": "Wren",
            "family_name": "Okafor",
            "identifier": draw(st.sampled_from(["z9", None])),
        }
        truth["Demographics"].get(key, {})["birth_date"] = "2013-02-03"
    elif what == "every" and name in SOFT:
        _every(truth, name, draw)
    elif what == "zeros":
        for old in sorted(truth[name])[: draw(st.integers(1, 8))]:
            truth[name][f"0{old}"] = truth[name].pop(old)
    elif what == "shrink":
        for gone in sorted(truth[name])[: draw(st.integers(2, 12))]:
            del truth[name][gone]


def _every(truth: Truth, name: str, draw: Any) -> None:
    """A field of every record changes: to one of few values, to blank, or to that of the record before."""
    label = draw(st.sampled_from(sorted(SOFT[name])))
    rows = list(truth[name].values())
    before = [row.get(label) for row in rows]
    how = draw(st.sampled_from(["drawn", "shifted", "one"]))
    one = draw(st.sampled_from(SOFT[name][label]))
    for at, row in enumerate(rows):
        drawn = draw(st.sampled_from(SOFT[name][label])) if how == "drawn" else one
        row[label] = before[at - 1] if how == "shifted" else drawn


def _with_children(truth: Truth, name: str, key: str) -> None:
    """A record goes and takes with it what requires it, as an SIS does it well."""
    truth[name].pop(key, None)
    for child in entities():
        for column in child.refs:
            if column.to == name and column.required:
                for row in [k for k, v in truth[child.name].items() if v.get(column.label) == key]:
                    _with_children(truth, child.name, row)


def _renamed(truth: Truth, name: str, key: str) -> None:
    for child in entities():
        for column in child.refs:
            for row in truth[child.name].values():
                if column.to == name and row.get(column.label) == key:
                    row[column.label] = f"{key}'"


def _point(truth: Truth, name: str, key: str, draw: Any) -> None:
    """A reference moves to another record, to none or to nowhere."""
    refs = by_name(name).refs
    if refs:
        column = draw(st.sampled_from(refs))
        others = sorted(truth[str(column.to)])
        truth[name][key][column.label] = draw(st.sampled_from([*others, "nowhere", None]))


@dataclass
class Saying:
    """How a package says the truth."""

    truth: Truth
    before: Truth  # what the last package said, for a delta
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
        said = {
            key: row
            for key, row in now.items()
            if not self.delta or was.get(key) != row or (lister and owner(lister, row) in anew)
        }
        gone = [key for key in was if key not in now and self.delta] + [
            k for n, k in self.marked if n == name and k not in now
        ]
        lost = self.unreadable.get(name, set()) & {*said, *gone, *was}
        rows = [self._row(name, key, row) for key, row in said.items() if key not in lost]
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


def next_package(draw: Any, before: Truth, number: int, *, kinds: tuple[str, ...] = ("full", "delta")) -> Saying:
    """What happens in one day, and the package that says it."""
    truth = deepcopy(before)
    for _ in range(draw(st.integers(0, 6))):
        change(truth, draw)
    saying = Saying(truth, before, delta=draw(st.sampled_from(kinds)) == "delta", name=f"package {number}")
    saying.listed = draw(st.booleans())
    keys = [(name, key) for name, rows in {n: {**before[n], **truth[n]} for n in truth}.items() for key in rows]
    trouble = st.sampled_from(
        ["state", "state", "unreadable", "unreadable", "unread", "without", "date", "date", "mark"]
    )
    for kind in draw(st.lists(trouble, max_size=6)):
        name, key = draw(st.sampled_from(keys))
        labels = [c.label for c in by_name(name).columns]
        optional = [c.label for c in by_name(name).columns if not c.required]
        if kind == "state":
            saying.states[name] = draw(st.sampled_from(["absent", "partial"]))
        elif kind == "unreadable":
            saying.unreadable.setdefault(name, set()).add(key)
        elif kind == "unread":
            saying.unread[name, key] = [draw(st.sampled_from(labels))]
        elif kind == "without" and optional:
            saying.without[name] = [draw(st.sampled_from(optional))]
        elif kind == "date":
            day = draw(st.integers(1, 3))
            saying.dates |= {k: f"2026-09-0{day}T00:00:00.000Z" for k in keys if k[0] == name}
        elif kind == "mark":
            saying.marked.add((name, key))
    return saying


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


@st.composite
def graces(draw: Any) -> GraceSettings:
    """No grace, or some days."""
    students, guardians, staff = (draw(st.sampled_from([0, 0, 1, 2])) for _ in range(3))
    return GraceSettings(students=students, guardians=guardians, staff=staff)
