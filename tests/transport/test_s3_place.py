"""Only S3: checksums, parts, keys that may not read, answers that are lost (U1-U11)."""

from __future__ import annotations

import base64
import hashlib
import logging
from pathlib import Path

import pytest
from served_places import ADAPTER, ServedS3, content

from rosterkit.errors import NotDelivered, SourceUnreadable, UsageError
from rosterkit.transport import Outgoing, Verified

ROSTER = b"EMAIL,FIRST_NAME\nodalys@students.example,Odalys\n"
FILES = [Outgoing("users.csv", ROSTER)]
PART = 5 << 20
BIG = 2 * PART + 1000


def parts_sent(s3: ServedS3) -> list[int]:
    """Bytes of each part that was carried out."""
    return [size for method, path, size in s3.server.requests if method == "PUT" and path.endswith("/users.csv")]


def test_u7_the_region_is_us_east_1_unless_it_is_set() -> None:
    assert ADAPTER.validate_python({"transport": "s3", "bucket": "millbrook"}).region == "us-east-1"


def test_u11_the_checksum_goes_along_and_is_kept(s3: ServedS3) -> None:
    with s3.place() as place:
        place.deliver(FILES)
    sent = next(headers for headers in s3.server.headers if "x-amz-checksum-sha256" in headers)
    assert base64.b64decode(sent["x-amz-checksum-sha256"]) == hashlib.sha256(ROSTER).digest()
    head = s3.aws.head_object(Bucket=s3.bucket, Key="in/users.csv")
    assert head["Metadata"]["sha256"] == hashlib.sha256(ROSTER).hexdigest()


@pytest.mark.parametrize(("more", "why"), [({}, "the key may not read"), ({"read_back": False}, "read_back is off")])
def test_a_key_that_may_only_write(s3: ServedS3, more: dict[str, bool], why: str) -> None:
    """U8: a key with the least rights."""
    s3.faults.forbid = {"GET", "HEAD"}
    with s3.place(**more) as place:
        (done,) = place.deliver(FILES)
    assert s3.there() == {"users.csv": ROSTER}
    assert (done.verified, done.why) == (Verified.CHECKSUM, why)
    assert sum(method in ("GET", "HEAD") for method, _ in s3.server.received) == (1 if not more else 0)


def test_what_is_read_back_is_compared(s3: ServedS3) -> None:
    s3.faults.corrupt_reads = 1
    with s3.place() as place, pytest.raises(NotDelivered, match="does not hold what was sent") as raised:
        place.deliver(FILES)
    assert raised.value.delivered == ("users.csv",)


def test_a_service_that_states_another_checksum(s3: ServedS3) -> None:
    wrong = base64.b64encode(hashlib.sha256(b"other").digest()).decode()
    s3.faults.answers = [(200, {"ETag": '"x"', "x-amz-checksum-sha256": wrong}, b"")]
    with s3.place() as place:
        (done,) = place.deliver(FILES)
    assert done.attempts == 2
    assert s3.there() == {"users.csv": ROSTER}


def test_a_lost_answer_does_not_send_the_file_again(s3: ServedS3) -> None:
    s3.put("users.csv", ROSTER)  # the same bytes as last week: only the delivery's own mark tells
    s3.faults.lose_answers = ["PUT"]
    with s3.place() as place:
        (done,) = place.deliver(FILES)
    assert done.attempts == 2
    assert parts_sent(s3) == [len(ROSTER)]


def test_what_lies_there_from_last_week_is_not_taken_for_a_lost_answer(s3: ServedS3) -> None:
    with s3.place() as place:
        place.deliver(FILES)
        s3.server.requests.clear()
        s3.faults.cut_writes = [3]
        place.deliver(FILES)
    assert parts_sent(s3) == [len(ROSTER)]


def test_a_large_file_goes_in_parts(s3: ServedS3) -> None:
    big = content(BIG)
    s3.put("users.csv", b"last week's file")
    partial = s3.allow(b"last week's file", big)
    with s3.place() as place:
        (done,) = place.deliver([Outgoing("users.csv", big)])
    assert parts_sent(s3) == [PART, PART, 1000]
    assert s3.there() == {"users.csv": big}
    assert (done.verified, done.attempts, partial) == (Verified.READ_BACK, 1, [])


def test_parts_are_verified_where_the_key_may_not_read(s3: ServedS3) -> None:
    s3.faults.forbid = {"GET", "HEAD"}
    with s3.place() as place:
        (done,) = place.deliver([Outgoing("users.csv", content(BIG))])
    assert done.verified in (Verified.CHECKSUM, Verified.NONE)  # moto states no checksum of an object in parts
    assert "the key may not read" in done.why


@pytest.mark.parametrize("cuts", [[None, 0], [None, PART - 1], [None, None, PART], [None, None, None, 999]])
def test_a_drop_between_parts_sends_no_part_again(s3: ServedS3, cuts: list[int | None]) -> None:
    big = content(BIG)
    s3.faults.cut_writes = cuts[1:]
    with s3.place() as place:
        (done,) = place.deliver([Outgoing("users.csv", big)])
    assert done.attempts == 2
    assert s3.there() == {"users.csv": big}
    assert parts_sent(s3) == [PART, PART, 1000]


