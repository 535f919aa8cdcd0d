"""Credentials: signatures against published examples and against an independent check, tokens by their life."""

import time

import httpx
import pytest

from providers.oneroster.rest.auth import ClientCredentials, OAuth1
from providers.oneroster.rest.fake import Ask, signature_accepted
from rosterkit.sources.http import ApiError


def signed(url: str, auth: OAuth1) -> str:
    request = httpx.Request("GET", url)
    return next(auth.auth_flow(request)).headers["Authorization"]


def test_the_example_of_oauth_core_1_0a_appendix_a() -> None:
    """The photos example: GET, HMAC-SHA1, with a query and (unlike OneRoster) with a token."""
    auth = OAuth1(
        "dpf43f3p2l4k3l03",
        "kd94hf93k423kf44",
        method="HMAC-SHA1",
        resource_owner_key="nnch734d00sl2jdk",
        resource_owner_secret="pfkkdhi9sl3r4s00",
        nonce="kllo9940pd9333jh",
        timestamp="1191242096",
    )
    header = signed("http://photos.example.net/photos?file=vacation.jpg&size=original", auth)
    assert 'oauth_signature="tR3%2BTy81lMeYAr%2FFid0kMTYa%2FWM%3D"' in header


def test_the_check_of_the_fake_server_accepts_the_example_of_rfc_5849() -> None:
    """RFC 5849 §1.2: temporary credentials, signed with the client's secret only, as OneRoster signs."""
    header = (
        'OAuth realm="Photos", oauth_consumer_key="dpf43f3p2l4k3l03", oauth_signature_method="HMAC-SHA1", '
        'oauth_timestamp="137131200", oauth_nonce="wIjqoS", '
        'oauth_callback="http%3A%2F%2Fprinter.example.com%2Fready", '
        'oauth_signature="74KNZJeDHnMBp0EMJ9ZHt%2FXKycU%3D"'
    )
    ask = Ask("POST", "/initiate", {}, {"authorization": header}, "/initiate")
    base = "https://photos.example.net"
    assert signature_accepted(ask, base, "dpf43f3p2l4k3l03", "kd94hf93k423kf44", "sha1", set())
    assert not signature_accepted(ask, base, "dpf43f3p2l4k3l03", "another-secret", "sha1", set())


@pytest.mark.parametrize("method", ["HMAC-SHA256", "HMAC-SHA1"])
@pytest.mark.parametrize(
    "query",
    [
        "limit=10000&offset=0&sort=sourcedId&orderBy=asc",
        "filter=dateLastModified%3E%3D%272026-11-20T00%3A00%3A00.000Z%27",  # B1.1: = and ' within a value
        "filter=title%3D%27A%20%26%20B%2B%C3%A9%27&limit=1&limit=2",
        "",
    ],
)
def test_signatures_are_accepted_by_an_independent_check(method: str, query: str) -> None:
    auth = OAuth1("key", "s&cr=t +%", method=method)
    target = "/ims/oneroster/v1p1/users" + (f"?{query}" if query else "")
    base = "https://district.example"
    nonces: set[str] = set()
    for _ in range(2):
        header = signed(base + target, auth)
        ask = Ask("GET", "/ims/oneroster/v1p1/users", {}, {"authorization": header}, target)
        assert signature_accepted(ask, base, "key", "s&cr=t +%", method[5:].lower(), nonces)
    assert len(nonces) == 2  # each request has a nonce of its own
    assert not signature_accepted(ask, base, "key", "s&cr=t +%", method[5:].lower(), nonces)
    other = Ask(
        "GET", "/ims/oneroster/v1p1/users", {}, {"authorization": header}, target + ("1" if query else "?limit=1")
    )
    assert not signature_accepted(other, base, "key", "s&cr=t +%", method[5:].lower(), set())


class Tokens:
    """A token endpoint that counts."""

    def __init__(self, **more: object) -> None:
        self.more = more
        self.count = 0

    def __call__(self) -> dict[str, object]:
        self.count += 1
        return {"access_token": f"t{self.count}", **self.more}


def send(auth: ClientCredentials, *statuses: int) -> list[str]:
    """The tokens of the requests that one call makes, where the server answers with those statuses."""
    flow = auth.sync_auth_flow(httpx.Request("GET", "https://sis.example/users"))
    request = next(flow)
    sent = [request.headers["Authorization"]]
    for status in statuses:
        try:
            request = flow.send(httpx.Response(status))
        except StopIteration:
            break
        sent.append(request.headers["Authorization"])
    return sent


def test_one_token_serves_until_it_expires(monkeypatch: pytest.MonkeyPatch) -> None:
    tokens = Tokens(expires_in="3600")
    auth = ClientCredentials(tokens, "https://sis.example/token")
    now = time.monotonic()
    for later, expected in ((0, "Bearer t1"), (3000, "Bearer t1"), (3580, "Bearer t2"), (3600, "Bearer t2")):
        monkeypatch.setattr("time.monotonic", lambda later=later: now + later)
        assert send(auth, 200) == [expected]


def test_a_refused_token_is_replaced_once() -> None:
    tokens = Tokens()
    auth = ClientCredentials(tokens, "https://sis.example/token")
    assert send(auth, 401, 401, 401) == ["Bearer t1", "Bearer t2"]
    assert send(auth, 200) == ["Bearer t2"]


@pytest.mark.parametrize("expires_in", [None, "soon", -1, 20])
def test_an_odd_life_does_not_ask_for_a_token_with_every_request(expires_in: object) -> None:
    tokens = Tokens(expires_in=expires_in)
    auth = ClientCredentials(tokens, "https://sis.example/token")
    for _ in range(3):
        send(auth, 200)
    assert tokens.count == 1


@pytest.mark.parametrize("token", [None, "", 7, "a\nb", "ü"])
def test_an_answer_without_a_usable_token_is_an_error_that_does_not_show_it(token: object) -> None:
    auth = ClientCredentials(lambda: {"access_token": token}, "https://sis.example/token")
    with pytest.raises(ApiError) as raised:
        send(auth, 200)
    assert str(token) not in str(raised.value) or not token
