from datetime import date

import pytest

from providers.edlio.activation import NEXT, STEPS, Stage, link_expires, notice
from providers.edlio.vendor import CHECKLIST, VENDOR
from rosterkit.errors import UsageError
from rosterkit.feeds.base import FeedFile
from rosterkit.feeds.preflight import require_transport


def test_A1_the_link_to_the_credentials_works_for_seven_days() -> None:
    assert link_expires(date(2026, 11, 26)) == date(2026, 12, 3)


def test_A13_every_stage_leads_to_an_active_sync() -> None:
    reached, edge = {Stage.CREDENTIALS}, [Stage.CREDENTIALS]
    while edge:
        new = [stage for stage in NEXT[edge.pop()] if stage not in reached]
        reached |= set(new)
        edge += new
    assert reached == set(Stage) == set(STEPS)
    assert NEXT[Stage.ACTIVE] == ()
    assert NEXT[Stage.CORRECTIONS] == (Stage.EXPORTED,), "corrected files are exported and announced again"


def test_A11_the_notice_says_what_was_sent_and_never_that_it_arrived() -> None:
    files = [FeedFile("Staff.csv", b"", 120), FeedFile("Users.csv", b"", 4210)]
    text = notice({file.name: file.rows for file in files}, date(2026, 11, 26), "Maple Hollow")
    assert "Staff.csv: 120 rows" in text
    assert "Users.csv: 4,210 rows" in text
    assert "were sent to our SFTP folder on 2026-11-26" in text
    assert "confirm" in text
    assert "received" not in text.lower()


def test_A5_nothing_is_sent_until_naming_and_removal_are_answered() -> None:
    blocking = [item for item in CHECKLIST if item.blocks]
    assert [item.rule for item in blocking] == ["A5", "A5"]
    assert "file_names_agreed" in blocking[0].text
    assert "removal" in blocking[1].text


def test_A10_golden_sftp() -> None:
    require_transport(VENDOR, "sftp", VENDOR.transport_rule)


@pytest.mark.parametrize("transport", ["ftp", "ftps", "s3", "https", "folder"])
def test_A10_refused_everything_else(transport: str) -> None:
    with pytest.raises(UsageError, match=f"A10.*{transport}.*sftp"):
        require_transport(VENDOR, transport, VENDOR.transport_rule)
