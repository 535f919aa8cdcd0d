"""Faults of every API (17.8): each ends in a whole pull or in tables that archive nobody, whatever is stored before."""

from __future__ import annotations

import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import pytest
from depth import DEEP
from faults import FAULTS, OF_CLASSLINK, met_by

from providers.classlink.fake import PARTNER_KEY, TENANT, FakeClassLink
from providers.clever.fake import FakeClever
from providers.one_sis.clever_shape import clever
from providers.one_sis.district import Neutral, invented
from providers.one_sis.shapes import rest
from providers.oneroster.rest.fake import KEY, SECRET, Ask, FakeServer, Reply, serving
from rosterkit.errors import RosterkitError, SourceUnreadable
from rosterkit.plan.plan import Plan
from rosterkit.settings_template import toml
from rosterkit.sources import http
from rosterkit.workspace import Workspace

QUICK = {"attempts": 2, "wait_initial": 0.001, "wait_max": 0.01, "wait_asked": 1.0, "read": 2.0, "whole": 3.0}
PAGE = 40  # records: several pages of users and enrollments
SECRETS = {"SIS_SECRET": SECRET, "PARTNER": PARTNER_KEY, "CLEVER_TOKEN": "a" * 40, "ID": "client", "CLEVER": "secret"}


@pytest.fixture(scope="module", autouse=True)
def quick() -> Iterator[None]:
    real = http.Api.__init__

    def made(self: Any, *arguments: Any, **named: Any) -> None:
        named["limits"] = replace(named.get("limits") or http.HttpLimits(), **QUICK)
        real(self, *arguments, **named)

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(http.Api, "__init__", made)
        for name, value in SECRETS.items():
            patch.setenv(name, value)
        yield


@pytest.fixture(scope="module")
def district(tmp_path_factory: pytest.TempPathFactory) -> Neutral:
    return invented(tmp_path_factory.mktemp("district"), 20, seed=2)


@dataclass
class Synced:
    """A vendor's server, and a workspace in which its whole district is applied."""

    server: Any
    folder: Path

    def plan(self) -> Plan | RosterkitError:
        """The next plan, or the error where nothing could be read."""
        try:
            return Workspace(self.folder).plan()
        except SourceUnreadable as error:
            return error


def applied(folder: Path, settings: dict[str, object]) -> Path:
    """A workspace with the whole district applied."""
    Workspace.init(folder)
    lines = ["demographics = true", "[sources.main]", *(f"{key} = {toml(value)}" for key, value in settings.items())]
    (folder / "rosterkit.toml").write_text("\n".join(lines), encoding="utf-8")
    one = Workspace(folder)
    plan = one.plan()
    assert {table.coverage for table in plan.coverage} == {"full"}
    one.approve(plan.id, reason="as expected", actor="tomas")
    one.apply(plan.id, actor="tomas")
    return folder


@contextmanager
def served(kind: str, made: Neutral, **more: Any) -> Iterator[tuple[Any, dict[str, object]]]:
    """The server, and the settings of a source that reads it."""
    if kind == "clever":
        with FakeClever(clever(made), events_on=False) as server:
            token = {"token": "env:CLEVER_TOKEN", "client_id": "env:ID", "client_secret": "env:CLEVER"}
            yield server, {"address": server.address, "token_address": server.address, "page_size": PAGE, **token}
    elif kind == "classlink":
        with serving(FakeClassLink(rest(made), cap=PAGE)) as proxy:
            yield proxy, {"proxy_url": proxy.base, "partner_key": "env:PARTNER", "tenant_id": TENANT}
    else:
        with serving(FakeServer(rest(made), cap=PAGE, **more)) as fake:
            token = {"client_id": KEY, "client_secret": "env:SIS_SECRET", "token_url": f"{fake.base}/token"}
            yield fake, {"url": fake.base, **token}


def applied_once(kind: str, made: Neutral, folder: Path) -> Iterator[Synced]:
    with served(kind, made) as (server, settings):
        yield Synced(server, applied(folder / "w", {"kind": kind, **settings}))


