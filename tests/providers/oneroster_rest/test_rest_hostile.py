"""A server that means harm, or is broken beyond what a server may be: a reason, never a crash, and nobody is missed."""

import json
from dataclasses import replace

import pytest
from rest_runs import QUICK, coverage, met, on, read, rows

from providers.oneroster.rest.fake import Ask, FakeServer, Reply, serving
from providers.oneroster.rest.fake_roster import invented
from rosterkit.sources.base import Extract

SOME = ["orgs", "users"]


def changed(old: bytes, new: bytes, headers: dict[str, str] | None = None) -> Extract:
    """The extract where the first such text in the answers of users is another."""
    with serving(FakeServer(invented(6))) as fake:
        on(
            "users",
            lambda _ask, reply: Reply(200, reply.body.replace(old, new, 1), reply.headers | (headers or {})),
            fake=fake,
        )
        return read(fake, collections=SOME)


@pytest.mark.parametrize("number", [b"1e999", b"-1e999", b"9" * 40, b"9" * 4000])
def test_a_number_beyond_every_type_is_a_cell_that_cannot_be_used(number: bytes) -> None:
    extract = changed(b'"middleName": ""', b'"middleName": ' + number)
    assert coverage(extract)["User"] == "full"
    assert met(extract)["rest.shape-unread"] == 1


def test_a_long_number_is_its_text() -> None:
    number = "12345678901234567890123456789"
    extract = changed(b'"identifier": "NU-0"', f'"identifier": {number}'.encode())
    assert rows(extract, "User").filter(sourced_id="U-0")["identifier"].item() == number


@pytest.mark.parametrize("depth", [900, 960, 985, 5000])
@pytest.mark.parametrize("field", [b'"grades"', b'"orgs"', b'"metadata"', b'"nobodyKnows"'])
def test_json_that_is_nested_without_end_is_no_crash(field: bytes, depth: int) -> None:
    value = b'{"a":' + b"[" * depth + b"]" * depth + b"}"
    found = coverage(changed(b'"middleName": ""', field + b": " + value))
    assert found["Org"] == "full"
    assert found["User"] in ("full", "absent")  # what Python cannot read is no JSON


@pytest.mark.parametrize("header", ["X-Total-Count", "x-count"])
def test_a_count_of_thousands_of_digits_is_no_count(header: str) -> None:
    assert coverage(changed(b"", b"", {header: "9" * 5000}))["User"] == "full"


@pytest.mark.parametrize(
    "link",
    [
        "file:///etc/passwd",
        "http://169.254.169.254/latest/meta-data/",
        "//elsewhere.example/users",
        "https://127.0.0.1@elsewhere.example/users",
        "http://127.0.0.1:1/users",
        "http://[::1",
    ],
)
def test_a_link_to_anywhere_else_is_not_followed(link: str) -> None:
    with serving(FakeServer(invented(6), total=False)) as fake:
        on("users", lambda _ask, reply: Reply(200, reply.body, {"Link": f'<{link}>; rel="next"'}), fake=fake)
        extract = read(fake, page_size=10, collections=SOME)
    assert met(extract)["rest.link-elsewhere"] == 1
    assert "elsewhere.example" not in extract.findings.write_csv()


def test_a_list_that_never_ends_is_given_up(monkeypatch: pytest.MonkeyPatch) -> None:
    """Each page has records that nobody has seen, and announces more of them."""
    monkeypatch.setattr("providers.oneroster.rest.session.LIMITS", replace(QUICK, list_pages=20))

    def fresh(ask: Ask, reply: Reply) -> Reply:
        page = [{"sourcedId": f"U-{ask.query['offset']}-{i}", "status": "active"} for i in range(3)]
        return replace(reply, body=json.dumps({"users": page}).encode(), headers={})

    with serving(FakeServer(invented(6))) as fake:
        on("users", fresh, fake=fake)
        extract = read(fake, collections=SOME)
    assert coverage(extract)["User"] == "partial"
    assert "does not end after 21 pages" in extract.table("User").reason  # type: ignore[union-attr] # it is there
    assert rows(extract, "User").height == 60


@pytest.mark.parametrize("text", ["\\u0000", "\\u001b[2J", "\\n", "\\u0085", "\\u202e"])
def test_an_id_with_a_character_that_nobody_sees_is_no_id(text: str) -> None:
    extract = changed(b'"sourcedId": "U-0", "status"', f'"sourcedId": "U-{text}0", "status"'.encode())
    assert coverage(extract)["User"] == "partial"
    assert met(extract)["rest.id-missing"] == 1


@pytest.mark.parametrize("auth", ["oauth1", "oauth2"])
@pytest.mark.parametrize("extra", ["{y}", "[1]", "|", "^`", "\\", "%zz", "%", "\xe9", " y", "<"])
def test_a_link_with_any_character_can_be_followed_and_signed(auth: str, extra: str) -> None:
    fake = FakeServer(invented(6), auth=auth, total=False, cap=10)

    def linked(ask: Ask, reply: Reply) -> Reply:
        at = int(ask.query.get("offset", "0")) + 10
        return replace(reply, headers={"Link": f'<users?offset={at}&limit=10&sort=sourcedId&x={extra}>; rel="next"'})

    on("users", linked, fake=fake)
    with serving(fake):
        extract = read(fake, collections=SOME)
        assert any("x=" in ask.target for ask in fake.log)
    assert "rest.link-elsewhere" not in met(extract)
    assert rows(extract, "User").height == len(fake.roster["users"])
