"""Logging in: argon2id, sessions, rate limit, headers."""

from __future__ import annotations

import asyncio
import re
import sqlite3
from contextlib import closing
from datetime import UTC, datetime, timedelta

import httpx
import pytest
from pages import PASSWORD, Client

from rosterkit import Workspace
from rosterkit.errors import Refused, UsageError
from rosterkit.store import access
from rosterkit.web import accounts
from rosterkit.web.app import ROUTES, create_app


def rows(workspace: Workspace, query: str) -> list[tuple[object, ...]]:
    with closing(sqlite3.connect(workspace.folder / "access.db")) as connection:
        return connection.execute(query).fetchall()


def test_passwords_are_argon2id_and_sessions_are_hashes(client: Client, workspace: Workspace) -> None:
    client.log_in("viewer")
    hashes = [str(row[0]) for row in rows(workspace, "select password from account")]
    assert all(one.startswith("$argon2id$") for one in hashes)
    cookie = client.http.cookies["rosterkit"]
    assert len(cookie) >= 43
    assert cookie not in (workspace.folder / "access.db").read_text(encoding="latin-1")
    assert (workspace.folder / "access.db").stat().st_mode & 0o077 == 0


def test_every_page_needs_a_log_in_and_says_where_it_was_asked_for(address: str) -> None:
    for method, path, _, needs in ROUTES:
        answer_to = path.replace("{plan}", "x").replace("{feed}", "oneroster")
        answer = httpx.request(method, f"{address}{answer_to}")
        if not needs.get("open_to_all"):
            assert answer.status_code == (303 if method == "GET" else 403), path
            if method == "GET":
                assert answer.headers["location"].startswith("/log-in?back="), path


def test_a_wrong_name_and_a_wrong_password_are_answered_alike(client: Client) -> None:
    answers = []
    for name, password in (("viewer", "wrong-wrong-wrong"), ("nobody", PASSWORD)):
        client.get("/log-in")
        answer = client.post("/log-in", {"name": name, "password": password})
        answers.append((answer.status_code, re.findall(r'role="alert">([^<]*)', answer.text)))
    assert answers[0] == answers[1] == (403, ["The name or the password is wrong."])


def test_log_ins_that_fail_are_slowed_down(client: Client, workspace: Workspace) -> None:
    for _ in range(5):
        assert client.log_in("leader", "wrong-wrong-wrong").status_code == 403
    assert client.log_in("leader").status_code == 429
    assert client.log_in("viewer").status_code == 303
    with pytest.raises(Refused) as refused:
        accounts.log_in(workspace.folder, "leader", PASSWORD, "127.0.0.1")
    assert refused.value.why == "too-many"
    assert accounts.log_in(workspace.folder, "leader", PASSWORD, "192.0.2.7").name == "leader"


def test_the_cookie_is_kept_from_scripts_and_from_other_sites(client: Client) -> None:
    client.get("/log-in")
    answer = client.post("/log-in", {"name": "viewer", "password": PASSWORD})
    cookie = answer.headers["set-cookie"]
    assert "HttpOnly" in cookie
    assert "SameSite=lax" in cookie
    assert "Path=/" in cookie


def test_over_tls_the_cookie_is_secure(workspace: Workspace) -> None:
    app = create_app(workspace.folder, secure=True, hosts=("roster.example.org",))

    async def answer_to(host: str) -> httpx.Response:
        transport = httpx.ASGITransport(app)
        async with httpx.AsyncClient(transport=transport, base_url=f"https://{host}") as browser:
            return await browser.get("/log-in")

    answer = asyncio.run(answer_to("roster.example.org"))
    assert answer.headers["set-cookie"].startswith("__Host-rosterkit=")
    assert "Secure" in answer.headers["set-cookie"]
    assert "max-age" in answer.headers["strict-transport-security"]
    assert asyncio.run(answer_to("attacker.example")).status_code == 400


def test_who_does_nothing_is_logged_out(client: Client, workspace: Workspace) -> None:
    client.log_in("viewer")
    assert client.get("/plans").url.path == "/plans"
    old = (datetime.now(UTC) - timedelta(minutes=31)).isoformat()
    with closing(sqlite3.connect(workspace.folder / "access.db", isolation_level=None)) as connection:
        connection.execute("update session set seen_at=?", (old,))
    assert client.get("/plans").url.path == "/log-in"


def test_a_removed_account_is_out_at_once(client: Client, workspace: Workspace) -> None:
    client.log_in("viewer")
    accounts.remove(workspace.folder, "viewer")
    assert client.get("/plans").url.path == "/log-in"


def test_another_password_ends_the_sessions(client: Client, workspace: Workspace) -> None:
    client.log_in("viewer")
    accounts.change_password(workspace.folder, "viewer", "another-password-7")
    assert client.get("/plans").url.path == "/log-in"
    assert client.log_in("viewer").status_code == 403
    assert client.log_in("viewer", "another-password-7").status_code == 303


def test_logging_out_ends_the_session_here_too(client: Client) -> None:
    client.log_in("viewer")
    kept = dict(client.http.cookies)
    client.post("/log-out", {})
    client.http.cookies.update(kept)
    assert client.get("/plans").url.path == "/log-in"


def test_every_answer_has_a_strict_policy(client: Client) -> None:
    client.log_in("viewer")
    for path in ("/", "/plans", "/nothing", "/static/page.js", "/findings.csv"):
        headers = client.get(path).headers
        policy = headers["content-security-policy"]
        assert "default-src 'none'" in policy
        assert "unsafe" not in policy
        assert "frame-ancestors 'none'" in policy
        assert headers["x-content-type-options"] == "nosniff"
        assert headers["referrer-policy"] == "same-origin"
        assert headers["cache-control"] == "no-store"
        assert "server" not in headers


@pytest.mark.parametrize(
    ("name", "role", "password", "schools"),
    [
        ("x", "boss", PASSWORD, ()),
        ("x", "viewer", "short", ()),
        ("x", "viewer", "", ()),
        ("a:b", "viewer", PASSWORD, ()),
        ("x", "viewer", PASSWORD, ("nowhere",)),
    ],
)
def test_a_wrong_account_is_refused(workspace: Workspace, name: str, role: str, password: str, schools: object) -> None:
    with pytest.raises(UsageError):
        accounts.add(workspace.folder, name, role, password, schools=schools, known=["org-alder"])  # type: ignore[arg-type]


def test_the_settings_give_the_role_of_an_actor(client: Client, workspace: Workspace) -> None:
    """Policy: an actor whose role the settings give has no other role here."""
    path = workspace.folder / "rosterkit.toml"
    path.write_text(path.read_text(encoding="utf-8") + '\n[policy.actors]\napprover = "viewer"\n', encoding="utf-8")
    client.log_in("approver")
    assert client.get("/settings").status_code == 403


def test_log_ins_are_in_the_audit_log(client: Client, workspace: Workspace) -> None:
    client.log_in("viewer", "wrong-wrong-wrong")
    client.log_in("a password typed as a name", "x")
    client.log_in("viewer")
    with access.opened(workspace.folder) as connection:
        logged = [(one.actor, one.verb) for one in access.entries(connection) if one.action == "log-in"]
    assert logged == [("viewer", "password"), ("", "refused"), ("viewer", "refused")]
