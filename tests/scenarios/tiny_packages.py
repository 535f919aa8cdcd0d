"""A tiny district as sheets of CSV whose order and text a test controls, and the packages made of it."""

from __future__ import annotations

import zipfile
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

from providers.oneroster.spec import FILES
from rosterkit.testing.package import manifest_text

MANIFEST = "manifest.csv"
SCHOOLS = ("S1", "S2")
PER_SCHOOL = 8  # students
GUARDIANS = 6  # of a school
OWNERS = {  # which column of which file names the record that a row belongs to
    "users": {
        "enrollments": "userSourcedId",
        "demographics": "sourcedId",
        "roles": "userSourcedId",
        "userProfiles": "userSourcedId",
    },
    "classes": {"enrollments": "classSourcedId"},
    "orgs": {"classes": "schoolSourcedId", "enrollments": "schoolSourcedId"},
}
MALFORMED = ("short", "long", "two", "quote", "open", "no key", "number for a key", "gap")


@dataclass
class Row:
    """One record; ``malformed`` (MALFORMED, or "") is how its line is written badly."""

    cells: dict[str, str]
    malformed: str = ""

    @property
    def key(self) -> str:
        return self.cells["sourcedId"]

    def copy(self, **cells: str) -> Row:
        return Row(self.cells | cells)

    def line(self, header: list[str], *, quoted: bool) -> str:
        cells = [self.cells.get(name, "") for name in header]
        if self.malformed in ("no key", "number for a key") and "sourcedId" in header:
            cells[header.index("sourcedId")] = "" if self.malformed == "no key" else "1.23E+11"
        texts = [_cell(cell, quoted=quoted) for cell in cells]
        if self.malformed == "quote":
            texts[-1] = 'the 5" pipe'
        if self.malformed == "open":
            texts[-1] = '"never closed'
        forms = {
            "short": ",".join(texts[:-1]),
            "long": ",".join([*texts, "Jr."]),
            "two": ",".join(texts + texts),
            "gap": ",".join(texts) + "\n",
        }
        return forms.get(self.malformed, ",".join(texts))


def _cell(value: str, *, quoted: bool) -> str:
    odd = any(letter in value for letter in ',"\n')
    return '"' + value.replace('"', '""') + '"' if odd or quoted else value


@dataclass
class Sheet:
    """One file: its rows in the order in which they are written, and how its text is written."""

    header: list[str]
    rows: list[Row]
    quoted: bool = False
    end: str = "\n"
    bom: bool = False
    ends: bool = True  # with a line end after the last row

    def text(self, rows: list[Row] | None = None) -> str:
        rows = self.rows if rows is None else rows
        lines = [",".join(self.header), *(row.line(self.header, quoted=self.quoted) for row in rows)]
        text = "\n".join(lines).replace("\n", self.end) + self.end * self.ends
        return "\ufeff" * self.bom + text

    def find(self, key: str) -> Row:
        return next(row for row in self.rows if row.key == key)

    def at(self, key: str) -> int:
        return self.rows.index(self.find(key))


@dataclass
class District:
    """What the SIS holds, by file name without ``.csv``; ``gone``: rows that left and may come back."""

    version: str
    sheets: dict[str, Sheet]
    gone: list[tuple[str, Row]] = field(default_factory=list)
    generated: int = 0

    def generate(self, stem: str) -> str:
        self.generated += 1
        return f"{stem}-x{self.generated}"


@dataclass(frozen=True)
class Package:
    """The members of a package, with their bytes."""

    members: Mapping[str, bytes]

    def with_manifest(self, version: str, modes: Mapping[str, str]) -> Package:
        """The same files, declared so."""
        return Package({**self.members, MANIFEST: manifest_text(modes, version=version).encode()})

    def without_manifest(self) -> Package:
        return Package({name: content for name, content in self.members.items() if name != MANIFEST})

    def write(self, path: Path, *, level: int = 6, backwards: bool = False) -> Path:
        """The same members give the same bytes at the same level and order; a path without ``.zip`` is a folder."""
        names = sorted(self.members, reverse=backwards)
        if path.suffix == ".zip":
            with zipfile.ZipFile(path, "w") as archive:
                for name in names:
                    info = zipfile.ZipInfo(name, (2026, 9, 1, 0, 0, 0))
                    archive.writestr(info, self.members[name], zipfile.ZIP_DEFLATED, level)
        else:
            path.mkdir()
            for name in names:
                (path / name).write_bytes(self.members[name])
        return path


def bulk(district: District, states: Mapping[str, str] | None = None) -> Package:
    """The whole district; ``states``: absent, undeclared, header, cut or not text, by sheet, where it is not whole."""
    states = states or {}
    modes = dict.fromkeys(district.sheets, "bulk")
    members: dict[str, bytes] = {}
    for name, sheet in district.sheets.items():
        state = states.get(name, "")
        if state in ("absent", "undeclared"):
            modes[name] = "absent" if state == "absent" else "bulk"
            continue
        members[f"{name}.csv"] = _written(sheet, state)
    return Package(members).with_manifest(district.version, modes)


