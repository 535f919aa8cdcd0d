"""Windows: in a blackout nothing is read or sent, in an additions-only window nothing is changed; safety goes on."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta

import pytest
import time_machine
from operated import District, Files, enrollment, remove_many_and_rename, rename, states, student

from rosterkit import config as configuration
from rosterkit.errors import UsageError
from rosterkit.run_settings import Window

WINDOW = '[[windows]]\nkind = "{kind}"\nfirst = {first}\nlast = {last}\nreason = "rollover"\n'


@pytest.fixture(autouse=True)
def noon() -> Iterator[None]:
    """A fixed day in the future of the store: 15 December 2026 at noon in Chicago."""
    with time_machine.travel(datetime(2026, 12, 15, 18, tzinfo=UTC), tick=True):
        yield


def window(district: District, kind: str, first: str = "2026-12-15", last: str = "2026-12-15") -> None:
    district.more = WINDOW.format(kind=kind, first=first, last=last)


def test_in_a_blackout_nothing_is_read_applied_or_sent_and_nobody_is_alarmed(district: District) -> None:
    window(district, "blackout")
    run = district.sync(rename)
    assert states(run) == {
        "approved": "skipped", "plan": "skipped", "apply": "skipped", "feed out": "skipped", "announced": "done",
        "notices": "skipped",
    }  # fmt: skip
    assert run.exit_code == 0
    assert district.kinds == []
    assert district.ws.status().window == "blackout until 2026-12-15: rollover"


def test_a_blackout_is_over_with_its_last_day_in_the_districts_zone(district: District) -> None:
    window(district, "blackout", last="2026-12-16")
    with time_machine.travel(datetime(2026, 12, 17, 5, 59, tzinfo=UTC)):  # 23:59 on the 16th in Chicago
        assert states(district.sync(rename))["plan"] == "skipped"
    with time_machine.travel(datetime(2026, 12, 17, 6, 0, tzinfo=UTC)):
        assert states(district.sync())["apply"] == "done"


def test_runs_in_a_blackout_do_not_make_a_source_stale(district: District) -> None:
    window(district, "blackout")
    for _ in range(3):
        district.sync()
    district.more = ""
    (district.folder / "package.zip").unlink()
    district.sync()
    assert district.kinds == []


def test_a_person_suppressed_in_a_blackout_leaves_the_file_at_once(district: District) -> None:
    window(district, "blackout")
    district.ws.suppress("S1-p3", reason="court order", actor="kim")
    run = district.sync(rename)
    assert (states(run)["plan"], states(run)["feed out"]) == ("skipped", "done")
    assert states(district.sync())["feed out"] == "skipped"


def add_and_rename(files: Files) -> None:
    rename(files)
    files["users"].append(student("S1-new", "S1"))
    files["enrollments"].append(enrollment("S1-new", "S1"))


def test_in_an_additions_only_window_what_is_new_comes_and_nothing_else_changes(district: District) -> None:
    window(district, "additions")
    run = district.sync(add_and_rename)
    assert states(run)["apply"] == "done"
    lines = district.ws.show(run.plan).lines.select("action", "sourced_id", "held").unique()
    going = {(action, key) for action, key, held in lines.rows() if not held}
    assert ("create", "S1-new") in going
    assert {action for action, _ in going} == {"create"}
    assert {key for _, key, held in lines.rows() if held == "policy"} == {"S2-p29"}
    assert district.kinds == []
    district.more = ""
    after = district.sync()
    assert district.ws.show(after.plan).lines.select("action", "sourced_id", "held").rows() == [
        ("update", "S2-p29", "")
    ]


def test_in_an_additions_only_window_nobody_is_archived(district: District) -> None:
    window(district, "additions")
    run = district.sync(remove_many_and_rename)
    shown = district.ws.show(run.plan).lines
    assert set(shown["held"]) == {"policy"}
    assert district.kinds == []


def test_a_guardian_link_that_the_source_took_away_goes_in_an_additions_only_window(district: District) -> None:
    """Child safety goes before a window: who may no longer see a child must not see it until the window is over."""

    def add_guardian(files: Files) -> None:
        files["users"].append({**student("G1", "S1"), "role": "guardian", "grades": ""})
        files["users"][0]["agentSourcedIds"] = "G1"

    run = district.sync(add_guardian)
    assert district.ws.show(run.plan).lines.filter(entity="GuardianLink").height == 1
    window(district, "additions")
    gone = district.sync(lambda files: files["users"][0].update(agentSourcedIds=""))
    (line,) = district.ws.show(gone.plan).lines.filter(entity="GuardianLink").to_dicts()
    assert (line["action"], line["held"]) == ("archive", "")


def test_a_window_that_ends_before_it_begins_is_refused() -> None:
    with pytest.raises(UsageError, match="comes before first"):
        configuration.loads(WINDOW.format(kind="blackout", first="2026-12-15", last="2026-12-14"))


def test_a_window_covers_both_of_its_days() -> None:
    one = Window.model_validate({"kind": "blackout", "first": "2026-12-20", "last": "2027-01-03", "reason": "holidays"})
    covered = [one.covers(one.first + timedelta(days=n)) for n in (-1, 0, 14, 15)]
    assert covered == [False, True, True, False]
