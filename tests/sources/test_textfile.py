"""Reading one text file: what is a row, what is not, and when the file is not whole."""

from __future__ import annotations

import os
from itertools import accumulate
from pathlib import Path
from typing import Any

import polars as pl
import pytest
from hypothesis import given
from hypothesis import strategies as st

from rosterkit.errors import SourceUnreadable
from rosterkit.sources import textfile
from rosterkit.sources.base import Coverage
from rosterkit.sources.csv import line_hash
from rosterkit.sources.csv_rules import TEXTFILE_RULES
from rosterkit.sources.findings import Findings
from rosterkit.sources.textfile import LINE, Limits, TextFile, read_text_file


def read(tmp_path: Path, content: bytes | str, **how: Any) -> tuple[TextFile, dict[str, int]]:
    """The file, and of each rule that found something the first line."""
    path = tmp_path / "people.csv"
    path.write_bytes(content.encode() if isinstance(content, str) else content)
    findings = Findings(TEXTFILE_RULES)
    file = read_text_file(path, findings, **how)
    return file, {row["rule"]: row["line"] for row in findings.frame().sort("line", descending=True).to_dicts()}


def test_utf_16_is_named(tmp_path: Path) -> None:
    for encoding in ("utf-16", "utf-16-le", "utf-16-be"):
        assert "UTF-16" in read(tmp_path, "id,name\n1,Jo\n".encode(encoding))[0].reason


def test_a_plain_file(tmp_path: Path) -> None:
    file, found = read(tmp_path, "id,name\n1,Nkechi\n2,\n")
    assert file.header == ("id", "name")
    assert file.rows.rows() == [("1", "Nkechi", 2), ("2", None, 3)]
    assert file.rows.schema == {"id": pl.String, "name": pl.String, LINE: pl.Int64}
    assert (file.coverage, found) == (Coverage.FULL, {})


@pytest.mark.parametrize("end", ["\n", "\r\n", "\r"])
def test_lines_are_counted_whatever_ends_them_and_inside_quotes(tmp_path: Path, end: str) -> None:
    text = end.join(["\ufeffid,name", '1,"Ada', 'Maria"', "", "2,Bo", ""])
    file, found = read(tmp_path, text)
    assert file.rows.rows() == [("1", f"Ada{end}Maria", 2), ("2", "Bo", 5)]
    assert (file.coverage, found) == (Coverage.FULL, {"textfile.blank-line": 4})


def test_another_delimiter(tmp_path: Path) -> None:
    file, _ = read(tmp_path, 'id;name\n1;"Roy; Ann"\n', delimiter=";")
    assert file.rows.rows() == [("1", "Roy; Ann", 2)]


@pytest.mark.parametrize(
    ("content", "rule", "line"),
    [
        ("id,name\n1,José\n".encode("cp1252"), "textfile.encoding", 2),
        ("id,name\n1,Jo\n".encode("utf-16"), "textfile.encoding", 1),
        ("id,name\n1,Jo\n".encode("utf-16-le"), "textfile.header", 1),
        (b"", "textfile.empty", 0),
        (b"\n\n", "textfile.empty", 0),
        (b"id,name\n", "textfile.empty", 0),
        (b"id,name", "textfile.empty", 0),
        (b"id,name\n1\n", "textfile.empty", 0),
        (b'id,"name\n', "textfile.header", 1),
        ("\u200b,\u200b\n1,2\n".encode(), "textfile.header", 1),
        ("id,Email, email\u200b\n1,2,3\n".encode(), "textfile.duplicate-header", 1),
        (os.urandom(8).hex().encode() + b"\x00\xff\xfe" * 40, "textfile.encoding", 1),
    ],
)
def test_a_file_that_is_not_read_at_all(tmp_path: Path, content: bytes, rule: str, line: int) -> None:
    file, found = read(tmp_path, content)
    assert (file.coverage, found[rule]) == (Coverage.ABSENT, line)
    assert file.rows.is_empty()
    assert file.reason


