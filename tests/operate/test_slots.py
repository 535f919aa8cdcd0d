"""Slots: each day and time is due exactly once, also on the two days of the year on which clocks change."""

from __future__ import annotations

from datetime import UTC, date, datetime, time, timedelta
from zoneinfo import ZoneInfo

import pytest
from apscheduler.triggers.cron import CronTrigger
from hypothesis import given
from hypothesis import strategies as st

from rosterkit import config as configuration
from rosterkit.clock import Clock, due, from_cron, next_slot
from rosterkit.errors import UsageError
from rosterkit.operate.schedule import SlotTrigger
from rosterkit.operate.slots import clocks, own_feeds

CHICAGO = ZoneInfo("America/Chicago")
EVERY_DAY = frozenset(range(7))
CHANGES = (date(2026, 11, 1), date(2027, 3, 14))  # back at 02:00, forward at 02:00


def clock(*times: str, zone: ZoneInfo = CHICAGO, days: frozenset[int] = EVERY_DAY) -> Clock:
    return Clock(tuple((time.fromisoformat(text), zone) for text in times), days)


def fired(trigger: SlotTrigger | CronTrigger, first: date, count: int) -> list[datetime]:
    """When APScheduler would begin a job: each time it asks for the next time after the one that was."""
    before: datetime | None = None
    now, found = datetime.combine(first, time(), tzinfo=CHICAGO), []
    for _ in range(count):
        moment = trigger.get_next_fire_time(before, now)
        assert moment is not None
        before = now = moment
        found.append(moment.astimezone(CHICAGO))
    return found


@pytest.mark.parametrize("change", CHANGES)
@pytest.mark.parametrize("at", ["00:15", "01:30", "02:30", "03:00", "23:45"])
def test_a_job_is_due_once_on_each_day_also_where_clocks_change(change: date, at: str) -> None:
    first = change - timedelta(days=2)
    moments = fired(SlotTrigger(clock(at)), first, 5)
    assert [moment.date() for moment in moments] == [first + timedelta(days=n) for n in range(5)]
    usual = [moment for moment in moments if moment.date() != change]
    assert {f"{moment:%H:%M}" for moment in usual} == {at}


def test_an_hour_that_is_left_out_is_due_an_hour_later_by_the_clock_on_the_wall() -> None:
    (slot,) = clock("02:30").on(date(2027, 3, 14))
    assert (slot.name, slot.at.astimezone(CHICAGO).isoformat()) == ("2027-03-14 02:30", "2027-03-14T03:30:00-05:00")


def test_of_an_hour_that_comes_twice_the_first_is_due() -> None:
    (slot,) = clock("01:30").on(date(2026, 11, 1))
    assert slot.at.astimezone(CHICAGO).isoformat() == "2026-11-01T01:30:00-05:00"


def test_why_the_schedulers_own_trigger_is_not_used() -> None:
    """It leaves out the day after the change, and runs an hour that comes twice two times."""
    left_out = fired(CronTrigger(hour=0, minute=15, timezone=CHICAGO), date(2027, 3, 13), 3)
    twice = fired(CronTrigger(hour=1, minute=30, timezone=CHICAGO), date(2026, 10, 31), 3)
    assert date(2027, 3, 15) not in {moment.date() for moment in left_out}
    assert [moment.date() for moment in twice].count(date(2026, 11, 1)) == 2


@pytest.mark.deep
@given(
    zone=st.sampled_from(["America/Chicago", "Australia/Lord_Howe", "Pacific/Apia", "Europe/London", "UTC"]),
    first=st.dates(date(2024, 1, 1), date(2030, 1, 1)),
    at=st.times().map(lambda found: found.replace(second=0, microsecond=0)),
    count=st.integers(1, 10),
)
def test_what_is_due_is_what_the_trigger_begins(zone: str, first: date, at: time, count: int) -> None:
    mine = Clock(((at, ZoneInfo(zone)),), EVERY_DAY)
    begin = datetime.combine(first, time(), tzinfo=UTC)
    slots = due(mine, begin, begin + timedelta(days=count))
    assert len({slot.name for slot in slots}) == len(slots)
    assert abs(len(slots) - count) <= 1
    after = begin
    for slot in slots:
        found = next_slot(mine, after)
        assert found == slot
        after = slot.at


def test_only_the_days_that_are_named_have_slots() -> None:
    weekdays = clock("03:00", days=frozenset(range(5)))
    begin = datetime(2026, 9, 18, 12, tzinfo=UTC)  # a Friday
    assert [slot.name for slot in due(weekdays, begin, begin + timedelta(days=4))] == [
        "2026-09-21 03:00",
        "2026-09-22 03:00",
    ]
    assert next_slot(clock(), begin) is None


def test_the_jobs_of_a_workspace_are_the_sync_and_feeds_with_their_own_times() -> None:
    config = configuration.loads(
        'timezone = "America/Chicago"\n[schedule]\nsync = ["03:00", "12:30"]\n[feeds.a]\nkind = "oneroster"\n'
        '[feeds.b]\nkind = "oneroster"\nsend_at = "30 22 * * Fri"\n'
    )
    found = clocks(config)
    assert list(found) == ["sync", "feed b"]
    (slot,) = found["feed b"].on(date(2026, 9, 18))
    assert slot.at.astimezone(CHICAGO).isoformat() == "2026-09-18T22:30:00-05:00"
    assert (own_feeds(config, "sync"), own_feeds(config, "feed b")) == (["a"], ["b"])


@pytest.mark.parametrize(
    ("line", "days"),
    [
        ("5 8 * * Sat", {5}),
        ("5 8 * * 6", {5}),
        ("5 8,20 * * Mon-Fri", {0, 1, 2, 3, 4}),
        ("5 8 * * 0", {6}),
        ("5 8 * * 7", {6}),
        ("5 8 * * fri-mon", {4, 5, 6, 0}),
        ("5 8 * * *", set(range(7))),
        ("5 8 * * tue,thu", {1, 3}),
    ],
)
def test_a_cron_line_names_times_and_days_of_the_week(line: str, days: set[int]) -> None:
    found = from_cron(line, CHICAGO)
    assert found.days == days
    assert [at for at, _ in found.times] == [time(8, 5), time(20, 5)][: 1 + ("20" in line)]


@pytest.mark.parametrize(
    "line", ["", "5 8 1 * *", "60 8 * * *", "5 24 * * *", "5 8 * * Xyz", "5 8 * * 8", "*/5 8 * * *"]
)
def test_a_cron_line_that_no_vendor_has_is_refused(line: str) -> None:
    with pytest.raises(ValueError, match=r"cron|does not exist"):
        from_cron(line, CHICAGO)


@pytest.mark.parametrize("text", ["3:00", "24:00", "03:60", "03:00 CST6", "noon"])
def test_a_time_that_is_none_is_refused_with_an_example(text: str) -> None:
    with pytest.raises(UsageError, match=r"such as America/Chicago|write it as"):
        configuration.loads(f'[schedule]\nsync = ["{text}"]\n')
