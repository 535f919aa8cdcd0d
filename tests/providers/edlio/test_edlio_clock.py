"""When files are sent, right over both changes of the clock in Chicago (A9)."""

from datetime import UTC, datetime, timedelta
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest

from providers.edlio.vendor import VENDOR
from rosterkit.clock import from_cron, next_slot
from rosterkit.config import loads
from rosterkit.errors import UsageError

CHICAGO = ZoneInfo("America/Chicago")
TEXT = (Path(__file__).parents[3] / "fixtures" / "products" / "rosterkit.toml").read_text(encoding="utf-8")


def chicago(text: str) -> datetime:
    return datetime.fromisoformat(text).replace(tzinfo=CHICAGO)


def sent_after(now: datetime) -> datetime:
    """When the next file leaves by default."""
    slot = next_slot(from_cron(VENDOR.send_at, ZoneInfo(VENDOR.zone)), now)
    assert slot is not None
    return slot.at.astimezone(CHICAGO)


@pytest.mark.parametrize(
    ("now", "then"),
    [
        ("2026-11-20 12:00", "2026-11-20 23:30"),
        ("2026-11-20 23:29", "2026-11-20 23:30"),
        ("2026-11-20 23:30", "2026-11-21 23:30"),
        ("2026-11-21 00:05", "2026-11-21 23:30"),
    ],
)
def test_A9_files_go_at_half_past_eleven_in_chicago(now: str, then: str) -> None:
    assert sent_after(chicago(now)) == chicago(then)


@pytest.mark.parametrize(
    ("before", "hours"), [("2027-03-13 23:30", 23), ("2026-10-31 23:30", 25), ("2026-11-10 23:30", 24)]
)
def test_A9_a_day_is_23_or_25_hours_long_when_the_clock_changes(before: str, hours: int) -> None:
    first = chicago(before)
    later = sent_after(first)
    assert (later.hour, later.minute) == (23, 30)
    assert later.astimezone(UTC) - first.astimezone(UTC) == timedelta(hours=hours)


def sent_at(cron: str) -> str:
    return TEXT.replace('kind = "edlio"', f'kind = "edlio"\nsend_at = "{cron}"')


@pytest.mark.parametrize("cron", ["30 23 * * *", "59 23 * * Mon-Fri", "0 18 * * *", "30 0 * * *", "sync"])
def test_A9_golden_times_leave_a_margin(cron: str) -> None:
    assert loads(sent_at(cron)).feeds["app"].send_at == cron


@pytest.mark.parametrize("cron", ["0 0 * * *", "15 0 * * Sun", "29 18,0 * * *"])
def test_A9_refused_times_are_too_close_to_the_processing(cron: str) -> None:
    text = sent_at(cron)
    line = text[: text.index("send_at")].count("\n") + 1
    with pytest.raises(UsageError, match=rf"line {line}: feeds\.app\.send_at: A9: Edlio app reads at about 00:15"):
        loads(text)
