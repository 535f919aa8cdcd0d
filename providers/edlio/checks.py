"""How Edlio takes a set of files: the checks of every rule, for the settings and the files at hand.

Edlio maps columns by hand, so a file is known by its configured name or, where somebody else made it, by its columns.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import replace
from pathlib import PurePath

import polars as pl

from providers.edlio.columns import (
    CLASSES,
    COMBINED,
    ENROLLMENTS,
    FILES,
    GUARDIANS,
    PEOPLE,
    PEOPLE_FILES,
    STAFF,
    USERS,
    WORDS,
)
from providers.edlio.fileset import FILE_CHECKS
from providers.edlio.settings import EdlioSettings
from rosterkit.feeds.base import FeedFile, Outcome
from rosterkit.feeds.csvout import read_csv
from rosterkit.feeds.languages import codes_of_two_letters
from rosterkit.feeds.preflight import Check, FileCheck, Given, Hit, RowCheck, form_checks, repeats

EMAIL = r"^[^@\s,;\"]+@[^@\s,;\"]+\.[^@\s,;\".]+$"

FORM: Mapping[str, tuple[str, Outcome]] = {
    "empty": ("A5.no-rows", Outcome.IGNORED),
    "encoding": ("A6.unreadable", Outcome.REJECTED),
    "cut-short": ("A6.unreadable", Outcome.REJECTED),
    "ragged": ("A6.ragged", Outcome.ROWS_IGNORED),
    "quotes": ("A6.ragged", Outcome.ROWS_IGNORED),
    "duplicate-header": ("A6.header", Outcome.REJECTED),
    "header-name": ("A6.header", Outcome.REJECTED),
    "bom": ("A6.mark", Outcome.WARNINGS),
    "no-last-line-end": ("A6.mark", Outcome.WARNINGS),
}
"""What follows from problems of the form (``csvout.PROBLEMS``)."""

_Look = Callable[[Given, EdlioSettings, Mapping[str, str]], Iterable[Hit]]

_KINDS = {STAFF: (STAFF,), USERS: (USERS, GUARDIANS), GUARDIANS: (GUARDIANS,), COMBINED: PEOPLE}
"""Which kinds of people may stand in a file."""

_TELLING = {"Employee ID": STAFF, "Person ID": ENROLLMENTS, "Classroom Name": CLASSES, "Student ID": USERS}


def parts_of(files: Sequence[FeedFile], settings: EdlioSettings) -> dict[str, str]:
    """By file name, which part of the data it holds (a key of ``columns.FILES``); an unknown file is left out."""
    names = {_stem(settings.file_name(part)): part for part in FILES}
    parts = {}
    for file in files:
        header = read_csv(FeedFile(file.name, file.content.split(b"\n", 1)[0] + b"\n", 0)).header
        telling = (part for column, part in _TELLING.items() if settings.header(column) in header)
        part = names.get(_stem(file.name)) or next(telling, None)
        if part:
            parts[file.name] = part
    return parts


def checks(settings: EdlioSettings, parts: Mapping[str, str]) -> tuple[Check, ...]:
    """All checks. ``parts``: as of ``parts_of``."""
    sets = (FileCheck(rule, outcome, _bound(look, settings, parts)) for rule, (outcome, look) in FILE_CHECKS.items())
    return (*form_checks(FORM), *row_checks(settings, parts), *sets)


def row_checks(settings: EdlioSettings, parts: Mapping[str, str]) -> tuple[RowCheck, ...]:
    """The rules about single rows, which also decide what a build withholds."""
    h = settings.header

    def check(rule: str, part: str, *broken: tuple[str, pl.Expr]) -> RowCheck:
        return RowCheck(rule, Outcome.ROWS_IGNORED, lambda _settings: broken, lambda name: parts.get(name) == part)

    made = []
    for part, columns in FILES.items():
        blank = [(h(c.name), pl.col(h(c.name)).is_null()) for c in columns if c.required]
        made.append(check("A6.required", part, *blank, *_of_role(part, settings)))
    for part in PEOPLE_FILES:
        emails = {h(c.name): ~pl.col(h(c.name)).str.contains(EMAIL) for c in FILES[part] if c.name.startswith("Email")}
        first = h("Email 1")
        words = [word for kind in _KINDS[part] for word in WORDS[kind]]
        language, codes = h("Home Language"), sorted(codes_of_two_letters())
        row = [h("Unique ID"), h("Organization ID"), *([h("Student ID")] if part != STAFF else [])]
        made += [
            check("A6.email", part, (first, emails.pop(first))),
            replace(check("A6.other-email", part, *emails.items()), outcome=Outcome.WARNINGS),
            check("A14.role", part, (h("Role"), ~pl.col(h("Role")).is_in(words))),
            check("A14.language", part, (language, ~pl.col(language).is_in(codes))),
            check("A14.repeated", part, (row[0], repeats(row))),
        ]
    if settings.organizations:
        column = h("Organization ID")
        other = ~pl.col(column).is_in(settings.organizations)
        made += [check("A14.organization", part, (column, other)) for part in (*PEOPLE_FILES, CLASSES)]
    return tuple(made)


def _of_role(part: str, settings: EdlioSettings) -> list[tuple[str, pl.Expr]]:
    """What only some roles require: of the combined file the number that goes with the role; of staff the phone."""
    h, role = settings.header, pl.col(settings.header("Role"))
    found = []
    if part == COMBINED:
        staff = role.is_in(WORDS[STAFF])
        found.append((h("Employee ID"), staff & pl.col(h("Employee ID")).is_null()))
        found.append((h("Student ID"), ~staff & pl.col(h("Student ID")).is_null()))
    if part in {STAFF, COMBINED} and settings.phone_required:
        found.append((h("Phone 1"), role.is_in(WORDS[STAFF]) & pl.col(h("Phone 1")).is_null()))
    return found


def _stem(name: str) -> str:
    return PurePath(name).stem.casefold()


def _bound(look: _Look, settings: EdlioSettings, parts: Mapping[str, str]) -> Callable[[Given], Iterable[Hit]]:
    return lambda given: look(given, settings, parts)
