"""What goes wrong on the way: nothing is archived because of it, and the extract says so."""

from __future__ import annotations

import re
from datetime import date
from pathlib import Path

import httpx
import pytest
import respx
from clever_reading import QUICK, Read
from extracts import counts, coverages, found, table
from pydantic import ValidationError

from providers.clever import CSV_SOURCE, SOURCE
from providers.clever.client import pull
from providers.clever.conversion import Reading
from providers.clever.fake import FakeClever, Fault
from providers.clever.settings import ApiSettings
from providers.clever.source import CleverApi
from rosterkit.errors import SourceUnreadable, UsageError
from rosterkit.sources.base import Context, Coverage
from rosterkit.sources.findings import Findings
from rosterkit.sources.http import Api

OF_USERS = ("User", "User contact", "Role", "Role contact", "GuardianLink")
OF_SECTIONS = ("Class", "ClassTerm", "Enrollment")

HALF_WAY = [
    Fault("users", "drop", 0, skip=1),
    Fault("users", "drop", 1, skip=1),
    Fault("users", "drop", 900, skip=1),
    Fault("users", "truncate", 900, skip=1),
    Fault("users", "html", skip=1),
    Fault("users", "unlisted", skip=1),
    Fault("users", "status", 400, skip=1),
    Fault("users", "status", 401, skip=1),
    Fault("users", "status", 404, skip=1),
    Fault("users", "status", 429, skip=1),
    Fault("users", "status", 500, skip=1),
    Fault("users", "status", 503, skip=1),
]


@pytest.mark.parametrize("fault", HALF_WAY, ids=lambda f: f"{f.kind} {f.value}")
def test_a_list_that_fails_half_way_is_partial(clever: FakeClever, read: Read, fault: Fault) -> None:
    clever.faults.append(fault)
    extract = read(page_size=50)
    assert {name: c for name, c in coverages(extract).items() if name in OF_USERS} == dict.fromkeys(OF_USERS, "partial")
    assert counts(extract)["User"] == 50  # what came is used
    assert "ended after 50 records" in table(extract, "User").reason
    assert found(extract)["clever.cut-short"] == 1
    assert coverages(extract)["Class"] == "full"
    fault.skip, fault.happened = 1, 0


@pytest.mark.parametrize(
    ("kind", "value", "rule"),
    [
        ("drop", 10, "http.unreachable"),
        ("truncate", 10, "http.not-json"),
        ("html", 0, "http.not-json"),
        ("unlisted", 0, "http.not-json"),
        ("status", 500, "http.server-error"),
        ("status", 404, "clever.not-shared"),
    ],
)
def test_a_list_that_fails_at_once_is_absent(clever: FakeClever, read: Read, kind: str, value: int, rule: str) -> None:
    clever.faults.append(Fault("sections", kind, value))
    extract = read()
    assert {name: coverages(extract)[name] for name in OF_SECTIONS} == dict.fromkeys(OF_SECTIONS, "absent")
    assert table(extract, "Class").reason
    assert found(extract)[rule] == 1
    assert coverages(extract)["User"] == "full"


@pytest.mark.parametrize("kind", ["drop", "html", "truncate"])
def test_what_fails_once_is_tried_again(clever: FakeClever, read: Read, kind: str) -> None:
    clever.faults.append(Fault("users", kind, 20, times=1))
    extract = read()
    assert set(coverages(extract).values()) == {"full"}


def test_a_repeated_page_ends_the_list_and_makes_it_partial(clever: FakeClever, read: Read) -> None:
    clever.faults.append(Fault("users", "repeat"))
    extract = read(page_size=50)
    assert table(extract, "User").coverage == "partial"
    assert found(extract)["clever.page-repeated"] == 1
    assert counts(extract)["User"] == 50


def test_a_link_to_the_next_page_that_is_missing_hides_nothing(clever: FakeClever, read: Read) -> None:
    """The end is an empty page, not a missing link."""
    with (
        respx.mock(assert_all_called=False) as mock,
        Api(httpx.URL("https://api.clever.com/v3.1/"), limits=QUICK) as api,
    ):
        pages = iter([[{"data": {"id": f"{n:024x}", "name": "T"}}] for n in (1, 2)] + [[]])
        mock.get("https://api.clever.com/v3.1/terms").mock(
            side_effect=lambda _: httpx.Response(200, json={"data": next(pages), "links": []})
        )
        found_terms = pull(api, "terms", Reading(), 1000, Findings(SOURCE.rules))
    assert (found_terms.rows, found_terms.coverage) == (2, Coverage.FULL)


