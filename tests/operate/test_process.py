"""The process of ``schedule``: one for a workspace, ends cleanly in the middle of a run, and takes over new times."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
import time_machine
from operated import rename
from scheduled import Scheduled, local

from rosterkit.cli.main import run as command
from rosterkit.operate.heartbeat import alive, read_beat


@pytest.fixture
def scheduled(tmp_path: Path) -> Iterator[Scheduled]:
    made = Scheduled(tmp_path)
    with time_machine.travel(local("2026-10-29"), tick=True):
        made.first_load()
    made.sent()
    yield made
    made.close()


def test_a_second_process_is_busy_and_the_first_is_alive(scheduled: Scheduled) -> None:
    scheduled.start(local("2026-10-30", "02:50:00"))
    scheduled.wait_for_beats(1)
    folder = scheduled.ws.folder
    assert alive(folder)
    beat = read_beat(folder)
    assert beat
    assert beat.next["sync"] == local("2026-10-30", "03:00:00")
    assert command(["-C", str(folder), "schedule"]) == 5
    with time_machine.travel(local("2026-10-30", "02:51:00")):
        assert command(["-C", str(folder), "status", "--alive"]) == 0
    with time_machine.travel(local("2026-10-30", "03:51:00")):  # it hangs: it gave no sign of life for an hour
        assert command(["-C", str(folder), "status", "--alive"]) == 1
    assert scheduled.terminate() == 0
    assert not alive(folder)


def test_sigterm_in_the_middle_of_a_run_gives_up_the_stage_and_the_next_start_goes_on(scheduled: Scheduled) -> None:
    scheduled.deliver(rename)
    scheduled.start(local("2026-10-30", "02:59:00"), "slow source")
    scheduled.move_to(local("2026-10-30"))
    scheduled.wait_for("stage.started")
    scheduled.wait_for("stage.started")  # the second one, plan
    assert scheduled.terminate() == 0
    stopped = scheduled.ws.runs()[0]
    assert stopped.state == "stopped"
    assert len(scheduled.ws.history()) == 1
    scheduled.start(local("2026-10-30", "03:20:00"))
    scheduled.wait_for("run.ended")
    run = scheduled.ws.runs()[0]
    assert (run.id, run.state, run.attempts) == (stopped.id, "done", 2), run
    assert scheduled.sent() == 1
    assert scheduled.notices() == []
    scheduled.terminate()


def test_new_times_are_taken_over_without_a_restart_and_wrong_ones_are_reported(scheduled: Scheduled) -> None:
    scheduled.start(local("2026-10-30", "01:00:00"))
    settings = scheduled.ws.folder / "rosterkit.toml"
    good = settings.read_text()
    settings.write_text(good.replace('sync = ["03:00"]', 'sync = ["25:00"]'))
    assert "25:00" in scheduled.wait_for("schedule.settings")["problem"]
    settings.write_text(good.replace('sync = ["03:00"]', 'sync = ["05:30"]'))
    assert scheduled.wait_for("schedule.settings")["problem"] == ""
    scheduled.deliver(rename)
    assert scheduled.run_at(local("2026-10-30", "05:30:01")).slot == "2026-10-30 05:30"
    scheduled.terminate()


def test_a_start_within_the_grace_runs_and_one_after_it_reports(scheduled: Scheduled) -> None:
    with time_machine.travel(local("2026-10-30"), tick=True):
        scheduled.ws.sync()
    scheduled.notices()
    scheduled.deliver(rename)
    scheduled.start(local("2026-10-31", "04:59:00"))
    scheduled.wait_for("run.ended")
    assert scheduled.ws.runs()[0].slot == "2026-10-31 03:00"
    scheduled.terminate()
    scheduled.start(local("2026-11-02", "05:01:00"))
    scheduled.wait_for("notice.sent")
    assert [subject.split(": ")[1] for subject in scheduled.notices()] == ["missed (the schedule)"]
    assert [run.slot for run in scheduled.ws.runs() if run.state == "missed"] == [
        "2026-11-02 03:00",
        "2026-11-01 03:00",
    ]
    scheduled.terminate()


def test_a_first_start_owes_nothing(scheduled: Scheduled) -> None:
    scheduled.start(local("2026-10-30", "03:30:00"))
    scheduled.wait_for_beats(5)
    assert scheduled.ws.runs() == ()
    scheduled.terminate()
