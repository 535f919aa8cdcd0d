"""Faults of the server and of the network: what came is read, nothing is archived, and the reason is named."""

from typing import Any

import pytest
import respx
from rest_runs import context, coverage, met, on, read, rows, settings

from providers.oneroster.rest import SOURCE
from providers.oneroster.rest.fake import Ask, FakeServer, Reply, failure, serving
from providers.oneroster.rest.fake_roster import invented
from rosterkit.errors import SourceUnreadable, UsageError
from rosterkit.sources.base import Extract

SOME = ["orgs", "users", "enrollments"]


def broken(answer: Reply | None, *, page: int = 2, cut: int | None = None, collection: str = "users") -> Extract:
    """The extract where a collection's answers are that one, or cut, from a page on."""
    with serving(FakeServer(invented())) as fake:
        on(
            collection,
            lambda _ask, reply: answer or Reply(reply.status, reply.body, reply.headers, cut=cut),
            fake=fake,
            page=page,
        )
        return read(fake, page_size=50, collections=SOME)


def covers(extract: Extract, users: str, enrollments: str) -> bool:
    found = coverage(extract)
    return (found["Org"], found["User"], found["Enrollment"]) == ("full", users, enrollments)


@pytest.mark.parametrize("cut", [0, 1, 100, 9000])
def test_a_connection_dropped_in_the_middle_of_a_page_ends_the_pull(cut: int) -> None:
    """What is asked for afterwards would fail too: it is absent, and everything says why."""
    extract = broken(None, cut=cut)
    assert covers(extract, "partial", "absent")
    assert rows(extract, "User").height == 50
    assert met(extract) == {"rest.broken-off": 1, "rest.unread": 1}
    reason = extract.table("Enrollment").reason  # type: ignore[union-attr] # it is there
    assert "users" in reason
    assert "broken off" in reason


FAULTS = {
    "500 again and again": Reply(500, b"{}"),
    "an HTML page": Reply(200, b"<!DOCTYPE html><title>Sign in</title>", kind="text/html"),
    "truncated JSON": Reply(200, b'{"users":[{"sourcedId":"U-1"'),
    "404 half-way": failure(404, "unknownobject", "1.1"),
    "403 half-way": failure(403, "forbidden", "1.2"),
    "400 half-way": failure(400, "invaliddata", "1.1-text"),
    "a redirect": Reply(302, b"", {"Location": "https://elsewhere.example/"}),
}


@pytest.mark.parametrize("what", FAULTS)
def test_a_page_that_fails_makes_the_collection_partial_and_the_rest_is_read(what: str) -> None:
    extract = broken(FAULTS[what])
    assert covers(extract, "partial", "full")
    assert rows(extract, "User").height == 50
    assert met(extract) == {"rest.broken-off": 1}


@pytest.mark.parametrize("what", FAULTS)
def test_a_collection_that_fails_from_the_start_is_absent_and_the_rest_is_read(what: str) -> None:
    extract = broken(FAULTS[what], page=1)
    assert covers(extract, "absent", "full")
    rule = "rest.not-shared" if what[:3] in ("404", "403") else "rest.unread"
    assert met(extract) == {rule: 1}


@pytest.mark.parametrize(("status", "code"), [(429, "server_busy"), (401, "unauthorisedrequest")])
def test_too_many_requests_and_withdrawn_permission_end_the_pull(status: int, code: str) -> None:
    extract = broken(failure(status, code, "1.2"))
    assert covers(extract, "partial", "absent")
    assert f"({code})" in extract.findings.filter(rule="rest.broken-off")["detail"].item()


def test_the_servers_own_words_are_not_shown() -> None:
    """Its description of an error may name a person; only the standard's codes are shown."""
    extract = broken(failure(400, "invaliddata", "1.2"))
    assert "Person Example" not in extract.findings.write_csv()


def test_what_fails_now_and_then_is_asked_again() -> None:
    """A storm of 429 and 500: every second request fails, and everything comes."""
    with serving(FakeServer(invented())) as fake:
        faults = [failure(429, "server_busy", "1.2"), Reply(500, b""), Reply(503, b"<p>", {"Retry-After": "0"})]
        fake.fault = lambda _ask, count: faults[count % 3] if count % 2 else None
        extract = read(fake, page_size=50)
    assert set(coverage(extract).values()) == {"full"}
    assert rows(extract, "User").height == 137


@pytest.mark.parametrize("status", [502, 504])
def test_a_page_that_is_too_heavy_is_asked_for_by_halves(status: int) -> None:
    def heavy(ask: Ask, _count: int) -> Reply | None:
        return Reply(status, b"") if int(ask.query["limit"]) > 200 else None

    with serving(FakeServer(invented(300))) as fake:
        fake.fault = heavy
        extract = read(fake, page_size=1000, collections=["users"])
        pages = [(int(ask.query["limit"]), int(ask.query["offset"])) for ask in fake.log]
    assert coverage(extract)["User"] == "full"
    assert rows(extract, "User").height == 617
    assert pages[:4] == [(1000, 0), (500, 0), (250, 0), (125, 0)]
    assert pages[4] == (125, 125)