def test_a_page_whose_records_have_no_ids_does_not_loop(clever: FakeClever, read: Read) -> None:
    for term in clever.data.records["terms"]:
        term.pop("id")
    extract = read()
    assert table(extract, "AcademicSession").coverage == "absent"
    assert found(extract)["clever.page-repeated"] == 1


def test_a_page_too_large_is_asked_for_in_a_smaller_size(clever: FakeClever, read: Read) -> None:
    clever.faults.append(Fault("users", "status", 413, times=2))
    assert counts(read())["User"] == clever.data.counts["User"]
    assert "limit=625" in " ".join(clever.requests)


def test_a_page_that_is_always_too_large_is_an_error(clever: FakeClever, read: Read) -> None:
    clever.faults.append(Fault("users", "status", 413))
    assert coverages(read())["User"] == "absent"


def test_the_rate_limit_is_waited_for(clever: FakeClever, read: Read) -> None:
    """1,200 requests a minute; the reset header says when the window ends."""
    clever.limit, clever.window = 8, 1
    assert set(coverages(read()).values()) == {"full"}


def test_the_rate_limit_may_not_last_for_ever(clever: FakeClever, read: Read) -> None:
    clever.limit, clever.window = 3, 3600
    extract = read()
    assert found(extract)["http.rate-limited"] > 0
    assert "full" not in coverages(extract).values()


@pytest.mark.parametrize("state", ["paused", "pending", "error"])
def test_a_frozen_district_is_absent_altogether(clever: FakeClever, read: Read, state: str) -> None:
    """Known issue 17: in summer nobody is archived."""
    clever.data.district["state"] = state
    extract = read(context={"demographics": True, "cursor": "kept"})
    assert set(coverages(extract).values()) == {"absent"}
    assert set(coverages(extract)) == {*OF_USERS, *OF_SECTIONS, "Org", "AcademicSession", "Course", "Demographics"}
    assert all("frozen" in t.reason for t in extract.tables)
    assert extract.findings["value"].to_list() == [state]
    assert extract.cursor == "kept"


@pytest.mark.parametrize("state", ["running", "success", "", None, "a new word"])
def test_any_other_state_is_read(clever: FakeClever, read: Read, state: str | None) -> None:
    clever.data.district["state"] = state
    assert set(coverages(read()).values()) == {"full"}


def test_contacts_that_are_not_shared_are_not_missed(clever: FakeClever, read: Read) -> None:
    """Known issue 6: roles that are not shared simply do not appear in /users."""
    clever.unshared.add("contact")
    extract = read()
    assert {name: c for name, c in coverages(extract).items() if c == "absent"} == dict.fromkeys(
        ("User contact", "Role contact", "GuardianLink"), "absent"
    )
    assert found(extract) == {"clever.no-contacts": 1}


@pytest.mark.parametrize("resource", ["schools", "terms", "courses"])
def test_what_is_not_shared_is_absent_and_says_so(clever: FakeClever, read: Read, resource: str) -> None:
    """Known issue 20: 404 may mean unshared."""
    clever.unshared.add(resource)
    extract = read()
    entity = {"schools": "Org", "terms": "AcademicSession", "courses": "Course"}[resource]
    assert table(extract, entity).coverage == ("partial" if resource == "schools" else "absent")
    assert "does not share" in table(extract, entity).reason
    assert found(extract)["clever.not-shared"] == 1
    if resource == "terms":
        assert coverages(extract)["ClassTerm"] == "absent"


# tokens


def test_a_token_is_listed_with_client_id_and_secret(clever: FakeClever, read: Read) -> None:
    extract = read(token=None, client_id="env:ID", client_secret="env:SECRET")
    assert counts(extract)["User"] == clever.data.counts["User"]


def test_a_token_that_is_rotated_in_mid_pull_is_listed_again(clever: FakeClever, read: Read) -> None:
    def rotate(what: str, done: int, _total: int) -> None:
        if what == "users" and done == 50:
            clever.token = "c" * 40

    extract = read(client_id="env:ID", client_secret="env:SECRET", page_size=50, context={"progress": rotate})
    assert counts(extract)["User"] == clever.data.counts["User"]
    assert set(coverages(extract).values()) == {"full"}


def test_a_token_that_expires_in_mid_pull_leaves_a_partial_list(clever: FakeClever, read: Read) -> None:
    def rotate(what: str, done: int, _total: int) -> None:
        if what == "users" and done == 50:
            clever.token = "c" * 40

    extract = read(page_size=50, context={"progress": rotate})
    assert coverages(extract)["User"] == "partial"


def test_a_token_that_is_not_accepted_says_what_to_check(clever: FakeClever, read: Read) -> None:
    clever.token = "d" * 40
    with pytest.raises(SourceUnreadable, match="credentials are not accepted") as raised:
        read()
    assert raised.value.rule == "http.unauthorised"
    assert "aaaa" not in str(raised.value)


