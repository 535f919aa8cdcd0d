"""``doctor`` without a feed: each thing that would fail a run is found before it, with what to do."""

from __future__ import annotations

import os
from collections import namedtuple
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
import time_machine
from operated import District
from receivers import Webhook

from rosterkit import Workspace
from rosterkit.operate import doctor
from rosterkit.results import Check

Usage = namedtuple("Usage", "total used free")  # noqa: PYI024 - as shutil.disk_usage gives it


def found(district: District, area: str, what: str = "") -> list[Check]:
    return [one for one in district.ws.doctor() if one.area == area and what in one.what]


def states(checks: list[Check]) -> list[str]:
    return [one.state for one in checks]


@pytest.fixture(autouse=True)
def secret(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("ROSTERKIT_TEST_NOTICES", "json://127.0.0.1:9/")


def test_a_workspace_that_is_ready_has_nothing_bad(district: District) -> None:
    checks = district.ws.doctor()
    assert [one for one in checks if one.state == "bad"] == []
    assert {one.what for one in checks if one.state == "look"} == {"process"}
    assert all(one.remedy for one in checks if one.state != "ok")


def test_what_was_never_set_up_is_to_be_looked_at(tmp_path: Path) -> None:
    checks = Workspace.init(tmp_path / "ws").doctor()
    look = {(one.area, one.what) for one in checks if one.state != "ok"}
    assert {("settings", "timezone"), ("sources", "sources.main"), ("notices", "to"), ("store", "first plan")} <= look


def test_a_secret_that_is_missing_is_bad_and_never_shown(district: District, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("ROSTERKIT_TEST_NOTICES")
    (check,) = found(district, "secrets")
    assert (check.state, check.what) == ("bad", "notices.to")
    assert "ROSTERKIT_TEST_NOTICES is not set" in check.text
    monkeypatch.setenv("ROSTERKIT_TEST_NOTICES", "json://user:hunter2@127.0.0.1/")
    assert states(found(district, "secrets")) == ["ok"]
    assert "hunter2" not in repr(district.ws.doctor())


def test_a_suppression_in_a_feed_that_has_another_name_now_is_bad(district: District) -> None:
    district.ws.suppress("S1-p0", feed="out", field="email", reason="the family asked", actor="kim")
    assert states(found(district, "feeds", "feeds.out")) == ["ok"]
    folder = district.ws.folder
    text = (folder / "rosterkit.toml").read_text(encoding="utf-8").replace("[feeds.out]", "[feeds.portal]")
    (folder / "rosterkit.toml").write_text(text, encoding="utf-8")
    (check,) = (one for one in Workspace(folder).doctor() if one.what == "feeds.out")
    assert (check.state, "suppressed" in check.text) == ("bad", True)


def test_a_package_that_is_missing_is_bad(district: District) -> None:
    (district.folder / "package.zip").unlink()
    (check,) = found(district, "sources")
    assert check.state == "bad"
    assert "There is nothing at" in check.text


PLACE = """
[sources.far]
kind = "oneroster"
[sources.far.place]
transport = "sftp"
host = "127.0.0.1"
port = 9
username = "district"
password = "env:HOME"
attempts = 1
credentials_issued = 2024-01-15
[sources.api]
kind = "oneroster-rest"
url = "http://127.0.0.1:9"
auth = "oauth1"
client_id = "district"
client_secret = "file:secret.txt"
"""


def test_credentials_of_sources_that_grew_old_are_to_be_looked_at(district: District) -> None:
    secret = district.ws.folder / "secret.txt"
    secret.write_text("x" * 20)
    secret.chmod(0o600)
    district.more = PLACE
    assert states(found(district, "credentials", "sources.far.place.password")) == ["look"]
    assert states(found(district, "credentials", "sources.api.client_secret")) == ["ok"]
    old = (datetime.now(UTC) - timedelta(days=500)).timestamp()
    os.utime(secret, (old, old))
    (check,) = found(district, "credentials", "sources.api.client_secret")
    assert check.state == "look"
    assert "days old" in check.text
    assert "new one" in check.remedy


def test_a_server_that_does_not_answer_is_bad(district: District) -> None:
    district.more = (
        '[feeds.far]\nkind = "oneroster"\n[feeds.far.target]\ntransport = "s3"\nbucket = "millbrook"\nattempts = 1\n'
        'endpoint_url = "http://127.0.0.1:9"\naccess_key_id = "env:HOME"\nsecret_access_key = "env:HOME"\n'
        "connect_seconds = 1.0\n"
    )
    assert "bad" in states(found(district, "feeds", "feeds.far"))


def test_an_api_that_answers_is_reached_and_its_clock_compared(monkeypatch: pytest.MonkeyPatch) -> None:
    server = Webhook()
    try:
        address = server.url.replace("json://", "http://")
        (reached,) = doctor._server("sources.api", address)
        assert reached.state == "ok"
        ahead = datetime.now(UTC) + timedelta(hours=1)
        monkeypatch.setattr("rosterkit.store.plans.now", lambda: ahead)
        _, clock = doctor._server("sources.api", address)
        assert (clock.area, clock.state) == ("clock", "bad")
    finally:
        server.close()
    (gone,) = doctor._server("sources.api", address)
    assert gone.state == "bad"


def test_a_clock_behind_the_store_is_bad(district: District) -> None:
    assert states(found(district, "clock")) == ["ok"]
    with time_machine.travel(datetime.now(UTC) - timedelta(days=2)):
        assert states(found(district, "clock")) == ["bad"]


@pytest.mark.parametrize(("free", "state"), [(1 << 40, "ok"), (1 << 29, "look"), (1 << 20, "bad")])
def test_room_on_the_disk_is_compared_with_the_store(
    district: District, monkeypatch: pytest.MonkeyPatch, free: int, state: str
) -> None:
    monkeypatch.setattr("shutil.disk_usage", lambda _: Usage(1 << 41, 0, free))
    assert states(found(district, "disk")) == [state]


@pytest.mark.skipif(os.name != "posix", reason="elsewhere the mode says nothing")
@pytest.mark.parametrize("name", ["", "rosterkit.toml", "roster.db"])
def test_what_others_may_read_is_bad(district: District, name: str) -> None:
    path = district.ws.folder / name
    path.chmod(path.stat().st_mode | 0o044)
    bad = [one for one in found(district, "permissions") if one.state == "bad"]
    assert [one.what for one in bad] == [str(path)]
    assert "chmod" in bad[0].remedy


def test_a_damaged_store_is_bad(district: District) -> None:
    database = district.ws.folder / "roster.db"
    size = database.stat().st_size
    with database.open("r+b") as file:
        file.seek(size // 2)
        file.write(b"\xff" * 8192)
    assert "bad" in {one.state for one in district.ws.doctor() if one.area in ("store", "doctor", "clock")}


def test_every_point_that_is_not_right_says_what_to_do(district: District, monkeypatch: pytest.MonkeyPatch) -> None:
    """Everything at once: no secret, no package, no zone, servers away, a full disk, files that others may read."""
    monkeypatch.delenv("ROSTERKIT_TEST_NOTICES")
    monkeypatch.setattr("shutil.disk_usage", lambda _: Usage(1 << 41, 0, 1 << 20))
    (district.folder / "package.zip").unlink()
    district.more = PLACE
    ws = district.ws
    path = ws.folder / "rosterkit.toml"
    path.write_text(path.read_text().replace('"America/Chicago"', '"UTC"'))
    path.chmod(0o644)
    wrong = [one for one in Workspace(ws.folder).doctor() if one.state != "ok"]
    areas = {"settings", "secrets", "sources", "credentials", "disk", "permissions", "schedule"}
    assert areas <= {one.area for one in wrong}
    assert [one for one in wrong if len(one.remedy) < 10] == []
