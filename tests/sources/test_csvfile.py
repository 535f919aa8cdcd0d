from __future__ import annotations

import csv
import io
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import polars as pl
import pytest
from hypothesis import given
from hypothesis import strategies as st

from rosterkit.errors import SourceUnreadable
from rosterkit.sources.base import Coverage
from rosterkit.sources.csv import LINE, CsvFile, CsvRows, Reading, line_hash
from rosterkit.sources.csv_lines import blocks
from rosterkit.sources.csv_rules import CSV_RULES
from rosterkit.sources.findings import Findings
from rosterkit.sources.limits import SizeLimits
from rosterkit.sources.package_rules import PACKAGE_RULES

HEADER = b"sourcedId,name,note\n"


@dataclass(frozen=True)
class Read:
    """A file as it was read."""

    header: tuple[str, ...]
    rows: pl.DataFrame
    unreadable: pl.DataFrame
    state: str
    why: str


def read(
    content: bytes, *, block: int = 16 << 20, chunk: int = 0, limits: SizeLimits | None = None, **how: Any
) -> tuple[Read, Findings]:
    findings = Findings((*PACKAGE_RULES, *CSV_RULES))
    chunks = [content[at : at + chunk] for at in range(0, len(content), chunk)] if chunk else [content]
    reading = Reading(key="sourcedId", bad_key="^E[+]", limits=limits or SizeLimits(), block_bytes=block, **how)
    return finished(CsvFile("x.csv", lambda: chunks, findings, reading)), findings


def finished(file: CsvFile) -> Read:
    none = pl.DataFrame()
    if file.reason:
        return Read(file.header, none, none, "absent", file.reason)
    found: CsvRows = file.read()
    rows = found.rows.collect()
    state = "whole" if found.coverage is Coverage.FULL else str(found.coverage)
    return Read(file.header, rows, found.unreadable.select("sourced_id", "_file", "_line"), state, found.reason)


def rules(findings: Findings) -> list[tuple[str, int]]:
    return list(findings.frame().select("rule", "line").iter_rows())


def cells(file: Read) -> list[tuple[Any, ...]]:
    return file.rows.select(*file.header, LINE).rows()


plain = st.text(st.characters(codec="utf-8", exclude_characters='\0\r\n",', exclude_categories=["Cs"]), max_size=6)
quoted = st.text(st.sampled_from('ab ",\n'), max_size=8)


def could_hide_a_row(cells: tuple[str, str, str]) -> bool:
    """Whether a line within the record has the commas of a row: no reader can know what it was meant to be."""
    out = io.StringIO()
    csv.writer(out, lineterminator="\n").writerow(cells)
    return any(line.count(",") >= len(cells) - 1 for line in out.getvalue().split("\n")[1:])


row = st.tuples(st.from_regex(r"[a-z]{1,4}", fullmatch=True), plain | quoted, plain | quoted).filter(
    lambda cells: not could_hide_a_row(cells)
)


@pytest.mark.deep
@given(st.lists(row, min_size=1), st.booleans(), st.booleans(), st.integers(1, 60), st.integers(1, 40))
def test_any_csv_in_any_blocks_is_what_was_written(
    rows: list[tuple[str, str, str]], bom: bool, crlf: bool, block: int, chunk: int
) -> None:
    """P3: the cells and the line of each record, whatever the quoting, line ends and blocks."""
    out = io.StringIO()
    expected, line = [], 2
    writer = csv.writer(out, lineterminator="\n")
    writer.writerow(["sourcedId", "name", "note"])
    for one in rows:
        writer.writerow(one)
        expected.append((*(cell or None for cell in one), line))
        line += 1 + sum(cell.count("\n") for cell in one)
    text = out.getvalue().replace("\n", "\r\n") if crlf else out.getvalue()
    content = (b"\xef\xbb\xbf" if bom else b"") + text.encode()
    file, notes = read(content, block=block, chunk=chunk)
    assert cells(file) == expected
    assert file.state == "whole"
    assert {rule for rule, _ in rules(notes)} <= {"csv.line-break"}


@pytest.mark.deep
@given(st.text(st.sampled_from('a,"\n\r '), max_size=60), st.integers(1, 20))
def test_no_garbage_depends_on_the_blocks_or_raises(text: str, block: int) -> None:
    content = HEADER + text.encode()
    whole, whole_notes = read(content)
    parts, parts_notes = read(content, block=block, chunk=block)
    assert (parts.state, parts.why, parts.header) == (whole.state, whole.why, whole.header)
    assert parts.rows.equals(whole.rows)
    assert parts.unreadable.equals(whole.unreadable)
    assert parts_notes.frame().equals(whole_notes.frame())