def test_halving_ends_at_100_records_and_the_failure_is_then_final() -> None:
    with serving(FakeServer(invented())) as fake:
        fake.fault = lambda ask, _count: Reply(502, b"") if ask.path.endswith("/users") else None
        extract = read(fake, page_size=250, collections=SOME)
        limits = [ask.query["limit"] for ask in fake.log if ask.path.endswith("/users")]
    assert covers(extract, "absent", "full")
    assert limits == ["250", "125", "100", "100", "100"]  # the smallest page is asked for as often as any other


def test_a_token_that_expires_in_the_middle_is_renewed() -> None:
    with serving(FakeServer(invented(), per_token=3)) as fake:
        extract = read(fake, page_size=40)
        used = len(fake.tokens)
    assert set(coverage(extract).values()) == {"full"}
    assert used > 3


def test_a_token_that_cannot_be_renewed_ends_the_pull() -> None:
    with serving(FakeServer(invented())) as fake:
        on("users", lambda _ask, _reply: failure(401, "unauthorisedrequest", "1.1"), fake=fake, page=2)
        extract = read(fake, page_size=50, collections=SOME)
    assert covers(extract, "partial", "absent")


@pytest.mark.parametrize(
    ("answer", "rule"),
    [
        (Reply(200, b"{}"), "http.unauthorised"),
        (Reply(200, b'{"access_token":"a\\nb"}'), "http.unauthorised"),
        (Reply(400, b'{"error":"invalid_scope"}'), "http.rejected"),
        (Reply(500, b""), "http.server-error"),
        (Reply(200, b"<html>"), "http.not-json"),
    ],
)
def test_a_token_endpoint_that_gives_no_token_is_an_error(answer: Reply, rule: str) -> None:
    with serving(FakeServer(invented())) as fake:
        fake.token_answer = answer
        with pytest.raises(SourceUnreadable) as raised:
            read(fake)
    assert raised.value.rule == rule


def test_a_server_that_shows_nothing_at_all_cannot_be_read() -> None:
    with serving(FakeServer(invented(), hidden=set(invented()))) as fake, pytest.raises(SourceUnreadable):
        read(fake)


def test_the_wrong_version_cannot_be_read() -> None:
    with serving(FakeServer(invented())) as fake, pytest.raises(SourceUnreadable) as raised:
        read(fake, version="1.2")
    assert raised.value.rule == "http.missing"


def test_a_server_that_is_not_there_cannot_be_read_and_is_not_asked_for_every_collection() -> None:
    with serving(FakeServer(invented())) as fake:
        there = settings(fake)
    with pytest.raises(SourceUnreadable) as raised:
        SOURCE.extract(there, context())
    assert raised.value.rule == "http.unreachable"


@pytest.mark.parametrize(
    "more",
    [
        {"url": "http://sis.example"},
        {"url": "https://user:pw@sis.example"},
        {"url": "https://sis.example/ims/oneroster/rostering/v1p2"},
        {"token_url": "ftp://sis.example/token"},
        {"url": "https://127.0.0.1:1", "ca_file": "no-such-file.pem"},
    ],
)
def test_a_wrong_setting_is_a_usage_error(more: dict[str, Any]) -> None:
    with serving(FakeServer(invented())) as fake, pytest.raises(UsageError):
        read(fake, **more)


def test_an_unshared_collection_is_absent() -> None:
    with serving(FakeServer(invented(), hidden={"demographics", "courses"})) as fake:
        extract = read(fake)
    found = coverage(extract)
    assert (found["Demographics"], found["Course"], found["Class"]) == ("absent", "absent", "full")
    assert met(extract) == {"rest.not-shared": 2}


@pytest.mark.parametrize("refused", ["filter", "sort"])
def test_a_server_that_refuses_the_filter_or_the_order_is_read_without(refused: str) -> None:
    with serving(FakeServer(invented())) as fake:
        before = read(fake, incremental=True, collections=["users"])

        def picky(ask: Ask, _count: int) -> Reply | None:
            return failure(400, f"invalid_{refused}_field", "1.1") if refused in ask.query else None

        fake.fault = picky
        extract = read(fake, at={"cursor": before.cursor}, incremental=True, page_size=50, collections=["users"])
    assert rows(extract, "User").height == 137
    assert coverage(extract)["User"] == ("full" if refused == "filter" else "delta")
    assert met(extract)[f"rest.{refused}-refused"] == 1
    assert len(met(extract)) == (1 if refused == "filter" else 2)  # and rest.incremental


def test_credentials_go_to_the_configured_host_only() -> None:
    with respx.mock(assert_all_called=False) as routes, serving(FakeServer(invented())) as fake:
        routes.route(host="127.0.0.1").pass_through()
        other = routes.route(host="elsewhere.example").respond(200, json={"users": []})
        on("users", lambda _a, reply: Reply(302, reply.body, {"Location": "https://elsewhere.example/"}), fake=fake)
        read(fake)
        assert not other.called
