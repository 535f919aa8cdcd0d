"""How Connect takes a set of files: the checks of every rule about rows and about the form of files."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping

import polars as pl

from providers.connect.columns import CLASSES, ENROLLMENTS, FILES, GUARDIANS, MAX_AGENTS, REQUIRED, ROLES, USERS
from providers.connect.fileset import FILE_CHECKS
from providers.connect.people import GUARDIAN_ROLES
from providers.connect.schools import split_schools
from providers.connect.settings import ConnectSettings
from rosterkit.feeds.base import Outcome
from rosterkit.feeds.preflight import Check, FileCheck, Given, Hit, RowCheck, form_checks, repeats

FORM: Mapping[str, tuple[str, Outcome]] = {
    "empty": ("C23.no-rows", Outcome.IGNORED),
    "encoding": ("C23.encoding", Outcome.REJECTED),
    "bom": ("C23.header", Outcome.REJECTED),
    "duplicate-header": ("C23.header", Outcome.REJECTED),
    "header-name": ("C23.header", Outcome.REJECTED),
    "ragged": ("C23.ragged", Outcome.ROWS_IGNORED),
    "quotes": ("C23.ragged", Outcome.ROWS_IGNORED),
    "cut-short": ("C23.cut-short", Outcome.REJECTED),
    "no-last-line-end": ("C23.last-line", Outcome.WARNINGS),
}
"""What follows from problems of the form (``csvout.PROBLEMS``)."""

_IDS = {
    USERS: ("sourcedId", "orgSourcedIds", "agentSourcedIds", "identifier"),
    CLASSES: ("sourcedId", "schoolSourcedId"),
    ENROLLMENTS: FILES[ENROLLMENTS],
    GUARDIANS: ("studentSourcedId", "sourcedId"),
}
_LISTS = {"orgSourcedIds", "agentSourcedIds"}

_Look = Callable[[Given, ConnectSettings], Iterable[Hit]]
_Broken = Iterable[tuple[str, pl.Expr]]


def checks(settings: ConnectSettings) -> tuple[Check, ...]:
    """All checks."""
    sets = (FileCheck(rule, outcome, _bound(look, settings)) for rule, (outcome, look) in FILE_CHECKS.items())
    return (*form_checks(FORM), *row_checks(settings), *sets)


def _bound(look: _Look, settings: ConnectSettings) -> Callable[[Given], Iterable[Hit]]:
    return lambda given: look(given, settings)


def row_checks(settings: ConnectSettings) -> tuple[RowCheck, ...]:
    """The rules about single rows, which also decide what a build withholds."""

    def check(rule: str, file: str, broken: _Broken) -> RowCheck:
        found = tuple(broken)
        return RowCheck(rule, Outcome.ROWS_IGNORED, lambda _settings: found, lambda name: name == file)

    made = [check("C23.required", file, _blank(file, settings)) for file in FILES]
    made += [check("C23.quotes", file, _quotes(file, settings)) for file in FILES]
    made += [check("C23.role", file, _roles()) for file in (USERS, ENROLLMENTS)]
    made += [check("C23.repeated-id", file, _again(file, settings)) for file in FILES]
    made += [check("C7.no-contact", file, _no_contact(file, settings)) for file in (USERS, GUARDIANS)]
    made.append(check("C9.two-schools", USERS, _two_schools(settings)))
    made.append(check("C33.primary-school", USERS, _primary_only(settings)))
    made.append(check("connect.agents", USERS, [("agentSourcedIds", _count("agentSourcedIds") > MAX_AGENTS)]))
    made += [check("connect.school", file, _unknown_school(column, settings)) for file, column in _SCHOOLS.items()]
    return tuple(made)


_SCHOOLS = {USERS: "orgSourcedIds", CLASSES: "schoolSourcedId", ENROLLMENTS: "schoolSourcedId"}


def _items(column: str) -> pl.Expr:
    return pl.col(column).str.split(",").list.eval(pl.element().str.strip_chars())


def _count(column: str) -> pl.Expr:
    return _items(column).list.len()


def _header(file: str, name: str, settings: ConnectSettings) -> str:
    return settings.guardian_header(name) if file == GUARDIANS else name


def _blank(file: str, settings: ConnectSettings) -> _Broken:
    for name in REQUIRED[file]:
        header = _header(file, name, settings)
        yield header, pl.col(header).is_null()


def _quotes(file: str, settings: ConnectSettings) -> _Broken:
    for name in _IDS[file]:
        header = _header(file, name, settings)
        marks = '["“”\\r\\n]' if name in _LISTS else '["“”,\\r\\n]'
        foreign = r"|[^\x00-\x7f]" if settings.encoding == "ascii" else ""
        yield header, pl.col(header).str.contains(marks + foreign)


def _roles() -> _Broken:
    yield "role", ~pl.col("role").is_in(sorted(set(ROLES.values())))


def _again(file: str, settings: ConnectSettings) -> _Broken:
    """An id of two rows: nobody can tell whose it is. Of an enrollment, or a guardian and student, the first stays."""
    if file in {USERS, CLASSES}:
        yield "sourcedId", pl.col("sourcedId").is_duplicated()
        return
    whole = {ENROLLMENTS: ("classSourcedId", "userSourcedId", "role"), GUARDIANS: ("studentSourcedId", "sourcedId")}
    columns = [_header(file, name, settings) for name in whole[file]]
    yield columns[0], pl.col(columns[1]).is_not_null() & repeats(columns)


def _no_contact(file: str, settings: ConnectSettings) -> _Broken:
    email, number = (_header(file, name, settings) for name in ("email", settings.phone_credential))
    none = pl.col(email).is_null() & pl.col(number).is_null()
    yield email, pl.col("role").is_in(GUARDIAN_ROLES) & none if file == USERS else none


def _two_schools(settings: ConnectSettings) -> _Broken:
    for schools in split_schools(settings):
        several = _items("orgSourcedIds").list.set_intersection(sorted(schools)).list.len() > 1
        yield "orgSourcedIds", (pl.col("role") == "student") & several


def _primary_only(settings: ConnectSettings) -> _Broken:
    if settings.schools == "primary":
        yield "orgSourcedIds", (pl.col("role") == "student") & (_count("orgSourcedIds") > 1)


def _unknown_school(column: str, settings: ConnectSettings) -> _Broken:
    if settings.known_schools:
        yield column, _items(column).list.set_difference(list(settings.known_schools)).list.len() > 0
