"""The header of a CSV file, and how many cells its rows have."""

from __future__ import annotations

import csv
import re
from dataclasses import dataclass, replace

from rosterkit.sources.csv_lines import FileFormatError

SAMPLE = 1 << 16
"""Bytes after the header that show how many cells the rows have."""

MOST_COLUMNS = 1000
"""Of a file: each costs memory in every row, also where its cells are blank."""

_SEPARATORS = (";", "\t", "|")
_SAMPLE_LINES = 200
_QUOTED = re.compile(rb'"[^"]*"')


@dataclass(frozen=True, slots=True)
class Header:
    """``names``: as written, with "" for cells without a name; ``width``: how many cells a row has."""

    names: tuple[str, ...] = ()
    width: int = 0

    @property
    def columns(self) -> tuple[str, ...]:
        """A name for each cell of a row; one that no header can hold where the header has none."""
        names = self.names[: self.width] + ("",) * (self.width - len(self.names))
        return tuple(name or f"\0{at}" for at, name in enumerate(names))

    @property
    def unnamed(self) -> int:
        """How many cells of the header have no name."""
        return self.names.count("")


def header_of(text: str, line: int, longest: int) -> Header:
    """The header in that line; FileFormatError where it is none."""
    if "\r" in text:
        raise FileFormatError("csv.bare-cr", line)
    if text.count('"') % 2 or len(text) > longest:
        raise FileFormatError("csv.header", line)
    try:
        names = tuple(name.strip() for name in next(csv.reader([text], strict=True)))
    except csv.Error:
        raise FileFormatError("csv.header", line) from None
    if len(names) == 1 and (found := [mark for mark in _SEPARATORS if mark in text]):
        mark = "a tab" if found[0] == "\t" else f"'{found[0]}'"
        raise FileFormatError("csv.separator", line, f"the separator is {mark}; a comma is needed")
    if len(names) > MOST_COLUMNS:
        raise FileFormatError("csv.header", line, f"{len(names):,} columns")
    named = [name for name in names if name]
    if len(set(named)) < len(named):
        twice = [at for at, name in enumerate(names, 1) if name and names.count(name) > 1]
        places = ", ".join(map(str, twice[:5]))  # not by name: where the header is missing, it is a person's value
        raise FileFormatError("csv.duplicate-header", line, f"among columns {places}")
    return Header(names, len(names))


def with_width_of_rows(header: Header, sample: bytes) -> Header:
    """The header with another width where all rows of the sample agree on it and no value is touched by it.

    Rows may lack the unnamed cells at the header's end, or all have empty cells more than the header. One row alone
    proves nothing: a comma that is not quoted looks the same.
    """
    lines = [line for line in sample.split(b"\n")[:_SAMPLE_LINES] if line.strip()]
    if not lines or _commas(lines[0]) + 1 == header.width:
        return header
    widths = {_commas(line) + 1 for line in lines}
    width = widths.pop()
    if widths:
        return header
    missing, extra = header.width - width, width - header.width
    unnamed_at_end = len(header.names) - len("\0".join(header.names).rstrip("\0").split("\0"))
    fits = missing <= unnamed_at_end if missing > 0 else len(lines) > 1 and all(_ends_empty(at, extra) for at in lines)
    return replace(header, width=width) if fits else header


def _commas(line: bytes) -> int:
    return (_QUOTED.sub(b"", line) if b'"' in line else line).count(b",")


def _ends_empty(line: bytes, cells: int) -> bool:
    return line.endswith(b"," * cells)
