"""What Edlio would say of a OneRoster 1.1 set: the answer of strict reading, and Edlio's own rules on top."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence

import polars as pl

from providers.edlio.checks import EMAIL
from providers.edlio.fileset import FILE_CHECKS, Parts
from providers.edlio.oneroster import KEY, USERS, oneroster_feed
from providers.edlio.rules import RULES
from providers.edlio.settings import EdlioSettings
from rosterkit.feeds.base import FeedFile, LastSent, Outcome, Verdict
from rosterkit.feeds.preflight import (
    Check,
    FileCheck,
    Given,
    Hit,
    RowCheck,
    comparison,
    gone,
    gone_of_groups,
    newly_withheld,
    preflight,
)
from rosterkit.feeds.rows import last_file
from rosterkit.roster import findings

_ANSWERED_FIRST = ("A5.naming", "A5.removal", "A5.file-name", "A13.stage")
_GROUPS = {
    USERS: ((KEY,), ("orgSourcedIds", "role")),
    "classes.csv": ((KEY,), ("schoolSourcedId",)),
    "enrollments.csv": (("classSourcedId", "userSourcedId"), ("schoolSourcedId", "role")),
}
"""By file, what a row is known by, and in which groups rows may not get lost."""


def check_oneroster(files: Sequence[FeedFile], last: LastSent | None, settings: EdlioSettings) -> Verdict:
    """The graver of the two answers, with the findings of both."""
    feed, its = oneroster_feed()
    read = feed.check(files, last, its)
    own = preflight(files, last, settings, rules=RULES, checks=_checks(settings), compared=_compared)
    order = list(Outcome)
    outcome = max((read.outcome, own.outcome), key=order.index)
    both = findings.ordered(findings.concat([read.findings, own.findings]))
    rows = {file.name: file.rows for file in files} if all(file.built for file in files) else own.rows
    return Verdict(outcome, both, rows, own.ignored, {**read.compared, **own.compared})


def _checks(settings: EdlioSettings) -> tuple[Check, ...]:
    def of_users(name: str) -> bool:
        return name == USERS

    email = pl.col("email").str.to_lowercase()
    looks = {rule: FILE_CHECKS[rule] for rule in _ANSWERED_FIRST}
    return (
        *(FileCheck(rule, outcome, _bound(look, settings)) for rule, (outcome, look) in looks.items()),
        RowCheck("A6.required", Outcome.ROWS_IGNORED, lambda _: [("email", pl.col("email").is_null())], of_users),
        RowCheck(
            "A6.email", Outcome.ROWS_IGNORED, lambda _: [("email", ~pl.col("email").str.contains(EMAIL))], of_users
        ),
        RowCheck(
            "A5.shared-email",
            Outcome.ROWS_IGNORED,
            lambda _: [("email", email.is_not_null() & email.is_duplicated())],
            of_users,
        ),
        FileCheck("feed.gone", Outcome.HELD, _gone),
        FileCheck("feed.withheld", Outcome.HELD, _withheld),
    )


def _bound(
    look: Callable[[Given, EdlioSettings, Parts], Iterable[Hit]], settings: EdlioSettings
) -> Callable[[Given], Iterable[Hit]]:
    return lambda given: look(given, settings, {})


def _gone(given: Given) -> Iterable[Hit]:
    for name, (key, by) in _GROUPS.items():
        table, last = given.tables.get(name), given.last_tables.get(name)
        if table is not None and last is not None and {*key, *by} <= set(table.header) & set(last.header):
            if len(key) == 1:
                yield from gone(table, last, key[0], given.settings.limits)
            yield from gone_of_groups(table.rows, last.rows, key, by, given.settings.limits, file=name)


def _withheld(given: Given) -> Iterable[Hit]:
    for file in given.files:
        if file.name == USERS:
            yield from newly_withheld(file, last_file(given.last, USERS), given.settings.limits)


def _compared(given: Given) -> Mapping[str, int]:
    counts: dict[str, int] = {}
    for name, (key, _) in _GROUPS.items():
        if name in given.tables and len(key) == 1:
            found = comparison(given.tables[name], given.last_tables.get(name), KEY)
            counts |= {f"{name}: {what}": count for what, count in found.items()}
    return counts
