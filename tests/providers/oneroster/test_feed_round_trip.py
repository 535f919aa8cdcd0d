"""Package → extract → feed → extract: the same rows again; through the other version, all but what LOSSES says."""

from __future__ import annotations

import csv
from collections import Counter
from collections.abc import Iterator
from fnmatch import fnmatch
from pathlib import Path

import polars as pl
import pytest
from small_roster import built
from strict_validator import faults, members
from tiny import Read, extract

from providers.oneroster.feed_rules import LOSSES
from rosterkit.roster.schema import entities
from rosterkit.testing.frames import roster_of
from rosterkit.testing.package import manifest_text, write_package

Files = dict[str, list[dict[str, str]]]
SPAN = {"startDate": "2026-08-10", "endDate": "2027-06-11", "schoolYear": "2027"}


def _shared() -> Files:
    """What both versions write alike: accents, commas, quotes, extensions, lists in no order."""
    return {
        "orgs": [
            {"sourcedId": "D", "name": "Plainfield, Unified", "type": "district", "identifier": "0612"},
            {"sourcedId": "S1", "name": "École Élan", "type": "school", "parentSourcedId": "D",
             "metadata.city": "Elm, MN"},
            {"sourcedId": "S2", "name": 'The "Oak"', "type": "school", "parentSourcedId": "D"},
        ],
        "academicSessions": [
            {"sourcedId": "Y", "title": "2026-27", "type": "schoolYear", **SPAN},
            {"sourcedId": "T", "title": "Fall", "type": "term", **SPAN, "parentSourcedId": "Y", "metadata.a.b": "x"},
        ],
        "courses": [
            {"sourcedId": "K", "schoolYearSourcedId": "Y", "title": "Biology", "courseCode": "B", "grades": "10,09",
             "orgSourcedId": "D", "subjects": "Life,Earth", "subjectCodes": "03051,03008"},
        ],
        "classes": [
            {"sourcedId": "C", "title": "Biology, first", "grades": "10,09", "courseSourcedId": "K", "classCode": "B-1",
             "classType": "scheduled", "location": "4", "schoolSourcedId": "S1", "termSourcedIds": "Y,T",
             "subjects": "Life,Earth", "subjectCodes": "03051,03008", "periods": "3,1", "metadata.room": "North"},
        ],
        "enrollments": [
            {"sourcedId": "E1", "classSourcedId": "C", "schoolSourcedId": "S1", "userSourcedId": "ana",
             "role": "student", "beginDate": "2026-08-10", "endDate": "2027-06-11", "metadata.seat": "7"},
            {"sourcedId": "E2", "classSourcedId": "C", "schoolSourcedId": "S1", "userSourcedId": "tess",
             "role": "teacher", "primary": "true"},
        ],
        "demographics": [
            {"sourcedId": "ana", "birthDate": "2011-02-28", "sex": "female", "asian": "true", "white": "false",
             "countryOfBirthCode": "US", "stateOfBirthAbbreviation": "MN", "cityOfBirth": "Elm",
             "publicSchoolResidenceStatus": "01652", "metadata.lang": "es"},
        ],
    }  # fmt: skip


PEOPLE = [
    {"sourcedId": "ana", "enabledUser": "true", "username": "ana", "userIds": "{SIS:5},{LDAP:ana}", "givenName": "Ana",
     "familyName": "Ibáñez, Jr.", "middleName": "Luz", "identifier": "1001", "email": "ana@plainfield.example",
     "sms": "5550102", "phone": "5550101", "agentSourcedIds": "noe,gus", "grades": "10,09", "password": "s",
     "metadata.bus": "7"},
    {"sourcedId": "gus", "enabledUser": "false", "username": "gus", "givenName": "Gus", "familyName": "Ibáñez",
     "agentSourcedIds": "ana"},
    {"sourcedId": "noe", "enabledUser": "true", "username": "noe", "givenName": "Noé", "familyName": 'O"Dea'},
    {"sourcedId": "pia", "enabledUser": "true", "username": "pia", "givenName": "Pia", "familyName": "Lindqvist"},
    {"sourcedId": "tess", "enabledUser": "true", "username": "tess", "givenName": "Tess", "familyName": "Okafor"},
]  # fmt: skip


def _package_11() -> Files:
    places = {"ana": "S2,S1", "gus": "S1", "noe": "S1", "pia": "S2,D", "tess": "S1"}
    kinds = {"ana": "student", "gus": "parent", "noe": "guardian", "pia": "administrator", "tess": "teacher"}
    users = [row | {"orgSourcedIds": places[row["sourcedId"]], "role": kinds[row["sourcedId"]]} for row in PEOPLE]
    return _shared() | {"users": users}


