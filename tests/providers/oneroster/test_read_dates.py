"""How a date with slashes is meant is a setting; unsaid, it cannot be told (CSV binding §1.3: YYYY-MM-DD)."""

from pathlib import Path
from typing import Any

import pytest
from tiny import extract

from rosterkit.testing.package import write_package

ORG = {"sourcedId": "D", "name": "Juniper Valley", "type": "district"}
SESSION = {"sourcedId": "T", "title": "Autumn", "type": "term", "endDate": "2026-12-20", "schoolYear": "2027"}


@pytest.mark.parametrize(
    ("dates", "written", "read"),
    [
        ("iso", "3/4/2026", None),
        ("iso", "8/15/2026", "2026-08-15"),
        ("iso", "15/8/2026", "2026-08-15"),
        ("iso", "4/4/2026", "2026-04-04"),
        ("month-first", "3/4/2026", "2026-03-04"),
        ("day-first", "3/4/2026", "2026-04-03"),
        ("day-first", "15.06.2026", "2026-06-15"),
        ("month-first", "15/06/2026", None),
        ("month-first", "2026-03-04", "2026-03-04"),
    ],
)
def test_a_date_with_slashes_is_read_as_the_district_says(tmp_path: Path, dates: Any, written: Any, read: Any) -> None:
    files = {"orgs": [ORG], "academicSessions": [{**SESSION, "startDate": written}]}
    found = extract(write_package(tmp_path / "p.zip", files), dates=dates)
    assert found.rows("AcademicSession")["start_date"].to_list() == [read]
    assert found.unread("AcademicSession", "T") == ["start_date"] * (read is None)


def test_strict_reading_mends_no_date(tmp_path: Path) -> None:
    files = {"orgs": [ORG], "academicSessions": [{**SESSION, "startDate": "3/4/2026"}]}
    found = extract(write_package(tmp_path / "p.zip", files), strict=True, dates="month-first")
    assert found.rows("AcademicSession")["start_date"].to_list() == [None]
    assert "date.form" in found.findings["rule"]
