"""Files for Connect as a test writes them down."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from providers.connect import FEED
from providers.connect.settings import ConnectSettings
from rosterkit.feeds.base import FeedFile, LastSent, Verdict

USERS = "sourcedId,orgSourcedIds,role,givenName,familyName,email,sms,phone,agentSourcedIds,grades"
CLASSES = "sourcedId,title,grades,location,schoolSourcedId,periods"
ENROLLMENTS = "classSourcedId,schoolSourcedId,userSourcedId,role"
GUARDIANS = "studentSourcedId,sourcedId,givenName,familyName,email,sms,phone,language"

GOOD: Mapping[str, Sequence[str]] = {
    "users.csv": (
        USERS,
        "s-1,017,student,Kofi,Mensah,,,,g-1,03",
        's-2,"017,042",student,Mei,Tan,,,,"g-1,g-2",08',
        "t-1,042,teacher,Ana,Sorel,a.sorel@lark.example,+12175550107,,,",
        "s-9,042,student,Ola,Berg,,,,g-2,09",
        'g-1,"017,042",parent,Efua,Mensah,efua@home.example,,,,',
        'g-2,"017,042",guardian,Wei,Tan,,+12175550177,,,',
    ),
    "classes.csv": (CLASSES, "c-1,Room 4,03,,017,", 'c-2,Algebra 1,08,B12,042,"1,3"'),
    "enrollments.csv": (ENROLLMENTS, "c-1,017,s-1,student", "c-2,042,s-2,student", "c-2,042,t-1,teacher"),
}
"""A set of files that Connect would accept, with guardians in users.csv."""

PAIRED: Mapping[str, Sequence[str]] = {
    "users.csv": (USERS, "s-1,017,student,Kofi,Mensah,,,,,03", "t-1,017,teacher,Ana,Sorel,a@lark.example,,,,"),
    "classes.csv": (CLASSES, "c-1,Room 4,03,,017,"),
    "enrollments.csv": (ENROLLMENTS, "c-1,017,s-1,student"),
    "guardians.csv": (GUARDIANS, "s-1,g-1,Efua,Mensah,efua@home.example,,,en"),
}
"""A set of files that Connect would accept, with guardians in guardians.csv."""


def settings(**more: Any) -> ConnectSettings:
    return ConnectSettings.model_validate(more)


def files(lines: Mapping[str, Sequence[str]], **changed: Sequence[str] | None) -> list[FeedFile]:
    """The files; ``changed`` by name without the ending, None to leave one out."""
    texts = {**lines, **{f"{name}.csv": rows for name, rows in changed.items()}}
    return [
        FeedFile(name, ("\r\n".join(rows) + "\r\n").encode(), len(rows) - 1)
        for name, rows in texts.items()
        if rows is not None
    ]


def users(*rows: str) -> list[FeedFile]:
    """The accepted set with further rows of users.csv."""
    return files(GOOD, users=(*GOOD["users.csv"], *rows))


def check(made: Sequence[FeedFile], last: LastSent | None = None, **more: Any) -> Verdict:
    """Connect's answer, for guardians in users.csv where nothing else is asked for."""
    return FEED.check(made, last, settings(**({"guardians": "users"} | more)))


def rules(verdict: Verdict) -> set[str]:
    """The rules that the verdict names."""
    return set(verdict.findings["rule"])
