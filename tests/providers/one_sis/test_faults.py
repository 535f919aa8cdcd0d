"""Faults of every API (17.8): each ends in a whole pull or in tables that archive nobody, whatever is stored before."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from providers.classlink.fake import PARTNER_KEY, TENANT, FakeClassLink
from providers.clever.fake import FakeClever, Fault
from providers.one_sis.clever_shape import clever
from providers.one_sis.district import Neutral, invented
from providers.one_sis.shapes import rest
from providers.oneroster.rest.fake import KEY, SECRET, Ask, FakeServer, Reply, serving
from rosterkit.errors import RosterkitError, SourceUnreadable, UsageError
from rosterkit.plan.plan import Plan
from rosterkit.settings_template import toml
from rosterkit.sources import http
from rosterkit.workspace import Workspace

QUICK = {"attempts": 2, "wait_initial": 0.001, "wait_max": 0.01, "wait_asked": 1.0, "read": 2.0, "whole": 3.0}
PAGE = 60  # records: several pages of users and enrollments


@pytest.fixture(autouse=True)
def no_long_waits(monkeypatch: pytest.MonkeyPatch) -> None:
    real = http.Api.__init__

    def quick(self: Any, *arguments: Any, **named: Any) -> None:
        named["limits"] = replace(named.get("limits") or http.HttpLimits(), **QUICK)
        real(self, *arguments, **named)

    monkeypatch.setattr(http.Api, "__init__", quick)


@pytest.fixture(scope="module")
def district(tmp_path_factory: pytest.TempPathFactory) -> Neutral:
    return invented(tmp_path_factory.mktemp("district"), 60, seed=2)


def applied(folder: Path, settings: dict[str, object]) -> None:
    """A workspace with the whole district applied."""
    Workspace.init(folder)
    lines = ["demographics = true", "[sources.main]", *(f"{key} = {toml(value)}" for key, value in settings.items())]
    (folder / "rosterkit.toml").write_text("\n".join(lines), encoding="utf-8")
    one = Workspace(folder)
    plan = one.plan()
    one.approve(plan.id, reason="as expected", actor="tomas")
    one.apply(plan.id, actor="tomas")


def harmless(folder: Path) -> Plan | RosterkitError:
    """The next plan, which archives nobody; or the error where nothing could be read."""
    try:
        plan = Workspace(folder).plan()
    except (SourceUnreadable, UsageError) as error:
        return error
    gone = {entity: counts.archive for entity, counts in (*plan.changes.items(), *plan.held.items()) if counts.archive}
    assert gone == {}
    return plan


# OneRoster REST and ClassLink: what the server does in the place of an answer


def when(resource: str, act: Callable[[FakeServer, Ask], Reply | None], skip: int = 1) -> Any:
    """Does it to requests for that collection, after so many of them."""
    seen = [0]

    def fault(fake: FakeServer) -> Callable[[Ask, int], Reply | None]:
        def answer(ask: Ask, _count: int) -> Reply | None:
            if not ask.path.endswith(f"/{resource}"):
                return None
            seen[0] += 1
            return act(fake, ask) if seen[0] > skip else None

        return answer

    return fault


def dropped(at: int) -> Callable[[FakeServer, Ask], Reply]:
    return lambda fake, ask: replace(fake.data(ask), cut=at)


def truncated(fake: FakeServer, ask: Ask) -> Reply:
    reply = fake.data(ask)
    return replace(reply, body=reply.body[: len(reply.body) // 2])


def again(fake: FakeServer, ask: Ask) -> Reply:
    """The first page, whatever is asked for."""
    return fake.data(replace(ask, query={**ask.query, "offset": "0"}))


REST_FAULTS = {
    **{f"dropped at byte {at} of {of}": when(of, dropped(at)) for at in (0, 1, 700) for of in ("users", "enrollments")},
    "429 for ever": when("users", lambda _f, _a: Reply(429, b"{}", {"Retry-After": "0"})),
    "429 without an end in sight": when("users", lambda _f, _a: Reply(429, b"{}", {"Retry-After": "86400"})),
    "500 for ever": when("enrollments", lambda _f, _a: Reply(500, b"oops")),
    "a page of HTML": when("users", lambda _f, _a: Reply(200, b"<html>maintenance</html>", kind="text/html")),
    "HTML that says it is JSON": when("users", lambda _f, _a: Reply(200, b"<html>maintenance</html>")),
    "JSON cut short": when("users", truncated),
    "an empty list in the middle": when("users", lambda _f, _a: Reply(200, b'{"users":[]}')),
    "a repeated page": when("users", again),
    "a token that is no longer accepted": when("users", lambda _f, _a: Reply(401, b"{}")),
    "a collection that is withdrawn": when("classes", lambda _f, _a: Reply(403, b"{}"), skip=0),
    "no collection at all": when("orgs", lambda _f, _a: Reply(404, b"{}"), skip=0),
}


@contextmanager
def served(kind: str, made: Neutral, monkeypatch: pytest.MonkeyPatch) -> Iterator[tuple[FakeServer, dict[str, object]]]:
    if kind == "classlink":
        monkeypatch.setenv("PARTNER", PARTNER_KEY)
        with serving(FakeClassLink(rest(made))) as proxy:
            yield (
                proxy,
                {"kind": kind, "proxy_url": proxy.base, "partner_key": "env:PARTNER", "tenant_id": TENANT}
                | {"page_size": 100},
            )
        return
    monkeypatch.setenv("SIS_SECRET", SECRET)
    with serving(FakeServer(rest(made))) as fake:
        token = {"client_id": KEY, "client_secret": "env:SIS_SECRET", "token_url": f"{fake.base}/token"}
        yield fake, {"kind": kind, "url": fake.base, "page_size": PAGE, **token}


@pytest.mark.parametrize("kind", ["oneroster-rest", "classlink"])
def test_no_fault_of_a_oneroster_server_archives_anybody(
    kind: str, district: Neutral, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with served(kind, district, monkeypatch) as (fake, settings):
        applied(tmp_path / "w", settings)
        nothing = fake.fault
        for name, fault in REST_FAULTS.items():
            fake.fault = fault(fake)
            found = harmless(tmp_path / "w")
            whole = isinstance(found, Plan) and all(t.coverage == "full" for t in found.coverage)
            assert not whole, f"{name}: nobody noticed"
        fake.fault = nothing
        plan = harmless(tmp_path / "w")
        assert isinstance(plan, Plan)
        assert plan.total.total == 0, "afterwards everything is as it was"


def test_a_clock_that_is_wrong_is_a_refusal_and_no_empty_roster(
    district: Neutral, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """OAuth 1.0a: a server refuses timestamps that are not of its hour."""
    monkeypatch.setenv("SIS_SECRET", SECRET)
    with serving(FakeServer(rest(district), auth="oauth1")) as fake:
        direct = {"auth": "oauth1", "client_id": KEY, "client_secret": "env:SIS_SECRET"}
        applied(tmp_path / "w", {"kind": "oneroster-rest", "url": fake.base, **direct})

        def strict(ask: Ask, _count: int) -> Reply | None:
            stamp = ask.headers["authorization"].partition('oauth_timestamp="')[2].partition('"')[0]
            return None if abs(int(stamp) - time.time()) < 300 else Reply(401, b"{}")

        fake.fault = strict
        assert isinstance(harmless(tmp_path / "w"), Plan)
        skewed = time.time() - 7200
        monkeypatch.setattr("oauthlib.oauth1.rfc5849.generate_timestamp", lambda: str(int(skewed)))
        assert isinstance(harmless(tmp_path / "w"), SourceUnreadable)


def test_permissions_that_change_under_each_attempt_archive_nobody(
    district: Neutral, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """B1.4: x-perm-rev."""
    with served("classlink", district, monkeypatch) as (fake, settings):
        applied(tmp_path / "w", settings)
        count = [0]

        def changing(_ask: Ask, _count: int) -> Reply | None:
            count[0] += 1
            fake.revision = f"rev-{count[0]}"  # type: ignore[attr-defined]  # it is the proxy
            return None

        fake.fault = changing
        found = harmless(tmp_path / "w")
        assert isinstance(found, Plan)
        assert {table.coverage for table in found.coverage} == {"partial"}


# Clever

CLEVER_FAULTS = {
    **{f"dropped at byte {at}": Fault("users", "drop", at, skip=1) for at in (0, 1, 700)},
    **{f"sections dropped at byte {at}": Fault("sections", "drop", at, skip=1) for at in (0, 1, 700)},
    "429 for ever": Fault("users", "status", 429, skip=1),
    "500 for ever": Fault("sections", "status", 500, skip=1),
    "503 from the start": Fault("users", "status", 503),
    "a page of HTML": Fault("users", "html", skip=1),
    "JSON cut short": Fault("users", "truncate", 400, skip=1),
    "a repeated page": Fault("users", "repeat", skip=1),
    "a 200 without a list": Fault("users", "unlisted", skip=1),
    "a token that is no longer accepted": Fault("users", "status", 401, skip=1),
    "users that are no longer shared": Fault("users", "status", 404),
}


def test_no_fault_of_clever_archives_anybody(
    district: Neutral, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with FakeClever(clever(district), events_on=False) as server:
        monkeypatch.setenv("CLEVER_TOKEN", server.token)
        address = {"address": server.address, "token_address": server.address}
        applied(tmp_path / "w", {"kind": "clever", "token": "env:CLEVER_TOKEN", "page_size": PAGE // 3, **address})
        for name, fault in CLEVER_FAULTS.items():
            server.faults[:] = [fault]
            found = harmless(tmp_path / "w")
            whole = isinstance(found, Plan) and all(t.coverage == "full" for t in found.coverage)
            assert not whole, f"{name}: nobody noticed"
        server.faults.clear()
        plan = harmless(tmp_path / "w")
        assert isinstance(plan, Plan)
        assert plan.total.total == 0, "afterwards everything is as it was"