def _written(sheet: Sheet, state: str) -> bytes:
    if state == "header":
        return sheet.text([]).encode()
    whole = sheet.text().encode()
    if state == "cut":
        return whole[: max(len(whole) * 3 // 4, 1)].rstrip(b"\r\n,")
    return whole + b"\xff\xfe" if state == "not text" else whole


def delta(district: District, before: District, *, day: int, only: tuple[str, ...]) -> Package:
    """What changed in these sheets since ``before``, dated that day of November; the others are left out."""
    members: dict[str, bytes] = {}
    for name in only:
        changed = _changes(district.sheets[name], before.sheets[name], f"2026-11-{day:02}T00:00:00.000Z")
        members[f"{name}.csv"] = district.sheets[name].text(changed).encode()
    modes = {name: "delta" if name in only else "absent" for name in district.sheets}
    return Package(members).with_manifest(district.version, modes)


def _changes(now: Sheet, was: Sheet, date: str) -> list[Row]:
    """Rows that are new, differ or are gone, as a delta says them."""
    old = {row.key: row for row in was.rows}
    kept = {row.key for row in now.rows}
    rows = [
        Row({"status": "active", **row.cells, "dateLastModified": date} | _stated(row), row.malformed)
        for row in now.rows
        if row != old.get(row.key)
    ]
    return rows + [row.copy(status="tobedeleted", dateLastModified=date) for key, row in old.items() if key not in kept]


def _stated(row: Row) -> dict[str, str]:
    return {"status": row.cells.get("status") or "active"}


def tiny_district(version: str = "1.1") -> District:
    """Two schools of eight students, six guardians and a teacher each; two classes a school in two terms."""
    rows = {
        "orgs": [
            {"sourcedId": "D", "name": "Larkspur", "type": "district"},
            *({"sourcedId": s, "name": f"{s} School", "type": "school", "parentSourcedId": "D"} for s in SCHOOLS),
        ],
        "academicSessions": [
            _session("Y", "schoolYear", "2026-08-20", "2027-06-15"),
            _session("T1", "term", "2026-08-20", "2027-01-20") | {"parentSourcedId": "Y"},
            _session("T2", "term", "2027-01-20", "2027-06-15") | {"parentSourcedId": "Y"},
        ],
        "courses": [
            {"sourcedId": "K1", "title": "Reading", "orgSourcedId": "D", "schoolYearSourcedId": "Y"},
            {"sourcedId": "K2", "title": "Botany", "orgSourcedId": "S2", "subjects": "Science", "subjectCodes": "03"},
        ],
        "classes": [_class(school, i) for school in SCHOOLS for i in range(2)],
        "users": [],
        "enrollments": [],
        "demographics": [],
    }
    if version == "1.2":
        rows |= {"roles": [], "userProfiles": []}
    for school in SCHOOLS:
        _people(rows, school, version)
    sheets = {name: Sheet(list(FILES[version][name].header), [Row(cells) for cells in rows[name]]) for name in rows}
    return District(version, sheets)


def _session(key: str, kind: str, start: str, end: str) -> dict[str, str]:
    return {"sourcedId": key, "title": key, "type": kind, "startDate": start, "endDate": end, "schoolYear": "2027"}


def _class(school: str, i: int) -> dict[str, str]:
    return {
        "sourcedId": f"{school}-c{i}",
        "title": f"Room {i}",
        "classType": ("homeroom", "scheduled")[i],
        "courseSourcedId": ("K1", "K2")[i] if school == "S2" else "K1",
        "schoolSourcedId": school,
        "termSourcedIds": ("T1,T2", "T1")[i],
    }


def _people(rows: dict[str, list[dict[str, str]]], school: str, version: str) -> None:
    """Students and guardians, whose links stand in the student's row, the guardian's, or both; a teacher."""
    students = [f"{school}-p{i}" for i in range(PER_SCHOOL)]
    guardians = [f"{school}-g{i}" for i in range(GUARDIANS)]
    agents: dict[str, list[str]] = {}
    for i, (student, guardian) in enumerate(zip(students, guardians, strict=False)):
        if i % 3 != 1:
            agents.setdefault(student, []).append(guardian)
        if i % 3 != 0:
            agents.setdefault(guardian, []).append(student)
    agents.setdefault(students[-1], []).extend(guardians[:2])
    for key in (*students, *guardians, f"{school}-t0"):
        role = {"p": "student", "g": "guardian", "t": "teacher"}[key.split("-")[1][0]]
        add_person(rows, key, school, role, version)
        rows["users"][-1]["agentSourcedIds"] = ",".join(agents.get(key, []))
    for i, student in enumerate(students):
        rows["enrollments"] += [enrolled(f"{school}-c{c}", student, school) for c in range(1 + i % 2)]
        rows["demographics"].append({"sourcedId": student, "birthDate": f"2015-03-{i + 1:02}", "sex": "female"})
    rows["enrollments"] += [enrolled(f"{school}-c{c}", f"{school}-t0", school, "teacher") for c in range(2)]


def add_person(rows: dict[str, list[dict[str, str]]], key: str, school: str, role: str, version: str) -> None:
    """A row of users, and in 1.2 of roles and sometimes of profiles."""
    person = {"sourcedId": key, "enabledUser": "true", "username": key.lower()}
    person |= {"givenName": f"Given {key}", "familyName": f"Family {key}", "identifier": f"N{key}"}
    person |= {"grades": "03"} if role == "student" else {"email": f"{key.lower()}@lk.example"}
    if version == "1.1":
        rows["users"].append(person | {"orgSourcedIds": school, "role": role})
        return
    rows["users"].append(person | {"primaryOrgSourcedId": school})
    held = {"sourcedId": f"r-{key}", "userSourcedId": key, "roleType": "primary", "role": role, "orgSourcedId": school}
    if role == "teacher":
        profile = {"sourcedId": f"u-{key}", "userSourcedId": key, "profileType": "learning tool", "vendorId": "v1"}
        rows["userProfiles"].append(profile | {"credentialType": "password", "username": f"lt-{key}"})
        held["userProfileSourcedId"] = f"u-{key}"
    rows["roles"].append(held)


def enrolled(class_: str, person: str, school: str, role: str = "student") -> dict[str, str]:
    """A row of enrollments."""
    row = {"sourcedId": f"{class_}.{person}", "classSourcedId": class_, "schoolSourcedId": school}
    return row | {"userSourcedId": person, "role": role}