def test_what_comes_after_a_ragged_or_stray_line_is_read_at_its_own_line() -> None:
    content = HEADER + b'a,1,\n\nb,"x\ny",2\nc,5" pipe,\nd,too,many,cells\ne,6,\n'
    file, notes = read(content)
    assert cells(file) == [("a", "1", None, 2), ("b", "x\ny", "2", 4), ("e", "6", None, 8)]
    assert file.unreadable.rows() == [("c", "x.csv", 6), ("d", "x.csv", 7)]
    assert file.state == "whole"
    assert rules(notes) == [("csv.blank-line", 3), ("csv.line-break", 4), ("csv.quote", 6), ("csv.ragged", 7)]


def test_an_unclosed_quote_swallows_nothing_and_makes_the_file_partial() -> None:
    file, notes = read(HEADER + b'a,"open,\n' + b"b,1,2\n" * 3 + b'c,"q, q",3\nd,4,5\n')
    assert [row[0] for row in cells(file)] == ["b", "b", "b", "c", "d"]
    assert file.state == "partial"
    assert "x.csv:2" in file.why
    assert rules(notes) == [("csv.unclosed-quote", 2)]


@pytest.mark.parametrize("end", ['d,close",2', 'd,1,close"', 'd,x,"close",2', 'd,""",2'])
@pytest.mark.parametrize("block", [8, 1 << 20])
def test_two_stray_marks_never_swallow_the_rows_between_them(end: str, block: int) -> None:
    """An opening mark and, some rows later, a closing one: together a record, and children's rows inside it."""
    file, notes = read(HEADER + f'a,"open,1\nb,1,2\nc,1,\n{end}\ne,1,2\n'.encode(), block=block)
    assert [row[0] for row in cells(file)][:2] == ["b", "c"]
    assert file.unreadable["sourced_id"].to_list() == ["a", "d"]
    assert file.state == "partial"
    assert rules(notes)[0] == ("csv.unclosed-quote", 2)


def test_a_record_of_several_lines_that_does_not_fit_makes_the_file_partial() -> None:
    for cell, limits in (('"x\ny",2,3', SizeLimits()), ('"x\n' + "y" * 90 + '",2', SizeLimits(line_bytes=80))):
        file, _ = read(HEADER + f"a,{cell}\nb,1,2\n".encode(), limits=limits)
        assert (file.state, [row[0] for row in cells(file)]) == ("partial", ["b"])


@pytest.mark.parametrize("line", [b"a,1,2b,1,2", b'a,1,5" pipe b,1,2', b'a,"1",2 b,"1",2'])
def test_a_line_with_the_cells_of_two_rows_makes_the_file_partial(line: bytes) -> None:
    file, _ = read(HEADER + line + b"\nc,1,2\n")
    assert (file.state, file.unreadable["sourced_id"].to_list()) == ("partial", ["a"])


def test_a_quoted_cell_of_more_lines_than_a_record_may_have_was_never_closed() -> None:
    file, notes = read(HEADER + b'a,"open,\n' + b"b,1,2\n" * 250 + b'c,close",2\n', block=300)
    assert file.rows.height == 250
    assert rules(notes) == [("csv.unclosed-quote", 2), ("csv.quote", 253)]


def test_a_ragged_last_record_was_cut_short_until_its_line_is_accepted() -> None:
    content = HEADER + b"a,1,2\nb,3"
    file, notes = read(content)
    assert file.state == "partial"
    assert rules(notes) == [("csv.cut-short", 3)]
    assert line_hash("b,3") in notes.frame()["detail"][0]
    accepted, _ = read(content, ignored_lines=frozenset([line_hash("b,3")]))
    assert (accepted.state, accepted.unreadable["sourced_id"].to_list()) == ("whole", ["b"])


def test_a_last_line_that_stops_after_a_stray_mark_was_cut_short_too() -> None:
    file, notes = read(HEADER + b'a,1,2\nb,5" pi')
    assert (file.state, rules(notes)) == ("partial", [("csv.cut-short", 3)])
    file, notes = read(HEADER + b'a,1,2\nb,5" pipe,\n')
    assert (file.state, rules(notes)) == ("whole", [("csv.quote", 3)])


