"""Every rule that a file can break: a golden file, a refused one, and the same file accepted once the rule is out."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from datetime import date
from typing import Any

import pytest
from handshake_case import FEED, GOLDEN, NAME, csv, verdict

from rosterkit.feeds.base import FeedFile, LastSent, Outcome
from rosterkit.testing.feed_suite import sent


@dataclass(frozen=True)
class Case:
    """A file that breaks one rule, and what is to come of it."""

    rule: str
    outcome: Outcome
    file: FeedFile
    last: LastSent | None = None
    settings: dict[str, Any] = field(default_factory=dict)


WEEK_AGO = date(2026, 11, 14)
LAST = sent([csv(name="20261114_users.csv")], WEEK_AGO)
HEAD, *BODY = GOLDEN.splitlines(keepends=True)
MANY = {"email_percent": 100, "disabled_percent": 101}
KIOSK: dict[str, Any] = {
    "kiosk": True,
    "card_id": {"attribute": "card"},
    "sample_swipes": {"900100": ";0009912345=1", "900101": ";0009912399=1"},
}


def card(first: str, second: str) -> FeedFile:
    return csv(
        ("last_name", "last_name,card_id"),
        ('"Abara, Jr."', f'"Abara, Jr.",{first}'),
        ("Soto", f"Soto,{second}"),
        ("Rehn", "Rehn,"),
    )


OWN_DOMAIN = {"edu_domains": ["tidewater.edu"]}


def starts_after_its_end() -> FeedFile:
    changes = (("major_names", "start_date"), ("Business;Fine Arts", "2028-06-01"), ("Business", ""))
    return csv(*changes)


def years(text: str) -> FeedFile:
    """The golden file with another school year in the first row."""
    return csv(("Junior", text))


CASES = [
    Case("H2", Outcome.REJECTED, csv(('"Abara, Jr."', "Abara, Jr."))),
    Case("H2", Outcome.REJECTED, FeedFile(NAME, GOLDEN.replace(b"Luz", b"L\xfas"), 3)),
    Case("H2", Outcome.IGNORED, FeedFile(NAME, HEAD, 0)),
    Case("H4", Outcome.ROWS_IGNORED, csv(("900101", "900100"))),
    Case("H4", Outcome.ROWS_IGNORED, csv(("900101", "900999")), LAST),
    Case("H5", Outcome.ROWS_IGNORED, csv(("lsoto@", "KABARA@"))),
    Case("H5", Outcome.ROWS_IGNORED, card("9912345", "9912345"), settings={**KIOSK, "sample_swipes": {}}),
    Case("H6", Outcome.HELD, csv(("lsoto@", "vbrandt@"), ("Luz", "Vera")), LAST, MANY),
    Case("H8", Outcome.ROWS_IGNORED, csv((",kabara,", ",,"))),
    Case("H8", Outcome.ROWS_IGNORED, csv((",lsoto,", ",kabara,"))),
    Case("H8", Outcome.ROWS_IGNORED, csv((",lsoto,", ",luz.soto,")), LAST),
    Case("H10", Outcome.ROWS_IGNORED, card("9912345", "7712399"), settings=KIOSK),
    Case("H12", Outcome.REJECTED, csv(("email_address", "Email_Address"))),
    Case("H12", Outcome.REJECTED, csv(("school_year_name", "school_year"))),
    Case("H12", Outcome.REJECTED, csv(("last_name", "first_name"))),
    Case("H16", Outcome.REJECTED, FeedFile("20261121_users.xlsx", GOLDEN, 3)),
    Case("H17.value", Outcome.ROWS_IGNORED, years("junior")),
    Case("H17.value", Outcome.ROWS_IGNORED, csv(("2028-05-20", "05/20/2028"))),
    Case("H17.value", Outcome.ROWS_IGNORED, csv(("TRUE", "perhaps"))),
    Case("H17.value", Outcome.ROWS_IGNORED, csv(("Luz", "**CLEAR**"))),
    Case("H17.value", Outcome.ROWS_IGNORED, starts_after_its_end()),
    Case("H18", Outcome.ROWS_IGNORED, csv(("lsoto@tidewater.example", ""))),
    Case("H18", Outcome.ROWS_IGNORED, csv((",900101,", ",,"))),
    Case("H18", Outcome.ROWS_IGNORED, csv(("Luz", ""))),
    Case("H18", Outcome.ROWS_IGNORED, csv(("lsoto@tidewater.example", "lsoto"))),
    Case("H19.intent", Outcome.HELD, csv(), settings={"intent": {"new_at_most": 2}}),
    Case("H19.intent", Outcome.HELD, csv(("TRUE,FALSE", "TRUE,TRUE")), settings={"intent": {"archived_at_most": 0}}),
    Case("handshake.emails", Outcome.HELD, csv(("lsoto@", "luz.soto@")), LAST),
    Case("handshake.disabled", Outcome.HELD, csv(("TRUE,FALSE", "TRUE,TRUE")), LAST),
    Case("handshake.pair", Outcome.ROWS_IGNORED, csv(("lsoto@", "luz.soto@"), ("900101", "900999")), LAST),
    Case("handshake.domain", Outcome.ROWS_IGNORED, csv(("tidewater.example", "other.edu")), settings=OWN_DOMAIN),
    Case("handshake.trial", Outcome.HELD, csv(name="20261121_test_users.csv")),
    Case("handshake.size", Outcome.REJECTED, csv(), settings={"megabytes": 0.0004}),
    Case("handshake.interval", Outcome.HELD, csv(), sent([csv()], date(2026, 11, 21))),
    Case("feed.gone", Outcome.HELD, FeedFile(NAME, HEAD + BODY[0], 1), LAST, {"limits": {"gone_rows": 1}}),
]  # fmt: skip
WARNED = [
    Case("H7", Outcome.WARNINGS, csv(("900101", "lsoto"))),
    Case("H9", Outcome.WARNINGS, card("9912345", "9912399")),
    Case("H17", Outcome.WARNINGS, csv(("last_name", "surname"))),
    Case("H17", Outcome.WARNINGS, years("Graduate")),
    Case("H17", Outcome.WARNINGS, csv(("TRUE", "True"))),
    Case("H17", Outcome.WARNINGS, FeedFile(NAME, b"\xef\xbb\xbf" + GOLDEN, 3)),
    Case("H18.blank", Outcome.WARNINGS, years("")),
    Case("H19", Outcome.WARNINGS, csv(), settings={"known": {"majors": ["Busines", "Fine Arts"]}}),
    Case("handshake.alumni", Outcome.WARNINGS, csv(("2026-05-20,FALSE", "2026-05-20,TRUE"))),
    Case("handshake.alumni", Outcome.WARNINGS, csv(("2026-05-20,FALSE", ",FALSE"))),
    Case("handshake.name", Outcome.WARNINGS, csv(name="students.csv")),
]
EVERY = [pytest.param(case, id=f"{case.rule}-{number}") for number, case in enumerate([*CASES, *WARNED])]


def test_the_golden_file_is_accepted() -> None:
    """The golden case of H2, H4, H5, H8, H10, H12, H16, H17, H18 and H19."""
    for last in (None, LAST):
        found = verdict(last=last)
        assert found.outcome is Outcome.ACCEPTED, found.findings.rows()
    assert verdict(card("9912345", "9912399"), **KIOSK).outcome is Outcome.ACCEPTED


@pytest.mark.parametrize("case", EVERY)
def test_a_file_that_breaks_a_rule_is_answered_as_handshake_would(case: Case) -> None:
    found = verdict(case.file, last=case.last, **case.settings)
    assert found.outcome is case.outcome, found.findings.rows()
    assert case.rule in found.findings["rule"].to_list()


@pytest.mark.parametrize("case", EVERY)
def test_without_its_rule_the_same_file_is_not_answered_so(case: Case) -> None:
    """Each rule is the only one that stops its case: with it taken out the test above fails."""
    without = replace(FEED, checks=[check for check in FEED.checks if check.rule != case.rule])
    found = verdict(case.file, last=case.last, feed=without, **case.settings)
    order = list(Outcome)
    assert order.index(found.outcome) < order.index(case.outcome), found.findings.rows()


def test_h16_a_workbook_under_the_name_of_a_csv_is_refused() -> None:
    for start in (b"PK\x03\x04", b"\xd0\xcf\x11\xe0", b"<html>", b'{"a":'):
        found = verdict(FeedFile(NAME, start + GOLDEN, 3))
        assert "H16" in found.findings["rule"].to_list()
        assert found.outcome is Outcome.REJECTED


def test_h19_the_gut_check_counts_what_is_brought_in_archived_new_and_updated() -> None:
    now = csv(("Luz,Soto", "Luz,Soto-Vega"), ("TRUE,FALSE", "TRUE,TRUE"))
    found = verdict(now, last=LAST)
    assert found.compared == {
        "brought in": 3,
        "new": 0,
        "changed": 2,
        "unchanged": 1,
        "gone": 0,
        "archived": 1,
        "identity changes": 0,
        "new majors": 0,
        "new minors": 0,
        "new colleges": 0,
        "new campuses": 0,
    }
    assert verdict().compared["new majors"] == 2


def test_h19_a_new_name_is_compared_with_the_known_ones_for_misspellings() -> None:
    found = verdict(known={"majors": ["Buisness", "Fine Arts"]}).findings
    assert (
        found["detail"].to_list()
        == [
            "First student file: 3 students, 0 disabled; new: 1 majors, 0 minors, 0 colleges, 0 campuses",
            '"Business" is new, in 2 rows; it may be "Buisness"',
        ]
        or '"Business" is new, in 2 rows; it may be "Buisness"' in found["detail"].to_list()
    )


@pytest.mark.parametrize(
    ("column", "kind"),
    [
        ("primary_education:minor_names", "minors"),
        ("primary_education:college_name", "colleges"),
        ("campus_name", "campuses"),
    ],
)
def test_h19_minors_colleges_and_campuses_count_too(column: str, kind: str) -> None:
    renamed = csv(("primary_education:major_names", column))
    found = verdict(renamed, known={kind: ["Business"]})
    assert found.compared[f"new {kind}"] == 1
    assert found.outcome is Outcome.WARNINGS


@pytest.mark.parametrize(("changed", "outcome"), [(1, Outcome.ACCEPTED), (2, Outcome.HELD)])
def test_the_share_of_changed_addresses_is_held_from_ten_percent_on(changed: int, outcome: Outcome) -> None:
    head = b"email_address,username,auth_identifier,first_name,school_year_name\r\n"
    row = "p{0}{1}@tidewater.example,90{0:03},a{0},Given{0},Junior\r\n"
    before = head + "".join(row.format(n, "") for n in range(20)).encode()
    now = head + "".join(row.format(n, "x" if n < changed else "") for n in range(20)).encode()
    last = sent([FeedFile("20261114_users.csv", before, 20)], WEEK_AGO)
    assert verdict(FeedFile(NAME, now, 20), last=last).outcome is outcome


def test_h20_the_first_file_comes_with_a_suggested_description() -> None:
    """H14: the job in the Importer wants one."""
    found = verdict().findings
    assert found["rule"].to_list() == ["H20"]
    assert found["detail"].item().startswith("First student file: 3 students, 0 disabled")
    assert verdict(last=LAST).findings.is_empty()


def test_findings_name_lines_and_no_values() -> None:
    found = verdict(csv(("lsoto@tidewater.example", "lsoto"))).findings
    hit = found.filter(found["rule"] == "H18")
    assert hit.select("line", "column").rows() == [(3, "email_address")]
    assert "lsoto" not in str(found.rows())
