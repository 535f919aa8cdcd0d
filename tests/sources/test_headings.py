"""Names of columns, and rows whose key cannot be read."""

from __future__ import annotations

from pathlib import Path

import pytest

from rosterkit.sources.base import Coverage
from rosterkit.sources.csv_rules import TEXTFILE_RULES
from rosterkit.sources.findings import Findings
from rosterkit.sources.headings import NamedColumns, drop_unreadable_keys, fold, name_columns
from rosterkit.sources.textfile import read_text_file


def keyed(tmp_path: Path, text: str, ignored: frozenset[str] = frozenset()) -> tuple[NamedColumns, list[str]]:
    (tmp_path / "t.csv").write_text(text)
    findings = Findings(TEXTFILE_RULES)
    file = read_text_file(tmp_path / "t.csv", findings)
    columns = name_columns(file, findings, {"key": ("id",), "note": ()}, named={}, required=["key"])
    columns = drop_unreadable_keys(columns, file, findings, ["key"], ignored)
    return columns, findings.frame()["detail"].to_list()


@pytest.mark.parametrize("name", ["Student ID", "student_id", "STUDENT-ID", "studentId", "\uff33tudent.id"])
def test_spellings_are_compared_by_letters_and_digits(name: str) -> None:
    assert fold(name) == "studentid"


@pytest.mark.parametrize("key", ["", "1.5E+11", "2e12", "1,5E+9"])
def test_a_row_without_a_readable_key_can_be_set_aside(tmp_path: Path, key: str) -> None:
    text = f'id,note\n"{key}",x\n7,y\n'
    columns, details = keyed(tmp_path, text)
    assert (columns.coverage, columns.rows["key"].to_list()) == (Coverage.PARTIAL, ["7"])
    digest = details[0].removeprefix("line hash ")
    columns, details = keyed(tmp_path, text, frozenset({digest}))
    assert (columns.coverage, details) == (Coverage.FULL, [f"line hash {digest}, set aside"])
    assert columns.rows["key"].to_list() == ["7"]


def test_keys_that_only_look_like_rounded_numbers(tmp_path: Path) -> None:
    assert keyed(tmp_path, "id,note\nE11,x\n12E3,y\n1.5,z\n")[0].coverage is Coverage.FULL


def test_without_any_readable_key_the_file_is_absent(tmp_path: Path) -> None:
    columns, _ = keyed(tmp_path, "id,note\n,x\n,y\n")
    assert (columns.coverage, columns.rows.height) == (Coverage.ABSENT, 0)


def test_a_file_that_is_partial_stays_so(tmp_path: Path) -> None:
    columns, _ = keyed(tmp_path, "id,note\n1,x\n,y\n2\n")
    assert columns.coverage is Coverage.PARTIAL
    assert "t.csv:4" in columns.reason