def _role(sourced_id: str, user: str, role: str, org: str, **more: str) -> dict[str, str]:
    given = {"sourcedId": sourced_id, "userSourcedId": user, "role": role, "orgSourcedId": org, "roleType": "primary"}
    return given | more


def _package_12() -> Files:
    more = {
        "userMasterIdentifier": "M-1", "preferredGivenName": "Tessy", "preferredMiddleName": "Q.",
        "preferredFamilyName": "O.", "primaryOrgSourcedId": "S1", "pronouns": "she/her",
    }  # fmt: skip
    profile = {"profileType": "LMS", "vendorId": "v.example", "applicationId": "a", "credentialType": "SSO"}
    return _shared() | {
        "users": [row | (more if row["sourcedId"] == "tess" else {}) for row in PEOPLE],
        "userProfiles": [
            {"sourcedId": "P", "userSourcedId": "tess", **profile, "description": "x, y", "username": "t"}
        ],
        "roles": [
            _role("r1", "ana", "student", "S1") | {"metadata.fte": "1"},
            _role("r2", "gus", "parent", "S1"),
            _role("r3", "noe", "guardian", "S1"),
            _role("r4", "pia", "principal", "S1"),
            _role(
                "r5", "tess", "counselor", "S1", userProfileSourcedId="P", beginDate="2026-08-01", endDate="2027-07-01"
            ),
            _role("r6", "tess", "teacher", "S1", roleType="secondary"),
        ],
    }


def _read(path: Path) -> Read:
    read = extract(path, strict=True)
    assert read.findings.rows() == []
    return read


def _fed(read: Read, version: str, path: Path) -> Path:
    """The feed's package of these rows; nothing was found, and it is strictly valid."""
    frames = {}
    for entity in entities():
        if read.states.get(entity.name, "absent") != "absent":
            rows = read.rows(entity.name)
            values = {
                name: pl.col(name) if name in rows.columns else pl.lit(None, t)
                for name, t in entity.incoming_schema.items()
            }
            frames[entity.name] = rows.select("sourced_id", pl.col("_modified_at").alias("modified_at"), **values)
    settings = {"version": version, "demographics": True}
    rendered = built(roster_of(frames), **settings)
    path.write_bytes(rendered.files[0].content)
    assert faults(members(path.read_bytes())) == []
    return path


def _values(read: Read) -> dict[str, list[tuple[object, ...]]]:
    """Every row of every table with its values, and not its file and line."""
    values = {}
    for entity in entities():
        if read.states.get(entity.name, "absent") != "absent":
            rows = read.rows(entity.name)
            columns = [name for name in entity.incoming_schema if name in rows.columns]
            values[entity.name] = sorted(rows.select("sourced_id", *columns).rows(), key=repr)
    return values


PACKAGES = {"1.1": _package_11, "1.2": _package_12}


@pytest.mark.parametrize("version", PACKAGES)
def test_a_strict_package_comes_back_row_by_row(version: str, tmp_path: Path) -> None:
    before = _read(write_package(tmp_path / "in.zip", PACKAGES[version](), version=version))
    after = _read(_fed(before, version, tmp_path / "out.zip"))
    assert _values(after) == _values(before)
    assert len(_values(after)) == (11 if version == "1.2" else 10)


def test_11_through_12_comes_back_row_by_row_and_byte_by_byte(tmp_path: Path) -> None:
    before = _read(write_package(tmp_path / "in.zip", _package_11(), version="1.1"))
    through = _read(_fed(before, "1.2", tmp_path / "through.zip"))
    after = _fed(through, "1.1", tmp_path / "out.zip")
    assert _values(_read(after)) == _values(before)
    assert after.read_bytes() == _fed(before, "1.1", tmp_path / "straight.zip").read_bytes()


def _cells(path: Path) -> dict[str, list[dict[str, str]]]:
    texts = {name.removesuffix(".csv"): content.decode() for name, content in members(path.read_bytes()).items()}
    return {name: list(csv.DictReader(text.splitlines())) for name, text in texts.items()}


def _lost(before: Path, after: Path) -> set[str]:
    """The columns (``file.column``) whose cells differ; a file that is gone is ``file.*``."""
    old, new = _cells(before), _cells(after)
    gone = {f"{name}.*" for name in old if name not in new}
    values = {part["propertyName"]: part["value"] for part in new["manifest"]}
    gone |= {
        f"manifest.{row['propertyName']}"
        for row in old["manifest"]
        if not row["propertyName"].startswith("file.") and values.get(row["propertyName"]) != row["value"]
    }
    shared = [name for name in old if name in new and name != "manifest"]
    return gone.union(*(_differing(name, old[name], new[name]) for name in shared))