def test_several_districts_need_to_be_told_apart(clever: FakeClever, read: Read) -> None:
    clever.other_districts.append("0" * 24)
    client = {"token": None, "client_id": "env:ID", "client_secret": "env:SECRET"}
    with pytest.raises(UsageError, match=f"{'0' * 24}, {clever.data.district['id']}"):
        read(**client)
    assert counts(read(**client, district=clever.data.district["id"]))["User"] == clever.data.counts["User"]


def test_a_district_that_is_not_connected_says_so(read: Read) -> None:
    with pytest.raises(SourceUnreadable, match="no token for this district"):
        read(token=None, client_id="env:ID", client_secret="env:SECRET", district="1" * 24)


def test_another_districts_token_is_refused(clever: FakeClever, read: Read) -> None:
    with pytest.raises(SourceUnreadable, match="Nothing was read") as raised:
        read(district="1" * 24)
    assert raised.value.rule == "clever.other-district"
    assert clever.requests == ["/v3.1/districts"]


@respx.mock
@pytest.mark.parametrize("shown", [0, 2])
def test_a_token_that_does_not_show_one_district_is_refused(tmp_path: Path, shown: int) -> None:
    data = [{"data": {"id": f"{n:024x}"}} for n in range(shown)]
    respx.get("https://api.clever.com/v3.1/districts").respond(json={"data": data})
    context = Context(Findings(SOURCE.rules), date(2026, 9, 1), tmp_path, tmp_path)
    with pytest.raises(SourceUnreadable) as raised:
        CleverApi().extract(ApiSettings(token="env:T"), context)
    assert raised.value.rule == "clever.not-one-district"


@respx.mock
def test_requests_go_to_the_version_with_the_token(tmp_path: Path) -> None:
    route = respx.get("https://api.clever.com/v3.0/districts").respond(401, html="<p>no</p>")
    context = Context(Findings(SOURCE.rules), date(2026, 9, 1), tmp_path, tmp_path, secret=lambda _: "t0ken\n")
    with pytest.raises(SourceUnreadable):
        CleverApi().extract(ApiSettings(token="env:T", version="v3.0"), context)
    assert route.calls[0].request.headers["authorization"] == "Bearer t0ken"


# settings


@pytest.mark.parametrize(
    ("settings", "message"),
    [
        ({"token": "env:T", "version": "v2.1"}, 'Set version = "v3.1"'),
        ({"token": "env:T", "version": "v4"}, "is not known"),
        ({}, "give token, or client_id and client_secret"),
        ({"client_id": "env:I"}, "go together"),
        ({"token": "env:T", "scop": {}}, "Extra inputs"),
        ({"token": "env:T", "district": "my district"}, "match pattern"),
        ({"token": "env:T", "page_size": 10_001}, "less than or equal to 10000"),
        ({"token": "env:T", "scope": {"contact_types": {"Family": "guardian", "family": "ignore"}}}, "stands twice"),
    ],
)
def test_settings_say_what_is_wrong(settings: dict[str, object], message: str) -> None:
    with pytest.raises(ValidationError, match=message):
        ApiSettings.model_validate(settings)


@pytest.mark.parametrize("name", ["token", "client_id", "client_secret"])
def test_a_plain_secret_is_refused_and_not_shown(name: str) -> None:
    pair = {"client_id": "env:I", "client_secret": "env:S"}
    with pytest.raises(UsageError, match="not a reference to a secret") as raised:
        ApiSettings.model_validate(pair | {name: "0123456789abcdef"})
    assert "0123456789" not in str(raised.value)


def test_every_setting_has_a_description() -> None:
    from providers.clever.settings import CsvSettings, Scope

    for model in (ApiSettings, CsvSettings, Scope):
        assert all(field.description for field in model.model_fields.values()), model


def test_every_rule_has_a_code_of_its_own_and_an_example() -> None:
    codes = [rule.code for rule in dict.fromkeys((*SOURCE.rules, *CSV_SOURCE.rules))]
    assert len(set(codes)) == len(codes)
    assert all(rule.code.startswith(("clever.", "http.")) and rule.remedy and rule.example for rule in SOURCE.rules)


def test_every_rule_that_is_found_is_in_the_catalogue() -> None:
    source = Path(__file__).parents[3] / "providers/clever"
    text = "".join(p.read_text() for p in source.glob("*.py") if p.name != "rules.py")
    used = set(re.findall(r'"(clever\.[a-z-]+)"', text))
    assert used <= {rule.code for rule in (*SOURCE.rules, *CSV_SOURCE.rules)}
