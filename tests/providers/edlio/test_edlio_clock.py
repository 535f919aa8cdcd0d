"""When files are sent, right over both changes of the clock in Chicago."""

from datetime import UTC, datetime, time, timedelta

import pytest

from providers.edlio.clock import ZONE, finish_in_time, next_send, processing_date
from providers.edlio.settings import EdlioSettings
from rosterkit.errors import UsageError
from rosterkit.feeds.settings import read_settings


def chicago(text: str) -> datetime:
    return datetime.fromisoformat(text).replace(tzinfo=ZONE)


@pytest.mark.parametrize(
    ("now", "then"),
    [
        ("2026-11-20 12:00", "2026-11-20 23:30"),
        ("2026-11-20 23:29", "2026-11-20 23:30"),
        ("2026-11-20 23:30", "2026-11-21 23:30"),
        ("2026-11-20 23:59", "2026-11-21 23:30"),
        ("2026-11-21 00:05", "2026-11-21 23:30"),
    ],
)
def test_A9_files_go_at_half_past_eleven_in_chicago(now: str, then: str) -> None:
    assert next_send(chicago(now)) == chicago(then)


def test_A9_the_zone_of_the_caller_does_not_matter() -> None:
    # 05:00 UTC is 23:00 of the day before in Chicago in winter, and 00:00 in summer
    assert next_send(datetime(2026, 11, 21, 5, tzinfo=UTC)) == chicago("2026-11-20 23:30")
    assert next_send(datetime(2026, 7, 2, 5, tzinfo=UTC)) == chicago("2026-07-02 23:30")


@pytest.mark.parametrize(
    ("before", "hours"), [("2027-03-13 23:30", 23), ("2026-10-31 23:30", 25), ("2026-11-10 23:30", 24)]
)
def test_A9_a_day_is_23_or_25_hours_long_when_the_clock_changes(before: str, hours: int) -> None:
    first = chicago(before)
    later = next_send(first)
    assert (later.hour, later.minute) == (23, 30)
    assert later.astimezone(UTC) - first.astimezone(UTC) == timedelta(hours=hours)


def test_A9_a_time_that_the_clock_skips_or_shows_twice() -> None:
    skipped = next_send(chicago("2027-03-13 12:00"), time(2, 30))
    assert skipped.isoformat() == "2027-03-14T03:30:00-05:00"
    twice = next_send(chicago("2026-10-31 12:00"), time(1, 30))
    assert twice.isoformat() == "2026-11-01T01:30:00-05:00"
    assert next_send(twice, time(1, 30)).isoformat() == "2026-11-02T01:30:00-06:00"


def test_A9_a_file_that_lands_after_the_processing_counts_for_the_next_day() -> None:
    assert processing_date(chicago("2026-11-20 23:40")) == chicago("2026-11-21 00:00").date()
    assert processing_date(chicago("2026-11-21 00:14")) == chicago("2026-11-21 00:00").date()
    assert processing_date(chicago("2026-11-21 00:15")) == chicago("2026-11-22 00:00").date()
    assert finish_in_time(chicago("2026-11-20 23:30"), chicago("2026-11-21 00:10"))
    assert not finish_in_time(chicago("2026-11-20 23:30"), chicago("2026-11-21 00:20"))


@pytest.mark.parametrize("send_by", ["23:30", "23:55", "18:00", "00:30"])
def test_A9_golden_times_leave_a_margin(send_by: str) -> None:
    assert (
        read_settings(EdlioSettings, {"send_by": send_by}, where="feeds.edlio").send_by.isoformat("minutes") == send_by
    )


@pytest.mark.parametrize("send_by", ["00:00", "00:15", "00:29"])
def test_A9_refused_times_are_too_close_to_the_processing(send_by: str) -> None:
    with pytest.raises(UsageError, match=r"A9.*00:15"):
        read_settings(EdlioSettings, {"send_by": send_by}, where="feeds.edlio")


def test_A9_without_the_margin_a_late_time_is_missed(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("providers.edlio.settings._MARGIN_MINUTES", -60)
    with pytest.raises(pytest.fail.Exception):
        test_A9_refused_times_are_too_close_to_the_processing("00:15")
