"""``layout = "oneroster"``: the OneRoster 1.1 set as Edlio's third form, with Edlio's own rules on top (A6)."""

from __future__ import annotations

import csv
import io
from collections.abc import Sequence
from datetime import timedelta
from pathlib import Path
from typing import Any

import polars as pl
import pytest
from edlio_files import settings
from feed_settings import read_settings

from providers.edlio import FEED
from providers.edlio.settings import EdlioSettings
from rosterkit.errors import UsageError
from rosterkit.feeds.base import FeedFile, Outcome
from rosterkit.feeds.ledger import entries
from rosterkit.testing.feed_suite import AS_OF, built, feed_suite, sent
from rosterkit.testing.roster import MemoryRoster, district

SET = settings(layout="oneroster", guardians="file")


@feed_suite(FEED, SET, district().without("g-03"))
def test_A6_the_oneroster_set_keeps_the_contract(check: Any, tmp_path: Path) -> None:
    check(tmp_path)


def build(
    roster: MemoryRoster, scratch: Path, **more: Any
) -> tuple[Sequence[FeedFile], dict[str, dict[str, str]], Any]:
    """Files, rows of users.csv by id, findings."""
    given = {name: more.pop(name) for name in ("last", "as_of", "ledger", "suppressed") if name in more}
    files, findings = built(FEED, settings(layout="oneroster", **more), roster, scratch, **given)
    users = next((file for file in files if file.name == "users.csv"), None)
    rows = csv.DictReader(io.StringIO(users.content.decode())) if users else ()
    return files, {row["sourcedId"]: row for row in rows}, findings.frame()


def test_A6_the_set_is_single_files_of_version_1_1_and_is_accepted(tmp_path: Path) -> None:
    files, rows, _ = build(district(), tmp_path)
    names = [file.name for file in files]
    assert {"manifest.csv", "orgs.csv", "users.csv", "classes.csv", "enrollments.csv"} <= set(names)
    assert b"oneroster.version,1.1" in files[names.index("manifest.csv")].content
    assert rows["s-01"]["role"] == "student"
    verdict = FEED.check(files, None, settings(layout="oneroster"))
    assert verdict.outcome in {Outcome.ACCEPTED, Outcome.WARNINGS}, verdict.findings.rows()


def test_A6_no_parents_and_no_columns_that_nobody_decided_on(tmp_path: Path) -> None:
    roster = district().changed("User", "s-02", preferred_given_name="Lu", pronouns="she/her", sms="+12175550100")
    _, rows, _ = build(roster, tmp_path)
    assert not [key for key in rows if key.startswith("g-")]
    assert {row["agentSourcedIds"] for row in rows.values()} == {""}
    assert {rows["s-02"][name] for name in ("middleName", "sms", "phone", "userIds")} == {""}
    _, mapped, _ = build(roster, tmp_path, columns={"Middle Name": "middle_name", "Phone 1": "sms"})
    assert (mapped["s-02"]["middleName"], mapped["s-02"]["sms"]) == ("María", "+12175550100")


def test_A5_A6_edlios_own_rules_hold_in_the_set_too(tmp_path: Path) -> None:
    shared = district().changed("User", "s-03", email="TNGUYEN@maplehollow.example")
    email = dict(shared.tables["User"].select("sourced_id", "email").iter_rows())["s-04"]
    roster = shared.changed("User", "s-03", email=str(email).upper()).changed("User", "s-01", email=None)
    files, rows, findings = build(roster, tmp_path)
    assert not {"s-01", "s-03", "s-04"} & set(rows)
    assert {"A6.required", "A5.shared-email"} <= set(findings["rule"])
    enrolled = next(file for file in files if file.name == "enrollments.csv").content
    assert b",s-01," not in enrolled


