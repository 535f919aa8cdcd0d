"""Log-in by the district's provider, against a provider on loopback."""

from __future__ import annotations

import re
import time
from collections.abc import Iterator
from typing import Any

import pytest
from joserfc.jwk import RSAKey
from pages import Client
from provider import CLIENT, SECRET, Provider, provided

from rosterkit import Workspace
from rosterkit.store import access
from rosterkit.web import accounts


@pytest.fixture
def provider(workspace: Workspace, address: str, monkeypatch: pytest.MonkeyPatch) -> Iterator[Provider]:
    with provided() as running:
        monkeypatch.setenv("PROVIDER_SECRET", SECRET)
        path = workspace.folder / "rosterkit.toml"
        text = path.read_text(encoding="utf-8")
        for name, value in {
            "url": address,
            "issuer": running.address,
            "client_id": CLIENT,
            "client_secret": "env:PROVIDER_SECRET",
        }.items():
            assert f'\n# {name} = ""\n' in text
            text = text.replace(f'\n# {name} = ""\n', f'\n{name} = "{value}"\n', 1)
        path.write_text(text, encoding="utf-8")
        yield running


def test_an_account_logs_in_by_the_provider(client: Client, provider: Provider, workspace: Workspace) -> None:
    page = client.get("/plans")
    assert "Log in with the district&#39;s account" in page.text
    link = re.search(r'href="(/log-in/provider[^"]*)"', page.text)
    assert link
    before = client.http.cookies["rosterkit"]
    answer = client.get(link[1].replace("&amp;", "&"))
    assert answer.url.path == "/plans"
    assert "approver (approver)" in answer.text
    assert client.http.cookies["rosterkit"] != before
    assert provider.parameters["code_challenge_method"] == "S256"
    assert provider.parameters["redirect_uri"].endswith("/log-in/provider/back")
    with access.opened(workspace.folder) as connection:
        assert access.entries(connection)[0].verb == "provider"


def test_who_has_no_account_here_is_not_let_in(client: Client, provider: Provider) -> None:
    provider.claims = {"email": "stranger@elsewhere.example"}
    answer = client.get("/log-in/provider")
    assert answer.status_code == 409
    assert "no account here" in answer.text
    assert client.get("/plans").url.path == "/log-in"


def test_an_account_without_a_password_logs_in_by_the_provider_only(
    client: Client, provider: Provider, workspace: Workspace
) -> None:
    accounts.add(workspace.folder, "maria@district.example", "leader", "", provider=True)
    assert client.log_in("maria@district.example", "").status_code == 403
    provider.claims = {"email": "maria@district.example"}
    assert "maria@district.example" in client.get("/log-in/provider").text


WRONG: dict[str, dict[str, Any]] = {
    "another issuer": {"iss": "https://other.example"},
    "another audience": {"aud": "another-client"},
    "several audiences": {"aud": [CLIENT, "another-client"]},
    "no audience": {"aud": None},
    "over": {"exp": int(time.time()) - 600},
    "no end": {"exp": None},
    "another nonce": {"nonce": "of another log-in"},
    "no nonce": {"nonce": None},
    "not verified": {"email_verified": False},
    "verified as a text": {"email_verified": "true"},
    "no e-mail": {"email": None},
}


@pytest.mark.parametrize("what", WRONG)
def test_a_token_that_is_wrong_logs_nobody_in(client: Client, provider: Provider, what: str) -> None:
    provider.claims = WRONG[what]
    assert client.get("/log-in/provider").status_code == 409
    assert client.get("/plans").url.path == "/log-in"


def test_a_token_that_another_signed_logs_nobody_in(client: Client, provider: Provider) -> None:
    provider.signing = RSAKey.generate_key(2048, private=True)
    assert client.get("/log-in/provider").status_code == 409
    assert client.get("/plans").url.path == "/log-in"


def test_an_answer_that_was_not_asked_for_logs_nobody_in(client: Client, provider: Provider) -> None:
    """Log-in CSRF: the answer to somebody else's log-in, with that person's state and code."""
    attacker = client.http.get("/log-in/provider", follow_redirects=False)
    back = attacker.next_request
    assert back is not None
    stolen = client.http.send(back, follow_redirects=False).headers["location"]
    client.http.cookies.clear()
    assert client.get(stolen).status_code == 409
    client.http.get("/log-in/provider", follow_redirects=False)  # of one's own, with another state
    answer = client.get(stolen)
    assert answer.status_code == 409
    assert "was not begun here" in answer.text
    assert client.get("/plans").url.path == "/log-in"


def test_a_code_is_taken_once(client: Client, provider: Provider) -> None:
    begun = client.http.get("/log-in/provider", follow_redirects=False)
    assert begun.next_request is not None
    back = client.http.send(begun.next_request, follow_redirects=False).headers["location"]
    assert client.get(back).url.path == "/"
    client.http.cookies.clear()
    assert client.get(back).status_code == 409


def test_a_provider_that_is_away_is_a_sentence(client: Client, provider: Provider, workspace: Workspace) -> None:
    path = workspace.folder / "rosterkit.toml"
    path.write_text(path.read_text(encoding="utf-8").replace(provider.address, "http://127.0.0.1:9"), encoding="utf-8")
    answer = client.get("/log-in/provider")
    assert answer.status_code == 400
    assert "cannot be reached" in answer.text


def test_who_logged_in_by_the_provider_may_log_out_there_too(client: Client, provider: Provider) -> None:
    provider.more = {"end_session_endpoint": f"{provider.address}/end?tenant=7"}
    client.get("/log-in/provider")
    left = client.http.post("/log-out", data={"csrf": client.hidden("csrf")}, follow_redirects=True)
    assert "log out there too" in left.text
    answer = client.get("/log-out/provider")
    assert answer.url.path == "/log-in"
    (parameters,) = provider.ended
    assert parameters == {
        "tenant": "7",
        "client_id": CLIENT,
        "post_logout_redirect_uri": f"{str(client.http.base_url).rstrip('/')}/log-in",
    }
    assert "log out there too" not in client.get("/log-in").text


def test_a_provider_without_a_log_out_is_a_sentence(client: Client, provider: Provider) -> None:
    client.get("/log-in/provider")
    client.post("/log-out", {})
    answer = client.get("/log-out/provider")
    assert answer.status_code == 400
    assert "no address to log out at" in answer.text


def test_who_logged_in_by_a_password_is_not_sent_to_the_provider(client: Client, provider: Provider) -> None:
    client.log_in("viewer")
    assert client.post("/log-out", {}).headers["location"] == "/log-in"
