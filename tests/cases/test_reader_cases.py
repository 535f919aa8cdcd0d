"""Packages from the field (fixtures/cases): each with the outcome that is right."""

from __future__ import annotations

from datetime import date
from pathlib import Path

import polars as pl
import pytest

from rosterkit.checking import check_package
from rosterkit.registry import source
from rosterkit.results import CheckReport
from rosterkit.sources.base import Context, Extract
from rosterkit.sources.findings import Findings

CASES = Path(__file__).parents[2] / "fixtures" / "cases"

Found = tuple[str, str, str, int, str, str]  # rule, severity, file, line, column, value

EXPECTED: dict[str, list[Found]] = {
    # The standard restricts no role there; the link is not a guardian's.
    "agent-is-a-teacher": [("agents.not-family", "info", "users.csv", 2, "agentSourcedIds", "u2")],
    # 15 and 30 are no months.
    "date-that-can-be-told": [
        ("date.form", "warning", "academicSessions.csv", 2, "endDate", "6/30/2027"),
        ("date.form", "warning", "academicSessions.csv", 2, "startDate", "8/15/2026"),
    ],
    # A check outside a workspace reads every rostering file that is there.
    "demographics-not-looked-at": [
        ("bool.unknown", "error", "demographics.csv", 2, "americanIndianOrAlaskaNative", "(5 characters)"),
        ("date.unreadable", "error", "demographics.csv", 2, "birthDate", "(10 characters)"),
        ("enum.unknown", "error", "demographics.csv", 2, "sex", "(5 characters)"),
        ("reference.missing", "error", "demographics.csv", 2, "sourcedId", "ghost"),
    ],
    "guardian-with-the-childs-e-mail": [("semantic.guardian-email", "info", "users.csv", 7, "email", "")],
    "header-ends-in-unnamed-cells": [("csv.unnamed-column", "warning", "roles.csv", 1, "", "")],
    "nobody-has-a-role": [
        ("reference.missing", "error", "enrollments.csv", 4, "userSourcedId", "ghost"),
        ("semantic.no-role", "warning", "users.csv", 4, "sourcedId", "g1"),
    ],
    "one-comma-too-many": [("csv.extra-cell", "warning", "enrollments.csv", 2, "", "")],
    "orphan-hidden-by-a-bad-line": [
        ("csv.key-unreadable", "error", "courses.csv", 3, "", ""),
        ("reference.missing", "error", "enrollments.csv", 4, "userSourcedId", "ghost"),
    ],
    "orphan-without-manifest": [
        ("reference.missing", "error", "enrollments.csv", 4, "userSourcedId", "ghost"),
        ("manifest.missing", "warning", "manifest.csv", 0, "", ""),
    ],
    "school-year-as-a-span": [
        ("year.span", "warning", "academicSessions.csv", 2, "schoolYear", "2026-2027"),
        ("year.span", "warning", "academicSessions.csv", 3, "schoolYear", "2026-27"),
    ],
    "spaces-in-text-cells": [
        ("cell.space", "warning", "users.csv", 7, column, "")
        for column in ("email", "familyName", "givenName", "orgSourcedIds", "sourcedId", "username")
    ],
    "usernames-that-differ-in-case": [
        ("semantic.username-case", "warning", "users.csv", line, "username", "(4 characters)") for line in (11, 12)
    ],
}


def check(case: str) -> CheckReport:
    return check_package(CASES / case)


def extracted(case: str, scratch: Path, *, demographics: bool = True) -> Extract:
    reader = source("oneroster")
    context = Context(Findings(reader.rules), date(2026, 9, 15), scratch, CASES, demographics=demographics)
    return reader.extract(reader.Settings(path=case), context)


def rows(case: str, entity: str, scratch: Path) -> pl.DataFrame:
    table = extracted(case, scratch).table(entity)
    assert table is not None
    return table.rows.collect()


@pytest.mark.parametrize("case", sorted(EXPECTED))
def test_a_package_from_the_field_has_the_findings_that_are_right(case: str) -> None:
    found = check(case).findings.select("rule", "severity", "file", "line", "column", "value")
    assert found.rows() == EXPECTED[case]


def test_every_package_of_the_reader_has_its_expectation() -> None:
    assert {path.name for path in CASES.iterdir()} >= set(EXPECTED)


def test_a_teacher_who_is_an_agent_is_no_guardian(tmp_path: Path) -> None:
    assert rows("agent-is-a-teacher", "GuardianLink", tmp_path).is_empty()


def test_a_date_with_one_reading_is_stored(tmp_path: Path) -> None:
    dates = rows("date-that-can-be-told", "AcademicSession", tmp_path)
    assert dates.filter(sourced_id="y1").select("start_date", "end_date").row(0) == ("2026-08-15", "2027-06-30")


def test_rows_that_end_before_unnamed_cells_or_after_the_header_are_read(tmp_path: Path) -> None:
    assert rows("header-ends-in-unnamed-cells", "Role", tmp_path).height == 2
    every = (CASES / "one-comma-too-many" / "enrollments.csv").read_text(encoding="utf-8").count("\n") - 1
    assert rows("one-comma-too-many", "Enrollment", tmp_path).height == every
    assert not {table.reason for table in check("one-comma-too-many").coverage if table.coverage == "partial"}


def test_a_school_year_named_by_both_years_is_the_second(tmp_path: Path) -> None:
    assert set(rows("school-year-as-a-span", "AcademicSession", tmp_path)["school_year"]) == {"2027"}


def test_text_cells_are_trimmed(tmp_path: Path) -> None:
    people = rows("spaces-in-text-cells", "User", tmp_path).filter(username="kid3")
    assert people.select("given_name", "email").row(0) == ("Lena", "k3@fir.example")


def test_usernames_that_differ_in_case_name_each_other() -> None:
    details = check("usernames-that-differ-in-case").findings["detail"].unique().to_list()
    assert details == ["alike but for case: k7 (line 11), k8 (line 12)"]


def test_a_workspace_that_does_not_ask_for_demographics_says_that_the_file_was_not_read(tmp_path: Path) -> None:
    extract = extracted("demographics-not-looked-at", tmp_path, demographics=False)
    assert extract.findings["rule"].to_list() == ["demographics.not-read"]