def test_a_lost_answer_to_the_last_request_of_an_upload_in_parts(s3: ServedS3) -> None:
    big = content(BIG)
    s3.faults.lose_answers = ["POST", "POST"]  # to its begin, and to its end
    with s3.place() as place:
        place.deliver([Outgoing("users.csv", big)])
    assert s3.there() == {"users.csv": big}
    assert parts_sent(s3) == [PART, PART, 1000]


def test_an_upload_in_parts_that_is_given_up_leaves_nothing(s3: ServedS3) -> None:
    s3.faults.cut_writes = [None, 5, 5]
    with s3.place(attempts=2) as place, pytest.raises(NotDelivered, match="Send again later"):
        place.deliver([Outgoing("users.csv", content(BIG))])
    assert s3.there() == {}
    assert s3.aws.list_multipart_uploads(Bucket=s3.bucket).get("Uploads", []) == []


@pytest.mark.parametrize(
    ("status", "code", "says"),
    [
        (403, "AccessDenied", "has no right"),
        (403, "InvalidAccessKeyId", "does not accept the access key"),
        (403, "SignatureDoesNotMatch", "does not accept the access key"),
        (403, "RequestTimeTooSkewed", "clock"),
        (404, "NoSuchBucket", "There is no bucket"),
        (301, "PermanentRedirect", "another region"),
    ],
)
def test_u44_what_a_person_has_to_change_is_not_tried_again(s3: ServedS3, status: int, code: str, says: str) -> None:
    s3.faults.answers = [(status, {}, f"<Error><Code>{code}</Code></Error>".encode())] * 9
    with s3.place() as place, pytest.raises(UsageError, match=says) as raised:
        place.deliver(FILES)
    assert len(s3.faults.answers) == (7 if status == 301 else 8)  # boto3 looks for the region by itself
    assert "s3-secret-4711" not in str(raised.value)


@pytest.mark.parametrize(("status", "code"), [(503, "SlowDown"), (500, "InternalError"), (400, "BadDigest")])
def test_what_passes_is_tried_again(s3: ServedS3, status: int, code: str) -> None:
    s3.faults.answers = [(status, {}, f"<Error><Code>{code}</Code></Error>".encode())] * 2
    with s3.place() as place:
        (done,) = place.deliver(FILES)
    assert done.attempts == 3


def test_other_refusals_are_not_tried_again(s3: ServedS3) -> None:
    s3.faults.answers = [(400, {}, b"<Error><Code>EntityTooLarge</Code></Error>")] * 2
    with s3.place() as place, pytest.raises(NotDelivered, match="EntityTooLarge") as raised:
        place.deliver(FILES)
    assert (raised.value.why, len(s3.faults.answers)) == ("refused", 1)


@pytest.mark.parametrize("sent_by_us", [True, False])
def test_a_damaged_object_is_fetched_again(s3: ServedS3, tmp_path: Path, sent_by_us: bool) -> None:
    if sent_by_us:
        with s3.place() as place:
            place.deliver(FILES)
    else:
        s3.put("users.csv", ROSTER)
    with s3.place() as place:
        file = place.list()[0]
        s3.faults.corrupt_reads = 1
        got = place.fetch(file, tmp_path / "got.csv")
    assert (got.attempts, (tmp_path / "got.csv").read_bytes()) == (2, ROSTER)
    assert got.verified in ("sha-256", "md5")


def test_an_object_that_is_always_damaged_is_given_up(s3: ServedS3, tmp_path: Path) -> None:
    s3.put("users.csv", ROSTER)
    s3.faults.corrupt_reads = 9
    with s3.place(attempts=2) as place, pytest.raises(SourceUnreadable) as raised:
        place.fetch(place.list()[0], tmp_path / "got.csv")
    assert raised.value.rule == "place.checksum"
    assert not (tmp_path / "got.csv").exists()


def test_the_machines_own_identity_is_named_when_there_is_none(s3: ServedS3, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HOME", str(s3.home))
    with (
        s3.place(access_key_id=None, secret_access_key=None) as place,
        pytest.raises(UsageError, match="no AWS identity"),
    ):
        place.deliver(FILES)


def test_u8_no_secret_is_shown_or_logged(s3: ServedS3, caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.DEBUG)
    with s3.place() as place:
        place.deliver(FILES)
        assert "s3-secret-4711" not in repr(place) + place.name
    assert "s3-secret-4711" not in caplog.text


@pytest.mark.parametrize(
    "wrong",
    [
        {"endpoint_url": "http://storage.example"},
        {"endpoint_url": "https://user:pw@storage.example"},
        {"secret_access_key": None},
    ],
)
def test_u10_settings_that_would_be_unsafe_are_refused(s3: ServedS3, wrong: dict[str, str]) -> None:
    with pytest.raises(ValueError, match=r"plain https address|belong together"):
        s3.place(**wrong)
