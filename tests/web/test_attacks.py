"""An attacker's pass: forged forms, fixed sessions, injected values, other roles, other sites."""

from __future__ import annotations

import re
from urllib.parse import quote

import httpx
import pytest
from pages import PASSWORD, ROLES, Client
from starlette.routing import Mount, Route

from rosterkit import Workspace
from rosterkit.web.app import ROUTES, create_app
from rosterkit.web.guard import local

ACTS = [(path, needs) for method, path, _, needs in ROUTES if method == "POST"]
PAYLOADS = (
    "<script>alert(1)</script>",
    '"><img src=x onerror=alert(1)>',
    "{{7*7}}",
    "javascript:alert(1)",
    "../../etc",
)


def test_every_route_of_the_application_is_in_the_table_that_the_tests_walk(workspace: Workspace) -> None:
    """Log-in, token, role and schools are asked by ``guarded``, which takes what it asks from this table."""
    routes = create_app(workspace.folder).routes
    assert all(isinstance(route, Route | Mount) for route in routes)
    found = {(route.path, *sorted(getattr(route, "methods", None) or ())) for route in routes}  # type: ignore[attr-defined] # see above
    table = {(path, *sorted({method, "HEAD"} if method == "GET" else {method})) for method, path, _, _ in ROUTES}
    assert found - table == {("/static",), ("/{rest:path}", "GET", "HEAD", "POST")}
    assert table <= found


def filled(path: str, workspace: Workspace) -> str:
    return path.replace("{plan}", workspace.plans()[0].id).replace("{feed}", "oneroster")


def test_a_form_without_the_token_is_refused(client: Client, workspace: Workspace) -> None:
    client.log_in("approver")
    before = (workspace.plans(), workspace.holds(), len(workspace.decisions()))
    for path, _ in ACTS:
        for token in ({}, {"csrf": ""}, {"csrf": "x" * 43}):
            data = {**token, "reason": "x", "act": "hold", "seen": "x", "name": "viewer", "password": PASSWORD}
            assert client.http.post(filled(path, workspace), data=data).status_code == 403, path
    assert (workspace.plans(), workspace.holds(), len(workspace.decisions())) == before


def test_a_token_of_another_session_is_refused(client: Client, address: str, workspace: Workspace) -> None:
    client.log_in("approver")
    plan = workspace.plans()[0].id
    with Client(address) as other:
        other.log_in("leader")
        other.get(f"/plans/{plan}")
        data = {"csrf": other.hidden("csrf"), "seen": other.hidden("seen"), "reason": "x"}
    assert client.http.post(f"/plans/{plan}/approve", data=data).status_code == 403


def test_a_form_from_another_site_is_refused(client: Client, workspace: Workspace) -> None:
    client.log_in("approver")
    plan = workspace.plans()[0].id
    client.get(f"/plans/{plan}")
    data = {"seen": client.hidden("seen"), "reason": "x"}
    answer = client.post(f"/plans/{plan}/approve", data, headers={"origin": "https://attacker.example"})
    assert answer.status_code == 403


def test_an_act_is_no_get(client: Client, workspace: Workspace) -> None:
    client.log_in("approver")
    for path, _ in ACTS:
        if path not in ("/log-in", "/compare"):
            assert client.get(filled(path, workspace)).status_code in (404, 405), path


def test_a_session_that_somebody_else_placed_is_worth_nothing(client: Client, address: str) -> None:
    """Session fixation: the id before the log-in is not the id after it."""
    client.get("/log-in")
    placed = client.http.cookies["rosterkit"]
    with Client(address) as victim:
        victim.http.cookies.set("rosterkit", placed, domain="127.0.0.1")
        victim.log_in("approver")
        assert victim.http.cookies["rosterkit"] != placed
        assert victim.get("/plans").url.path == "/plans"
    assert client.get("/plans").url.path == "/log-in"


