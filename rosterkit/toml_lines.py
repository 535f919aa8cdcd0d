"""On which line of a TOML text each key stands: the parser of the standard library does not tell."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Mapping, Sequence

Lines = Mapping[tuple[str, ...], int]
"""The line, from 1, by the path of a key; of an array of tables the path has the number of the table, from 0."""

_PART = r"""[A-Za-z0-9_-]+|"(?:[^"\\]|\\.)*"|'[^']*'"""
_KEY = rf"(?:{_PART})(?:\s*\.\s*(?:{_PART}))*"
_TABLE = re.compile(rf"^\s*\[\s*({_KEY})\s*\]")
_ARRAY = re.compile(rf"^\s*\[\[\s*({_KEY})\s*\]\]")
_ASSIGNED = re.compile(rf"^\s*({_KEY})\s*=")
_LONG = re.compile(r'"""|\'\'\'')


def key_lines(text: str) -> Lines:
    """The lines of all tables and keys. Keys inside of an inline table stand on the line where the table begins."""
    found: dict[tuple[str, ...], int] = {}
    arrays: Counter[tuple[str, ...]] = Counter()
    table: tuple[str, ...] = ()
    closing = ""  # the quotes that end a text of several lines, while one goes on
    for number, line in enumerate(text.splitlines(), start=1):
        if closing:
            closing = "" if closing in line else closing
            continue
        if head := _ARRAY.match(line):
            array = _path(head[1])
            table = (*_numbered(array, arrays), str(arrays[array]))
            arrays[array] += 1
            found.setdefault(table[:-1], number)
            found[table] = number
        elif head := _TABLE.match(line):
            table = _numbered(_path(head[1]), arrays)
            found[table] = number
        elif key := _ASSIGNED.match(line):
            found.setdefault((*table, *_path(key[1])), number)
        marks = _LONG.findall(line)
        closing = marks[0] if len(marks) == 1 else ""
    return found


def line_of(lines: Lines, path: Sequence[str]) -> int:
    """The line of the key, or of the nearest table around it; 0 where none is there."""
    for length in range(len(path), 0, -1):
        if tuple(path[:length]) in lines:
            return lines[tuple(path[:length])]
    return 0


def _path(key: str) -> tuple[str, ...]:
    return tuple(part[1:-1] if part[0] in "\"'" else part for part in re.findall(_PART, key))


def _numbered(path: tuple[str, ...], arrays: Mapping[tuple[str, ...], int]) -> tuple[str, ...]:
    """The path of a table; a table of an array means the newest one."""
    out: list[str] = []
    for place, part in enumerate(path, start=1):
        out.append(part)
        if path[:place] in arrays and place < len(path):
            out.append(str(arrays[path[:place]] - 1))
    return tuple(out)
