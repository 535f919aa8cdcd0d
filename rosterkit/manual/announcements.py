"""Announced changes and overrides of limits, as people set and end them. None of these is a revision."""

from __future__ import annotations

import re
from datetime import date, timedelta
from typing import Any

from pydantic import ValidationError

from rosterkit.config import nearest
from rosterkit.errors import Refused, UsageError
from rosterkit.manual.revision import ManualRun
from rosterkit.plan.expectations import Expectation
from rosterkit.plan.limits import Limits
from rosterkit.review import required_reason
from rosterkit.roster.schema import by_name
from rosterkit.roster.vocabulary import NO_SCHOOLS
from rosterkit.store import expectations, overrides
from rosterkit.store.database import transaction
from rosterkit.store.lookup import Found, find_record, values_of

_LONGEST_DAYS = 366
_WEEK = 7  # days an override counts at most
_DOMAIN = re.compile(r"[a-z0-9]([a-z0-9-]*[a-z0-9])?(\.[a-z0-9]([a-z0-9-]*[a-z0-9])?)+")


def expect_school(run: ManualRun, school: str, by: date, reason: str) -> int:
    """A school closes: everything of it may leave, and its people may move to other schools."""
    found = _school(run, school)
    return _announce(run, Expectation(0, "school", by, school=found.sourced_id, org=found.id), reason)


def expect_domain(run: ManualRun, old: str, new: str, by: date, reason: str) -> int:
    """An e-mail domain is renamed: e-mail addresses and usernames may change from one to the other."""
    old, new = (text.strip().lower().removeprefix("@") for text in (old, new))
    for text in (old, new):
        if not _DOMAIN.fullmatch(text):
            raise UsageError(f'"{text}" is no domain, such as juniper-valley.example.')
    if old == new:
        raise UsageError("The two domains are the same.")
    return _announce(run, Expectation(0, "domain", by, old=old, new=new), reason)


def expect_students(run: ManualRun, count: int, by: date, reason: str, school: str = "") -> int:
    """So many new students come, at one school or anywhere, with their guardians."""
    if count < 1:
        raise UsageError("At least one student must be expected.")
    found = _school(run, school) if school else None
    named = {"school": found.sourced_id, "org": found.id} if found else {}
    return _announce(run, Expectation(0, "students", by, count=count, **named), reason)  # type: ignore[arg-type]  # a text and an int


def withdraw(run: ManualRun, number: int, reason: str) -> None:
    """Ends an expectation; Refused where there is none of that number."""
    run.permit("expect")
    reason = required_reason(reason)
    with transaction(run.connection):
        if not expectations.withdraw(run.connection, number, run.actor.name, reason):
            raise Refused(f'There is no expectation {number}. See "rosterkit expectations".', why="no-expectation")


def override(run: ManualRun, setting: str, value: Any, reason: str, until: date | None = None) -> None:
    """Gives a limit another value: for the next plan that is applied, or until a day, a week from now at the latest."""
    run.permit("override")
    reason, name = required_reason(reason), setting.removeprefix("limits.")
    if name not in Limits.model_fields:
        raise UsageError(
            f"{setting} is not a limit{nearest(name, Limits.model_fields) or '.'} Only limits are overridden."
        )
    try:
        Limits.model_validate({name: value})
    except ValidationError as problem:
        raise UsageError(f"{setting} cannot be {value!r}: {problem.errors()[0]['msg']}.") from None
    last = until or run.as_of + timedelta(days=_WEEK)
    if not run.as_of <= last <= run.as_of + timedelta(days=_WEEK):
        raise UsageError(
            f"An override counts for a week at most: --until {run.as_of + timedelta(days=_WEEK)} or earlier."
        )
    with transaction(run.connection):
        overrides.add(run.connection, name, value, last, once=until is None, actor=run.actor.name, reason=reason)


def end_override(run: ManualRun, setting: str, reason: str) -> None:
    """Ends the override of a limit; Refused where there is none."""
    run.permit("override")
    reason = required_reason(reason)
    with transaction(run.connection):
        name = setting.removeprefix("limits.")
        if not overrides.end(run.connection, name, f"ended by {run.actor.name}: {reason}"):
            raise Refused(f"{setting} is not overridden.", why="not-overridden")


def _school(run: ManualRun, name: str) -> Found:
    found = find_record(run.connection, by_name("Org"), name)
    if values_of(run.connection, found)["type"] in (None, *NO_SCHOOLS):
        raise UsageError(f"Org {found.sourced_id} is no school.")
    return found


def _announce(run: ManualRun, one: Expectation, reason: str) -> int:
    run.permit("expect")
    reason = required_reason(reason)
    if not run.as_of <= one.by <= run.as_of + timedelta(days=_LONGEST_DAYS):
        raise UsageError("--by must be a day from today on, within a year.")
    with transaction(run.connection):
        return expectations.add(run.connection, one, run.actor.name, reason)
