"""Places and lines of records, last time and tonight."""

from __future__ import annotations

import polars as pl
import pytest

from rosterkit.intake.places import AT, Places


def at(*values: int | None) -> pl.Series:
    return pl.Series(values, dtype=AT)


MOVED = Places(before=4, count=5, was=at(1, None, 0, None, 3), line=2)
"""Of four records one (2) is gone or read; two of tonight's five are read."""

ALIKE = Places(before=3, count=3, was=None, line=2, alike=True)


def test_where_records_of_last_time_stand_now() -> None:
    assert MOVED.now(at(0, 1, 2, 3)).to_list() == [2, 0, None, 4]
    assert MOVED.met().to_list() == [True, True, False, True]
    assert MOVED.left().to_list() == [2]
    assert MOVED.read().to_list() == [1, 3]
    assert MOVED.same == 3


def test_of_a_file_in_which_nothing_changed_all_stand_where_they_were() -> None:
    assert ALIKE.now(at(2, 0)).to_list() == [2, 0]
    assert ALIKE.met().to_list() == [True] * 3
    assert (ALIKE.left().to_list(), ALIKE.read().to_list(), ALIKE.same) == ([], [], 3)


def test_records_that_are_read_after_all_are_no_longer_met() -> None:
    assert MOVED.reading(at(0)).now(at(0, 1, 2, 3)).to_list() == [None, 0, None, 4]
    again = ALIKE.reading(at(1))
    assert (again.read().to_list(), again.left().to_list(), again.same) == ([1], [1], 2)
    assert again.alike


@pytest.mark.parametrize("line", [2, pl.Series([2, 3, 7, 8, 11])])
def test_places_and_lines_name_the_same_records(line: int | pl.Series) -> None:
    places = Places(before=0, count=5, was=pl.repeat(None, 5, dtype=AT, eager=True), line=line)
    every = at(0, 1, 2, 3, 4)
    assert places.at(places.lines(every)).to_list() == every.to_list()
    assert (places.first, places.last) == (places.lines(at(0))[0], places.lines(at(4))[0])
