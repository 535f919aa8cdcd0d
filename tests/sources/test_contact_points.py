"""E-mail addresses and phone numbers: what is one."""

from __future__ import annotations

from collections.abc import Sequence

import polars as pl
import pytest
from email_validator import EmailNotValidError, validate_email
from hypothesis import given
from hypothesis import strategies as st

from rosterkit.sources import contact_points
from rosterkit.sources.contact_points import CONTACT_RULES, check_emails, check_phones
from rosterkit.sources.findings import Findings

GOOD = ["ana@mail.example", "o'neil@x.org", "josé@bücher.example", "a+b_c-d@sub.x.co", None]
BAD = ["ana", "ana@localhost", "a b@x.org", "a@x..org", "a@-x.org", "a@x.test", "a@x.org;b@x.org", "@x.org"]


def emails(values: Sequence[str | None]) -> tuple[list[bool], Findings]:
    findings = Findings(CONTACT_RULES)
    rows = pl.DataFrame(
        {"email": values, "_line": range(2, len(values) + 2)}, schema={"email": pl.String, "_line": pl.Int64}
    )
    return check_emails(rows, "email", findings, file="f.csv").to_list(), findings


def test_emails() -> None:
    found, findings = emails([*GOOD, *BAD])
    assert found == [False] * len(GOOD) + [True] * len(BAD)
    shown = findings.frame()
    assert shown["line"].to_list() == [line + len(GOOD) + 2 for line in range(len(BAD))]
    assert set(shown["value"]) | set(shown["detail"]) == {""}, "no address is shown"


def accepted(value: str) -> bool:
    try:
        validate_email(value, check_deliverability=False)
    except EmailNotValidError:
        return False
    return True


PARTS = st.text(st.sampled_from("aZ9.-_+'é"), max_size=5)


@pytest.mark.deep
@given(
    st.lists(
        st.builds("{}@{}.{}".format, PARTS, PARTS, st.sampled_from(["org", "test", "x", "c-m", "local"])), max_size=9
    )
)
def test_the_fast_pattern_lets_nothing_pass_that_the_library_refuses(values: list[str]) -> None:
    assert emails(values)[0] == [not accepted(value) for value in values]


PHONES = {
    "(505) 555-0181": "",
    "505.555.0181": "",
    "+1 505-555-0181": "",
    "15055550181": "",
    "+44 20 7946 0958": "",
    "505-555-0181 ext 4": "",
    "555-0181": "contact.phone-unusual",
    "000-000-0000": "contact.phone-unusual",
    "call the office": "contact.phone-invalid",
    "12": "contact.phone-invalid",
    "505-555-01811111": "contact.phone-invalid",
}


@pytest.mark.parametrize(("value", "rule"), PHONES.items())
def test_phones(value: str, rule: str) -> None:
    findings = Findings(CONTACT_RULES)
    rows = pl.DataFrame({"sms": [value, None], "_line": [2, 3]})
    invalid = check_phones(rows, "sms", findings, file="f.csv", region="US")
    assert findings.frame()["rule"].to_list() == ([rule] if rule else [])
    assert invalid.to_list() == [rule == "contact.phone-invalid", False]


def test_the_fast_pattern_for_north_america_agrees_with_the_library() -> None:
    for value in ["(505) 555-0181", "505 555 0181", "1-505-555-0181", "+15055550181"]:
        assert contact_points._phone(value, "US") == ""
        assert pl.Series([value]).str.contains(contact_points._NORTH_AMERICAN).all()
    assert (
        not pl.Series(["(105) 555-0181", "505-155-0181", "5055550181x"])
        .str.contains(contact_points._NORTH_AMERICAN)
        .any()
    )


def test_numbers_of_another_country() -> None:
    findings = Findings(CONTACT_RULES)
    rows = pl.DataFrame({"sms": ["020 7946 0958", "(505) 555-0181"], "_line": [2, 3]})
    assert check_phones(rows, "sms", findings, file="f.csv", region="GB").to_list() == [False, False]
    assert findings.frame()["line"].to_list() in ([], [3])