def test_an_id_that_was_never_given_out_is_not_taken(address: str) -> None:
    answer = httpx.get(f"{address}/log-in", headers={"cookie": "rosterkit=chosen-by-somebody-else"})
    assert answer.headers["set-cookie"].startswith("rosterkit=")
    assert "chosen" not in answer.headers["set-cookie"]


ELSEWHERE = ("https://attacker.example", "//attacker.example", "/\\attacker.example", "\\\\attacker.example")
ODD = ("javascript:x", "/\t/attacker.example", "http:attacker.example", "/x\r\nset-cookie: a=b", "")


def test_nobody_is_sent_elsewhere(address: str) -> None:
    """Open redirect: the way back after the log-in is a path of this page, or the first page."""
    for back in (*ELSEWHERE, *ODD):
        with Client(address) as client:
            client.get("/log-in", params={"back": back})
            answer = client.post("/log-in", {"name": "viewer", "password": PASSWORD, "back": back})
        assert answer.headers["location"] == "/", back
        assert answer.headers.get_list("set-cookie") == [answer.headers["set-cookie"]], back
    assert local("/plans?q=1") == "/plans?q=1"


def test_no_act_sends_anybody_elsewhere(client: Client, workspace: Workspace) -> None:
    client.log_in("approver")
    for back in (*ELSEWHERE, *ODD):
        client.get("/record?entity=User&id=stu-1001")
        data = {"entity": "User", "id": "stu-1001", "seen": client.hidden("seen"), "back": back, "reason": "x"}
        assert client.post("/record/hold", data).headers["location"] == "/", back


def test_values_of_the_roster_are_shown_and_never_run(client: Client, workspace: Workspace) -> None:
    """HTML injection by roster values: names, titles and ids of the package."""
    users = workspace.folder / "packages" / "day-2" / "users.csv"
    text = users.read_text(encoding="utf-8")
    evil = "<script>alert(1)</script>"
    assert "stu-1001" in text
    changed = re.sub(r"(?m)^(stu-1001,[^\n]*?),Ana,", rf"\1,{evil},", text)
    assert changed != text
    users.write_text(changed, encoding="utf-8")
    plan = workspace.plan()
    client.log_in("approver")
    page = client.get(f"/plans/{plan.id}?q=alert").text
    assert "&lt;script&gt;alert(1)&lt;/script&gt;" in page
    assert evil not in page
    workspace.approve(plan.id, reason=f"{evil} checked", actor="kim")
    workspace.apply(plan.id, actor="kim")
    for path in (f"/plans/{plan.id}", "/people?q=alert", "/record?entity=User&id=stu-1001", "/runs"):
        shown = client.get(path)
        assert shown.status_code == 200
        assert evil not in shown.text, path


ASKED = (
    *("/people?q={}", "/classes?q={}", "/findings?rule={}", "/record?entity=User&id={}", "/record?entity={}&id=x"),
    *("/log-in?back={}", "/audit-log?actor={}", "/plans/{}", "/feeds/{}", "/{}", "/people?school={}&role={}&page={}"),
)


@pytest.mark.parametrize("payload", PAYLOADS)
def test_what_is_asked_for_is_never_run(client: Client, workspace: Workspace, payload: str) -> None:
    client.log_in("approver")
    plan = f"/plans/{workspace.plans()[0].id}?q={{}}&school={{}}&field={{}}&entity={{}}&sort={{}}&page={{}}"
    for path in (*ASKED, plan):
        answer = client.get(path.replace("{}", quote(payload, safe="")))
        assert answer.status_code < 500, path
        assert [word for word in ("<script>alert", "<img src=x", ">49<") if word in answer.text] == [], path


def test_paths_do_not_leave_the_folder_of_the_page(client: Client) -> None:
    for path in ("/static/../app.py", "/static/%2e%2e/app.py", "/static/..%2fapp.py", "/static//etc/passwd"):
        answer = httpx.get(f"{str(client.http.base_url).rstrip('/')}{path}")
        assert "create_app" not in answer.text
        assert "root:" not in answer.text


