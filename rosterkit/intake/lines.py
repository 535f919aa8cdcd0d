"""A block of text as a table of its lines."""

from __future__ import annotations

from collections.abc import Iterable

import polars as pl

from rosterkit.intake.cache import Unfilterable

LINE = "\0line"
"""The column of the first line of each record, 1-based; no header can hold its name."""

TEXTS: dict[str, type[pl.DataType]] = {"text": pl.String, LINE: pl.Int64}
"""Records as they are written."""

__all__ = ["LINE", "TEXTS", "headed", "single_lines", "split", "texts_at"]


def headed(data: bytes, names: Iterable[str]) -> bytes:
    """The text with a header: without one, polars would drop a BOM where it begins, or take its first bytes for those
    of a compressed file.
    """
    return b"".join((",".join(names).encode(), b"\n", data))


def split(data: bytes, breaks: int | None = None) -> pl.DataFrame | None:
    """``text`` of each line; None where polars would not take it line by line, as with CR, or 0x01.

    ``breaks``: how many line breaks there are, where that is known: to count them is not cheap.
    """
    if b"\x01" in data or b"\r" in data or not data.strip():
        return None
    # The stable neighbour of scan_lines: one column, no quoting, and a separator that no line holds.
    lines = pl.read_csv(
        headed(data, ["text"]),
        separator="\x01",
        quote_char=None,
        schema={"text": pl.String},
        empty_string_is_null=False,
    )
    breaks = data.count(b"\n") if breaks is None else breaks
    return lines if lines.height == breaks + (not data.endswith(b"\n")) else None


def single_lines(data: bytes, breaks: int) -> pl.DataFrame:
    """``text`` of each line, ``breaks`` of which end in one; Unfilterable where a line is no record by itself."""
    lines = split(data, breaks)
    if lines is None:
        raise Unfilterable("lines cannot be told apart")
    text = lines["text"]
    if (text.str.len_bytes() == 0).any():
        raise Unfilterable("there are blank lines")
    if b'"' in data and (text.str.count_matches('"', literal=True) % 2 == 1).any():
        raise Unfilterable("a record has several lines, or a quotation mark is not closed")
    return lines


def texts_at(blocks: Iterable[tuple[bytes, int]], numbers: pl.Series) -> pl.DataFrame:
    """TEXTS of the lines with these numbers, which rise; ``blocks`` are taken up to the last of them, with their LF."""
    found = [pl.DataFrame(schema=TEXTS)]
    if numbers.is_empty():
        return found[0]
    first = done = 0
    for data, breaks in blocks:
        ends = breaks + (not data.endswith(b"\n"))
        upto = int(numbers.search_sorted(first + ends + 1, side="left"))
        if upto > done:
            here = numbers[done:upto]
            lines = split(data, breaks)
            if lines is None:
                raise Unfilterable("lines cannot be told apart")
            texts = lines["text"].gather(here - first - 1).to_list()  # copied: a view would keep the block's whole text
            found.append(pl.DataFrame({"text": texts, LINE: here}, schema=TEXTS))
        first, done = first + ends, max(done, upto)
        if done == numbers.len():
            break
    return pl.concat(found)
