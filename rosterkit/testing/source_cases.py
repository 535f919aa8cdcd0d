"""What a source is tried with: a roster, the ways in which it can be damaged, and bad data."""

from __future__ import annotations

import csv
import io
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import AbstractContextManager, contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

Deliver = Callable[[Path], AbstractContextManager[Mapping[str, Any]]]
"""Lays a roster out in an empty folder, the workspace, or starts a server; gives the settings while it is there."""

DAMAGES = ("cut-short", "header-only", "missing", "misspelt-column", "unreadable-key")
"""After each of these no table may claim to be full."""


@dataclass(frozen=True)
class SourceCase:
    """One roster and what is expected of a source that reads it.

    ``locations``: where some records stand, by entity and sourced_id. ``damaged``: by name, such as ``missing``, or
    ``misspelt-column (student)``; each of DAMAGES is there, or in ``not_applicable`` with the reason.
    ``damaged_entities``: those that the damage is in; all, if empty. ``personal``: values of the roster that no finding
    and no message may hold.
    """

    name: str
    deliver: Deliver
    rows: Mapping[str, int]  # by entity, of tables that are full
    locations: Mapping[tuple[str, str], tuple[str, int]]  # (entity, sourced_id) → (file, line)
    shuffled: Deliver | None
    personal: Sequence[str]
    damaged: Mapping[str, Deliver]
    bad: Mapping[str, Deliver] = field(default_factory=dict)
    not_applicable: Mapping[str, str] = field(default_factory=dict)
    damaged_entities: tuple[str, ...] = ()
    demographics: bool = False

    def __post_init__(self) -> None:
        named = {name.split(" (")[0] for name in self.damaged} | set(self.not_applicable)
        if lacking := sorted(set(DAMAGES) - named):
            raise ValueError(f"case {self.name}: no {', '.join(lacking)}; say in not_applicable why it cannot happen")
        if not self.locations:
            raise ValueError(f"case {self.name}: name in locations where at least one record stands")


def files(contents: Mapping[str, bytes | str], settings: Mapping[str, Any]) -> Deliver:
    """Delivers files by their path in the workspace."""

    @contextmanager
    def deliver(folder: Path) -> Iterator[Mapping[str, Any]]:
        for name, content in contents.items():
            path = folder / name
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_bytes(content.encode() if isinstance(content, str) else content)
        yield settings

    return deliver


def csv_case(
    name: str,
    file: str,
    text: str,
    settings: Mapping[str, Any],
    *,
    rows: Mapping[str, int],
    locations: Mapping[tuple[str, str], tuple[str, int]],
    required: Sequence[str],
    key: str,
    personal: Sequence[str],
    delimiter: str = ",",
) -> SourceCase:
    """A case for a source that reads one CSV file, with every kind of damage made from ``text``.

    ``required`` and ``key`` are headers of the file; ``personal`` those of the columns with personal data.
    """
    header, *records = csv.reader(io.StringIO(text, newline=""), delimiter=delimiter)
    at = header.index(key)

    def of(content: bytes | str) -> Deliver:
        return files({file: content}, settings)

    def table(heading: Sequence[str], lines: Sequence[Sequence[str]]) -> Deliver:
        out = io.StringIO(newline="")
        csv.writer(out, delimiter=delimiter, lineterminator="\n").writerows([heading, *lines])
        return of(out.getvalue())

    def with_key(row: Sequence[str], value: str) -> list[str]:
        return [*row[:at], value, *row[at + 1 :]]

    last = records[-1]
    again = text.partition("\n")[2]
    damaged = {
        "cut-short": of(text[: text.index(delimiter, len(text) // 2) + 1]),
        "cut-short (last cell)": of(text[: text.rindex(delimiter)]),
        "cut-short (no line break)": of(text.rstrip("\r\n")),
        "header-only": table(header, []),
        "missing": files({}, settings),
        "unreadable-key": table(header, [*records[:-1], with_key(last, "")]),
        "unreadable-key (rounded)": table(header, [*records[:-1], with_key(last, "1.23E+11")]),
    }
    for column in required:
        misspelt = [f"xqz{name}" if name == column else name for name in header]
        damaged[f"misspelt-column ({column})"] = table(misspelt, records)
    bad = {
        "empty": of(b""),
        "binary": of(bytes(range(256)) * 20),
        "UTF-16": of(text.encode("utf-16")),
        "Windows-1252": of(text.encode("cp1252", "replace") + b"\xe9\x8d\n"),
        "NUL": of(text.replace("\n", "\x00\n", 3)),
        "control characters": of(text.replace(delimiter, f"\x1b[2J{delimiter}")),
        "open quote": of(f'{text}"'),
        "stray quotes": of(text.replace(delimiter, f'"{delimiter}', 5)),
        "blank rows": of(f"{text}{delimiter * (len(header) - 1)}\n\n{again}"),
        "long cell": of(f"{text}{'x' * 3_000_000}\n"),
        "every row twice": table(header, records * 2),
        "one key for all": table(header, [with_key(row, last[at]) for row in records]),
        "columns doubled": table(header * 2, [row * 2 for row in records]),
        "columns shifted": table(header, [[row[-1], *row[:-1]] for row in records]),
        "carriage returns": of(text.replace("\r\n", "\n").replace("\n", "\r")),
        "no header": table(records[0], records[1:]),
        "formulas": table(header, [[f"=cmd|{cell}" for cell in row] for row in records]),
        "spaces": table(header, [[f"\u00a0{cell} " for cell in row] for row in records]),
    }
    return SourceCase(
        name=name,
        deliver=of(text),
        rows=rows,
        locations=locations,
        shuffled=table(header, records[::-1]),
        personal=sorted({row[header.index(column)] for column in personal for row in records} - {""}),
        damaged=damaged,
        bad=bad,
    )
