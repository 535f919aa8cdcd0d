"""Files for Edlio as a test writes them down."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from providers.edlio import FEED
from providers.edlio.settings import EdlioSettings
from rosterkit.feeds.base import FeedFile, LastSent, Verdict

STAFF = "Unique ID,Employee ID,Role,Title,First Name,Last Name,Email 1,Phone 1,Home Language,Organization ID"
USERS = "Unique ID,Student ID,Role,First Name,Last Name,Email 1,Home Language,Organization ID"

GOOD: Mapping[str, Sequence[str]] = {
    "Staff.csv": (
        STAFF,
        "t-1,E-7,Teacher,Coach,Ana,Sorel,a.sorel@lark.example,+12175550107,en,017",
        "t-1,E-7,Teacher,Coach,Ana,Sorel,a.sorel@lark.example,+12175550107,en,042",
        "t-2,E-9,Administrator,,Bo,Lind,b.lind@lark.example,+12175550109,,042",
    ),
    "Users.csv": (
        USERS,
        "s-1,4711,Student,Kofi,Mensah,k.mensah@lark.example,es,017",
        "s-2,4712,Student,Mei,Tan,m.tan@lark.example,,042",
    ),
    "Classes.csv": ("Classroom ID,Classroom Name,Classroom Description,Organization ID", "c-1,Room 4,,017"),
    "Enrollments.csv": ("Classroom ID,Person ID", "c-1,s-1", "c-1,t-1"),
}
"""A set of files that Edlio would accept."""


def settings(**more: Any) -> EdlioSettings:
    """Settings with Edlio's questions answered."""
    answered = {"file_names_agreed": True, "removal": "absent_removed", "stage": "active"}
    return EdlioSettings.model_validate(answered | more)


def files(lines: Mapping[str, Sequence[str]], **changed: Sequence[str] | None) -> list[FeedFile]:
    """The files; ``changed`` by name without the ending, None to leave one out."""
    names = {name.removesuffix(".csv"): name for name in lines}
    texts = {**lines, **{names.get(name, name): rows for name, rows in changed.items()}}
    return [
        FeedFile(name, ("\r\n".join(rows) + "\r\n").encode(), len(rows) - 1)
        for name, rows in texts.items()
        if rows is not None
    ]


def check(made: Sequence[FeedFile], last: LastSent | None = None, **more: Any) -> Verdict:
    """Edlio's answer."""
    return FEED.check(made, last, settings(**more))


def rules(verdict: Verdict) -> set[str]:
    """The rules that the verdict names."""
    return set(verdict.findings["rule"])
