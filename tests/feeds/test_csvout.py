from __future__ import annotations

import csv
import io
from dataclasses import replace
from typing import Literal

import polars as pl
import pytest
from hypothesis import given
from hypothesis import strategies as st

from rosterkit.feeds.base import FeedFile
from rosterkit.feeds.csvout import CsvTable, csv_file, one_line, read_csv, unmatched


def read(content: bytes) -> CsvTable:
    return read_csv(FeedFile("x.csv", content, 0))


def codes(content: bytes) -> list[tuple[str, int]]:
    return sorted(read(content).problems.select("code", "_line").iter_rows())


CELL = st.text(st.characters(exclude_characters="\r\0", exclude_categories=["Cs"]), max_size=6)


@pytest.mark.deep
@given(st.lists(st.tuples(CELL, CELL), min_size=1), st.sampled_from(["\r\n", "\n"]))
def test_what_is_written_is_read_back_and_python_reads_the_same(rows: list[tuple[str, str]], line_end: str) -> None:
    frame = pl.DataFrame(rows, schema={"A": pl.String, "B": pl.String}, orient="row")
    file = csv_file("x.csv", frame, line_end=line_end)
    table = read_csv(file)
    assert table.problems.is_empty()
    assert [(a or "", b or "") for a, b in table.rows.select("A", "B").iter_rows()] == rows
    assert [tuple(r) for r in csv.reader(io.StringIO(file.content.decode(), newline=""))][1:] == rows


def test_a_formula_is_left_alone_and_a_blank_is_nothing() -> None:
    file = csv_file("x.csv", pl.DataFrame({"A": ["=1+1", ""], "B": ["a,b", 'say "hi"']}))
    assert file.content == b'A,B\r\n=1+1,"a,b"\r\n,"say ""hi"""\r\n'


@pytest.mark.parametrize(
    ("content", "expected"),
    [
        (b"", [("empty", 0)]),
        (b"\n\n", [("empty", 0)]),
        (b"a,b\n1,2\n", []),
        (b"a,b\r1,2\r", []),
        (b'a,b\n"x\ny",2\n3\n', [("ragged", 4)]),
        (b"\xef\xbb\xbfa,b\n1,2\n", [("bom", 1)]),
        (b"a,b\n1,\xe9\n", [("encoding", 2)]),
        (b"a,b\n1,2\n3,\x00\n", [("encoding", 3)]),
        (b"a,b\n1,2", [("no-last-line-end", 2)]),
        (b'a,b\n1,x"y"\n', [("quotes", 2)]),
        (b'a,b\n1,"x\n3,4\n', [("cut-short", 2)]),
        (b"a,a\n1,2\n", [("duplicate-header", 1)]),
        (b"a,\xe2\x80\x8bb\n1,2\n", [("header-name", 1)]),
        (b"a, b\n1,2\n", [("header-name", 1)]),
        (b"a,_line\n1,2\n", [("header-name", 1)]),
    ],
)
def test_what_is_wrong_with_the_form_is_said_with_its_line(content: bytes, expected: list[tuple[str, int]]) -> None:
    assert codes(content) == expected


def test_an_invisible_character_is_named_by_its_code_point() -> None:
    assert "U+200B" in read(b"a,\xe2\x80\x8bb\n1,2\n").problems["detail"].item()


def test_lines_are_counted_through_quoted_line_breaks() -> None:
    assert read(b'a\n"1\n2"\n3\n').rows["_line"].to_list() == [2, 4]


@pytest.mark.deep
@given(st.binary(max_size=60))
def test_any_bytes_can_be_read(content: bytes) -> None:
    read(content)


def test_one_line() -> None:
    assert pl.DataFrame({"x": [" a\r\n\tb "]}).select(one_line(pl.col("x"))).item() == "a b"


@pytest.mark.parametrize("text", ["a,b\n1,2\n\n3\n,4,5\n6,\n", "a,b\r\n1,2\r\n\r\n3\r\n", "a,b\n1,2", "a\n\n\n1\n"])
def test_a_file_without_quotes_reads_as_one_with_quotes(text: str) -> None:
    plain = read_csv(FeedFile("x.csv", text.encode(), 0))
    quoted = read_csv(FeedFile("x.csv", text.replace("a", '"a"', 1).encode(), 0))
    assert plain.header == quoted.header
    assert plain.rows.equals(quoted.rows)
    assert plain.problems.equals(quoted.problems)
    assert plain.records == quoted.records


@pytest.mark.parametrize("text", ["Ana", "O'Hara, Jr.", 'the "new" one', "Zoë", ""])
def test_a_file_that_was_just_built_is_read_as_anybodys(text: str) -> None:
    rows = pl.DataFrame({"id": ["1", "2", "3"], "name": [text, None, "x"], "more": ["", "y", "009"]})
    file = csv_file("a.csv", rows)
    whole, fast = read_csv(file), read_csv(replace(file, built=True))
    assert fast.header == whole.header
    assert fast.rows.equals(whole.rows)
    assert (fast.records, fast.problems.height) == (whole.records, whole.problems.height)


def test_a_built_file_with_a_record_of_several_lines_has_the_lines_of_the_file() -> None:
    rows = pl.DataFrame({"id": ["1", "2"], "name": ["two\nlines", "x"]})
    file = replace(csv_file("a.csv", rows), built=True)
    assert read_csv(file).rows["_line"].to_list() == [2, 4]


def test_rows_that_another_file_has_not_are_told_apart_by_the_columns_of_both() -> None:
    before = read_csv(FeedFile("a.csv", b"id,name,old\n1,Ines,x\n2,,x\n3,Omar,x\n", 3))
    now = read_csv(FeedFile("a.csv", b"name,id,new\nOmar,3,y\n,2,y\nInes,4,y\n", 3))
    fresh, lost = unmatched(now, before)
    assert (fresh["id"].to_list(), lost["id"].to_list()) == (["4"], ["1"])
    assert unmatched(now, before)[0] is fresh, "it is looked for once"
    assert [rows.height for rows in unmatched(now, now)] == [0, 0]


@pytest.mark.parametrize("engine", ["in-memory", "streaming"])
def test_a_constant_is_put_on_one_line_beside_other_columns(engine: Literal["in-memory", "streaming"]) -> None:
    rows = pl.LazyFrame({"name": ["Ines\nMaria ", "Omar"], "leaving": [True, False]})
    constant = one_line(pl.when(pl.lit("a\x07b").str.strip_chars() != "").then(pl.lit("a\x07b")))
    found = rows.filter("leaving").select(one_line(pl.col("name")), constant.alias("flag")).collect(engine=engine)
    assert found.rows() == [("Ines Maria", "a b")]
    assert rows.select(flag=constant, name="name").collect(engine=engine)["flag"].to_list() == ["a b", "a b"]
