"""Plans and what the verbs return, made by hand: for tests of whatever renders them."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, date, datetime

import polars as pl

from rosterkit.feeds.receipt import Sent
from rosterkit.plan.plan import LINES, Counts, Plan, PlanView
from rosterkit.results import CheckReport
from rosterkit.roster.findings import concat, finding
from rosterkit.roster.rules import Rule
from rosterkit.sources.base import TableCoverage
from rosterkit.store.deliveries import Delivery

AT = datetime(2026, 9, 15, 3, 30, tzinfo=UTC)
"""An evening in America, the next day in Europe."""

RULES = {
    "date.unreadable": Rule("date.unreadable", "error", "error", "This is no date.", "Write YYYY-MM-DD."),
    "bool.case": Rule("bool.case", "warning", "error", "The word is in the wrong case.", "Write true or false."),
}

_LINE: dict[str, str | int | None] = {
    "entity": "User",
    "action": "update",
    "sourced_id": "stu-1",
    "name": "Ana Quispe",
    "school": "Alder Creek",
    "field": "",
    "before": None,
    "after": None,
    "before_name": None,
    "after_name": None,
    "why": "",
    "file": "",
    "line": 0,
    "held": "",
    "held_why": "",
}


def line(**said: str | int | None) -> dict[str, str | int | None]:
    """One row of ``PlanView.lines``: an update of a student, but for what is said."""
    return {**_LINE, **said}


def make_plan(**said: object) -> Plan:
    """A proposed plan on revision 3 with two updates, a create and a held archive, but for what is said."""
    plan = Plan(
        id="7f3a9c21",
        sources=("main",),
        kind="sync",
        state="proposed",
        base=3,
        as_of=date(2026, 9, 15),
        created_at=AT,
        expires_at=AT,
        content_hash="c0ffee",
        needs_approval=True,
        approval_why="mode is review.",
        packages=("abc123",),
        changes={"User": Counts(create=1, update=2)},
        held={"Enrollment": Counts(archive=4)},
        findings={"error": 1, "warning": 2},
        coverage=(TableCoverage("User", "full"), TableCoverage("Enrollment", "full")),
        notes=("Four enrollments wait for a person.",),
    )
    return replace(plan, **said)  # type: ignore[arg-type]  # a test says what it means


def make_view(lines: list[dict[str, str | int | None]] | None = None, **said: object) -> PlanView:
    """A plan with its lines: an update of two fields, a create and a held archive where none are given."""
    rows = lines if lines is not None else [
        line(field="email", before="a@x.example", after="b@x.example", why="as said", file="users.csv", line=12),
        line(field="family_name", before="Quispe", after="Quispe Rojas", file="users.csv", line=12),
        line(action="create", sourced_id="stu-2", name="Kofi Mensah", school="Birch Hollow", file="users.csv", line=40),
        line(
            entity="Enrollment",
            action="archive",
            sourced_id="enr-7",
            name="Zofia in Reading Circle",
            why="no longer in the package",
            held="limit",
            held_why="4 of 6 removed",
        ),
    ]  # fmt: skip
    created = {"sourced_id": ["stu-2"], "given_name": ["Kofi"], "family_name": ["Mensah"], "enabled": [True]}
    creates = pl.DataFrame(created)
    return PlanView(make_plan(**said), pl.DataFrame(rows, schema=LINES), make_findings(), {"User": creates})


def make_findings() -> pl.DataFrame:
    """An error and two alike warnings."""
    wrong = [finding("bool.case", "warning", file="users.csv", line=at, column="enabledUser") for at in (9, 4)]
    unread = finding(
        "date.unreadable", "error", file="enrollments.csv", line=136, column="beginDate", detail="Month 15."
    )
    return concat([*wrong, unread])


def make_delivery(**other: object) -> Delivery:
    """A delivery that waits for a person, but for what is given."""
    delivery = Delivery(
        id=3,
        feed="careers",
        kind="oneroster",
        target="outbox/careers",
        revision=4,
        as_of=date(2026, 9, 15),
        at=AT,
        settings_digest="ab12",
        verdict="accepted",
        state="waiting",
        why="it is the first file of this feed",
        actor="",
        reason="",
        files=(Sent("roster.zip", 72, 4_100, "ab12"),),
        compared={},
    )
    return replace(delivery, **other)  # type: ignore[arg-type]  # a test says what it means


def make_report() -> CheckReport:
    """What ``check`` returns for those findings."""
    coverage = (TableCoverage("User", "full"), TableCoverage("Enrollment", "partial", "line 9 is cut short"))
    return CheckReport("day.zip", "abc123", "1.1", False, {"users.csv": 72}, coverage, make_findings(), RULES)
