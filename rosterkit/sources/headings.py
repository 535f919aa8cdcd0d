"""Which column of a text file is meant by which name: spellings that people use, and what the settings say."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from difflib import get_close_matches

import polars as pl

from rosterkit.sources.base import Coverage
from rosterkit.sources.csv import line_hash
from rosterkit.sources.findings import Findings
from rosterkit.sources.keys import unreadable_key
from rosterkit.sources.textfile import LINE, TextFile


def fold(name: str) -> str:
    """The name as spellings are compared: letters and digits only, without case ("Student ID" is ``studentid``)."""
    return re.sub(r"[\W_]+", "", unicodedata.normalize("NFKC", name).casefold())


@dataclass(frozen=True)
class NamedColumns:
    """A text file under our names: ``rows`` has a String column for each name that was found, and LINE."""

    rows: pl.DataFrame
    header: Mapping[str, str]  # our name → the name in the file
    coverage: Coverage
    reason: str = ""


def name_columns(
    file: TextFile,
    findings: Findings,
    spellings: Mapping[str, Sequence[str]],
    *,
    named: Mapping[str, str],
    required: Sequence[str],
) -> NamedColumns:
    """Finds the columns by name.

    ``spellings``: our name → spellings of it (the name itself is one). ``named``: our name → the name in this file, as
    the settings say; the spellings of that column then do not count. Without a column of ``required``, or where two
    columns fit one name, nothing is read: coverage is ``absent``. A column that the settings name and that is not
    there, or one that is spelt nearly right, is a finding.
    """
    if file.coverage is Coverage.ABSENT:
        return NamedColumns(file.rows, {}, file.coverage, file.reason)
    by_fold: dict[str, list[str]] = {}
    for name in file.header:
        by_fold.setdefault(fold(name), []).append(name)
    accepted = {our: _accepted(our, spellings.get(our, ()), named) for our in (*spellings, *named)}
    fitting = {our: [name for word in words for name in by_fold.get(word, ())] for our, words in accepted.items()}
    for our, names in fitting.items():
        if len(names) > 1:
            detail = f"for {our}: columns {', '.join(str(file.header.index(name) + 1) for name in names)}"
            findings.add("textfile.column-ambiguous", file=file.name, line=1, column=our, detail=detail)
            return _absent(file, f"two columns fit {our}")
    found = {our: names[0] for our, names in fitting.items() if names}
    for our in required:
        if our not in found:
            detail = f'a column for {our}, such as "{named.get(our, our)}"{_other_delimiter(file)}'
            findings.add("textfile.column-missing", file=file.name, line=1, column=our, detail=detail)
            return _absent(file, f"it has no column for {our}")
    _note_others(file, findings, accepted, found, named)
    rows = file.rows.select(*(pl.col(name).alias(our) for our, name in found.items()), LINE)
    return NamedColumns(rows, found, file.coverage, file.reason)


def _accepted(our: str, spellings: Sequence[str], named: Mapping[str, str]) -> list[str]:
    words = [named[our]] if our in named else [our, *spellings]
    return list(dict.fromkeys(fold(word) for word in words))


def _absent(file: TextFile, reason: str) -> NamedColumns:
    return NamedColumns(file.rows.clear(), {}, Coverage.ABSENT, f"{file.name}: {reason}")


def _other_delimiter(file: TextFile) -> str:
    if len(file.header) > 1:
        return ""
    marks = [mark for mark in (";", "\t", "|", ",") if mark in file.header[0]]
    return f"; perhaps the delimiter is {marks[0]!r}" if marks else ""


def _note_others(
    file: TextFile,
    findings: Findings,
    accepted: Mapping[str, Sequence[str]],
    found: Mapping[str, str],
    named: Mapping[str, str],
) -> None:
    """Adds a finding for each column that seems to be meant and is not found."""
    unknown = {fold(name): name for name in file.header if name not in found.values()}
    for our, words in accepted.items():
        if our in found:
            continue
        near = next((hit for word in words for hit in get_close_matches(word, unknown, 1, 0.8)), None)
        if our in named or near:
            place = f", perhaps column {file.header.index(unknown[near]) + 1} ({unknown[near]})" if near else ""
            detail = f"{our}{place}"
            findings.add("textfile.column-not-found", file=file.name, line=1, column=our, detail=detail)


def drop_unreadable_keys(
    columns: NamedColumns, file: TextFile, findings: Findings, keys: Sequence[str], ignored_lines: frozenset[str]
) -> NamedColumns:
    """Leaves out the rows whose key cannot be read (``unreadable_key``) in one of the columns ``keys``.

    Coverage is then ``partial``, unless a person set those rows aside by the hash that their finding shows.
    """
    if columns.coverage is Coverage.ABSENT:
        return columns
    wrong = columns.rows.select(LINE, *(unreadable_key(key) for key in keys)).filter(pl.any_horizontal(keys))
    if wrong.is_empty():
        return columns
    texts = file.rows.filter(pl.col(LINE).is_in(wrong[LINE].implode())).select(
        LINE, text=pl.concat_str(pl.exclude(LINE).fill_null(""), separator=",")
    )
    hashes = {line: line_hash(text) for line, text in texts.rows()}
    spoiling = [line for line, digest in hashes.items() if digest not in ignored_lines]
    for key in keys:
        lines = wrong.filter(key)[LINE].to_list()
        detail = [f"line hash {hashes[at]}{'' if at in spoiling else ', set aside'}" for at in lines]
        found = pl.DataFrame({LINE: lines, "detail": detail}, schema={LINE: pl.Int64, "detail": pl.String})
        findings.add_rows("textfile.key-unreadable", found, file=file.name, column=key)
    rows = columns.rows.filter(~pl.col(LINE).is_in(wrong[LINE].implode()))
    if rows.is_empty():
        return NamedColumns(rows, columns.header, Coverage.ABSENT, f"{file.name}: no row has a key that can be read")
    if not spoiling or columns.coverage is Coverage.PARTIAL:
        return NamedColumns(rows, columns.header, columns.coverage, columns.reason)
    reason = f"{file.name}:{min(spoiling)}: the key of a row cannot be read"
    return NamedColumns(rows, columns.header, Coverage.PARTIAL, reason)