def test_a_key_with_spaces_around_it_protects_the_record_that_it_names() -> None:
    file, _ = read(
        HEADER + b' a ,1,2,3\nb ,5" pipe,\nc ,' + b"x" * 30 + b",\nd,1,2\n", limits=SizeLimits(cell_chars=20)
    )
    assert file.unreadable["sourced_id"].to_list() == ["a", "b", "c"]


@pytest.mark.parametrize("line", [b",1,2", b"  ,1,2", b"E+1,1,2", b'"",1,2', b"1,2", b'"x"y,1,2,3'])
def test_a_row_whose_key_cannot_be_read_makes_the_file_partial_until_accepted(line: bytes) -> None:
    header = HEADER if line != b"1,2" else b"name,sourcedId,note\n"
    content = header + line + b"\na,b,c\n"
    file, notes = read(content)
    assert file.state == "partial"
    assert notes.frame()["detail"].str.contains(line_hash(line.decode())).to_list() == [True]
    assert read(content, ignored_lines=frozenset([line_hash(line.decode())]))[0].state == "whole"


def test_blank_rows_are_skipped_and_trailing_ones_not_told() -> None:
    file, notes = read(HEADER + b"a,1,2\n,,\nb,1,2\n\n\n,,\n")
    assert len(cells(file)) == 2
    assert rules(notes) == [("csv.blank-line", 3)]
    assert read(HEADER + b"a,1,2\n\n\n")[1].frame().is_empty()


def test_a_header_without_rows_and_an_empty_file_are_absent() -> None:
    for content in (b"", b"\n", HEADER, HEADER + b"\n,,\n", b"\xef\xbb\xbf"):
        file, notes = read(content)
        assert file.state == "absent"
        assert [rule for rule, _ in rules(notes)] == ["csv.empty"]


@pytest.mark.parametrize(
    ("content", "rule", "line"),
    [
        ("sourcedId,name\na,b\n".encode("utf-16"), "csv.utf-16", 1),
        ("sourcedId,name\na,b\n".encode("utf-16-le"), "csv.utf-16", 1),
        ("sourcedId,name\na,b\n".encode("utf-16-be"), "csv.utf-16", 1),
        (b"sourcedId,name\na,b\nc,Pe\xf1a\nd,\xff\n", "csv.not-utf-8", 3),
        (b"sourcedId,name\na,b\nc,\0\n", "csv.nul", 3),
        (b"sourcedId,name\ra,b\r", "csv.bare-cr", 1),
        (b"sourcedId,name\na,b\nc,d\re,f\n", "csv.bare-cr", 3),
        (b"sourcedId,name,name\na,b,c\n", "csv.duplicate-header", 1),
        (b'sourcedId,"name\na,b\n', "csv.header", 1),
        (b"sourcedId" + b"," * 1000 + b"\na" + b"," * 1000 + b"\n", "csv.header", 1),
    ],
)
@pytest.mark.parametrize("block", [4, 1 << 20])
def test_a_file_that_is_something_else_is_named_and_not_read(content: bytes, rule: str, line: int, block: int) -> None:
    file, notes = read(content, block=block)
    assert (file.state, file.rows.height) == ("absent", 0)
    assert rules(notes) == [(rule, line)]


def test_lines_and_cells_are_capped() -> None:
    limits = SizeLimits(line_bytes=100, cell_chars=20)
    content = HEADER + b"a,1,2\nb," + b"x" * 21 + b",\nc," + b"y" * 5000 + b",\nd,3,4\n"
    for block, chunk in ((1 << 20, 0), (50, 7), (50, 64)):
        file, notes = read(content, block=block, chunk=chunk, limits=limits)
        assert [row[0] for row in cells(file)] == ["a", "d"], (block, chunk)
        assert file.unreadable["sourced_id"].to_list() == ["b", "c"]
        assert rules(notes) == [("csv.too-long", 3), ("csv.too-long", 4)]
        assert file.state == "whole"


def test_a_line_without_end_is_not_held_in_memory() -> None:
    def endless() -> Iterator[bytes]:
        yield HEADER
        for _ in range(200):
            yield b"x" * 10_000

    notes = Findings((*PACKAGE_RULES, *CSV_RULES))
    seen: list[int] = []
    limits = SizeLimits(line_bytes=1000)
    how = Reading("sourcedId", limits=limits, progress=lambda _, done, __: seen.append(done), block_bytes=5000)
    file = finished(CsvFile("x.csv", endless, notes, how))
    assert rules(notes) == [("csv.too-long", 2)]
    assert file.state == "partial"
    assert max(seen) < 5000