@pytest.mark.parametrize(
    ("row", "rule"),
    [
        ("2", "textfile.ragged"),
        ("2,Okafor, Jr.", "textfile.ragged"),
        ('2,"Ada "Countess" Byron"', "textfile.quote"),
        ("2,Bo\x00b", "textfile.control-character"),
        ("2,Bo\x1b[31mb", "textfile.control-character"),
        ("2,Bo\u202eb", "textfile.control-character"),
        ("2,Bo\x85b", "textfile.control-character"),
        ("2," + "x" * 200_000, "textfile.quote"),
    ],
)
def test_a_row_that_cannot_be_read_makes_the_file_partial_until_it_is_set_aside(
    tmp_path: Path, row: str, rule: str
) -> None:
    text = f"id,name\n1,Ann\n{row}\n3,Cy\n"
    file, found = read(tmp_path, text)
    assert file.rows["id"].to_list() == ["1", "3"]
    assert (file.coverage, found) == (Coverage.PARTIAL, {rule: 3})
    file, found = read(tmp_path, text, ignored_lines=frozenset({line_hash(row)}))
    assert (file.coverage, list(found)) == (Coverage.FULL, [rule])


@pytest.mark.parametrize("end", ["3,C", "3,", "3", ",", '3,"Cy', '3,"Cy\n4,Dee\n', "3\n"])
def test_a_file_cut_in_a_row_is_partial_and_that_row_is_not_read(tmp_path: Path, end: str) -> None:
    file, found = read(tmp_path, f"id,name\n1,Ann\n2,Bo\n{end}")
    assert file.rows["id"].to_list() == ["1", "2"]
    assert (file.coverage, found) == (Coverage.PARTIAL, {"textfile.cut-short": 4})


def test_an_export_that_never_ends_its_last_line(tmp_path: Path) -> None:
    file, found = read(tmp_path, "id,name\n1,Ann\n2,Bo", final_line_break=False)
    assert (file.rows.height, file.coverage, found) == (2, Coverage.FULL, {})
    for end in ("2", ","):
        assert read(tmp_path, f"id,name,x\n1,Ann,\n{end}", final_line_break=False)[0].coverage is Coverage.PARTIAL


RECORDS = ("id,name,note\r\n", '1,Nkechi,"a, b"\r\n', '2,"Bo\r\nBo",\r\n', ",Cy,c\r\n", "4,Dee,d\r\n")


@pytest.mark.deep
@given(st.integers(min_value=1, max_value=len("".join(RECORDS)) - 1))
def test_cut_anywhere_the_file_is_full_only_at_the_end_of_a_row(
    tmp_path_factory: pytest.TempPathFactory, at: int
) -> None:
    file, _ = read(tmp_path_factory.mktemp("cut"), "".join(RECORDS)[:at])
    ends = {end - carriage for end in accumulate(map(len, RECORDS)) for carriage in (0, 1)}
    assert at in ends or file.coverage is not Coverage.FULL


def test_cells_beyond_the_header(tmp_path: Path) -> None:
    """Case one-comma-too-many, case header-ends-in-unnamed-cells."""
    file, found = read(tmp_path, "id,name\n1,Ann,\n2,Bo,\n")
    assert (file.rows.height, file.coverage, found) == (2, Coverage.FULL, {"textfile.extra-cells": 2})
    file, found = read(tmp_path, "id,,name,,\n1,x,Ann\n2,,Bo,,\n")
    assert file.rows.drop(LINE).rows() == [("1", "Ann"), ("2", "Bo")]
    assert (file.coverage, found) == (Coverage.FULL, {"textfile.unnamed-column": 1})


