"""The verbs about limits as methods of a workspace: announced changes and overrides."""

from __future__ import annotations

from datetime import date

from rosterkit.manual import announcements
from rosterkit.results import Announcement
from rosterkit.store import expectations, overrides
from rosterkit.store.expectations import StoredExpectation
from rosterkit.store.overrides import Override
from rosterkit.verbs.manual import ManualVerbs


class LimitVerbs(ManualVerbs):
    """What people announce to the limits. ``actor`` is NAME or NAME:ROLE; ``by`` and ``until`` are the last days.

    Raises Refused where the role of the actor may not do it.
    """

    def expect_school(self, school: str, *, by: date, reason: str, actor: str) -> int:
        """Announces that a school closes: what is its own may leave, and its people may move; returns a number."""
        with self._desk(actor, "expect") as run:
            return announcements.expect_school(run, school, by, reason)

    def expect_domain(self, old: str, new: str, *, by: date, reason: str, actor: str) -> int:
        """Announces that an e-mail domain is renamed; returns the number of the expectation."""
        with self._desk(actor, "expect") as run:
            return announcements.expect_domain(run, old, new, by, reason)

    def expect_students(self, count: int, *, by: date, reason: str, actor: str, school: str = "") -> int:
        """Announces so many new students, at one school or anywhere; returns the number of the expectation."""
        with self._desk(actor, "expect") as run:
            return announcements.expect_students(run, count, by, reason, school)

    def withdraw(self, number: int, *, reason: str, actor: str) -> None:
        """Ends an expectation; Refused where there is none of that number."""
        with self._desk(actor, "withdraw an expectation") as run:
            announcements.withdraw(run, number, reason)

    def expectations(self, as_of: date | None = None) -> tuple[Announcement, ...]:
        """The announced changes, oldest first, with their state on that day (or today): waiting, met or overdue."""
        day = as_of or self._today()
        with self._read() as connection:
            return tuple(_announcement(one, day) for one in expectations.expectations(connection))

    def override(self, setting: str, value: float | str, *, reason: str, actor: str, until: date | None = None) -> None:
        """Gives a limit another value for the next plan that is applied, or until a day (a week from now at most)."""
        with self._desk(actor, "override") as run:
            announcements.override(run, setting, value, reason, until)

    def end_override(self, setting: str, *, reason: str, actor: str) -> None:
        """Ends the override of a limit; Refused where there is none."""
        with self._desk(actor, "end an override") as run:
            announcements.end_override(run, setting, reason)

    def overrides(self) -> tuple[Override, ...]:
        """The overrides that count today, oldest first."""
        with self._read() as connection:
            return overrides.in_force(connection, self._today())


def _announcement(one: StoredExpectation, day: date) -> Announcement:
    what = one.expectation
    state = "met" if what.met else "overdue" if what.by < day else "waiting"
    return Announcement(
        what.id, what.kind, what.text, what.by, state, what.seen, what.count, one.actor, one.reason, one.at
    )
