"""Only HTTPS: certificates, addresses that are secrets, redirects, waiting as asked."""

from __future__ import annotations

import base64
import hashlib
import logging
import traceback
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
import stamina
from served_places import ServedHttps, content

from rosterkit.errors import NotDelivered, SourceUnreadable, UsageError
from rosterkit.transport import Outgoing, Verified

ROSTER = b"sourcedId,givenName\n17,Amara\n"
FILES = [Outgoing("users.csv", ROSTER)]


def test_a_certificate_that_nobody_trusts_is_not_tried_again(https: ServedHttps) -> None:
    with https.place(ca="") as place, pytest.raises(UsageError, match="certificate"):
        place.deliver(FILES)
    with https.place(ca="") as place, pytest.raises(UsageError, match="certificate"):
        place.list()
    assert https.server.received == []


def test_a_file_that_holds_no_certificate_is_a_sentence(https: ServedHttps) -> None:
    (https.work / "none.pem").write_text("nothing")
    with pytest.raises(UsageError, match="Name a PEM file"):
        https.place(ca="none.pem")


def test_the_address_is_in_no_message_and_no_log(https: ServedHttps, caplog: pytest.LogCaptureFixture) -> None:
    for name in ("", "httpx", "httpcore"):  # the client of sources makes the two quiet
        caplog.set_level(logging.DEBUG, logger=name)
    texts = []
    with https.place() as place:
        texts += [repr(place), repr(place.deliver(FILES)), repr(place.list())]
        https.faults.forbid = {"PUT"}
        with pytest.raises(UsageError) as raised:
            place.deliver(FILES)
        texts += traceback.format_exception(raised.value)
        https.faults.forbid = set()
        https.faults.cut_writes = [1] * 9
        with pytest.raises(NotDelivered) as lost:
            place.deliver(FILES)
        texts += traceback.format_exception(lost.value)
    shown = "".join(texts) + caplog.text
    assert "Signature" not in shown
    assert "0123456789abcdef" not in shown
    assert "HTTP Request: PUT https://127.0.0.1" in caplog.text  # the log itself goes on


@pytest.mark.parametrize(
    "address",
    ["https://files.example/in?token=abc123", "https://u:abc123@files.example/in", "http://files.example/", "abc123"],
)
def test_an_address_that_is_a_secret_comes_by_reference(https: ServedHttps, address: str) -> None:
    with pytest.raises(UsageError, match="neither a reference nor a plain https address") as raised:
        https.place(address=address)
    assert "abc123" not in str(raised.value)


def test_a_plain_address_may_stand_in_the_settings(https: ServedHttps) -> None:
    https.put("users.csv", ROSTER)
    with https.place(address=f"https://127.0.0.1:{https.server.port}/in/users.csv") as place:
        assert [file.name for file in place.list()] == ["users.csv"]


