"""How Edlio takes files: for each rule one set that it accepts and one that it does not."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import pytest
from edlio_files import GOOD, STAFF, USERS, check, files, rules

from providers.edlio import FEED
from providers.edlio.checks import checks
from rosterkit.feeds.base import FeedFile, LastSent, Outcome, Verdict
from rosterkit.testing.feed_suite import sent

STAFF_ROWS, USER_ROWS = GOOD["Staff.csv"], GOOD["Users.csv"]
WITH_PARENT = (*USER_ROWS, "g-1,4711,Parent,Efua,Mensah,efua@home.example,,017")


def staff(*rows: str) -> list[FeedFile]:
    return files(GOOD, Staff=(*STAFF_ROWS, *rows))


def users(*rows: str) -> list[FeedFile]:
    return files(GOOD, Users=(*USER_ROWS, *rows))


def test_A6_golden_files_are_accepted() -> None:
    verdict = check(files(GOOD))
    assert verdict.outcome is Outcome.ACCEPTED, verdict.findings.rows()
    assert verdict.rows == {"Staff.csv": 3, "Users.csv": 2, "Classes.csv": 1, "Enrollments.csv": 2}


def named(name: str, content: bytes) -> list[FeedFile]:
    return [*files(GOOD, Staff=None), FeedFile(name, content, 3)]


def last() -> LastSent:
    return sent(files(GOOD))


def many(count: int) -> list[FeedFile]:
    rows = [f"s-{n},{n},Student,Ada,Reyes,s{n}@lark.example,,017" for n in range(count)]
    return files(GOOD, Users=(USERS, *rows), Enrollments=("Classroom ID,Person ID", "c-1,s-1", "c-1,t-1"))


_STAFF_BYTES = next(file for file in files(GOOD) if file.name == "Staff.csv").content
_TXT = named("Staff.txt", _STAFF_BYTES)

Case = tuple[Callable[[], Verdict], Callable[[], Verdict], Outcome]
_OK = lambda: check(files(GOOD))  # noqa: E731 - the golden set stands beside most refused ones

CASES: dict[str, Case] = {
    "A5.unique-id": (
        lambda: check(staff("t-2,E-9,Administrator,,Bo,Lind,b.lind@lark.example,,,017")),
        lambda: check(users("t-2,4713,Student,Ines,Roy,i.roy@lark.example,,042")),
        Outcome.ROWS_IGNORED,
    ),
    "A5.shared-email": (
        _OK,
        lambda: check(users("s-3,4713,Student,Ines,Roy,B.LIND@lark.example,,042")),
        Outcome.ROWS_IGNORED,
    ),
    "A5.class-columns": (
        _OK,
        lambda: check(files(GOOD, Users=(f"{USERS},Classroom ID", *(f"{row},c-1" for row in USER_ROWS[1:])))),
        Outcome.REJECTED,
    ),
    "A5.file-name": (
        lambda: check(files(GOOD), last()),
        lambda: check(named("staff_2027.csv", _STAFF_BYTES), last()),
        Outcome.HELD,
    ),
    "A5.naming": (_OK, lambda: check(files(GOOD), file_names_agreed=False), Outcome.HELD),
    "A5.removal": (_OK, lambda: check(files(GOOD), removal="unknown"), Outcome.HELD),
    "A5.no-rows": (_OK, lambda: check(files(GOOD, Users=(USERS,))), Outcome.IGNORED),
    "A5.no-header": (
        _OK,
        lambda: check(files(GOOD, Classes=("c-1,Room 4,,017", "c-2,Room 5,,017"), Enrollments=("c-1,s-1", "c-1,t-1"))),
        Outcome.WARNINGS,
    ),
    "A6.unreadable": (_OK, lambda: check(named("Staff.csv", STAFF.encode() + b"\r\n\xff\xfe")), Outcome.REJECTED),
    "A6.ragged": (_OK, lambda: check(users("s-3,4713")), Outcome.ROWS_IGNORED),
    "A6.header": (_OK, lambda: check(named("Staff.csv", b"\xe2\x80\x8b" + _STAFF_BYTES)), Outcome.REJECTED),
    "A6.mark": (_OK, lambda: check(named("Staff.csv", b"\xef\xbb\xbf" + _STAFF_BYTES)), Outcome.WARNINGS),
    "A6.missing-file": (
        lambda: check(files(GOOD, Classes=None, Enrollments=None), classes=False),
        lambda: check(files(GOOD, Classes=None)),
        Outcome.REJECTED,
    ),
    "A6.column": (
        _OK,
        lambda: check(files(GOOD, Users=(USERS.replace("Student ID", "Student No"), *USER_ROWS[1:]))),
        Outcome.REJECTED,
    ),
    "A6.unknown-column": (
        _OK,
        lambda: check(files(GOOD, Users=(f"{USERS},Shoe Size", *(f"{row},38" for row in USER_ROWS[1:])))),
        Outcome.WARNINGS,
    ),
    "A6.required": (_OK, lambda: check(users("s-3,4713,Student,Ines,Roy,,,042")), Outcome.ROWS_IGNORED),
    "A6.email": (_OK, lambda: check(users("s-3,4713,Student,Ines,Roy,i.roy,,042")), Outcome.ROWS_IGNORED),
    "A6.other-email": (
        _OK,
        lambda: check(files(GOOD, Users=(f"{USERS},Email 2", *(f"{row},nobody" for row in USER_ROWS[1:])))),
        Outcome.WARNINGS,
    ),
    "A8.txt": (_OK, lambda: check(_TXT), Outcome.WARNINGS),
    "A8.file-type": (_OK, lambda: check(named("Staff.xlsx", _STAFF_BYTES)), Outcome.REJECTED),
    "A14.role": (_OK, lambda: check(users("s-3,4713,Pupil,Ines,Roy,i@lark.example,,042")), Outcome.ROWS_IGNORED),
    "A14.titles-differ": (
        _OK,
        lambda: check(staff("t-1,E-7,Teacher,Nurse,Ana,Sorel,a.sorel@lark.example,,,033")),
        Outcome.ROWS_IGNORED,
    ),
    "A14.language": (
        _OK,
        lambda: check(users("s-3,4713,Student,Ines,Roy,i@lark.example,spa,042")),
        Outcome.ROWS_IGNORED,
    ),
    "A14.organization": (
        lambda: check(files(GOOD), organizations=["017", "042"]),
        lambda: check(files(GOOD), organizations=["17", "042"]),
        Outcome.ROWS_IGNORED,
    ),
    "A14.repeated": (_OK, lambda: check(users(USER_ROWS[1])), Outcome.ROWS_IGNORED),
    "A14.child": (
        lambda: check(files(GOOD, Users=WITH_PARENT), guardians="users"),
        lambda: check(files(GOOD, Users=(*USER_ROWS, WITH_PARENT[-1].replace("4711", "9999"))), guardians="users"),
        Outcome.ROWS_IGNORED,
    ),
    "A14.person": (
        _OK,
        lambda: check(files(GOOD, Enrollments=(*GOOD["Enrollments.csv"], "c-1,s-9"))),
        Outcome.ROWS_IGNORED,
    ),
    "A14.classroom": (
        _OK,
        lambda: check(files(GOOD, Enrollments=(*GOOD["Enrollments.csv"], "c-9,s-1"))),
        Outcome.ROWS_IGNORED,
    ),
    "feed.gone": (lambda: check(many(115), sent(many(120))), lambda: check(many(90), sent(many(120))), Outcome.HELD),
}
"""By rule: what is accepted, what is not, and how Edlio takes that."""

BUILD_ONLY = {
    *("A1.link-expired", "A5.id-changed", "A5.id-taken", "A10", "A13.stage"),
    *("A6.oneroster", "A14.disabled", "A14.first-file", "A14.left-out", "A14.no-language-code", "A14.contact-type"),
}
"""Rules that are not about files: other tests are named after them."""


@pytest.mark.parametrize("rule", CASES)
def test_A5_A6_A8_A14_golden_keeps_the_rule(rule: str) -> None:
    assert rule not in rules(CASES[rule][0]())


@pytest.mark.parametrize("rule", CASES)
def test_A5_A6_A8_A14_refused_breaks_the_rule(rule: str) -> None:
    verdict = CASES[rule][1]()
    assert rule in rules(verdict)
    order = list(Outcome)
    assert order.index(verdict.outcome) >= order.index(CASES[rule][2])


def test_A14_a_parents_row_may_not_name_a_number_of_two_children() -> None:
    other = "s-3,4711,Student,Ines,Roy,i@lark.example,,042"
    assert "A14.child" in rules(check(files(GOOD, Users=(*WITH_PARENT, other)), guardians="users"))


@pytest.mark.parametrize("rule", CASES)
def test_a_rule_that_is_taken_out_is_missed(rule: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """Shows that the refused case of each rule looks at that rule: without it, nothing names it."""

    def without(*given: Any) -> Sequence[Any]:
        return [check for check in checks(*given) if check.rule != rule]

    monkeypatch.setattr("providers.edlio.feed.checks", without)
    with pytest.raises(AssertionError):
        test_A5_A6_A8_A14_refused_breaks_the_rule(rule)


def test_every_rule_has_a_golden_and_a_refused_case() -> None:
    own = {rule.code for rule in FEED.rules}
    assert own - set(CASES) == BUILD_ONLY | {"feed.kept", "feed.no-attribute", "feed.withheld"}


def test_A13_a_sync_that_is_not_active_is_named_with_the_next_step() -> None:
    verdict = check(files(GOOD), stage="exported")
    assert verdict.outcome is Outcome.ACCEPTED
    (finding,) = verdict.findings.rows(named=True)
    assert finding["rule"] == "A13.stage"
    assert "specialist" in finding["detail"].lower()


def test_A6_a_file_with_the_headers_of_a_district_is_known_by_them() -> None:
    own = {"Unique ID": "person_guid", "Email 1": "mail"}
    header = STAFF.replace("Unique ID", "person_guid").replace("Email 1", "mail")
    staff_file = (header, *STAFF_ROWS[1:])
    user_file = (USERS.replace("Unique ID", "person_guid").replace("Email 1", "mail"), *USER_ROWS[1:])
    verdict = check(files(GOOD, Staff=staff_file, Users=user_file), headers=own)
    assert verdict.outcome is Outcome.ACCEPTED, verdict.findings.rows()


def test_A14_a_phone_is_required_of_staff_where_the_setting_says_so() -> None:
    row = "t-5,E-5,Staff,,Cy,Orr,c.orr@lark.example,,,042"
    assert check(staff(row)).outcome is Outcome.ACCEPTED
    assert "A6.required" in rules(check(staff(row), phone_required=True))


def test_compared_counts_new_changed_and_gone_people() -> None:
    now = files(GOOD, Users=(USERS, USER_ROWS[1].replace("Kofi", "Kwame"), "s-3,1,Student,Jo,Roe,j@lark.example,,042"))
    compared = check(now, last()).compared
    assert compared["Users.csv: new"] == 1
    assert compared["Users.csv: changed"] == 1
    assert compared["Users.csv: gone"] == 1
    assert compared["Staff.csv: unchanged"] == 2
