"""``schedule``: a real process with a moved clock runs day after day, whatever goes wrong.

What happened is read from the vendor's SFTP server, a mail server and a webhook, not from what rosterkit reports.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path

import pytest
import time_machine
from operated import rename
from scheduled import Scheduled, days, local

from rosterkit.store.runs import Run


@dataclass(frozen=True)
class Day:
    """What must be seen on a day with a fault: new revisions, files at the vendor, subjects of notices."""

    revisions: int = 1
    files: int = 1
    notices: tuple[str, ...] = ()


EXPECTED = {
    "": Day(),
    "nothing new": Day(revisions=0, files=0),
    "source down": Day(revisions=0, files=0),
    "source down again": Day(revisions=0, files=0, notices=("stale",)),
    "source back": Day(notices=("recovered",)),
    "killed in apply": Day(),
    "killed before sending": Day(),
    "killed after sending": Day(),
    "full disk": Day(revisions=0, files=0, notices=("failed",)),
    "vendor refuses": Day(files=0, notices=("failed",)),
    "clock set back": Day(),
    "source back at once": Day(),
}
"""A fault ends with its day: on the next one everything works again."""


@pytest.fixture
def scheduled(tmp_path: Path) -> Iterator[Scheduled]:
    made = Scheduled(tmp_path)
    yield made
    made.close()


def carry_out(district: Scheduled, day: str, fault: str) -> Run:
    """One day with a fault; returns the run of that day."""
    at = local(day)
    if fault.startswith("source down"):
        (district.folder / "package.zip").unlink(missing_ok=True)
    elif fault != "nothing new":
        district.deliver(rename)
    if fault.startswith("killed"):
        district.tell(fault=fault)
        district.move_to(at)
        district.died()
        district.start(at + timedelta(minutes=7))
        ended = district.wait_for("run.ended")
        return district.ws.run(int(ended["run"]))
    if fault == "vendor refuses":
        district.vendor.faults.refuse_rename = True
    if fault == "full disk":
        district.tell(fault=fault)
    run = district.run_at(at)
    district.vendor.faults.refuse_rename = False
    if fault == "full disk":
        district.tell(mended=fault)
    if fault == "clock set back":
        district.move_to(at - timedelta(minutes=30))
        district.wait_for_beats(3)
        district.move_to(at)  # it is three o'clock once more
        district.wait_for_beats(3)
    return run


def go_through(district: Scheduled, faults: dict[str, str]) -> None:
    """Day after day: what arrived each day is exactly what is expected."""
    for day, fault in faults.items():
        expected, before, lay_there = EXPECTED[fault], len(district.ws.history()), district.at_vendor()
        run = carry_out(district, day, fault)
        where = f"{day} {fault}: {run}"
        assert run.slot == f"{day} 03:00", where
        assert len(district.ws.history()) - before == expected.revisions, where
        assert district.sent() == expected.files, where
        # No day is lost and none is half: what lies at the vendor is the roster of this day, or still the one before.
        assert district.at_vendor() == (district.people() if expected.files else lay_there), where
        kinds = tuple(subject.split(": ")[1].split(" (")[0] for subject in district.notices())
        assert kinds == expected.notices, where
        assert [one.slot for one in district.ws.runs(500)].count(run.slot) == 1, where


def prepared(district: Scheduled, first: str) -> None:
    with time_machine.travel(local(first) - timedelta(days=1), tick=True):
        district.first_load()
    district.sent()
    district.start(local(first, "02:50:00"))


def test_days_with_faults(scheduled: Scheduled) -> None:
    """A short walk over the day on which clocks go back; the 30 days are in the deep profile."""
    faults = ["", "source down", "source down again", "source back", "killed after sending", "vendor refuses", ""]
    prepared(scheduled, "2026-10-30")
    go_through(scheduled, dict(zip(days("2026-10-30", len(faults)), faults, strict=True)))
    assert scheduled.terminate() == 0


@pytest.mark.deep(only="two minutes")
def test_thirty_days_with_faults_over_both_changes_of_the_clock(scheduled: Scheduled) -> None:
    autumn = [
        *("", "source down", "source down again", "source back", "killed in apply", "clock set back", ""),
        *("killed before sending", "", "killed after sending", "vendor refuses", "", "full disk", "", "nothing new"),
    ]
    spring = [
        *(
            "",
            "killed in apply",
            "killed after sending",
            "",
            "source down",
            "source back at once",
            "clock set back",
        ),
        *("full disk", "vendor refuses", "", "killed before sending", "nothing new", "", "killed in apply", ""),
    ]
    prepared(scheduled, "2026-10-26")
    go_through(scheduled, dict(zip(days("2026-10-26", 15), autumn, strict=True)))
    assert scheduled.terminate() == 0
    missed = len(days("2026-11-10", 118))
    scheduled.start(local("2027-03-08", "02:50:00"))
    scheduled.wait_for("notice.sent")
    (subject,) = scheduled.notices()
    assert "missed" in subject
    assert sum(run.state == "missed" for run in scheduled.ws.runs(500)) == min(missed, 31)
    go_through(scheduled, dict(zip(days("2027-03-08", 15), spring, strict=True)))
    assert scheduled.terminate() == 0
