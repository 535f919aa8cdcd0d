"""Strict against lenient, row by row of the table that the reader promises to follow."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from tiny import Files, Read, as_delta, deltas, read, rows_of, spoilt, tiny

from providers.oneroster.spec import FILES
from rosterkit.testing.package import csv_text, manifest_text

DELTA = as_delta(tiny())


def both(tmp_path: Path, files: Files, **how: Any) -> tuple[Read, Read]:
    """Read strictly, and leniently."""
    return read(tmp_path / "strict", files, strict=True, **how), read(tmp_path / "lenient", files, **how)


def severities(bundle: Read) -> set[str]:
    return set(bundle.findings["severity"])


def with_text(file: str, old: str, new: str) -> dict[str, Any]:
    content = csv_text(FILES["1.1"][file].header, tiny()[file])
    assert old in content
    return {"raw": {f"{file}.csv": content.replace(old, new, 1).encode()}}


def test_a_bom_is_accepted_silently(tmp_path: Path) -> None:
    content = b"\xef\xbb\xbf" + csv_text(FILES["1.1"]["orgs"].header, tiny()["orgs"]).encode()
    for bundle in both(tmp_path, tiny(), raw={"orgs.csv": content}):
        assert bundle.findings.is_empty()


def test_junk_beside_the_files(tmp_path: Path) -> None:
    strict, lenient = both(tmp_path, tiny(), raw={"__MACOSX/._users.csv": b"x", ".DS_Store": b"x"})
    assert (severities(strict), severities(lenient)) == ({"error"}, {"warning"})


@pytest.mark.parametrize(
    ("file", "old", "new"),
    [
        ("orgs", "parentSourcedId", "parentsourcedid"),
        ("orgs", "identifier,parentSourcedId", "parentSourcedId,identifier"),
        ("users", "phone,", "metadata.x,"),
        ("orgs", "identifier,parentSourcedId", "identifier,parentSourcedId,county"),
    ],
    ids=["case", "order", "missing optional column", "unknown column"],
)
def test_a_header_that_departs_refuses_the_file_in_strict_reading_only(
    file: str, old: str, new: str, tmp_path: Path
) -> None:
    how = with_text(file, old, new)
    if new.endswith("county"):
        how["raw"][f"{file}.csv"] = how["raw"][f"{file}.csv"].replace(b",\n", b",,\n").replace(b"d1\n", b"d1,Bay\n")
    strict, lenient = both(tmp_path, tiny(), **how)
    entity = {"orgs": "Org", "users": "User"}[file]
    assert (strict.state(entity), severities(strict)) == ("absent", {"error"})
    assert (lenient.state(entity), severities(lenient)) == ("full", {"warning"})


def test_an_unknown_column_is_kept_as_an_attribute(tmp_path: Path) -> None:
    files = tiny()
    files["orgs"][1]["county"] = "Bay"
    assert rows_of(read(tmp_path, files), "Org")["s1"]["attributes"] == '{"county":"Bay"}'


MENDED = [
    ("users", {"enabledUser": "TRUE"}, "User", "ana", "enabled", True),
    ("users", {"enabledUser": "False"}, "User", "ana", "enabled", False),
    ("users", {"enabledUser": "1"}, "User", "ana", "enabled", True),
    ("users", {"enabledUser": "no"}, "User", "ana", "enabled", False),
    ("classes", {"classType": "Scheduled"}, "Class", "k1", "type", "scheduled"),
    ("enrollments", {"role": "STUDENT"}, "Enrollment", "e1", "role", "student"),
    ("enrollments", {"beginDate": "2026-08-24 00:00"}, "Enrollment", "e1", "begin_date", "2026-08-24"),
    ("enrollments", {"beginDate": "2026-8-24"}, "Enrollment", "e1", "begin_date", "2026-08-24"),
    ("enrollments", {"beginDate": "8/27/2026"}, "Enrollment", "e1", "begin_date", "2026-08-27"),
    ("enrollments", {"beginDate": "27.08.2026"}, "Enrollment", "e1", "begin_date", "2026-08-27"),
    ("enrollments", {"beginDate": "9/9/2026"}, "Enrollment", "e1", "begin_date", "2026-09-09"),
    ("academicSessions", {"schoolYear": "2026-27"}, "AcademicSession", "y1", "school_year", "2027"),
    ("users", {"familyName": " Ruiz "}, "User", "ana", "family_name", "Ruiz"),
    ("users", {"userIds": "123"}, "User", "ana", "user_ids", '["{unknown:123}"]'),
    ("users", {"userIds": "local:123,{A:b}"}, "User", "ana", "user_ids", '["{A:b}","{unknown:local:123}"]'),
    ("users", {"userIds": '[{"t":"a"}]'}, "User", "ana", "user_ids", '["{unknown:[{\\"t\\":\\"a\\"}]}"]'),
    ("classes", {"periods": "1, 2"}, "Class", "k1", "periods", '["1","2"]'),
    ("classes", {"periods": "1,,2"}, "Class", "k1", "periods", '["1","2"]'),
    ("users", {"grades": "9"}, "User", "ana", "grades", '["09"]'),
    ("users", {"grades": "K"}, "User", "ana", "grades", '["KG"]'),
    ("courses", {"orgSourcedId": "d:1 x"}, "Course", "c1", "org", "d:1 x"),
]


@pytest.mark.parametrize(("file", "cells", "entity", "key", "label", "value"), MENDED, ids=lambda v: str(v)[:30])
def test_a_cell_is_mended_in_lenient_reading_and_unread_in_strict(
    file: str, cells: dict[str, str], entity: str, key: str, label: str, value: str | bool, tmp_path: Path
) -> None:
    strict, lenient = both(tmp_path, spoilt(file, 0, **cells))
    row = rows_of(lenient, entity)[key]
    assert (row[label], lenient.unread(entity, key)) == (value, [])
    assert severities(lenient) <= {"warning", "info"}
    row = rows_of(strict, entity)[key]
    assert (row[label], strict.unread(entity, key)) == (None, [label])
    assert "error" in severities(strict)


@pytest.mark.parametrize("value", ["3/4/2026", "2026-02-30", "31/31/2026", "11-12-2018", "soon"])
def test_month_and_day_are_never_guessed(value: str, tmp_path: Path) -> None:
    for bundle in both(tmp_path, spoilt("enrollments", 0, beginDate=value)):
        assert bundle.unread("Enrollment", "e1") == ["begin_date"]


def test_status_and_date_in_bulk(tmp_path: Path) -> None:
    files = spoilt("orgs", 1, status="tobedeleted", dateLastModified="2026-11-20T02:00:00.000Z")
    strict, lenient = both(tmp_path, files)
    assert (severities(strict), severities(lenient)) == ({"error"}, {"warning"})
    assert [rows_of(bundle, "Org")["s1"]["_deleted"] for bundle in (strict, lenient)] == [False, True]
    assert rows_of(lenient, "Org")["s1"]["_modified_at"] is None


@pytest.mark.parametrize(
    ("cells", "modified"),
    [
        ({"status": "inactive"}, "2026-11-20T02:00:00.000Z"),
        ({"status": "toBeDeleted"}, "2026-11-20T02:00:00.000Z"),
        ({"status": "tobedeleted", "dateLastModified": "2026-11-20"}, "2026-11-20T00:00:00.000Z"),
        ({"status": "tobedeleted", "dateLastModified": "2026-11-20 02:00"}, "2026-11-20T02:00:00.000Z"),
    ],
)
def test_status_and_date_in_a_delta(cells: dict[str, str], modified: str, tmp_path: Path) -> None:
    files = {**DELTA, "orgs": [DELTA["orgs"][0], DELTA["orgs"][1] | cells]}
    strict, lenient = both(tmp_path, files, modes=deltas(files))
    row = rows_of(lenient, "Org")["s1"]
    assert (row["_deleted"], row["_modified_at"], severities(lenient)) == (True, modified, {"warning"})
    assert strict.unreadable("Org") == ["s1"]


def test_missing_file_rows_are_absent_and_only_strictly_an_error(tmp_path: Path) -> None:
    content = manifest_text(dict.fromkeys(tiny(), "bulk")).replace("file.results,absent\n", "").encode()
    strict, lenient = both(tmp_path, tiny(), raw={"manifest.csv": content})
    assert (severities(strict), lenient.findings.height) == ({"error"}, 0)


def test_what_valid_packages_break_is_not_enforced(tmp_path: Path) -> None:
    """A term outside the course's school year, and an enrollment role that is none of the person's roles."""
    files = tiny("1.2")
    files["academicSessions"].append({**files["academicSessions"][0], "sourcedId": "y2"})
    files["courses"][0]["schoolYearSourcedId"] = "y2"
    files["enrollments"][0]["role"] = "proctor"
    for bundle in both(tmp_path, files, version="1.2"):
        assert bundle.findings.is_empty()
