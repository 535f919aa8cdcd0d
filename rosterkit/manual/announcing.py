"""Announced changes and overrides of limits, as people set and end them. None of these is a revision."""

from __future__ import annotations

import re
from datetime import date, timedelta
from typing import Any

from pydantic import ValidationError

from rosterkit.config import nearest
from rosterkit.errors import Refused, UsageError
from rosterkit.manual.revision import Desk, said
from rosterkit.plan.expectations import Expectation
from rosterkit.plan.limits import Limits
from rosterkit.roster.schema import by_name
from rosterkit.roster.vocabulary import NO_SCHOOLS
from rosterkit.store import expectations, overrides
from rosterkit.store.database import transaction
from rosterkit.store.lookup import Found, find_record, values_of

__all__ = ["end_override", "expect_domain", "expect_school", "expect_students", "override", "withdraw"]

_LONGEST_DAYS = 366
_WEEK = 7  # days an override counts at most
_DOMAIN = re.compile(r"[a-z0-9]([a-z0-9-]*[a-z0-9])?(\.[a-z0-9]([a-z0-9-]*[a-z0-9])?)+")


def expect_school(desk: Desk, school: str, by: date, reason: str) -> int:
    """A school closes: everything of it may leave, and its people may move to other schools."""
    found = _school(desk, school)
    return _announce(desk, Expectation(0, "school", by, school=found.sourced_id, org=found.id), reason)


def expect_domain(desk: Desk, old: str, new: str, by: date, reason: str) -> int:
    """An e-mail domain is renamed: e-mail addresses and usernames may change from one to the other."""
    old, new = (text.strip().lower().removeprefix("@") for text in (old, new))
    for text in (old, new):
        if not _DOMAIN.fullmatch(text):
            raise UsageError(f'"{text}" is no domain, such as juniper-valley.example.')
    if old == new:
        raise UsageError("The two domains are the same.")
    return _announce(desk, Expectation(0, "domain", by, old=old, new=new), reason)


def expect_students(desk: Desk, count: int, by: date, reason: str, school: str = "") -> int:
    """So many new students come, at one school or anywhere, with their guardians."""
    if count < 1:
        raise UsageError("At least one student must be expected.")
    found = _school(desk, school) if school else None
    named = {"school": found.sourced_id, "org": found.id} if found else {}
    return _announce(desk, Expectation(0, "students", by, count=count, **named), reason)  # type: ignore[arg-type]  # a text and an int


def withdraw(desk: Desk, number: int, reason: str) -> None:
    """Ends an expectation; Refused where there is none of that number."""
    desk.permit("expect")
    reason = said(reason)
    with transaction(desk.connection):
        if not expectations.withdraw(desk.connection, number, desk.actor.name, reason):
            raise Refused(f'There is no expectation {number}. See "rosterkit expectations".', why="no-expectation")


def override(desk: Desk, setting: str, value: Any, reason: str, until: date | None = None) -> None:
    """Gives a limit another value: for the next plan that is applied, or until a day, a week from now at the latest."""
    desk.permit("override")
    reason, name = said(reason), setting.removeprefix("limits.")
    if name not in Limits.model_fields:
        raise UsageError(
            f"{setting} is not a limit{nearest(name, Limits.model_fields) or '.'} Only limits are overridden."
        )
    try:
        Limits.model_validate({name: value})
    except ValidationError as problem:
        raise UsageError(f"{setting} cannot be {value!r}: {problem.errors()[0]['msg']}.") from None
    last = until or desk.as_of + timedelta(days=_WEEK)
    if not desk.as_of <= last <= desk.as_of + timedelta(days=_WEEK):
        raise UsageError(
            f"An override counts for a week at most: --until {desk.as_of + timedelta(days=_WEEK)} or earlier."
        )
    with transaction(desk.connection):
        overrides.add(desk.connection, name, value, last, once=until is None, actor=desk.actor.name, reason=reason)


def end_override(desk: Desk, setting: str, reason: str) -> None:
    """Ends the override of a limit; Refused where there is none."""
    desk.permit("override")
    reason = said(reason)
    with transaction(desk.connection):
        name = setting.removeprefix("limits.")
        if not overrides.end(desk.connection, name, f"ended by {desk.actor.name}: {reason}"):
            raise Refused(f"{setting} is not overridden.", why="not-overridden")


def _school(desk: Desk, name: str) -> Found:
    found = find_record(desk.connection, by_name("Org"), name)
    if values_of(desk.connection, found)["type"] in (None, *NO_SCHOOLS):
        raise UsageError(f"Org {found.sourced_id} is no school.")
    return found


def _announce(desk: Desk, one: Expectation, reason: str) -> int:
    desk.permit("expect")
    reason = said(reason)
    if not desk.as_of <= one.by <= desk.as_of + timedelta(days=_LONGEST_DAYS):
        raise UsageError("--by must be a day from today on, within a year.")
    with transaction(desk.connection):
        return expectations.add(desk.connection, one, desk.actor.name, reason)
