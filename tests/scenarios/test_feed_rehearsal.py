"""A rehearsal builds and checks the week's file on Friday, so that people hear of problems while the office is open."""

from __future__ import annotations

import pytest

from rosterkit import Workspace
from rosterkit.config import loads
from rosterkit.demo.products import DAY
from rosterkit.errors import UsageError
from rosterkit.operate import sync as running
from rosterkit.operate.schedule_export import printed_schedule
from rosterkit.operate.slots import clocks

JOB = "rehearsal careers"
FRIDAY = 4


def send(workspace: Workspace, feed: str) -> None:
    workspace.feed_build(feed, DAY)
    for step in workspace.checklist(feed).blocking:
        workspace.checklist_done(feed, step.item.name, note="done", actor="lena")
    workspace.feed_approve(feed, reason="compared with the registrar", actor="lena")


def test_u12_uconnect_is_rehearsed_on_friday_morning_before_saturdays_file(products: Workspace) -> None:
    jobs = clocks(products.config)
    assert [job for job in jobs if job.startswith("rehearsal")] == [JOB]
    assert (jobs[JOB].days, jobs[JOB].times[0][0].hour) == (frozenset({FRIDAY}), 9)
    assert "feed build careers --no-send" in printed_schedule("cron", products.config, products.folder)


def test_a_rehearsal_sends_nothing(products: Workspace) -> None:
    send(products, "careers")
    before = products.feed_log("careers")
    run = running.sync(products.verbs(), JOB)
    after = products.feed_log("careers")
    assert run.exit_code == 0
    assert [one.id for one in after if one.arrived] == [one.id for one in before if one.arrived]
    assert len(after) == len(before) + 1


def test_a_rehearsal_says_that_the_file_would_wait_for_a_person(products: Workspace) -> None:
    run = running.sync(products.verbs(), JOB)
    assert run.exit_code == 1
    assert any("waits for a person" in text for stage in run.stages for _, text in stage.items)


@pytest.mark.parametrize(
    ("line", "jobs"),
    [
        ('rehearse_at = "never"', []),
        ('rehearse_at = "30 7 * * Thu"', [JOB]),
        ('send_at = "sync"', []),
        ('send_at = "0 4 * * Mon"', []),
    ],
)
def test_when_to_rehearse_is_a_setting(products: Workspace, line: str, jobs: list[str]) -> None:
    path = products.folder / "rosterkit.toml"
    text = path.read_text().replace('kind = "uconnect"', f'kind = "uconnect"\n{line}')
    assert [job for job in clocks(loads(text)) if job.startswith("rehearsal")] == jobs


def test_a_time_that_is_none_is_refused(products: Workspace) -> None:
    text = (products.folder / "rosterkit.toml").read_text()
    with pytest.raises(UsageError, match="rehearse_at"):
        loads(text.replace('kind = "uconnect"', 'kind = "uconnect"\nrehearse_at = "friday"'))
