"""``purge``: whoever left long ago goes from every place of the workspace; a keyed hash stays, and so do receipts."""

from __future__ import annotations

import io
import shutil
import sqlite3
import zlib
from contextlib import closing, suppress
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import polars as pl
import pytest

from providers.oneroster import FEED
from rosterkit import Workspace
from rosterkit.errors import Refused, UsageError
from rosterkit.store import access

DAY = date(2026, 9, 15)
WHY = {"reason": "retention schedule", "actor": "kim"}
GONE = ("stu-05", "Given 05", "Family 05", "stu-05@birch.example")


def send(scenario: Any) -> None:
    if scenario.ws.feed_send(as_of=DAY).state == "waiting":
        scenario.ws.feed_approve(reason="compared with the office", actor="kim")


def leave(scenario: Any, key: str = "stu-05") -> None:
    """The person and what refers to them are archived, as a run leaves them."""
    with closing(sqlite3.connect(scenario.ws.database)) as store, store:
        (user,) = store.execute("select id from user where sourced_id=?", (key,)).fetchone()
        store.execute("update user set status='archived' where id=?", (user,))
        for table in ("role", "enrollment"):
            store.execute(f"update {table} set status='archived' where user_id=?", (user,))


def later(monkeypatch: pytest.MonkeyPatch, days: int) -> None:
    at = datetime.now(UTC) + timedelta(days=days)
    for module in ("rosterkit.store.plans", "rosterkit.store.deliveries", "rosterkit.store.purge"):
        monkeypatch.setattr(f"{module}.now", lambda: at)


def traces(folder: Path) -> str:
    """Everything that the workspace holds, as one text: tables, frames, sent bytes, and other files."""
    out = []
    with closing(sqlite3.connect(folder / "roster.db")) as store:
        tables = [name for (name,) in store.execute("select name from sqlite_master where type='table'")]
        for table in tables:
            for row in store.execute(f'select * from "{table}"'):
                out += [readable(value) for value in row]
    for path in folder.rglob("*"):
        if path.is_file() and path.name != "rosterkit.toml":
            out.append(path.read_bytes().decode("latin-1"))
    return "\n".join(out)


def readable(value: object) -> str:
    if not isinstance(value, bytes):
        return str(value)
    with suppress(pl.exceptions.ComputeError):
        return pl.read_parquet(io.BytesIO(value)).write_csv()
    with suppress(zlib.error):
        return zlib.decompress(value).decode("latin-1")
    return value.decode("latin-1")


def a_year_later(patch: pytest.MonkeyPatch) -> None:
    """The feed gives its vendor nobody's username any more, and 366 days have passed."""
    patch.setattr(type(FEED), "identifiers", lambda *_: {"username": "username"})
    patch.setattr("rosterkit.delivery.sending.entries", lambda *_: LEDGER.clear())
    later(patch, 366)


@pytest.fixture(scope="module")
def left(tmp_path_factory: pytest.TempPathFactory, loaded_workspace: Path) -> Path:
    """A workspace a year after one student left, and the vendor has a newer file. It is copied for each test."""
    folder = tmp_path_factory.mktemp("left") / "ws"
    shutil.copytree(loaded_workspace, folder)
    made = SimpleNamespace(ws=Workspace(folder))
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(type(FEED), "identifiers", lambda *_: {"username": "username"})
        patch.setattr("rosterkit.delivery.sending.entries", lambda *_: LEDGER)
        send(made)
        leave(made)
        (folder / "plans" / "review.html").write_text("Given 05 leaves", encoding="utf-8")
        a_year_later(patch)
        send(made)
    return folder


