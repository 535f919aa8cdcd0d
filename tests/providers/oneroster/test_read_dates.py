"""How a date with slashes is meant is a setting; unsaid, it cannot be told (CSV binding §1.3: YYYY-MM-DD)."""

from pathlib import Path
from typing import Any

import pytest

from providers.oneroster import SOURCE
from rosterkit.sources.reading import ReadOptions
from rosterkit.testing.package import write_package

ORG = {"sourcedId": "D", "name": "Juniper Valley", "type": "district"}
SESSION = {"sourcedId": "T", "title": "Autumn", "type": "term", "endDate": "2026-12-20", "schoolYear": "2027"}


@pytest.mark.parametrize(
    ("dates", "written", "read"),
    [
        ("iso", "3/4/2026", None),
        ("month-first", "3/4/2026", "2026-03-04"),
        ("day-first", "3/4/2026", "2026-04-03"),
        ("day-first", "15.06.2026", "2026-06-15"),
        ("month-first", "15/06/2026", None),
        ("month-first", "2026-03-04", "2026-03-04"),
    ],
)
def test_a_date_with_slashes_is_read_as_the_district_says(tmp_path: Path, dates: Any, written: Any, read: Any) -> None:
    files = {"orgs": [ORG], "academicSessions": [{**SESSION, "startDate": written}]}
    bundle = SOURCE.read(write_package(tmp_path / "p.zip", files), ReadOptions(dates=dates))
    row = bundle.tables["AcademicSession"].rows.row(0, named=True)
    assert row["start_date"] == read
    assert ("start_date" in (row["unread"] or [])) == (read is None)


def test_strict_reading_mends_no_date(tmp_path: Path) -> None:
    files = {"orgs": [ORG], "academicSessions": [{**SESSION, "startDate": "3/4/2026"}]}
    bundle = SOURCE.read(write_package(tmp_path / "p.zip", files), ReadOptions(strict=True, dates="month-first"))
    assert bundle.tables["AcademicSession"].rows["start_date"].to_list() == [None]
    assert "date.form" in bundle.findings["rule"]