def test_A5_A6_refused_anybodys_set_that_breaks_edlios_rules(tmp_path: Path) -> None:
    files, _, _ = build(district(), tmp_path)
    texts = {file.name: file.content.decode() for file in files}
    email = texts["users.csv"].split("iokafor@")[1].split(",")[0]
    for text, rule in (
        (texts["users.csv"].replace(f"iokafor@{email}", ""), "A6.required"),
        (texts["users.csv"].replace(f"iokafor@{email}", "iokafor"), "A6.email"),
        (texts["users.csv"].replace(f"iokafor@{email}", f"AOHARA@{email}"), "A5.shared-email"),
    ):
        made = [FeedFile(n, (text if n == "users.csv" else t).encode(), 1) for n, t in texts.items()]
        verdict = FEED.check(made, None, settings(layout="oneroster"))
        assert verdict.outcome not in {Outcome.ACCEPTED, Outcome.WARNINGS}
        assert rule in verdict.findings["rule"].to_list()
    cut = [
        FeedFile(n, (t.replace("sourcedId", "id", 1) if n == "users.csv" else t).encode(), 1) for n, t in texts.items()
    ]
    assert FEED.check(cut, None, settings(layout="oneroster")).outcome is Outcome.REJECTED


def test_A5_the_set_waits_for_edlios_answers(tmp_path: Path) -> None:
    files, _, _ = build(district(), tmp_path)
    for open_question in ({"removal": "unknown"}, {"file_names_agreed": False}):
        answer = FEED.check(files, None, settings(layout="oneroster", **open_question))
        assert answer.outcome is Outcome.HELD


def test_A5_an_id_that_was_another_persons_is_not_sent(tmp_path: Path) -> None:
    files, _, _ = build(district(), tmp_path)
    ledger = entries(files, FEED.identifiers(settings(layout="oneroster")))
    assert ("sis/s-01", "Unique ID", "s-01") in ledger.rows()
    users = district().tables["User"]

    newcomer = users.with_columns(
        source=pl.when(pl.col("sourced_id") == "s-01").then(pl.lit("new")).otherwise("source")
    )
    roster = MemoryRoster({**district().tables, "User": newcomer})
    _, rows, findings = build(roster, tmp_path, ledger=ledger)
    assert "s-01" not in rows
    assert "A5.id-taken" in findings["rule"].to_list()


def test_the_last_good_row_goes_on_where_absence_would_remove_the_person(tmp_path: Path) -> None:
    first, before, _ = build(district(), tmp_path)
    broken = district().changed("User", "s-01", email="nobody")
    _, rows, findings = build(broken, tmp_path, last=sent(first), as_of=AS_OF + timedelta(days=1))
    assert rows["s-01"]["email"] == before["s-01"]["email"]
    assert "feed.kept" in findings["rule"].to_list()
    _, without, _ = build(broken, tmp_path, last=sent(first), removal="absent_kept")
    assert "s-01" not in without


def test_a_set_that_shrank_is_held(tmp_path: Path) -> None:
    first, _, _ = build(district(), tmp_path)
    fewer, _, _ = build(district().without("s-01", "s-02", "s-03", "s-04", "s-05", "s-06"), tmp_path)
    limits = {"gone_rows": 2, "gone_percent": 5}
    verdict = FEED.check(fewer, sent(first), settings(layout="oneroster", limits=limits))
    assert verdict.outcome is Outcome.HELD
    assert "feed.gone" in verdict.findings["rule"].to_list()
    assert verdict.compared["users.csv: gone"] == 6


def test_A6_refused_while_no_oneroster_feed_is_installed(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("providers.edlio.oneroster.entry_points", lambda **_: [])
    with pytest.raises(UsageError, match="needs a OneRoster feed"):
        build(district(), tmp_path)


@pytest.mark.parametrize(
    "own",
    [{"headers": {"Unique ID": "guid"}}, {"file_names": {"staff": "a.csv"}}, {"columns": {"Unique ID": "state_id"}}],
)
def test_A6_refused_names_that_the_set_cannot_have(own: dict[str, Any]) -> None:
    with pytest.raises(UsageError, match="has the names and ids of OneRoster"):
        read_settings(EdlioSettings, {"layout": "oneroster", **own}, where="feeds.app")
