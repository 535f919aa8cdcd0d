"""The kinds of rules that come up again and again, so that what follows from each kind is in one place."""

from __future__ import annotations

from rosterkit.roster.rules import Rule

__all__ = ["KEPT", "PROTECTED", "absent", "habit", "mended", "unread"]

KEPT = "keeps its stored value in that column"
PROTECTED = "is there but unreadable: keeps its stored values, never archived for absence"


def habit(code: str, meaning: str, remedy: str, example: str = "", row: str = "read as meant") -> Rule:
    """A departure from the standard that lenient reading mends and strict reading does not."""
    return Rule(code, "warning", "error", meaning, remedy, row=row, example=example)


def mended(code: str, meaning: str, remedy: str, example: str = "", lenient: str = "warning") -> Rule:
    """A cell that lenient reading mends; strict reading takes it as unreadable."""
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


def unread(code: str, meaning: str, remedy: str, example: str = "") -> Rule:
    """A cell that cannot be read."""
    return Rule(
        code,
        "error",
        "error",
        meaning,
        remedy,
        row="read without that cell",
        record=f"{KEPT}; a new one that cannot stand without it waits",
        dependants="those of a new record that waits wait with it",
        example=example,
    )


def absent(code: str, meaning: str, remedy: str, example: str = "") -> Rule:
    """A file that is not read."""
    return Rule(
        code,
        "error",
        "error",
        meaning,
        remedy,
        row="not read",
        record="keeps its stored values",
        segment="absent: absence archives nothing",
        example=example,
    )