@pytest.fixture
def gone(scenario: Any, left: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Any:
    """The scenario in that workspace."""
    a_year_later(monkeypatch)
    shutil.copytree(left, tmp_path / "left")
    scenario.ws = Workspace(tmp_path / "left")
    return scenario


LEDGER = pl.DataFrame({"user": ["main/stu-05"], "kind": ["username"], "value": ["stu-05"]})


def test_nothing_of_the_person_is_left_anywhere(gone: Any) -> None:
    gone.ws.audit("view", "record", actor="maria", records=["User stu-05", "Role stu-05|S", "User stu-06"])
    assert all(word in traces(gone.ws.folder) for word in GONE)
    done = gone.ws.purge(365, **WHY)
    assert (done.done, done.people, done.files, done.kept) == (True, 1, 1, {})
    assert done.records == {"User": 1, "Role": 1, "Enrollment": 2, "UserAttributes": 0, "UserProfile": 0} | {
        name: rows for name, rows in done.records.items() if name in ("GuardianLink", "Demographics")
    }
    found = traces(gone.ws.folder)
    assert [word for word in GONE if word in found] == []
    assert "Given 06" in found
    with access.opened(gone.ws.folder) as log:
        done_by, seen_by = access.entries(log, limit=2)
    assert (done_by.verb, done_by.actor, done_by.subject) == ("purge", "kim", "1 person")
    assert [record[:12] for record in seen_by.records] == ["User purged:", "Role purged:", "User stu-06"]


def had_before(scenario: Any, key: str, until: str) -> None:
    """stu-05 had this id until then, as a re-link leaves it."""
    with closing(sqlite3.connect(scenario.ws.database)) as store, store:
        (user,) = store.execute("select id from user where sourced_id='stu-05'").fetchone()
        row = ("User", user, "main", "", key, until)
        query = "insert into earlier_key (entity, record, source, id_space, sourced_id, ended_at) values (?,?,?,?,?,?)"
        store.execute(query, row)


def test_who_has_an_earlier_id_of_the_person_by_now_stays(gone: Any) -> None:
    had_before(gone, "stu-06", "2026-01-01T00:00:00+00:00")
    gone.ws.hold("User", "stu-06", reason="we ask the family", actor="kim")
    with closing(sqlite3.connect(gone.ws.database)) as store, store:
        store.execute("insert into ledger (feed, user, kind, value) values ('oneroster','main/stu-06','username','s6')")
    before = gone.ws.disclosed("stu-06")
    gone.ws.purge(365, **WHY)
    with closing(sqlite3.connect(gone.ws.database)) as store:
        assert store.execute("select count(*) from ledger where user='main/stu-06'").fetchone() == (1,)
    assert [one.sourced_id for one in gone.ws.holds()] == ["stu-06"]
    assert {one.delivery for one in gone.ws.disclosed("stu-06")} == {one.delivery for one in before}


def test_files_in_which_a_person_had_an_earlier_id_are_told_by_the_hash(gone: Any) -> None:
    with closing(sqlite3.connect(gone.ws.database)) as store, store:
        store.execute("update user set sourced_id='X-105' where sourced_id='stu-05'")
        store.execute("update ledger set user='main/X-105' where user='main/stu-05'")
        query = "insert into earlier_key (entity, record, source, id_space, sourced_id, ended_at) "
        query += "select 'User', id, source, id_space, 'stu-05', '2999-01-01' from user where sourced_id='X-105'"
        store.execute(query)
    assert len(gone.ws.disclosed("X-105")) == len(gone.ws.disclosed("stu-06")) - 2 > 0
    gone.ws.purge(365, **WHY)
    found = traces(gone.ws.folder)
    assert [word for word in (*GONE, "X-105") if word in found] == []
    assert len(gone.ws.disclosed("X-105")) == 1


def test_what_left_is_still_told_by_the_hash(gone: Any) -> None:
    before = gone.ws.disclosed("stu-05")
    gone.ws.purge(365, **WHY)
    (one,) = gone.ws.disclosed("stu-05")
    assert (one.delivery, one.fields, one.at) == (before[0].delivery, before[0].fields, before[0].at)
    with pytest.raises(UsageError, match="There is no User stu-99"):
        gone.ws.disclosed("stu-99")


def test_receipts_and_history_stay_and_the_next_plan_is_empty(gone: Any) -> None:
    receipts, revisions = gone.ws.feed_log(), gone.ws.history()
    gone.ws.purge(365, **WHY)
    assert gone.ws.feed_log() == receipts
    assert [one.revision for one in gone.ws.history()] == [one.revision for one in revisions]
    assert gone.ws.show(gone.ws.plans()[0].id).lines.height > 0
    assert gone.ws.feed_send(as_of=DAY).state == "unchanged"
    assert gone.ws.explain("User", "stu-06").values


def test_an_identifier_of_somebody_who_was_purged_is_not_given_to_another(gone: Any) -> None:
    """H6: a username never goes to another person."""
    from rosterkit.feeds.ledger import taken
    from rosterkit.store import deliveries
    from rosterkit.store.tombstones import hasher

    gone.ws.purge(365, **WHY)
    with closing(sqlite3.connect(gone.ws.database)) as store:
        ledger = deliveries.ledger(store, "oneroster")
    rows = pl.DataFrame(
        {"_user": ["main/stu-90", "main/stu-91", "main/stu-05"], "username": ["STU-05", "stu-91", "stu-05"]}
    )
    hashed = hasher(gone.ws.folder)
    assert taken(rows, ledger, "username", "username", hashed).to_list() == [True, False, False]
    assert taken(rows, ledger, "username", "username").to_list() == [False, False, False]  # the guard taken out


def test_only_whoever_left_long_enough_ago_is_purged(scenario: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    leave(scenario)
    assert scenario.ws.purge(365, **WHY).people == 0
    with pytest.raises(Refused, match="not archived for so long"):
        scenario.ws.purge(365, person="stu-05", **WHY)
    later(monkeypatch, 366)
    with pytest.raises(Refused, match="not archived for so long"):
        scenario.ws.purge(365, person="stu-06", **WHY)  # an active student
    assert scenario.ws.purge(365, person="stu-05", **WHY).people == 1


def test_a_dry_run_removes_nothing(gone: Any) -> None:
    done = gone.ws.purge(365, dry_run=True, **WHY)
    assert (done.done, done.people) == (False, 1)
    assert all(word in traces(gone.ws.folder) for word in GONE)
    assert not (gone.ws.folder / "purge.key").exists()


def test_whoever_a_vendor_still_has_stays(scenario: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    send(scenario)
    leave(scenario)
    later(monkeypatch, 366)
    done = scenario.ws.purge(365, **WHY)
    assert (done.people, done.kept) == (0, {"still in the last file of a feed": 1})


def test_whoever_is_in_a_block_stays(gone: Any) -> None:
    gone.ws.suppress("stu-05", reason="court order", actor="kim")
    send(gone)
    with closing(sqlite3.connect(gone.ws.database)) as store, store:
        store.execute("update user set updated_revision=1 where sourced_id='stu-05'")
    assert gone.ws.purge(365, **WHY).kept == {"in a block that is in force": 1}


def test_an_open_plan_is_decided_first(gone: Any, delivered: Any) -> None:
    gone.plan(delivered(values={"stu-01": {"email": "new@birch.example"}}))
    with pytest.raises(Refused, match="Apply or reject it first"):
        gone.ws.purge(365, **WHY)


def test_a_purge_needs_a_reason(gone: Any) -> None:
    with pytest.raises(UsageError, match="reason"):
        gone.ws.purge(365, reason=" ", actor="kim")


def test_a_purge_that_is_cut_off_removes_nothing(gone: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    def fail(*_: Any, **__: Any) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr("rosterkit.store.purge.note_purge", fail)
    with pytest.raises(KeyboardInterrupt):
        gone.ws.purge(365, **WHY)
    assert all(word in traces(gone.ws.folder) for word in GONE)
    assert gone.ws.disclosed("stu-05")