def test_a_million_blank_lines_cost_a_count() -> None:
    content = b"\n" * 1000 + HEADER + b"a,1,2\n" + b"\n" * 1_000_000 + b"b,1,2\n\n"
    file, notes = read(content)
    assert cells(file) == [("a", "1", "2", 1002), ("b", "1", "2", 1_001_003)]
    assert notes.frame().select("rule", "line", "detail").rows() == [("csv.blank-line", 1, "1001000 in all")]
    parts = list(blocks([content], 16 << 20, 1 << 20))
    assert b"".join(parts) == content
    assert max(part.count(b"\n") for part in parts) < 600_000


def test_nothing_is_guessed_quoted_blank_is_blank_and_spaces_stay() -> None:
    file, _ = read(HEADER + b'007,"", x \n1e5,true,2026-01-01\n')
    assert cells(file) == [("007", None, " x ", 2), ("1e5", "true", "2026-01-01", 3)]


def test_a_line_repeated_next_to_itself_is_two_rows() -> None:
    file, _ = read(HEADER + b"a,1,2\na,1,2\n")
    assert [row[-1] for row in cells(file)] == [2, 3]


def test_unnamed_columns_are_dropped_and_said() -> None:
    file, notes = read(b"sourcedId,name,,\na,b,,\n")
    assert (file.header, cells(file)) == (("sourcedId", "name"), [("a", "b", 2)])
    assert rules(notes) == [("csv.unnamed-column", 1)]


def test_columns_whose_names_are_numbers_are_no_others() -> None:
    file, _ = read(b"sourcedId,,1,0,\na,b,c,d,e\n")
    assert (file.header, cells(file)) == (("sourcedId", "1", "0"), [("a", "c", "d", 2)])


def test_bytes_that_trick_the_line_splitter_are_read_all_the_same() -> None:
    file, _ = read(HEADER + b'a,\x01,x\nb,"\r",y\nc,\x0b,\xe2\x80\xa8\n')
    assert cells(file) == [("a", "\x01", "x", 2), ("b", "\r", "y", 3), ("c", "\x0b", "\u2028", 4)]


@pytest.mark.parametrize("mark", [";", "\t", "|"])
def test_another_separator_is_one_finding_that_names_it(mark: str) -> None:
    file, findings = read(f"sourcedId{mark}name\na{mark}b\n".encode())
    assert (file.state, rules(findings)) == ("absent", [("csv.separator", 1)])
    assert ("a tab" if mark == "\t" else f"'{mark}'") in file.why


def test_an_empty_cell_at_the_end_of_every_row_is_a_warning() -> None:
    file, findings = read(HEADER + b"a,1,2,\nb,3,4,\n")
    assert cells(file) == [("a", "1", "2", 2), ("b", "3", "4", 3)]
    assert rules(findings) == [("csv.extra-cell", 2)]


@pytest.mark.parametrize("content", [b"a,1,2,\nb,3,4\n", b"a,1,2,\n", b"a,1,2,x\nb,3,4,\n", b"a,1,2,\nb,3,4,,\n"])
def test_an_empty_cell_at_the_end_of_some_rows_may_be_a_comma_that_is_not_quoted(content: bytes) -> None:
    _, findings = read(HEADER + content)
    assert "csv.ragged" in {rule for rule, _ in rules(findings)}
    assert "csv.extra-cell" not in {rule for rule, _ in rules(findings)}


def test_a_row_that_is_too_long_is_never_cut_short() -> None:
    _, findings = read(HEADER + b"a,1,2\nb,3,4,5\n")
    assert rules(findings) == [("csv.ragged", 3)]


def test_rows_may_end_before_the_unnamed_cells_of_the_header() -> None:
    file, findings = read(b"sourcedId,name,,\na,b\nc,d\n")
    assert (file.state, cells(file)) == ("whole", [("a", "b", 2), ("c", "d", 3)])
    assert rules(findings) == [("csv.unnamed-column", 1)]


def test_a_file_of_more_cells_than_the_limit_is_refused() -> None:
    """Hostile 2: memory is bounded whatever a package holds."""
    with pytest.raises(SourceUnreadable, match="more than 100 cells") as caught:
        read(HEADER + b"a,1,2\n" * 5000, block=100, limits=SizeLimits(cells=100))
    assert caught.value.rule == "package.too-large"
