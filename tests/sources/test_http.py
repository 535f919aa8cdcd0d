"""What API sources share: one request that is made until it succeeds or fails for good."""

import gzip
import logging
import threading
import time
from collections.abc import Callable
from email.utils import formatdate
from functools import partial

import httpx
import pytest
import respx
from rawserver import reply, serving

from rosterkit.errors import SourceUnreadable, UsageError
from rosterkit.sources.http import (
    HTTP_RULES,
    Answer,
    Api,
    ApiError,
    HttpLimits,
    Walked,
    checked_address,
    shown_address,
)
from rosterkit.transport.patience import somebody_waits

QUICK = HttpLimits(attempts=3, wait_initial=0.001, wait_max=0.01, wait_asked=2, read=2, whole=3)
BODY = b'{"data":[{"data":{"id":"58da8c6b894273be680001fc"}}],"links":[]}'
BASE = httpx.URL("https://api.vendor.example/v1/")


def api(base: str, *, limits: HttpLimits = QUICK, reset_header: str = "") -> Api:
    return Api(checked_address(base, "address"), limits=limits, reset_header=reset_header)


def test_an_object_is_read_with_its_headers() -> None:
    with serving(lambda _: reply(BODY, headers="X-Total-Count: 1\r\n")) as (base, heads), api(base) as client:
        answer = client.read("users", params={"limit": 2})
    assert answer.body["links"] == []
    assert answer.headers["x-total-count"] == "1"
    assert heads[0].startswith("GET /v1/users?limit=2 ")


@pytest.mark.parametrize("cut", [0, 1, 20, len(reply(BODY)) - len(BODY), len(reply(BODY)) - 1])
def test_an_answer_cut_at_any_byte_is_an_error_and_never_empty(cut: int) -> None:
    with serving(lambda _: reply(BODY)[:cut]) as (base, heads), api(base) as client, pytest.raises(ApiError) as raised:
        client.read("users")
    assert raised.value.rule == "http.unreachable"
    assert len(heads) == 3


def test_a_server_that_has_not_answered_is_given_up_early_where_somebody_waits() -> None:
    broken, whole = reply(BODY)[:0], reply(BODY)
    with serving(lambda _: broken) as (base, heads), somebody_waits(), api(base) as client, pytest.raises(ApiError):
        client.read("users")
    assert len(heads) == 2
    replies = iter([whole, broken, broken, whole])
    with serving(lambda _: next(replies)) as (base, heads), somebody_waits(), api(base) as client:
        assert client.read("users").body == client.read("users").body
    assert len(heads) == 4


def test_a_connection_that_breaks_once_is_tried_again() -> None:
    replies = iter([reply(BODY)[:30], reply(BODY)])
    with serving(lambda _: next(replies)) as (base, _), api(base) as client:
        assert client.read("users").body["data"]


BROKEN = {
    "an HTML page": (b"<!DOCTYPE html><p>Maintenance</p>", "text/html"),
    "truncated JSON": (BODY[:-5], "application/json"),
    "nothing": (b"", "application/json"),
    "a list": (b"[]", "application/json"),
    "null": (b"null", "application/json"),
    "NaN": (b'{"count":NaN}', "application/json"),
    "not UTF-8": (b'{"name":"\xe9"}', "application/json"),
    "nested without end": (b'{"a":' * 100_000, "application/json"),
}


@pytest.mark.parametrize("what", BROKEN)
def test_a_200_that_is_no_object_is_an_error_and_never_empty(what: str) -> None:
    body, kind = BROKEN[what]
    with (
        serving(lambda _: reply(body, kind=kind)) as (base, heads),
        api(base) as client,
        pytest.raises(ApiError) as raised,
    ):
        client.read("users")
    assert (raised.value.rule, raised.value.status) == ("http.not-json", 200)
    assert len(heads) == 3


def test_another_kind_of_value_is_read_where_the_source_allows_it() -> None:
    with serving(lambda _: reply(b"[1]")) as (base, _), api(base) as client:
        assert client.read("applications", types=(dict, list)).body == [1]


@pytest.mark.parametrize(
    ("status", "rule", "requests"),
    [
        ("301 Moved Permanently", "http.rejected", 1),
        ("400 Bad Request", "http.rejected", 1),
        ("401 Unauthorized", "http.unauthorised", 1),
        ("403 Forbidden", "http.unauthorised", 1),
        ("404 Not Found", "http.missing", 1),
        ("413 Too Large", "http.rejected", 1),
        ("429 Too Many Requests", "http.rate-limited", 3),
        ("500 Internal Server Error", "http.server-error", 3),
        ("501 Not Implemented", "http.rejected", 1),
        ("503 Service Unavailable", "http.server-error", 3),
    ],
)
def test_what_may_pass_is_tried_again_and_what_may_not_is_not(status: str, rule: str, requests: int) -> None:
    with (
        serving(lambda _: reply(b"<p>", status=status, kind="text/html")) as (base, heads),
        api(base) as client,
        pytest.raises(ApiError) as raised,
    ):
        client.read("users")
    assert (raised.value.rule, raised.value.status) == (rule, int(status[:3]))
    assert len(heads) == requests


