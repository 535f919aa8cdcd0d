"""What is due and what was missed, without a process: the clock is moved, and the jobs are asked for."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from typing import Any

import polars as pl
import pytest
import time_machine
from operated import District

from rosterkit import Workspace
from rosterkit.operate import missed_runs
from rosterkit.operate.sync import sync
from rosterkit.roster import findings

THREE = datetime(2026, 12, 15, 9, tzinfo=UTC)  # three o'clock in Chicago


@pytest.fixture
def runs(district: District, monkeypatch: pytest.MonkeyPatch) -> Iterator[Callable[..., list[str]]]:
    """Asks for the sync at a time; returns the slots of the runs that took place, with their state, oldest first."""
    carried: list[Any] = []

    def noted(*args: Any, **more: Any) -> Any:
        carried.append(more["slot"])
        return sync(*args, **more)

    monkeypatch.setattr(missed_runs, "sync", noted)

    def slots_at(at: datetime, *, started: bool = False) -> list[str]:
        carried.clear()
        with time_machine.travel(at, tick=True):
            missed_runs.catch_up(district.ws.verbs(), ["sync"], started=started)
        return list(carried)

    yield slots_at
    assert [run.state for run in district.ws.runs() if not run.over] == []


def test_a_slot_is_carried_out_once_however_often_it_is_asked_for(runs: Any) -> None:
    assert runs(THREE + timedelta(seconds=1)) == ["2026-12-15 03:00"]
    assert runs(THREE + timedelta(seconds=20)) == []


def test_a_clock_that_is_set_back_does_not_repeat_a_slot(runs: Any) -> None:
    assert runs(THREE + timedelta(seconds=1)) == ["2026-12-15 03:00"]
    assert runs(THREE - timedelta(minutes=30)) == []
    assert runs(THREE + timedelta(milliseconds=100)) == []


def test_a_clock_that_was_years_ahead_loses_no_day_once_it_is_right(runs: Any) -> None:
    assert runs(THREE.replace(year=2036) + timedelta(seconds=1)) == ["2036-12-15 03:00"]
    assert runs(THREE + timedelta(seconds=1)) == ["2026-12-15 03:00"]
    assert runs(THREE + timedelta(days=1, seconds=1)) == ["2026-12-16 03:00"]


def test_a_slot_that_is_late_within_the_grace_is_carried_out_and_older_ones_are_missed(
    runs: Any, district: District
) -> None:
    runs(THREE + timedelta(seconds=1))
    district.sent.clear()
    assert runs(THREE + timedelta(days=3, minutes=119)) == ["2026-12-18 03:00"]
    assert district.kinds == [("missed",)]
    missed = [run.slot for run in district.ws.runs() if run.state == "missed"]
    assert missed[:2] == ["2026-12-17 03:00", "2026-12-16 03:00"]


def test_a_slot_that_is_too_late_is_missed_and_reported_once(runs: Any, district: District) -> None:
    runs(THREE + timedelta(seconds=1))
    district.sent.clear()
    assert runs(THREE + timedelta(days=1, minutes=121)) == []
    assert runs(THREE + timedelta(days=1, minutes=122)) == []
    assert district.kinds == [("missed",)]


def test_a_run_by_hand_after_the_slot_stands_for_it(runs: Any, district: District) -> None:
    with time_machine.travel(THREE + timedelta(minutes=30), tick=True):
        district.ws.sync()
    assert runs(THREE + timedelta(minutes=40), started=True) == []


def test_a_workspace_that_never_ran_owes_nothing_when_the_process_begins(
    new_district: District, monkeypatch: pytest.MonkeyPatch
) -> None:
    new_district.deliver()
    monkeypatch.setattr(missed_runs, "sync", lambda *_, **__: pytest.fail("nothing is due"))
    with time_machine.travel(THREE + timedelta(minutes=5)):
        missed_runs.catch_up(new_district.ws.verbs(), ["sync"], started=True)


def alarm(code: str, severity: str) -> Callable[[Workspace], pl.DataFrame]:
    return lambda _: findings.finding(code, severity, file="out", detail="the last file arrived 60 hours ago")


@pytest.mark.parametrize(
    ("code", "severity", "kinds"),
    [
        ("delivery.stale", "error", [("stale",)]),
        ("credential.expires", "warning", [("stale",)]),
        ("delivery.failed", "error", []),  # the run in which it failed has notified people
        ("delivery.waiting", "warning", []),
        ("delivery.waiting", "error", [("stale",)]),  # nobody looked at it for too long
        ("delivery.paused", "info", []),
    ],
)
def test_alarms_that_grow_with_time_are_sent_once_a_day(
    district: District, monkeypatch: pytest.MonkeyPatch, code: str, severity: str, kinds: list[tuple[str, ...]]
) -> None:
    monkeypatch.setattr(Workspace, "feed_alarms", alarm(code, severity))
    with time_machine.travel(THREE, tick=True):
        missed_runs.report_alarms(district.ws.verbs())
        missed_runs.report_alarms(district.ws.verbs())
    assert district.kinds == kinds
    with time_machine.travel(THREE + timedelta(hours=25), tick=True):
        missed_runs.report_alarms(district.ws.verbs())
    assert district.kinds == kinds