ALLOWED = {
    "/plans/{plan}/approve": {"leader", "approver"},
    "/plans/{plan}/reject": {"leader", "approver"},
    "/record/hold": {"leader", "users_manager", "approver"},
    "/record/release": {"leader", "users_manager", "approver"},
    "/feeds/{feed}/approve": {"leader", "approver"},
    "/feeds/{feed}/reject": {"leader", "approver"},
    "/compare": {"leader", "approver"},
}


@pytest.mark.parametrize("role", ROLES)
def test_a_role_cannot_do_more_than_the_policy_says(client: Client, workspace: Workspace, role: str) -> None:
    """Role escalation: every act, with a right token, as every role."""
    client.log_in(role)
    for path, _ in ACTS:
        if path in ("/log-in", "/log-out"):
            continue
        client.get("/")
        if path == "/plans/{plan}/decide":
            for act in ("approve-held", "match", "hold", "release"):
                answer = client.post(filled(path, workspace), {"act": act, "reason": ""})
                may = (act in ("hold", "release") and role == "users_manager") or role in ("leader", "approver")
                assert (answer.status_code == 403) != may, (role, act)
            continue
        data = {"reason": "", "entity": "User", "id": "stu-1001"}
        if path == "/compare" and role in ALLOWED[path]:
            continue
        answer = client.post(filled(path, workspace), data)
        assert (answer.status_code == 403) == (role not in ALLOWED[path]), (role, path)
    assert workspace.decisions(workspace.plans()[0].id) == ()


@pytest.mark.parametrize("role", ["viewer", "staff", "users_manager"])
def test_settings_and_the_audit_log_are_for_those_who_decide(client: Client, role: str) -> None:
    client.log_in(role)
    for path in ("/settings", "/audit-log"):
        assert client.get(path).status_code == 403
        assert path not in client.get("/").text


def test_secrets_are_dots_in_the_settings(client: Client, workspace: Workspace) -> None:
    path = workspace.folder / "rosterkit.toml"
    more = '\n[sources.api]\nkind = "oneroster-rest"\nurl = "https://roster:hunter2@sis.example/api"\nauth = "oauth1"\n'
    more += 'client_id = "district-77"\nclient_secret = "env:SIS_SECRET"\n'
    text = path.read_text(encoding="utf-8").replace('# client_secret = ""', 'client_secret = "file:provider.txt"')
    path.write_text(text + more, encoding="utf-8")
    client.log_in("approver")
    page = client.get("/settings").text
    assert "sis.example" in page
    assert [word for word in ("hunter2", "SIS_SECRET", "provider.txt") if word in page] == []


def test_an_error_page_says_nothing_of_what_was_asked_for(client: Client) -> None:
    client.log_in("viewer")
    answer = client.get("/record?entity=User&id=stu-does-not-exist-77")
    assert answer.status_code == 404
    assert "stu-does-not-exist-77" not in answer.text


def test_our_own_fault_shows_no_data(client: Client, monkeypatch: pytest.MonkeyPatch) -> None:
    def broken(*_: object, **__: object) -> None:
        raise RuntimeError("Ana Quispe 204410")

    client.log_in("viewer")
    monkeypatch.setattr(Workspace, "plans", broken)
    answer = client.get("/plans")
    assert answer.status_code == 500
    assert "Quispe" not in answer.text
    assert "RuntimeError" in answer.text


@pytest.mark.parametrize("address", ["//[", "http://[", "/\\["])
def test_an_address_that_is_none_leads_to_the_first_page(address: str) -> None:
    assert local(address) == "/"


def test_a_form_from_an_origin_that_is_no_address_is_refused(client: Client, workspace: Workspace) -> None:
    client.log_in("approver")
    plan = workspace.plans()[0].id
    client.get(f"/plans/{plan}")
    data = {"seen": client.hidden("seen"), "reason": "x"}
    assert client.post(f"/plans/{plan}/approve", data, headers={"origin": "http://["}).status_code == 403
