"""Single lines of a text, found by their numbers."""

from __future__ import annotations

from collections.abc import Iterator

import polars as pl
import pytest

from rosterkit.intake.cache import Unfilterable
from rosterkit.intake.lines import LINE, single_lines, texts_at

BLOCKS = [(b"header\none\ntwo\n", 3), (b"three\nfour\n", 2), (b"five\nsix", 1)]
"""Of seven lines, the last of which has no line break."""


def numbers(*lines: int) -> pl.Series:
    return pl.Series(lines, dtype=pl.Int64)


@pytest.mark.parametrize("lines", [(2,), (3, 4), (2, 5, 7), (7,), (6,), ()])
def test_lines_are_found_by_number(lines: tuple[int, ...]) -> None:
    words = ["", "header", "one", "two", "three", "four", "five", "six"]
    found = texts_at(BLOCKS, numbers(*lines))
    assert found.rows() == [(words[line], line) for line in lines]
    assert found.columns == ["text", LINE]


def test_nothing_is_read_behind_the_last_line_that_is_asked_for() -> None:
    def blocks() -> Iterator[tuple[bytes, int]]:
        yield from BLOCKS[:2]
        raise AssertionError("it went on")

    assert texts_at(blocks(), numbers(2, 5)).height == 2
    assert texts_at(blocks(), numbers()).height == 0
    with pytest.raises(AssertionError, match="it went on"):
        texts_at(blocks(), numbers(6))


@pytest.mark.parametrize(
    ("data", "why"),
    [
        (b"one\n\ntwo\n", "blank"),
        (b'one,"two\n', "quotation"),
        (b"one\x01two\n", "told apart"),
        (b"one\rtwo\n", "told apart"),
    ],
)
def test_lines_that_are_no_records_by_themselves_are_refused(data: bytes, why: str) -> None:
    with pytest.raises(Unfilterable, match=why):
        single_lines(data, data.count(b"\n"))
