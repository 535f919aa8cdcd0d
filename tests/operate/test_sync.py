"""``sync``: one run reads, plans, applies, sends and notifies; whatever happens to it, the next one goes on rightly."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
import time_machine
from operated import SETTINGS, District, remove_many_and_rename, rename, states

from rosterkit import Workspace
from rosterkit.errors import Busy, NotDelivered
from rosterkit.lock import SYNC, lease
from rosterkit.store import database


def test_a_first_run_plans_and_waits_for_a_person(new_district: District) -> None:
    new_district.deliver()
    run = new_district.sync()
    assert states(run) == {
        "approved": "skipped", "plan": "done", "apply": "waiting", "feed out": "skipped", "announced": "done",
        "notices": "done",
    }  # fmt: skip
    assert (run.state, run.exit_code) == ("look", 1)
    (message,) = new_district.sent
    assert message.kinds == ("held",)
    assert run.plan in message.body
    assert f"runs {run.id}" in message.body


def test_what_a_person_approved_is_applied_by_the_next_run_and_the_first_file_waits(new_district: District) -> None:
    new_district.deliver()
    first = new_district.sync()
    new_district.ws.approve(first.plan, reason="compared", actor="kim")
    second = new_district.sync()
    assert states(second)["approved"] == "done"
    assert states(second)["feed out"] == "waiting"
    assert new_district.kinds == [("held",), ("first",)]
    assert len(new_district.ws.history()) == 1


def test_a_clear_change_is_applied_and_sent_and_nobody_is_notified(district: District) -> None:
    run = district.sync(rename)
    assert (run.state, run.exit_code) == ("done", 0)
    assert states(run)["apply"] == states(run)["feed out"] == "done"
    assert run.revision == 2
    assert district.kinds == []
    assert district.ws.run(run.id) == run


def test_a_run_without_a_change_writes_no_revision(district: District) -> None:
    run = district.sync()
    assert run.exit_code == 0
    assert len(district.ws.history()) == 1


def test_what_a_limit_holds_is_held_and_the_rest_is_applied(district: District) -> None:
    run = district.sync(remove_many_and_rename)
    assert (run.state, run.exit_code, states(run)["apply"]) == ("look", 1, "look")
    assert district.kinds == [("held",)]
    assert run.revision == 2


def test_in_mode_review_the_plan_waits_and_the_feed_gets_the_last_good_roster(district: District) -> None:
    district.mode = "review"
    run = district.sync(rename)
    assert states(run)["apply"] == "waiting"
    assert states(run)["feed out"] == "done"
    assert district.kinds == [("held",)]


def test_in_mode_observe_nothing_is_applied(district: District) -> None:
    district.mode = "observe"
    run = district.sync(rename)
    assert states(run)["apply"] == "skipped"
    assert len(district.ws.history()) == 1


def test_a_source_that_is_down_keeps_the_last_good_roster_and_alarms_after_the_second_run(district: District) -> None:
    (district.folder / "package.zip").unlink()
    first = district.sync()
    assert (first.exit_code, states(first)["plan"], states(first)["feed out"]) == (3, "failed", "done")
    assert district.kinds == []
    second = district.sync()
    assert second.exit_code == 3
    assert district.kinds == [("stale",)]
    district.deliver()
    third = district.sync()
    assert third.exit_code == 0
    assert district.kinds == [("recovered",)]
    assert len(district.ws.history()) == 1


def test_one_of_two_sources_that_is_down_is_a_look(district: District) -> None:
    district.more = '[sources.people]\nkind = "guardians"\npath = "../guardians.csv"\n'
    run = district.sync()
    assert run.exit_code == 1
    assert district.kinds == []
    district.sync()
    assert district.kinds == [("stale",)]
    assert run.stage("plan").facts["sources"] == {"main": "read", "people": "failed"}  # type: ignore[union-attr]


def test_a_feed_that_fails_keeps_no_other_from_leaving(district: District, monkeypatch: pytest.MonkeyPatch) -> None:
    district.more = '[feeds.bad]\nkind = "oneroster"\n'
    send = Workspace.feed_send

    def refuse(self: Workspace, name: str = "", *args: Any, **more: Any) -> Any:
        if name == "bad":
            raise NotDelivered("The server refuses the file.", why="refused")
        return send(self, name, *args, **more)

    monkeypatch.setattr(Workspace, "feed_send", refuse)
    run = district.sync(rename)
    assert (states(run)["feed bad"], states(run)["feed out"]) == ("failed", "done")
    assert run.exit_code == 1
    assert district.kinds == [("failed",)]


def test_a_feed_with_its_own_clock_is_left_to_it_and_sent_by_name(district: District) -> None:
    toml = SETTINGS.replace('kind = "oneroster"\n[notices]', 'kind = "oneroster"\nsend_at = "30 22 * * *"\n[notices]')
    (district.folder / "ws" / "rosterkit.toml").write_text(toml.format(mode="auto", more=""))
    workspace = Workspace(district.folder / "ws")
    assert "feed out" not in states(workspace.sync())
    run = workspace.sync("out")
    assert states(run) == {"feed out": "done", "announced": "done", "notices": "skipped"}
    assert run.job == "feed out"


def test_a_second_sync_at_the_same_time_is_busy(district: District) -> None:
    with lease(district.folder / "ws", SYNC), pytest.raises(Busy, match="Another sync"):
        district.sync()


class Killed(BaseException):
    """Ends a run as a killed process does: nothing after it is carried out."""


def kill(patch: pytest.MonkeyPatch, verb: str, *, after: bool) -> None:
    """The next run is killed before or after that verb has done its work."""
    real = getattr(Workspace, verb)

    def die(self: Workspace, *args: Any, **more: Any) -> Any:
        if after:
            real(self, *args, **more)
        raise Killed

    patch.setattr(Workspace, verb, die)


@pytest.mark.parametrize("verb", ["plan", "apply", "feed_send"])
@pytest.mark.parametrize("after", [False, True])
def test_a_run_that_is_killed_goes_on_and_does_nothing_twice(district: District, verb: str, *, after: bool) -> None:
    district.deliver(rename)
    before = len(district.ws.plans()), len(district.ws.feed_log())
    with pytest.MonkeyPatch.context() as patch:
        kill(patch, verb, after=after)
        with pytest.raises(Killed):
            district.sync()
    killed = district.ws.runs()[0]
    assert killed.state == "running"
    run = district.sync()
    assert (run.id, run.attempts, run.exit_code) == (killed.id, 2, 0)
    assert len(district.ws.history()) == 2
    assert (len(district.ws.plans()), len(district.ws.feed_log())) == (before[0] + 1, before[1] + 1)
    assert district.kinds == []


def test_a_run_that_kills_its_process_each_time_is_given_up(district: District) -> None:
    with pytest.MonkeyPatch.context() as patch:
        kill(patch, "plan", after=False)
        for _ in range(3):
            with pytest.raises(Killed):
                district.sync()
    run = district.sync()
    assert run.attempts == 1
    assert run.exit_code == 0
    assert district.kinds == [("failed",)]
    assert district.ws.runs()[1].state == "failed"


def test_an_old_run_that_was_interrupted_does_not_go_on(district: District) -> None:
    with pytest.MonkeyPatch.context() as patch:
        kill(patch, "plan", after=True)
        with pytest.raises(Killed):
            district.sync(rename)
    with time_machine.travel(datetime.now(UTC) + timedelta(hours=20)):
        run = district.sync()
    assert run.attempts == 1
    assert district.kinds == [("failed",)]
    assert len(district.ws.history()) == 2


def test_our_own_fault_in_one_stage_is_told_without_what_it_held(
    district: District, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fault(self: Workspace, *args: Any, **more: Any) -> Any:
        raise KeyError("Given Family")

    monkeypatch.setattr(Workspace, "plan", fault)
    run = district.sync()
    assert (run.exit_code, states(run)["feed out"]) == (70, "done")
    (message,) = district.sent
    assert "KeyError" in message.body
    assert "Given Family" not in message.body + run.message


def test_a_full_disk_is_reported_though_nothing_can_be_recorded(
    district: District, monkeypatch: pytest.MonkeyPatch
) -> None:
    real = database.connect

    def no_room(path: Path) -> Any:
        connection = real(path)
        pages = connection.execute("pragma page_count").fetchone()[0]
        connection.execute(f"pragma max_page_count={pages}")
        return connection

    district.deliver(
        lambda files: files["users"].extend({**u, "sourcedId": f"x{u['sourcedId']}"} for u in files["users"][:20])
    )
    monkeypatch.setattr("rosterkit.workspace_folder.connect", no_room)
    run = district.sync()
    monkeypatch.undo()
    assert run.exit_code == 2
    assert "The disk is full" in run.message


def test_an_announced_change_that_does_not_come_is_reported(district: District) -> None:
    today = datetime.now(UTC).date()
    district.ws.expect_students(40, by=today, reason="a new school opens", actor="kim")
    assert district.sync(rename).exit_code == 0
    assert district.kinds == []
    with time_machine.travel(datetime.now(UTC) + timedelta(days=2)):
        run = district.sync()
        assert (run.exit_code, states(run)["announced"]) == (1, "look")
        (message,) = district.sent
        assert message.kinds == ("overdue",)
        assert "0 of 40 came" in message.body
        assert district.ws.status().exit_code == 1


def test_files_of_a_feed_lie_in_the_workspace_also_where_it_is_named_by_a_relative_path(
    district: District, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(district.folder)
    district.deliver(rename)
    before = (district.folder / "ws" / "outbox" / "out" / "oneroster.zip").read_bytes()
    assert Workspace(Path("ws")).sync().exit_code == 0
    assert (district.folder / "ws" / "outbox" / "out" / "oneroster.zip").read_bytes() != before
    assert not (district.folder / "ws" / "ws").exists()


def test_a_run_that_goes_on_repeats_no_stage_that_ended(district: District, monkeypatch: pytest.MonkeyPatch) -> None:
    with pytest.MonkeyPatch.context() as patch:
        kill(patch, "feed_send", after=False)
        with pytest.raises(Killed):
            district.sync(rename)
    before = district.ws.runs()[0].stages
    for verb in ("plan", "apply"):
        monkeypatch.setattr(Workspace, verb, lambda *_, **__: pytest.fail("it was done"))
    after = district.sync().stages
    assert after[:3] == before[:3]
