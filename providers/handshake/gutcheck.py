"""The gut check before a file is submitted (H19): how many accounts come, change and go, and which names are new."""

from __future__ import annotations

from collections.abc import Iterable
from difflib import get_close_matches

import polars as pl

from providers.handshake.settings import KNOWN
from rosterkit.feeds.csvout import CsvTable
from rosterkit.feeds.identity_changes import identity_changes
from rosterkit.feeds.preflight import Given, comparison

_ALIKE = 0.85  # how alike two names are (0 to 1) before one may be a misspelling of the other


def counts(given: Given) -> dict[str, int]:
    """How many students the file brings in, archives, creates and updates, and how many names are new, by kind."""
    if not given.tables:
        return {}
    now = given.whole
    last = given.last_whole
    found = {"brought in": now.records, **comparison(now, last, "username"), "archived": _archived(now, last)}
    found["identity changes"] = identity_changes(now, last, "username", ["email_address", "first_name"])
    names = {f"new {kind}": len(_new(kind, now, last, given)) for kind in KNOWN}
    return found | names


def unseen(given: Given, file: str) -> Iterable[tuple[str, str]]:
    """For each name that is new: its column, and a sentence with the name, its rows and the name that it may be."""
    table = given.tables[file]
    last = given.last_whole
    for kind, columns in KNOWN.items():
        seen = _seen(kind, last, given)
        if not seen:
            continue
        for column in columns:
            for name, rows in _names(table, column).items():
                if name not in seen:
                    near = get_close_matches(name, sorted(seen), 1, _ALIKE)
                    hint = f'; it may be "{near[0]}"' if near else ""
                    yield column, f'"{name}" is new, in {rows:,} rows{hint}'


def _archived(now: CsvTable, last: CsvTable | None) -> int:
    if not {"disabled", "username"} <= set(now.header):
        return 0
    disabled = now.rows.filter(pl.col("disabled").str.to_uppercase() == "TRUE")
    if last is not None and {"disabled", "username"} <= set(last.header):
        before = last.rows.filter(pl.col("disabled").str.to_uppercase() == "TRUE")
        disabled = disabled.join(before, on="username", how="anti")
    return disabled.height


def _new(kind: str, now: CsvTable, last: CsvTable | None, given: Given) -> set[str]:
    seen = _seen(kind, last, given)
    return {name for column in KNOWN[kind] for name in _names(now, column)} - seen


def _seen(kind: str, last: CsvTable | None, given: Given) -> set[str]:
    """The names that the settings list, and those of the last file."""
    before = {name for column in KNOWN[kind] for name in _names(last, column)} if last else set()
    return {*getattr(given.settings.known, kind), *before}


def _names(table: CsvTable, column: str) -> dict[str, int]:
    """The names in a column and the number of their rows, by name."""
    if column not in table.header:
        return {}
    each = table.rows.select(pl.col(column).str.split(";").explode().str.strip_chars().alias("name"))
    each = each.filter((pl.col("name") != "") & ~pl.col("name").str.contains("CLEAR", literal=True))
    return dict(each.group_by("name").len().sort("name").iter_rows())
