"""A server that means harm, or is broken beyond what a server may be: a reason, never a crash, and nobody is missed."""

from __future__ import annotations

from dataclasses import replace

import httpx
import pytest
import respx
from clever_reading import QUICK, Read
from extracts import coverages, found

from providers.clever import SOURCE
from providers.clever.client import pull
from providers.clever.conversion import Reading
from providers.clever.fake import FakeClever
from rosterkit.sources.base import Coverage
from rosterkit.sources.findings import Findings
from rosterkit.sources.http import Api


def test_a_number_beyond_every_type_is_a_record_that_cannot_be_read(clever: FakeClever, read: Read) -> None:
    clever.data.records["schools"][0]["phone"] = 10**4000
    extract = read()
    assert found(extract)["clever.record-unreadable"] == 1
    assert coverages(extract)["Org"] == "partial"


@respx.mock
def test_a_list_that_never_ends_is_given_up() -> None:
    """Each page has records that nobody has seen."""
    made = iter(range(10**6))
    respx.get("https://api.clever.com/v3.1/terms").mock(
        side_effect=lambda _: httpx.Response(200, json={"data": [{"data": {"id": f"{next(made):024x}"}}]})
    )
    with Api(httpx.URL("https://api.clever.com/v3.1/"), limits=replace(QUICK, list_pages=20)) as api:
        terms = pull(api, "terms", Reading(), 1000, Findings(SOURCE.rules))
    assert (terms.coverage, terms.rows) == (Coverage.PARTIAL, 20)
    assert "does not end after 21 pages" in terms.reason


def test_a_token_that_is_withdrawn_in_mid_pull_keeps_what_came(clever: FakeClever, read: Read) -> None:
    """The district disconnects the application: the list of tokens shows none any more."""

    def withdraw(what: str, done: int, _total: int) -> None:
        if what == "users" and done == 50:
            clever.token = "c" * 40
            clever.data.district = clever.data.district | {"id": "1" * 24}

    extract = read(
        client_id="env:ID",
        client_secret="env:SECRET",
        district=clever.data.district["id"],
        page_size=50,
        context={"progress": withdraw},
    )
    assert coverages(extract)["User"] == "partial"
    assert "credentials are not accepted" in next(t.reason for t in extract.tables if t.entity == "User")


@pytest.mark.parametrize("text", ["\0", "\x1b[2J", "\n", "\u202e"])
def test_an_id_with_a_character_that_nobody_sees_is_no_id(clever: FakeClever, read: Read, text: str) -> None:
    school = clever.data.records["schools"][0]
    school["id"] = school["id"][:8] + text + school["id"][8:]
    extract = read()
    assert coverages(extract)["Org"] == "partial"
    assert found(extract)["clever.record-without-id"] == 1


@pytest.mark.parametrize("again", ["{}", " {} "])
def test_a_record_twice_on_one_page_is_a_list_that_repeats(clever: FakeClever, read: Read, again: str) -> None:
    courses = clever.data.records["courses"]
    courses.insert(3, {**courses[2], "id": again.format(courses[2]["id"]), "name": "Another"})
    extract = read()
    assert coverages(extract)["Course"] == "absent"
    assert found(extract)["clever.page-repeated"] == 1
