"""How Connect takes files: for each rule one set that it accepts and one that it does not."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import pytest
from connect_files import CLASSES, GOOD, GUARDIANS, PAIRED, USERS, check, files, rules, users

from providers.connect import FEED
from providers.connect.checks import checks
from rosterkit.errors import UsageError
from rosterkit.feeds.base import FeedFile, Outcome, Verdict
from rosterkit.feeds.preflight import require_transport
from rosterkit.testing.feed_suite import sent


def test_C23_golden_files_are_accepted() -> None:
    verdict = check(files(GOOD))
    assert verdict.outcome is Outcome.ACCEPTED, verdict.findings.rows()
    assert verdict.rows == {"users.csv": 6, "classes.csv": 2, "enrollments.csv": 3}
    verdict = check(files(PAIRED), guardians="file")
    assert verdict.outcome is Outcome.ACCEPTED, verdict.findings.rows()


def named(name: str, content: bytes) -> list[FeedFile]:
    return [*files(GOOD, users=None), FeedFile(name, content, 6)]


def students(count: int) -> list[FeedFile]:
    return users(*(f"k-{n},017,student,Ada,Reyes,,,,," for n in range(count)))


def classes_of_one_student(count: int) -> list[FeedFile]:
    classes = [f"m-{n},Class {n},,,017," for n in range(count)]
    enrolled = [f"m-{n},017,s-1,student" for n in range(count)]
    return files(GOOD, classes=(*GOOD["classes.csv"], *classes), enrollments=(*GOOD["enrollments.csv"], *enrolled))


_USERS_BYTES = next(file for file in files(GOOD) if file.name == "users.csv").content
_SPLIT = [
    {"to": "017", "schools": ["o-1"], "grades": ["03"]},
    {"to": "042", "schools": ["o-1"], "grades": ["08", "09"]},
]
_PAIR = PAIRED["guardians.csv"][1]
_LATIN = "s-3,017,student,Zo\u00eb,Roe,,,,g-1,"


def paired(*rows: str, **more: Any) -> Verdict:
    return check(files(PAIRED, guardians=(*PAIRED["guardians.csv"], *rows)), **({"guardians": "file"} | more))


def _ok() -> Verdict:
    return check(files(GOOD))


def _paired_ok() -> Verdict:
    return check(files(PAIRED), guardians="file")


def _classes(*rows: str) -> Verdict:
    return check(files(GOOD, classes=(*GOOD["classes.csv"], *rows)))


Case = tuple[Callable[[], Verdict], Callable[[], Verdict], Outcome]

CASES: dict[str, Case] = {
    "C5.repeated-title": (
        lambda: _classes("c-3,Algebra 1,08,,017,"),
        lambda: _classes("c-3,Algebra 1,08,,042,"),
        Outcome.WARNINGS,
    ),
    "C5.empty-class": (_ok, lambda: _classes("c-3,Choir,08,,042,"), Outcome.WARNINGS),
    "C6.many-classes": (
        lambda: check(classes_of_one_student(9)),
        lambda: check(classes_of_one_student(10)),
        Outcome.WARNINGS,
    ),
    "C7.no-contact": (_paired_ok, lambda: paired("s-1,g-2,Wei,Tan,,,+12175550188,en"), Outcome.ROWS_IGNORED),
    "C9.two-schools": (
        lambda: check(files(PAIRED), guardians="file", school_rules=_SPLIT),
        lambda: check(files(GOOD), school_rules=_SPLIT),
        Outcome.ROWS_IGNORED,
    ),
    "C18.guardian-alone": (
        _ok,
        lambda: check(users("g-3,017,guardian,Lu,Roe,l@home.example,,,,")),
        Outcome.ROWS_IGNORED,
    ),
    "C18.no-such-guardian": (_ok, lambda: check(users("s-3,017,student,Bo,Roe,,,,g-8,")), Outcome.ROWS_IGNORED),
    "C18.student-alone": (_ok, lambda: check(users("s-3,017,student,Bo,Roe,,,,,")), Outcome.WARNINGS),
    "C19.guardian-school": (
        _ok,
        lambda: check(users("s-3,017,student,Bo,Roe,,,,g-3,", "g-3,D-1,guardian,Lu,Roe,l@home.example,,,,")),
        Outcome.ROWS_IGNORED,
    ),
    "C23.missing-file": (
        lambda: check(files(PAIRED), sent(files(PAIRED)), guardians="file"),
        lambda: check(files(PAIRED, guardians=None), sent(files(PAIRED)), guardians="file"),
        Outcome.REJECTED,
    ),
    "C23.other-file": (_ok, lambda: check([*files(GOOD), FeedFile("user.csv", _USERS_BYTES, 6)]), Outcome.WARNINGS),
    "C23.encoding": (
        lambda: check(users(_LATIN)),
        lambda: check(named("users.csv", _USERS_BYTES + f"{_LATIN}\r\n".encode("latin-1"))),
        Outcome.REJECTED,
    ),
    "C23.header": (_ok, lambda: check(named("users.csv", b"\xe2\x80\x8b" + _USERS_BYTES)), Outcome.REJECTED),
    "C23.unknown-column": (
        _ok,
        lambda: check(files(GOOD, classes=(f"{CLASSES},color", "c-1,Room 4,,,017,,red", "c-2,Algebra 1,,,042,,red"))),
        Outcome.WARNINGS,
    ),
    "C23.no-rows": (_ok, lambda: check(files(GOOD, users=(USERS,))), Outcome.IGNORED),
    "C23.required": (_ok, lambda: check(users("s-3,017,student,,Roe,,,,g-1,")), Outcome.ROWS_IGNORED),
    "C23.repeated-id": (_ok, lambda: check(users("s-1,017,student,Bo,Roe,,,,g-1,")), Outcome.ROWS_IGNORED),
    "C23.role": (_ok, lambda: check(users("s-3,017,pupil,Bo,Roe,,,,g-1,")), Outcome.ROWS_IGNORED),
    "C23.reference": (
        _ok,
        lambda: check(files(GOOD, enrollments=(*GOOD["enrollments.csv"], "c-1,017,s-8,student"))),
        Outcome.ROWS_IGNORED,
    ),
    "C23.quotes": (_ok, lambda: check(users('"s-""3",017,student,Bo,Roe,,,,g-1,')), Outcome.ROWS_IGNORED),
    "C23.ragged": (_ok, lambda: check(users("s-3,017")), Outcome.ROWS_IGNORED),
    "C23.cut-short": (_ok, lambda: check(users('s-3,"017')), Outcome.REJECTED),
    "C23.last-line": (_ok, lambda: check(named("users.csv", _USERS_BYTES.removesuffix(b"\r\n"))), Outcome.WARNINGS),
    "C24.guardian-setting": (
        _paired_ok,
        lambda: check(files(PAIRED), guardians="users", sync_manages_guardians=True),
        Outcome.REJECTED,
    ),
    "C30.only-guardians": (
        lambda: check(files({"guardians.csv": (GUARDIANS, _PAIR)}), profile="guardians_only", guardians="file"),
        lambda: check(files(PAIRED), profile="guardians_only", guardians="file"),
        Outcome.REJECTED,
    ),
    "C33.primary-school": (
        lambda: check(files(PAIRED), guardians="file", schools="primary"),
        lambda: check(files(GOOD), schools="primary"),
        Outcome.ROWS_IGNORED,
    ),
    "connect.agents": (
        lambda: check(users('s-3,017,student,Bo,Roe,,,,"a,b,c,d,e,f",')),
        lambda: check(users('s-3,017,student,Bo,Roe,,,,"a,b,c,d,e,f,g",')),
        Outcome.ROWS_IGNORED,
    ),
    "connect.school": (
        lambda: check(files(GOOD), known_schools=["017", "042"]),
        lambda: check(files(GOOD), known_schools=["17", "42"]),
        Outcome.IGNORED,
    ),
    "connect.threshold": (
        lambda: check(students(448), sent(students(498))),
        lambda: check(students(447), sent(students(498))),
        Outcome.HELD,
    ),
    "connect.shared-contact": (
        _paired_ok,
        lambda: paired("s-1,g-2,Wei,Tan,EFUA@home.example,,,en"),
        Outcome.WARNINGS,
    ),
    "connect.contact-taken": (
        lambda: paired(unique_contacts=True),
        lambda: paired("s-1,g-2,Wei,Tan,EFUA@home.example,,,en", unique_contacts=True),
        Outcome.ROWS_IGNORED,
    ),
    "feed.gone": (
        lambda: check(students(95), sent(students(100))),
        lambda: check(students(60), sent(students(100))),
        Outcome.HELD,
    ),
}
"""By rule: what is accepted, what is not, and how Connect takes that."""

BUILD_ONLY = {
    *("C8.contact-type", "C9.no-rule", "C15.district-staff", "C23.text-mended", "C33.no-school"),
    *(
        "connect.agents-left-out",
        "connect.disabled",
        "connect.id-changed",
        "connect.id-taken",
        "feed.kept",
        "feed.no-attribute",
        "feed.withheld",
    ),
}
"""Rules about the roster: tests of the build are named after them."""


@pytest.mark.parametrize("rule", CASES)
def test_C5_C6_C7_C9_C18_C19_C23_C24_C30_C33_golden_keeps_the_rule(rule: str) -> None:
    assert rule not in rules(CASES[rule][0]())


@pytest.mark.parametrize("rule", CASES)
def test_C5_C6_C7_C9_C18_C19_C23_C24_C30_C33_refused_breaks_the_rule(rule: str) -> None:
    verdict = CASES[rule][1]()
    assert rule in rules(verdict)
    order = list(Outcome)
    assert order.index(verdict.outcome) >= order.index(CASES[rule][2])


@pytest.mark.parametrize("rule", CASES)
def test_a_rule_that_is_taken_out_is_missed(rule: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """Shows that the refused case of each rule looks at that rule: without it, nothing names it."""

    def without(*given: Any) -> Sequence[Any]:
        return [check for check in checks(*given) if check.rule != rule]

    monkeypatch.setattr("providers.connect.feed.checks", without)
    with pytest.raises(AssertionError):
        test_C5_C6_C7_C9_C18_C19_C23_C24_C30_C33_refused_breaks_the_rule(rule)


def test_every_rule_has_a_golden_and_a_refused_case() -> None:
    own = {rule.code for rule in FEED.rules}
    assert own - set(CASES) == BUILD_ONLY


@pytest.mark.parametrize(("left", "held"), [(451, False), (450, True)])
def test_501_students_at_10_percent_may_lose_50(left: int, held: bool) -> None:
    # three students stand in the accepted set: 498 and 3 are 501
    verdict = check(students(left - 3), sent(students(498)))
    found = verdict.findings.filter(verdict.findings["rule"] == "connect.threshold")
    assert bool(found.height) is held
    assert verdict.compared["students: archived"] == 501 - left
    if held:
        assert found["detail"].to_list() == ["51 of 501 students are gone; 10 % allow 50"]
        assert verdict.outcome is Outcome.HELD


def test_the_threshold_follows_the_setting_and_counts_each_kind() -> None:
    gone = files(GOOD, classes=GOOD["classes.csv"][:2])
    assert "connect.threshold" in rules(check(gone, sent(files(GOOD))))
    assert "connect.threshold" not in rules(check(gone, sent(files(GOOD)), deletion_threshold=50))


def test_C23_the_header_names_the_code_point_that_nobody_sees() -> None:
    verdict = check(named("users.csv", b"\xe2\x80\x8b" + _USERS_BYTES))
    details = verdict.findings.filter(verdict.findings["rule"] == "C23.header")["detail"].to_list()
    assert any("U+200B" in detail for detail in details)
    assert "C23.header" in rules(check(named("users.csv", b"\xef\xbb\xbf" + _USERS_BYTES)))


def test_C23_ascii_and_latin_1_by_arrangement() -> None:
    accented = users(_LATIN)
    assert "C23.encoding" in rules(check(accented, encoding="ascii"))
    latin = [FeedFile(file.name, file.content.decode().encode("latin-1"), file.rows) for file in accented]
    assert "C23.encoding" in rules(check(latin))
    assert check(latin, encoding="iso-8859-1").outcome is Outcome.ACCEPTED


def test_C24_guardian_headers_of_the_district() -> None:
    own = {"studentSourcedId": "Student ID", "givenName": "First Name"}
    header = GUARDIANS.replace("studentSourcedId", "Student ID").replace("givenName", "First Name")
    made = files(PAIRED, guardians=(header, _PAIR))
    assert check(made, guardians="file", guardian_headers=own).outcome is Outcome.ACCEPTED
    assert check(made, guardians="file").outcome is Outcome.REJECTED


@pytest.mark.parametrize("transport", ["sftp", "folder"])
def test_C26_golden_connect_fetches_by_sftp(transport: str) -> None:
    require_transport(FEED.vendor, transport, FEED.vendor.transport_rule)


def test_C26_refused_other_transports() -> None:
    with pytest.raises(UsageError, match="C26"):
        require_transport(FEED.vendor, "s3", FEED.vendor.transport_rule)