def test_the_header_is_cleaned_and_the_code_points_are_shown(tmp_path: Path) -> None:
    file, _ = read(tmp_path, " id ,\u200bName\n1,Ann\n")
    assert file.header == ("id", "Name")
    findings = Findings(TEXTFILE_RULES)
    read_text_file(tmp_path / "people.csv", findings)
    assert findings.frame()["detail"].to_list() == ["columns 1, 2: U+0020 U+200B"]


def test_values_are_trimmed_with_one_finding_per_column(tmp_path: Path) -> None:
    """Case spaces-in-text-cells."""
    file, found = read(tmp_path, "id,name\n 1 ,\u00a0Ann\n2 ,Bo\u200b\n,   \n3,\u200f\n")
    assert file.rows.drop(LINE).rows() == [("1", "Ann"), ("2", "Bo"), ("3", None)]
    assert (file.coverage, found["textfile.spaces"]) == (Coverage.FULL, 2)


@pytest.mark.parametrize(
    "limits", [Limits(file_bytes=50), Limits(record_chars=20), Limits(columns=1), Limits(cells=10)], ids=repr
)
def test_sizes_are_limited_by_what_was_consumed(tmp_path: Path, limits: Limits) -> None:
    """Hostile case 2: a file that is too large is refused before the rest of it is read."""
    file, found = read(tmp_path, "id,name\n" + "1,Annunziata Bo\n" * 9 + "2," + "x" * 30 + "\n", limits=limits)
    assert (file.coverage, list(found)) == (Coverage.ABSENT, ["textfile.too-large"])


def test_the_limit_on_bytes_stops_the_reading(tmp_path: Path) -> None:
    path = tmp_path / "endless.csv"
    with path.open("wb") as out:
        out.truncate(1 << 40)  # a sparse file: reading it whole would take hours
    file = read_text_file(path, Findings(TEXTFILE_RULES), limits=Limits(file_bytes=1 << 24))
    assert file.coverage is Coverage.ABSENT


def test_paths(tmp_path: Path) -> None:
    """Hostile case 7: what may not be read is an error with its path, what is not there is absent."""
    findings = Findings(TEXTFILE_RULES)
    assert read_text_file(tmp_path / "none.csv", findings).coverage is Coverage.ABSENT
    assert findings.frame()["rule"].to_list() == ["textfile.missing"]
    with pytest.raises(SourceUnreadable, match="is not a file"):
        read_text_file(tmp_path, findings)
    os.mkfifo(tmp_path / "pipe.csv")
    with pytest.raises(SourceUnreadable, match="is not a file"):
        read_text_file(tmp_path / "pipe.csv", findings)


def test_a_file_that_may_not_be_read(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = tmp_path / "people.csv"
    path.write_text("id\n1\n")

    def refuse(*_: object, **__: object) -> None:
        raise PermissionError(13, "Permission denied")

    monkeypatch.setattr(Path, "open", refuse)
    with pytest.raises(SourceUnreadable, match=r"people\.csv cannot be read: Permission denied"):
        read_text_file(path, Findings(TEXTFILE_RULES))


@pytest.mark.deep
@given(st.lists(st.lists(st.text(st.characters(codec="utf-8"), max_size=4), min_size=2, max_size=2), max_size=5))
def test_whatever_the_cells_hold_nothing_is_raised(
    tmp_path_factory: pytest.TempPathFactory, rows: list[list[str]]
) -> None:
    text = "".join(f"{','.join(cells)}\n" for cells in [["id", "name"], *rows])
    file, _ = read(tmp_path_factory.mktemp("any"), text)
    assert file.rows.height <= len(text)


def test_batches_do_not_show(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    text = "id,name\n" + "".join(f"{n},Ann\n" for n in range(7)) + "7,An"
    whole = read(tmp_path, text)[0]
    monkeypatch.setattr(textfile, "BATCH", 2)
    pieces = read(tmp_path, text)[0]
    assert pieces.rows.equals(whole.rows)
    assert whole.rows.height == 7
    assert whole.sha256 == pieces.sha256