@pytest.mark.parametrize(
    "headers",
    [
        "Retry-After: 1\r\n",
        lambda: f"Retry-After: {formatdate(time.time() + 2, usegmt=True)}\r\n",
        lambda: f"X-Reset: {int(time.time()) + 2}\r\n",
        "X-Reset: 1\r\n",
        # the server's clock is an hour ahead: its own date says how long it means
        lambda: f"X-Reset: {int(time.time()) + 3601}\r\nDate: {formatdate(time.time() + 3600, usegmt=True)}\r\n",
    ],
)
def test_the_wait_that_the_server_asks_for_is_honoured(headers: str | Callable[[], str]) -> None:
    text = headers if isinstance(headers, str) else headers()
    replies = iter([reply(b"{}", status="429 Too Many Requests", headers=text), reply(BODY)])
    started = time.monotonic()
    with serving(lambda _: next(replies)) as (base, _), api(base, reset_header="X-Reset") as client:
        client.read("users")
    assert 0.3 < time.monotonic() - started < 2.5


def test_a_longer_wait_than_allowed_is_an_error_that_names_it() -> None:
    busy = reply(b"{}", status="429 Too Many Requests", headers="Retry-After: 3600\r\n")
    with (
        serving(lambda _: busy) as (base, heads),
        api(base) as client,
        pytest.raises(ApiError, match="asks to wait 3,600 seconds"),
    ):
        client.read("users")
    assert len(heads) == 1


def test_a_reset_in_the_past_waits_as_any_other_failure() -> None:
    replies = iter([reply(b"{}", status="429 Too Many Requests", headers="X-Reset: 1700000000\r\n"), reply(BODY)])
    with serving(lambda _: next(replies)) as (base, _), api(base, reset_header="X-Reset") as client:
        assert client.read("users").body["data"]


def test_an_answer_is_bounded_also_when_it_is_compressed() -> None:
    bomb = reply(gzip.compress(b'{"a":"' + b" " * 5_000_000 + b'"}'), headers="Content-Encoding: gzip\r\n")
    small = HttpLimits(attempts=1, answer_bytes=1_000_000)
    with serving(lambda _: bomb) as (base, _), api(base, limits=small) as client, pytest.raises(ApiError) as raised:
        client.read("users")
    assert raised.value.rule == "http.too-large"


def test_an_answer_that_trickles_has_a_time_limit() -> None:
    def slow(_head: str) -> bytes:
        time.sleep(0.2)
        return reply(BODY)

    hasty = HttpLimits(attempts=1, whole=0.1)
    with serving(slow) as (base, _), api(base, limits=hasty) as client, pytest.raises(ApiError, match="in time"):
        client.read("users")


@pytest.mark.parametrize(
    "address",
    [
        "http://api.vendor.example",
        "ftp://127.0.0.1",
        "api.vendor.example",
        "https://user:secret@api.vendor.example",
        "https://api.vendor.example?key=secret",
        "",
    ],
)
def test_only_https_or_this_machine_may_be_configured(address: str) -> None:
    with pytest.raises(UsageError) as raised:
        checked_address(address, "address")
    assert "secret" not in str(raised.value)


@pytest.mark.parametrize(
    "address", ["http://localhost:8000/x", "http://127.0.0.1", "http://[::1]:1", "https://a.example"]
)
def test_loopback_may_be_http(address: str) -> None:
    assert str(checked_address(address, "address")).endswith("/")


def test_addresses_are_shown_without_what_may_be_personal() -> None:
    url = httpx.URL("https://u:p@host/v1/users?limit=5&filter=email%3D'a@b.example'&starting_after=x#f")
    assert shown_address(url) == "https://host/v1/users?limit=5&starting_after=x"
    assert shown_address(httpx.URL("https://host/v1/users?token=s")) == "https://host/v1/users"


@pytest.mark.parametrize(
    "link", ["https://elsewhere.example/v1/users", "//elsewhere.example/users", "http://api.vendor.example/v1"]
)
def test_credentials_are_not_sent_to_another_host(link: str) -> None:
    with Api(BASE, limits=QUICK) as client, pytest.raises(ApiError, match=r"sent to api\.vendor\.example only"):
        client.read(link)


def test_a_path_is_sent_as_it_is_encoded() -> None:
    with Api(BASE) as client:
        assert client.url("%2FgVa0%43/users").raw_path == b"/v1/%2FgVa0%43/users"


@pytest.mark.parametrize("token", ["abc\ndef", "abc\r", "abcé"])
def test_a_token_that_cannot_be_sent_is_a_usage_error_without_the_token(token: str) -> None:
    with pytest.raises(UsageError) as raised:
        Api(BASE, headers={"Authorization": f"Bearer {token}"})
    assert "abc" not in str(raised.value)


