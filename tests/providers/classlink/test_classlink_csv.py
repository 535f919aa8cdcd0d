"""B1.5, B1.7: OneRoster CSV files as ClassLink writes them are read by the OneRoster source."""

from __future__ import annotations

import csv
import io
from datetime import date
from pathlib import Path
from typing import Any

import polars as pl

import providers.oneroster
from rosterkit.sources.base import Context, Extract
from rosterkit.sources.findings import Findings
from rosterkit.testing.package import write_package

STAMP = "2026-10-05T06:30:00.000Z"
BASE = {"status": "active", "dateLastModified": STAMP}


def person(key: str, role: str, org: str, **more: str) -> dict[str, str]:
    row = {"sourcedId": key, "enabledUser": "TRUE", "orgSourcedIds": org, "role": role, "username": key.lower()}
    return BASE | row | {"givenName": "Lior", "familyName": "Amsel", "identifier": "9", "password": ""} | more


FILES: dict[str, list[dict[str, str]]] = {
    "orgs": [
        BASE | {"sourcedId": "D", "name": "Harbor", "type": "district", "metadata.address1": "1 Quay Street"},
        BASE | {"sourcedId": "7|1", "name": "Pier School", "type": "school", "parentSourcedId": "D"},
    ],
    "academicSessions": [
        BASE
        | {"sourcedId": "FY", "title": "Year", "type": "schoolYear", "schoolYear": "2027"}
        | {"startDate": "2026-08-17T00:00:00.000Z", "endDate": "2027-06-12T00:00:00.000Z"}
    ],
    "courses": [BASE | {"sourcedId": "c 1", "title": "Sci5", "orgSourcedId": "D"}],
    "classes": [
        BASE
        | {"sourcedId": "5678_T5678-0005", "title": "Sci5 (Sci5)", "classType": "scheduled", "grades": "06,05"}
        | {"courseSourcedId": "c 1", "schoolSourcedId": "7|1", "termSourcedIds": "FY", "classCode": "", "periods": ""}
    ],
    "users": [
        person("33333", "student", "7|1", agentSourcedIds="G333333", grades="05"),
        person("G333333", "parent", "D", agentSourcedIds=""),
        person("T5", "teacher", "7|1"),
        person("44444", "student", "7|1", agentSourcedIds="G-unshared", grades="05"),
    ],
    "enrollments": [
        BASE
        | {"sourcedId": "33333/1", "classSourcedId": "5678_T5678-0005", "schoolSourcedId": "7|1"}
        | {"userSourcedId": "33333", "role": "student", "primary": "False", "beginDate": "", "endDate": ""}
    ],
}


def quoted_manifest(path: Path) -> bytes:
    """The manifest with its source rows first, and everything quoted."""
    rows = list(csv.reader(io.StringIO((path / "manifest.csv").read_text(encoding="utf-8"))))
    head, body = rows[0], sorted(rows[1:], key=lambda row: not row[0].startswith("source."))
    out = io.StringIO()
    csv.writer(out, quoting=csv.QUOTE_ALL, lineterminator="\r\n").writerows([head, *body])
    return out.getvalue().encode()


def read(tmp_path: Path, files: dict[str, list[dict[str, str]]] = FILES) -> Extract:
    plain = write_package(tmp_path / "plain", files)
    package = write_package(tmp_path / "export.zip", files, raw={"manifest.csv": quoted_manifest(plain)})
    source: Any = providers.oneroster.SOURCE
    context = Context(Findings(source.rules), date(2026, 10, 6), tmp_path, tmp_path)
    extract: Extract = source.extract(source.Settings(path=str(package)), context)
    return extract


def rows(extract: Extract, entity: str) -> pl.DataFrame:
    table = extract.table(entity)
    assert table
    return table.rows.collect()


def test_the_files_are_read_whole_and_without_an_error_of_form(tmp_path: Path) -> None:
    extract = read(tmp_path)
    assert {str(table.coverage) for table in extract.tables if table.entity != "Demographics"} == {"full"}
    errors = extract.findings.filter(severity="error")
    assert set(errors["rule"]) <= {"agents.missing", "reference.missing"}, errors
    assert rows(extract, "User")["enabled"].to_list() == [True] * 4
    session = rows(extract, "AcademicSession").row(0, named=True)
    assert (session["start_date"], session["end_date"]) == ("2026-08-17", "2027-06-12")
    assert rows(extract, "Class")["grades"].to_list() == ['["05","06"]']


def test_the_districts_own_ids_are_taken_as_they_are(tmp_path: Path) -> None:
    extract = read(tmp_path)
    assert set(rows(extract, "Org")["sourced_id"]) == {"D", "7|1"}
    assert rows(extract, "Enrollment").row(0, named=True)["class"] == "5678_T5678-0005"


def test_a_guardian_of_the_district_is_linked_and_one_that_is_not_shared_is_a_finding(tmp_path: Path) -> None:
    extract = read(tmp_path)
    links = rows(extract, "GuardianLink").select("guardian", "student").rows()
    assert ("G333333", "33333") in links
    roles = dict(rows(extract, "Role").select("user", "org").rows())
    assert roles["G333333"] == "D"


def test_without_the_column_of_agents_stored_links_stay(tmp_path: Path) -> None:
    files = FILES | {"users": [{k: v for k, v in row.items() if k != "agentSourcedIds"} for row in FILES["users"]]}
    plain = write_package(tmp_path / "plain", files)
    text = (plain / "users.csv").read_text(encoding="utf-8")
    table = list(csv.DictReader(io.StringIO(text)))
    out = io.StringIO()
    names = [name for name in table[0] if name != "agentSourcedIds"]
    writer = csv.DictWriter(out, names, extrasaction="ignore", lineterminator="\n")
    writer.writeheader()
    writer.writerows(table)
    (plain / "users.csv").write_text(out.getvalue(), encoding="utf-8")
    source: Any = providers.oneroster.SOURCE
    context = Context(Findings(source.rules), date(2026, 10, 6), tmp_path, tmp_path)
    extract = source.extract(source.Settings(path=str(plain)), context)
    assert extract.table("GuardianLink").parents == () or all(
        p.is_empty() for p in extract.table("GuardianLink").parents
    )
    assert str(extract.table("GuardianLink").coverage) != "full"