def _differing(name: str, old: list[dict[str, str]], new: list[dict[str, str]]) -> Iterator[str]:
    for column in [column for row in old for column in row if row[column].startswith("ext:")]:
        yield f"{name}.{column}"
    plain = [row for row in old if not any(cell.startswith("ext:") for cell in row.values())]
    if name == "roles":  # their ids do not last, so the columns are compared as wholes
        for column in {column: None for row in plain for column in row}:
            if Counter(row[column] for row in plain) != Counter(row.get(column, "") for row in new):
                yield f"{name}.{column}"
        return
    found = {row["sourcedId"]: row for row in new}
    if set(found) != {row["sourcedId"] for row in plain}:
        yield f"{name}.sourcedId"
    for row in plain:
        yield from (f"{name}.{column}" for column in row if found[row["sourcedId"]].get(column, "") != row[column])


def _assert_exactly(lost: set[str], *paths: str) -> None:
    listed = [column for loss in LOSSES if loss.path in paths for column in loss.columns]
    assert {found for found in lost if not any(fnmatch(found, column) for column in listed)} == set()
    assert {column for column in listed if not any(fnmatch(found, column) for found in lost)} == set()


def _with_what_is_always_lost(files: Files) -> Files:
    """The package with a gradebook and resources, and enrollments as a delta."""
    delta = {"status": "active", "dateLastModified": "2026-08-01T00:00:00.000Z"}
    resource = {"resourceSourcedId": "R"}
    grading = {"assignDate": "2026-09-01", "dueDate": "2026-09-02"}
    return files | {
        "enrollments": [row | delta for row in files["enrollments"]],
        "categories": [{"sourcedId": "A", "title": "Quizzes"}],
        "resources": [{"sourcedId": "R", "vendorResourceId": "v"}],
        "classResources": [{"sourcedId": "CR", "classSourcedId": "C", **resource}],
        "courseResources": [{"sourcedId": "KR", "courseSourcedId": "K", **resource}],
        "lineItems": [{"sourcedId": "L", "title": "One", "classSourcedId": "C", "categorySourcedId": "A", **grading}],
        "results": [{"sourcedId": "G", "lineItemSourcedId": "L", "studentSourcedId": "ana", "score": "1"}],
    }


def _package_with_losses(files: Files, path: Path, version: str) -> Path:
    manifest = {"source.systemName": "Example SIS", "source.systemCode": "X"}
    whole = _with_what_is_always_lost(files)
    modes = dict.fromkeys(whole, "bulk") | {"enrollments": "delta"}
    given = manifest_text(modes, version=version, properties=manifest).encode()
    return write_package(path, whole, version=version, raw={"manifest.csv": given})


def _tokens_of_ones_own(files: Files) -> Files:
    """The package with a row for every token that 1.1 has no word for."""
    klass = {**files["classes"][0], "sourcedId": "C9", "classType": "ext:club"}
    seat = {**files["enrollments"][0], "sourcedId": "E9", "role": "ext:auditor"}
    return files | {
        "orgs": [*files["orgs"], {"sourcedId": "O9", "name": "Camp", "type": "ext:camp"}],
        "academicSessions": [
            *files["academicSessions"],
            {"sourcedId": "T9", "title": "J", "type": "ext:jterm", **SPAN},
        ],
        "classes": [*files["classes"], klass],
        "enrollments": [*files["enrollments"], seat],
        "demographics": [*files["demographics"], {"sourcedId": "tess", "sex": "other"}],
        "roles": [*files["roles"], _role("r9", "pia", "ext:coach", "S2")],
    }


def test_11_through_12_loses_exactly_what_is_listed(tmp_path: Path) -> None:
    before = _package_with_losses(_package_11(), tmp_path / "in.zip", "1.1")
    through = _fed(_read(before), "1.2", tmp_path / "through.zip")
    after = _fed(_read(through), "1.1", tmp_path / "out.zip")
    _assert_exactly(_lost(before, after), "1.1 → 1.2 → 1.1")


def test_12_through_11_loses_exactly_what_is_listed(tmp_path: Path) -> None:
    before = _package_with_losses(_tokens_of_ones_own(_package_12()), tmp_path / "in.zip", "1.2")
    through = _fed(_read(before), "1.1", tmp_path / "through.zip")
    after = _fed(_read(through), "1.2", tmp_path / "out.zip")
    lost = _lost(before, after) | {"users.orgSourcedIds"}  # a column of 1.1 alone
    _assert_exactly(lost, "1.1 → 1.2 → 1.1", "1.2 → 1.1 → 1.2")