@respx.mock
def test_a_refused_connection_says_so() -> None:
    respx.get("https://api.vendor.example/v1/users").mock(side_effect=httpx.ConnectError("refused"))
    with Api(BASE, limits=QUICK) as client, pytest.raises(SourceUnreadable, match="no connection") as raised:
        client.read("users")
    assert raised.value.file == "https://api.vendor.example/v1/users"
    assert respx.calls.call_count == 3


@respx.mock
def test_a_form_is_posted_with_its_own_credentials() -> None:
    route = respx.post("https://api.vendor.example/v1/token").respond(json={"access_token": "t"})
    with Api(BASE, headers={"X-App": "1"}) as client:
        answer = client.read(
            "token", method="POST", form={"grant_type": "client_credentials"}, auth=httpx.BasicAuth("id", "secret")
        )
    assert answer.body == {"access_token": "t"}
    assert route.calls[0].request.content == b"grant_type=client_credentials"
    assert route.calls[0].request.headers["authorization"].startswith("Basic ")


def test_requests_run_at_the_same_time_but_not_more_than_allowed() -> None:
    running, most, lock = 0, 0, threading.Lock()

    def call(number: int) -> int:
        nonlocal running, most
        with lock:
            running += 1
            most = max(most, running)
        time.sleep(0.02)
        with lock:
            running -= 1
        return number

    with Api(BASE, limits=HttpLimits(workers=2)) as client:
        assert client.together([partial(call, n) for n in range(6)]) == list(range(6))
    assert most == 2


def test_progress_is_heard_and_needs_nobody() -> None:
    heard: list[tuple[str, int, int]] = []

    def hear(what: str, done: int, total: int) -> None:
        heard.append((what, done, total))

    with Api(BASE, progress=hear) as client:
        client.progress("users", 100)
    with Api(BASE) as client:
        client.progress("users", 100)
    assert heard == [("users", 100, 0)]


def test_http_libraries_do_not_log_addresses(caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.DEBUG)
    with serving(lambda _: reply(BODY)) as (base, _), api(base) as client:
        client.read("users", params={"filter": "email='ana@post.example'"})
    assert "ana" not in caplog.text


def test_every_error_has_a_rule() -> None:
    assert {"http.unreachable", "http.not-json", "http.missing"} <= {rule.code for rule in HTTP_RULES}


def test_a_final_status_is_not_asked_again_and_other_failures_are() -> None:
    with (
        serving(lambda _: reply(b"{}", status="502 Bad Gateway")) as (base, heads),
        api(base) as client,
    ):
        with pytest.raises(ApiError):
            client.read("users", final={502, 504})
        assert len(heads) == 1
        with pytest.raises(ApiError):
            client.read("users", final={504})
    assert len(heads) == 4


@pytest.mark.parametrize(
    ("body", "expected"),
    [
        (b'{"imsx_codeMajor":"failure"}', {"imsx_codeMajor": "failure"}),
        (b"<p>", None),
        (b'"' + b"x" * 70_000 + b'"', None),
    ],
)
def test_the_body_of_an_error_is_there_for_the_source_to_read(body: bytes, expected: object) -> None:
    with (
        serving(lambda _: reply(body, status="400 Bad Request")) as (base, _),
        api(base) as client,
        pytest.raises(ApiError) as raised,
    ):
        client.read("users")
    assert raised.value.body == expected


@pytest.mark.parametrize("packed", ["gzip, gzip", "br", "deflate", "x-unknown"])
def test_an_answer_that_is_packed_otherwise_than_asked_is_not_unpacked(packed: str) -> None:
    """Packed twice, a thousand bytes become a gigabyte before anybody can count them."""
    bomb = gzip.compress(gzip.compress(b'{"a":"' + b" " * 20_000_000 + b'"}'))
    answer = reply(bomb, headers=f"Content-Encoding: {packed}\r\n")
    one = HttpLimits(attempts=1, answer_bytes=10**9)
    with (
        serving(lambda _: answer) as (base, heads),
        api(base, limits=one) as client,
        pytest.raises(ApiError) as raised,
    ):
        client.read("users")
    assert raised.value.rule == "http.unreachable"
    assert "cannot be decompressed" in str(raised.value)
    assert "accept-encoding: gzip\r\n" in heads[0].lower() + "\r\n"


def test_a_list_without_an_end_is_given_up() -> None:
    address = "https://api.vendor.example/v1/users"
    page = Answer({}, httpx.Headers(), address, size=400)
    by_pages, by_bytes = Walked(HttpLimits(list_pages=3)), Walked(HttpLimits(list_bytes=1000))
    for walked, pages in ((by_pages, 3), (by_bytes, 2)):
        for _ in range(pages):
            walked.add(page)
        with pytest.raises(ApiError, match="does not end after") as raised:
            walked.add(page)
        assert raised.value.rule == "http.endless"


def test_a_cookie_is_neither_kept_nor_sent() -> None:
    """One that is no text would break the next request."""
    with serving(lambda _: reply(BODY, headers="Set-Cookie: a=\xe9; Path=/\r\n")) as (base, heads), api(base) as client:
        for _ in range(2):
            client.read("users")
    assert not any("cookie" in head.lower() for head in heads)
