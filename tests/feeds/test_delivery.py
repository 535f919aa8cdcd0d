"""What never leaves is refused with the command that says why."""

from __future__ import annotations

import pytest

from rosterkit.errors import Refused
from rosterkit.feeds.delivery import worth_sending


def test_a_feed_without_files_names_the_command_that_shows_its_findings() -> None:
    with pytest.raises(Refused, match='"rosterkit feed check app"') as refused:
        worth_sending("app", [])
    assert refused.value.why == "empty"