@pytest.fixture(scope="module")
def of_oneroster(district: Neutral, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Synced]:
    yield from applied_once("oneroster-rest", district, tmp_path_factory.mktemp("rest"))


@pytest.fixture(scope="module")
def of_classlink(district: Neutral, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Synced]:
    yield from applied_once("classlink", district, tmp_path_factory.mktemp("classlink"))


@pytest.fixture(scope="module")
def of_clever(district: Neutral, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Synced]:
    yield from applied_once("clever", district, tmp_path_factory.mktemp("clever"))


def check(synced: Synced, fault: Any) -> None:
    """The next plan while that goes wrong: everything came, or what did not is missed by nobody."""
    before, roster = dict(vars(synced.server)), getattr(synced.server, "roster", None)
    with pytest.MonkeyPatch.context() as patch:
        happened = fault.start(synced.server, patch)
        found = synced.plan()
        assert happened()
    vars(synced.server).clear()
    vars(synced.server).update(before)
    assert getattr(synced.server, "roster", None) is roster
    if fault.outcome == "whole":
        assert isinstance(found, Plan), found
        assert {table.coverage for table in found.coverage} == {"full"}
        assert found.total.total == 0
    elif isinstance(found, Plan):
        assert {table.coverage for table in found.coverage} != {"full"}, "nobody noticed"
        archived = {entity: n.archive for entity, n in (*found.changes.items(), *found.held.items()) if n.archive}
        assert archived == {}


@pytest.mark.parametrize("name", met_by("oneroster-rest"))
def test_oneroster(of_oneroster: Synced, name: str) -> None:
    check(of_oneroster, FAULTS[name][0])


@pytest.mark.deep
@pytest.mark.parametrize("name", [name for name in met_by("classlink") if DEEP or name in OF_CLASSLINK])
def test_classlink(of_classlink: Synced, name: str) -> None:
    """The pages of OneRoster are read by the same code as above: a deep run looks at their faults here too."""
    check(of_classlink, FAULTS[name][0])


@pytest.mark.parametrize("name", met_by("clever"))
def test_clever(of_clever: Synced, name: str) -> None:
    check(of_clever, FAULTS[name][1])


@pytest.mark.parametrize("kind", ["oneroster-rest", "classlink"])
def test_a_clock_that_is_wrong_is_a_refusal_and_no_empty_roster(
    kind: str, district: Neutral, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """OAuth 1.0a: a server refuses timestamps that are not of its hour."""
    key = {"client_id": KEY, "client_secret": "env:SIS_SECRET"}
    way = {"access": "direct", **key} if kind == "classlink" else {"auth": "oauth1", **key}
    make = FakeClassLink if kind == "classlink" else FakeServer
    with serving(make(rest(district), auth="oauth1")) as fake:

        def strict(ask: Ask, _count: int) -> Reply | None:
            stamp = ask.headers["authorization"].partition('oauth_timestamp="')[2].partition('"')[0]
            return None if abs(int(stamp) - time.time()) < 300 else Reply(401, b"{}")

        fake.fault = strict
        synced = Synced(fake, applied(tmp_path / "w", {"kind": kind, "url": fake.base, **way}))
        skewed = time.time() - 7200
        monkeypatch.setattr("oauthlib.oauth1.rfc5849.generate_timestamp", lambda: str(int(skewed)))
        assert isinstance(synced.plan(), SourceUnreadable)


def test_permissions_that_change_under_each_attempt_are_partial(of_classlink: Synced) -> None:
    """B1.4: x-perm-rev; the pull starts again three times at most."""
    fake = of_classlink.server
    before, count = dict(vars(fake)), 0

    def changing(_ask: Ask, _count: int) -> Reply | None:
        nonlocal count
        count += 1
        fake.revision = f"rev-{count}"
        return None

    fake.fault = changing
    found = of_classlink.plan()
    vars(fake).update(before)
    assert isinstance(found, Plan)
    assert {table.coverage for table in found.coverage} == {"partial"}
    assert found.total.archive == 0