def test_a_reference_to_something_else_is_not_shown(https: ServedHttps, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("VENDOR_ADDRESS", "ftp://files.example/abc123")
    with pytest.raises(UsageError, match="no https address") as raised:
        https.place()
    assert "abc123" not in str(raised.value)


def test_the_size_is_stated_and_no_file_is_sent_in_chunks(https: ServedHttps) -> None:
    with https.place(headers={"Content-Type": "text/csv"}) as place:
        place.deliver(FILES)
    headers = https.server.headers[-1]
    assert headers["content-length"] == str(len(ROSTER))
    assert headers["content-type"] == "text/csv"
    assert "transfer-encoding" not in headers


def test_a_header_that_is_a_secret_comes_by_reference(https: ServedHttps, monkeypatch: pytest.MonkeyPatch) -> None:
    with pytest.raises(UsageError, match="authorization") as raised:
        https.place(headers={"authorization": "Bearer abc123"})
    assert "abc123" not in str(raised.value)
    monkeypatch.setenv("TOKEN", "Bearer abc123")
    https.put("users.csv", ROSTER)
    with https.place(authorization="env:TOKEN") as place:
        place.list()
    assert https.server.headers[-1]["authorization"] == "Bearer abc123"


def test_a_server_that_states_no_checksum(https: ServedHttps) -> None:
    https.server.states_checksum = False
    with https.place() as place:
        (done,) = place.deliver(FILES)
    assert (done.verified, done.why) == (
        Verified.NONE,
        "the server accepted the file, and stated no checksum of it",
    )


@pytest.mark.parametrize("status", [401, 403])
def test_a_refusal_is_not_tried_again(https: ServedHttps, status: int) -> None:
    https.faults.answers = [(status, {}, b"")] * 2
    with https.place() as place, pytest.raises(UsageError, match="ask for a new one"):
        place.deliver(FILES)
    assert len(https.faults.answers) == 1
    with https.place() as place, pytest.raises(UsageError, match="ask for a new one"):
        place.list()


@pytest.mark.parametrize(
    ("status", "why"), [(404, "missing"), (413, "too-large"), (507, "no-room"), (400, "refused"), (503, "unreachable")]
)
def test_what_went_wrong_has_a_word(https: ServedHttps, status: int, why: str) -> None:
    https.faults.answers = [(status, {}, b"")] * 5
    with https.place() as place, pytest.raises(NotDelivered) as raised:
        place.deliver(FILES)
    assert raised.value.why == why
    assert len(https.faults.answers) == (0 if status == 503 else 4)


def test_a_delivery_is_never_led_to_another_address(https: ServedHttps) -> None:
    other = f"https://127.0.0.1:{https.server.port}/in/other.csv"
    https.faults.answers = [(307, {"Location": other}, b"")]
    with https.place() as place, pytest.raises(UsageError, match="leads on to another address"):
        place.deliver(FILES)
    assert https.there() == {}


def test_reading_follows_to_another_https_address_only(https: ServedHttps, tmp_path: Path) -> None:
    https.put("other.csv", ROSTER)
    there = f"127.0.0.1:{https.server.port}/in/other.csv"
    https.server.redirects["/in/users.csv"] = f"https://{there}"
    with https.place() as place:
        assert place.fetch(place.list()[0], tmp_path / "got.csv").bytes == len(ROSTER)
        https.server.redirects["/in/users.csv"] = f"http://{there}"
        with pytest.raises(UsageError, match="not usable"):
            place.list()


def test_what_goes_along_to_the_configured_host_goes_to_no_other(
    https: ServedHttps, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    """A place that leads on to another server does not hand it what the district's own address needs."""
    monkeypatch.setenv("TOKEN", "Bearer abc123")
    (tmp_path / "other").mkdir()
    other = ServedHttps(tmp_path / "other", monkeypatch)
    monkeypatch.setenv("VENDOR_ADDRESS", https.address)
    other.put("users.csv", ROSTER)
    with (https.work / "ca.pem").open("ab") as trusted:
        trusted.write((other.work / "ca.pem").read_bytes())
    https.server.redirects["/in/users.csv"] = other.address
    try:
        with https.place(authorization="env:TOKEN", headers={"X-District": "harbor"}) as place:
            assert place.fetch(place.list()[0], tmp_path / "got.csv").bytes == len(ROSTER)
    finally:
        other.server.close()
    names = {"authorization", "x-district"}
    assert names <= set(https.server.headers[-1])
    assert not names & set(other.server.headers[-1])


def test_a_cookie_is_neither_kept_nor_sent(https: ServedHttps) -> None:
    https.faults.answers = [(200, {"Set-Cookie": "a=1; Path=/"}, ROSTER)] * 2
    with https.place() as place:
        place.list()
        place.list()
    assert not any("cookie" in headers for headers in https.server.headers)


@pytest.mark.parametrize("after", ["\xb2", "9" * 400, "Mon, 01 Jan 99999999999 00:00:00 GMT", "-5"])
def test_a_wait_that_nobody_can_read_is_none(https: ServedHttps, after: str) -> None:
    https.faults.answers = [(503, {"Retry-After": after}, b"")] * 20
    with https.place() as place, pytest.raises(SourceUnreadable, match="busy or failed"):
        place.list()


@pytest.mark.parametrize("date", ["Fri, 31 Dec 9999 23:59:59 -2359", "Mon, 01 Jan 99999999999 00:00:00 GMT", "soon"])
def test_a_date_that_is_no_day_is_not_known(https: ServedHttps, date: str) -> None:
    https.faults.answers = [(200, {"Last-Modified": date}, ROSTER)]
    with https.place() as place:
        assert place.list()[0].modified is None


def test_the_server_says_how_long_to_wait(https: ServedHttps, monkeypatch: pytest.MonkeyPatch) -> None:
    waits: list[float] = []
    monkeypatch.setattr("time.sleep", waits.append)
    with stamina.set_testing(False):
        https.faults.answers = [(429, {"Retry-After": "120"}, b"")]
        with https.place() as place:
            (done,) = place.deliver(FILES)
        assert done.attempts == 2
        assert 120.0 in waits
        https.faults.answers = [(429, {"Retry-After": "86400"}, b"")] * 2
        with https.place() as place, pytest.raises(NotDelivered, match="Send again later"):
            place.deliver(FILES)
    assert len(https.faults.answers) == 1


@pytest.mark.parametrize("stated", ["sha-256", "md5"])
def test_a_stated_checksum_is_verified(https: ServedHttps, tmp_path: Path, stated: str) -> None:
    digests = {"sha-256": hashlib.sha256(ROSTER).digest(), "md5": hashlib.md5(ROSTER).digest()}
    text = base64.b64encode(digests[stated]).decode()
    header = {"Repr-Digest": f"sha-256=:{text}:"} if stated == "sha-256" else {"Content-MD5": text}
    right, wrong = (200, header, ROSTER), (200, header, ROSTER[:-2] + b"?\n")
    https.faults.answers = [right, wrong, right]
    with https.place() as place:
        got = place.fetch(place.list()[0], tmp_path / "got.csv")
    assert (got.verified, got.attempts) == (stated, 2)
    assert (tmp_path / "got.csv").read_bytes() == ROSTER


def test_a_large_file_is_fetched_on_from_where_it_stopped(https: ServedHttps, tmp_path: Path) -> None:
    big = content(3 << 20)
    https.put("users.csv", big)
    with https.place() as place:
        file = place.list()[0]
        https.faults.cut_reads = [2 << 20]
        place.fetch(file, tmp_path / "got.csv")
    assert (tmp_path / "got.csv").read_bytes() == big
    assert https.server.headers[-1]["range"].startswith("bytes=")


def test_a_file_that_is_replaced_between_two_attempts_is_not_mixed(https: ServedHttps, tmp_path: Path) -> None:
    https.put("users.csv", content(3 << 20))
    with https.place() as place:
        file = place.list()[0]
        https.faults.cut_reads = [2 << 20]
        https.server.watch = lambda: https.put("users.csv", content(3 << 20))
        with pytest.raises(SourceUnreadable) as raised:
            place.fetch(file, tmp_path / "got.csv")
    assert raised.value.rule == "place.changed"
    assert not (tmp_path / "got.csv").exists()


@pytest.mark.parametrize("stated", [True, False])
def test_a_server_that_gives_no_parts_gives_the_whole_again(https: ServedHttps, tmp_path: Path, stated: bool) -> None:
    big = content(3 << 20)
    https.put("users.csv", big)
    https.server.knows_ranges = False
    with https.place() as place:
        file = place.list()[0] if stated else replace(place.list()[0], size=None)
        https.faults.cut_reads = [2 << 20]
        got = place.fetch(file, tmp_path / "got.csv")
    assert (got.attempts, (tmp_path / "got.csv").read_bytes()) == (3, big)


def test_a_server_that_has_nothing_after_what_came_is_asked_for_the_whole(https: ServedHttps, tmp_path: Path) -> None:
    https.put("users.csv", ROSTER)
    with https.place() as place:
        file = place.list()[0]
        whole = https.server.answer("GET", "/in/users.csv", {}, b"")
        https.faults.answers = [whole, (416, {}, b"")]
        https.faults.cut_reads = [5]
        got = place.fetch(file, tmp_path / "got.csv")
    assert (got.attempts, (tmp_path / "got.csv").read_bytes()) == (3, ROSTER)


def test_a_name_can_be_set(https: ServedHttps) -> None:
    https.put("users.csv", ROSTER)
    with https.place(name="roster.csv") as place:
        assert [file.name for file in place.list()] == ["roster.csv"]


def test_an_answer_that_states_no_size(https: ServedHttps, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    from rosterkit.transport.https import HttpsWire

    remote = HttpsWire._remote

    def unsized(self: Any, answer: Any) -> Any:
        del answer.headers["content-length"]
        return remote(self, answer)

    monkeypatch.setattr(HttpsWire, "_remote", unsized)
    https.put("users.csv", ROSTER)
    with https.place() as place:
        (file,) = place.list()
        assert file.size is None
        https.faults.cut_reads = [5]
        got = place.fetch(file, tmp_path / "got.csv")
    assert (got.bytes, got.verified, got.attempts) == (len(ROSTER), "not verifiable", 2)
