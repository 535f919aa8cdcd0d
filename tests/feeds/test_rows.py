"""Withheld rows, last good rows, leavers, and limits against what was last sent."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date, timedelta
from pathlib import Path
from typing import Any

import polars as pl
import pytest
from sample import Sample, SampleSettings

from rosterkit.errors import UsageError
from rosterkit.feeds.base import FeedFile, LastSent, Outcome
from rosterkit.feeds.csvout import read_csv
from rosterkit.feeds.preflight import Limits, exceeds, gone, repeated, require_transport
from rosterkit.testing.feed_suite import AS_OF, built, sent
from rosterkit.testing.roster import MemoryRoster, district

FEED = Sample()


def build(
    roster: MemoryRoster, scratch: Path, last: LastSent | None = None, day: date = AS_OF, feed: Sample = FEED
) -> tuple[Sequence[FeedFile], dict[str, dict[str, Any]], pl.DataFrame]:
    files, findings = built(feed, SampleSettings(), roster, scratch, last=last, as_of=day)
    rows = {row["NUMBER"]: row for row in read_csv(files[0]).rows.iter_rows(named=True)} if files else {}
    return files, rows, findings.frame()


def test_a_row_that_breaks_a_rule_is_withheld_with_a_finding(tmp_path: Path) -> None:
    files, rows, found = build(district().changed("User", "s-03", email=None), tmp_path)
    assert "710047" not in rows
    assert files[0].people.filter(files[0].people["state"] == "withheld")["user"].to_list() == ["sis/s-03"]
    assert found.select("rule", "file", "column", "key").rows() == [("S1", "sample.csv", "EMAIL", "s-03")]
    assert "aohara" not in str(found.rows())


def test_the_last_good_row_is_sent_for_a_set_number_of_days(tmp_path: Path) -> None:
    last = sent(build(district(), tmp_path)[0])
    poor = district().changed("User", "s-03", email=None)
    for days in range(1, 20):
        day = AS_OF + timedelta(days=days)
        files, rows, found = build(poor, tmp_path, last, day)
        assert ("710047" in rows) == (days < 15), days
        assert ("feed.kept" in found["rule"].to_list()) == (days < 15)
        last = sent(files, day)


def test_a_last_good_row_never_has_an_identifier_that_another_row_now_has(tmp_path: Path) -> None:
    last = sent(build(district(), tmp_path)[0])
    mail = "AOHARA@maplehollow.example"
    given_away = district().changed("User", "s-03", email=None).changed("User", "s-04", email=mail)
    _, rows, _ = build(given_away, tmp_path, last)
    assert "710047" not in rows
    assert rows["700112"]["EMAIL"] == mail


def test_a_leaver_stays_for_some_weeks_with_what_was_last_sent(tmp_path: Path) -> None:
    feed = Sample(leaver_weeks=2)
    last = sent(build(district(), tmp_path, feed=feed)[0])
    gone = district().without("s-03")
    for days, there in ((1, True), (14, True), (15, False)):
        files, rows, _ = build(gone, tmp_path, last, AS_OF + timedelta(days=days), feed)
        assert ("710047" in rows) == there, days
        if there:
            last = sent(files)
    assert "690008" in build(gone.changed("User", "s-06", email=None), tmp_path, last, feed=feed)[1]


def test_a_leaver_whose_identifier_was_given_to_another_person_is_not_sent(tmp_path: Path) -> None:
    feed = Sample(leaver_weeks=2)
    last = sent(build(district(), tmp_path, feed=feed)[0])
    moved = district().without("s-03").changed("User", "s-04", email="aohara@maplehollow.example")
    assert "710047" not in build(moved, tmp_path, last, feed=feed)[1]


@pytest.mark.parametrize(
    ("count", "of", "over"), [(26, 501, True), (25, 500, False), (26, 600, False), (31, 600, True)]
)
def test_a_limit_is_exceeded_above_both_the_percentage_and_the_number(count: int, of: int, *, over: bool) -> None:
    assert exceeds(count, of, 5, 25) == over


def test_nothing_older_is_sent_of_a_person_of_whom_a_value_is_suppressed(tmp_path: Path) -> None:
    feed = Sample(leaver_weeks=2)
    last = sent(build(district(), tmp_path, feed=feed)[0])
    now = district().without("s-04").changed("User", "s-03", email=None)
    for suppressed, there in ((frozenset[str](), True), (frozenset({"sis/s-03", "sis/s-04"}), False)):
        files, _ = built(feed, SampleSettings(), now, tmp_path, last=last, suppressed=suppressed)
        numbers = set(read_csv(files[0]).rows["NUMBER"])
        assert ({"710047", "700112"} <= numbers) == there
        assert bool({"710047", "700112"} & numbers) == there


SMALL = SampleSettings(limits=Limits(gone_rows=2, withheld_rows=2))


def test_a_file_that_shrinks_is_held(tmp_path: Path) -> None:
    last = sent(build(district(), tmp_path)[0])
    files = build(district().without("s-01", "s-02", "s-03"), tmp_path, last)[0]
    verdict = FEED.check(files, last, SMALL)
    assert verdict.outcome is Outcome.HELD
    assert "3 of 10 rows are gone" in verdict.findings["detail"].item()
    assert verdict.compared == {"new": 0, "changed": 0, "unchanged": 7, "gone": 3}
    assert FEED.check(files, last, SampleSettings()).outcome is Outcome.ACCEPTED


def test_a_mapping_edit_that_breaks_rows_is_held_although_their_last_good_rows_are_sent(tmp_path: Path) -> None:
    last = sent(build(district(), tmp_path)[0])
    poor = district()
    for key in ("s-01", "s-02", "s-03"):
        poor = poor.changed("User", key, email="none")
    files, rows, _ = build(poor, tmp_path, last)
    verdict = FEED.check(files, last, SMALL)
    assert len(rows) == 10
    assert (verdict.outcome, verdict.findings["rule"].to_list()) == (Outcome.HELD, ["feed.withheld"])
    assert FEED.check(files, sent(files), SMALL).outcome is Outcome.ACCEPTED


def test_a_file_whose_every_row_is_ignored_is_ignored() -> None:
    file = FeedFile("sample.csv", b"NUMBER,NAME,EMAIL\r\n1,Ama,\r\n", 1)
    assert FEED.check([file], None, SampleSettings()).outcome is Outcome.IGNORED
    assert FEED.check([], None, SampleSettings()).outcome is Outcome.IGNORED


def test_a_transport_that_the_vendor_does_not_take_is_refused() -> None:
    require_transport(FEED.vendor, "folder", "S9")
    with pytest.raises(UsageError, match="S9: Sample does not take files by sftp"):
        require_transport(FEED.vendor, "sftp", "S9")


def test_repeated_values_are_found_and_blanks_are_none() -> None:
    rows = pl.DataFrame({"value": ["a", "b", "a", None, None], "other": ["a", "b", "c", None, None]})
    found = rows.select(repeated(pl.col("value")), repeated(pl.col("other")))
    assert found["value"].to_list() == [True, False, True, False, False]
    assert found["other"].to_list() == [False] * 5


def test_rows_that_leave_by_a_column_that_the_last_file_had_not_are_gone() -> None:
    last = read_csv(FeedFile("a.csv", b"id\n" + b"".join(b"%d\n" % n for n in range(40)), 40))
    now = read_csv(FeedFile("a.csv", b"id,leaves\n" + b"".join(b"%d,yes\n" % n for n in range(40)), 40))
    leaving = pl.col("leaves") == "yes"
    (hit,) = gone(now, last, "id", Limits(), leaving=leaving)
    assert hit.detail == "40 of 40 rows are gone; the limit is 25"
    assert not list(gone(now, last, "id", Limits()))
    assert not list(gone(last, last, "id", Limits(), leaving=leaving))
