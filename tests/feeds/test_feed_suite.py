"""The conformance suite passes a good feed, and each of its checks fails on a feed that breaks what it is about."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest
from sample import Sample, SampleSettings

from rosterkit.testing.feed_suite import feed_suite
from rosterkit.testing.roster import district

GOOD = Sample()


@feed_suite(GOOD, SampleSettings(), district())
def test_a_good_feed_passes(check: Callable[[Path], None], tmp_path: Path) -> None:
    check(tmp_path)


@pytest.mark.parametrize(
    ("fault", "failing"),
    [
        ("clock", "equal_input_gives_equal_bytes"),
        ("order", "shuffled_rows_give_equal_bytes"),
        ("writes", "writes_nothing_outside_scratch"),
        ("header only", "an_empty_roster_leaves_no_file"),
        ("undocumented rule", "rules_are_documented"),
        ("checklist", "the_checklist_has_ids"),
        ("accepts anything", "any_bytes_get_an_answer"),
        ("accepts anything", "nothing_as_bytes_is_not_accepted"),
        ("lets everything through", "findings_name_rule_file_and_row"),
    ],
)
def test_a_broken_feed_fails(fault: str, failing: str, tmp_path: Path) -> None:
    checks = {param.id: param.values[0] for param in feed_suite(Sample(fault), SampleSettings(), district()).args[1]}
    with pytest.raises(AssertionError):
        checks[failing](tmp_path)
