"""Kinds of rules that come up again and again: what follows from each kind is written once."""

from __future__ import annotations

from rosterkit.roster.rules import Rule

KEPT = "keeps its stored value in that column"
PROTECTED = "is there but unreadable: keeps its stored values, never archived for absence"
_ALL_KEPT = "keeps its stored values"


def refusal(code: str, meaning: str, remedy: str, example: str = "") -> Rule:
    """A package that is not read at all."""
    return Rule(
        code,
        "refused",
        "refused",
        meaning,
        remedy,
        row="not read",
        record=_ALL_KEPT,
        table="nothing is read and nothing changes",
        example=example,
    )


def file_not_read(code: str, meaning: str, remedy: str, example: str = "") -> Rule:
    """A file that is not read."""
    return Rule(
        code,
        "error",
        "error",
        meaning,
        remedy,
        row="not read",
        record=_ALL_KEPT,
        table="absent: absence archives nothing",
        example=example,
    )


def unreadable_row(code: str, meaning: str, remedy: str, table: str, example: str = "") -> Rule:
    """A row that is not read. ``table``: what follows for the file."""
    return Rule(
        code,
        "error",
        "error",
        meaning,
        remedy,
        row="not read",
        record=PROTECTED,
        dependants="protected with it",
        table=table,
        example=example,
    )


def departure(code: str, meaning: str, remedy: str, example: str = "", row: str = "read as meant") -> Rule:
    """A departure from the standard that lenient reading corrects and strict reading does not."""
    return Rule(code, "warning", "error", meaning, remedy, row=row, example=example)


def corrected(code: str, meaning: str, remedy: str, example: str = "", lenient: str = "warning") -> Rule:
    """A cell that lenient reading corrects; strict reading takes it as invalid."""
    return Rule(
        code,
        lenient,
        "error",
        meaning,
        remedy,
        row="read as meant; strict: without that cell",
        record=f"as the row says; strict: {KEPT}",
        example=example,
    )


def invalid_cell(code: str, meaning: str, remedy: str, example: str = "") -> Rule:
    """A cell that cannot be used."""
    return Rule(
        code,
        "error",
        "error",
        meaning,
        remedy,
        row="read without that cell",
        record=f"{KEPT}; a new one that cannot be made without it is deferred",
        dependants="those of a new record that is deferred are deferred with it",
        example=example,
    )
