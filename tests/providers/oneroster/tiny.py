"""The smallest sound packages of both versions, for tests to spoil."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from pathlib import Path
from typing import Any
from uuid import uuid4

import polars as pl

from providers.oneroster import SOURCE
from providers.oneroster.settings import OneRosterSettings
from rosterkit.sources.base import Context, Extract, Table
from rosterkit.sources.findings import Findings
from rosterkit.sources.row_cache import RowCache
from rosterkit.testing.package import write_package

Files = dict[str, list[dict[str, str]]]
NOW = "2026-11-20T02:00:00.000Z"


def tiny(version: str = "1.1") -> Files:
    """One district, one school, one class with a teacher and a student, and the student's guardian."""
    files: Files = {
        "orgs": [
            {"sourcedId": "d1", "name": "Harbour District", "type": "district"},
            {"sourcedId": "s1", "name": "Harbour School", "type": "school", "parentSourcedId": "d1"},
        ],
        "academicSessions": [
            _session("y1", "schoolYear", "2026-08-24", "2027-06-19"),
            _session("t1", "term", "2026-08-24", "2027-01-23") | {"parentSourcedId": "y1"},
        ],
        "courses": [{"sourcedId": "c1", "title": "Algebra", "orgSourcedId": "d1", "schoolYearSourcedId": "y1"}],
        "classes": [
            {
                "sourcedId": "k1",
                "title": "Algebra, Period 1",
                "courseSourcedId": "c1",
                "classType": "scheduled",
                "schoolSourcedId": "s1",
                "termSourcedIds": "t1",
                "grades": "09,10",
                "subjects": "Mathematics",
                "subjectCodes": "02052",
                "periods": "1",
            }
        ],
        "users": [_user("ana", "Ana", "Ruiz"), _user("omar", "Omar", "Haddad"), _user("lucia", "Lucia", "Ruiz")],
        "enrollments": [_enrollment("e1", "ana", "student"), _enrollment("e2", "omar", "teacher")],
        "demographics": [{"sourcedId": "ana", "birthDate": "2011-03-04", "sex": "female", "asian": "false"}],
    }
    roles = {"ana": "student", "omar": "teacher", "lucia": "parent"}
    if version == "1.1":
        for user in files["users"]:
            user |= {"role": roles[user["sourcedId"]], "orgSourcedIds": "s1"}
    else:
        files["roles"] = [_role(f"r{n}", who, role) for n, (who, role) in enumerate(roles.items(), 1)]
        files["userProfiles"] = [_profile("f1", "ana")]
        files["users"][0]["primaryOrgSourcedId"] = "s1"
    files["users"][0] |= {"agentSourcedIds": "lucia", "grades": "09", "userIds": "{LDAP:ana1}"}
    files["users"][2]["agentSourcedIds"] = "ana"
    return files


def _session(key: str, kind: str, start: str, end: str) -> dict[str, str]:
    return {"sourcedId": key, "title": key, "type": kind, "startDate": start, "endDate": end, "schoolYear": "2027"}


def _user(key: str, given: str, family: str) -> dict[str, str]:
    always = {"givenName": given, "familyName": family, "username": f"{key}@harbour.example"}
    return {"sourcedId": key, "enabledUser": "true", **always}


def _enrollment(key: str, who: str, role: str) -> dict[str, str]:
    links = {"classSourcedId": "k1", "schoolSourcedId": "s1", "userSourcedId": who}
    return {"sourcedId": key, **links, "role": role, "beginDate": "2026-08-24", "endDate": "2027-01-23"}


def _role(key: str, who: str, role: str) -> dict[str, str]:
    return {"sourcedId": key, "userSourcedId": who, "roleType": "primary", "role": role, "orgSourcedId": "s1"}


def _profile(key: str, who: str) -> dict[str, str]:
    always = {"profileType": "app", "vendorId": "v", "credentialType": "password", "username": f"{who}-app"}
    return {"sourcedId": key, "userSourcedId": who, **always}


def spoilt(file: str, at: int, version: str = "1.1", **cells: str) -> Files:
    """The tiny package with these cells of one row changed (``at`` counts rows from 0, so its line is ``at`` + 2)."""
    files = tiny(version)
    files[file][at] |= cells
    return files


def as_delta(files: Files) -> Files:
    """The same rows as a set of changes: each with its status and date."""
    always = {"status": "active", "dateLastModified": NOW}
    return {name: [always | row for row in rows] for name, rows in files.items()}


def deltas(files: Mapping[str, object]) -> dict[str, str]:
    """Every file's mode as delta, for the manifest."""
    return dict.fromkeys(files, "delta")


@dataclass(frozen=True)
class Read:
    """What the source made of a package."""

    extract: Extract

    @property
    def findings(self) -> pl.DataFrame:
        return self.extract.findings

    def table(self, entity: str) -> Table:
        found = self.extract.table(entity)
        assert found is not None, entity
        return found

    def rows(self, entity: str) -> pl.DataFrame:
        return self.table(entity).rows.collect()

    def state(self, entity: str) -> str:
        return str(self.table(entity).coverage)

    def unreadable(self, entity: str) -> list[str]:
        """Sourced ids of records that were seen and are not in the rows."""
        return self.table(entity).invalid.filter(pl.col("column").is_null())["sourced_id"].to_list()

    def unread(self, entity: str, key: str) -> list[str]:
        """Columns of a record whose cells could not be used."""
        invalid = self.table(entity).invalid
        return invalid.filter((pl.col("sourced_id") == key) & pl.col("column").is_not_null())["column"].to_list()

    def parents(self, entity: str, at: int = 0) -> pl.DataFrame:
        return self.table(entity).parents[at]

    @property
    def states(self) -> dict[str, str]:
        return {table.entity: str(table.coverage) for table in self.extract.tables}


def extract(path: Path, *, demographics: bool = True, cache: RowCache | None = None, **how: Any) -> Read:
    """Reads the package at that path. ``how``: settings, or keywords of Context."""
    scratch = path.parent / f"scratch-{uuid4().hex}"
    scratch.mkdir()
    settings = {name: how.pop(name) for name in ("strict", "dates") if name in how}
    context = Context(
        Findings(SOURCE.rules),
        date(2026, 11, 20),
        scratch,
        path.parent,
        demographics=demographics,
        row_cache=cache,
        **how,
    )
    return Read(SOURCE.extract(OneRosterSettings(path=path.name, **settings), context))


_HOW = ("strict", "dates", "demographics", "ignored_lines", "cache", "size_limits")


def read(path: Path, files: Files, **how: Any) -> Read:
    """Writes the package (a folder, which is quicker) and reads it, demographics too."""
    reading = {name: how.pop(name) for name in _HOW if name in how}
    write_package(path / "package", files, **how)
    return extract(path / "package", **reading)


def found(read: Read, rule: str) -> list[tuple[str, str, int, str]]:
    """(severity, file, line, column) of each finding of that rule."""
    return list(read.findings.filter(rule=rule).select("severity", "file", "line", "column").iter_rows())


def rows_of(read: Read, entity: str) -> dict[str, dict[str, Any]]:
    """The entity's rows by sourced id."""
    return {row["sourced_id"]: row for row in read.rows(entity).iter_rows(named=True)}
