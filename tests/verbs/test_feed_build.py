"""``feed build``: files of the newest revision at their target, with a receipt; a person looks at what is unusual."""

from __future__ import annotations

import hashlib
import sqlite3
from collections.abc import Callable
from contextlib import closing
from datetime import date
from pathlib import Path
from typing import Any

import pytest

from providers.oneroster import FEED
from rosterkit.delivery import sending
from rosterkit.errors import Busy, Refused, UsageError
from rosterkit.feeds.base import Outcome, Verdict
from rosterkit.results import FeedReceipt
from rosterkit.roster import findings

DAY = date(2026, 9, 15)


def build(scenario: Any) -> FeedReceipt:
    made: FeedReceipt = scenario.ws.feed_build(as_of=DAY)
    return made


def approve(scenario: Any) -> None:
    scenario.ws.feed_approve(reason="compared with the office", actor="kim")


def sent(scenario: Any) -> dict[str, bytes]:
    """The files as they lie at the target, after a build that a person approves where that is needed."""
    receipt = build(scenario)
    if receipt.state == "waiting":
        approve(scenario)
    out = {name: (Path(receipt.target) / name).read_bytes() for name, *_ in receipt.files}
    for name, _, size, sha256 in receipt.files:
        assert (len(out[name]), hashlib.sha256(out[name]).hexdigest()) == (size, sha256)
    return out


def lying(scenario: Any) -> list[str]:
    outbox = scenario.ws.folder / "outbox" / "oneroster"
    return sorted(path.name for path in outbox.iterdir()) if outbox.exists() else []


def states(scenario: Any) -> list[str]:
    return [delivery.state for delivery in scenario.ws.feed_log()]


def test_a_first_file_waits_for_a_person_and_then_exactly_these_bytes_are_sent(scenario: Any) -> None:
    receipt = build(scenario)
    assert (receipt.state, receipt.why) == ("waiting", "it is the first file of this feed")
    assert lying(scenario) == []
    approve(scenario)
    assert lying(scenario) == ["oneroster.receipt.json", "oneroster.zip"]
    (delivery,) = scenario.ws.feed_log()
    assert (delivery.state, delivery.actor, delivery.reason) == ("verified", "kim", "compared with the office")
    assert hashlib.sha256((Path(receipt.target) / "oneroster.zip").read_bytes()).hexdigest() == receipt.files[0][3]


def test_after_the_first_file_the_next_one_is_sent_at_once(scenario: Any, delivered: Any) -> None:
    sent(scenario)
    scenario.sync(delivered(values={"stu-01": {"email": "new@birch.example"}}))
    assert build(scenario).state == "verified"
    assert states(scenario) == ["verified", "verified"]


def test_p10_the_same_revision_gives_the_same_bytes(scenario: Any, delivered: Any) -> None:
    first = sent(scenario)
    assert sent(scenario) == first
    scenario.sync(delivered(values={"stu-01": {"email": "new@birch.example"}}))
    assert sent(scenario) != first
    scenario.apply(scenario.ws.undo())
    assert sent(scenario) == first


def test_there_is_nothing_to_build_before_the_first_revision(new_scenario: Any) -> None:
    with pytest.raises(Refused) as refused:
        new_scenario.ws.feed_build()
    assert refused.value.why == "no-revision"


def test_changed_settings_wait_for_a_person(scenario: Any) -> None:
    sent(scenario)
    scenario.settings('# version = "1.2"', 'version = "1.1"')
    receipt = build(scenario)
    assert (receipt.state, receipt.why) == (
        "waiting",
        "the settings or the target of the feed changed since the last file",
    )


def test_a_rejected_file_never_leaves_and_a_newer_one_supersedes_what_waits(scenario: Any) -> None:
    build(scenario)
    build(scenario)
    assert states(scenario) == ["waiting", "superseded"]
    scenario.ws.feed_reject(reason="half of them are missing", actor="kim")
    assert (states(scenario), lying(scenario)) == (["rejected", "superseded"], [])
    with pytest.raises(Refused, match="No file of the feed oneroster waits"):
        approve(scenario)


def test_what_waits_is_stale_once_the_roster_changed(scenario: Any, delivered: Any) -> None:
    build(scenario)
    scenario.sync(delivered(values={"stu-01": {"email": "new@birch.example"}}))
    with pytest.raises(Refused) as refused:
        approve(scenario)
    assert refused.value.why == "stale"


def test_a_paused_feed_is_neither_built_nor_sent(scenario: Any) -> None:
    build(scenario)
    scenario.ws.feed_pause(reason="the vendor migrates", actor="kim")
    for act in (build, approve):
        with pytest.raises(Refused, match="kim paused the feed oneroster: the vendor migrates"):
            act(scenario)
    scenario.ws.feed_resume()
    approve(scenario)
    with pytest.raises(Refused, match="is not paused"):
        scenario.ws.feed_resume()


def answering(outcome: Outcome) -> Callable[..., Verdict]:
    return lambda *_: Verdict(outcome, findings.empty())


@pytest.mark.parametrize("outcome", [Outcome.IGNORED, Outcome.REJECTED])
def test_a_file_that_the_vendor_would_not_take_never_leaves(
    scenario: Any, monkeypatch: pytest.MonkeyPatch, outcome: Outcome
) -> None:
    sent(scenario)
    before = (scenario.ws.folder / "outbox" / "oneroster" / "oneroster.receipt.json").read_bytes()
    monkeypatch.setattr(type(FEED), "check", answering(outcome))
    receipt = build(scenario)
    assert (receipt.state, receipt.verdict) == ("refused", str(outcome))
    assert states(scenario)[0] == "refused"
    assert (scenario.ws.folder / "outbox" / "oneroster" / "oneroster.receipt.json").read_bytes() == before
    with pytest.raises(Refused):
        approve(scenario)


def test_a_feed_that_loses_rows_out_of_proportion_is_held_and_says_what_it_lost(scenario: Any) -> None:
    sent(scenario)
    with closing(sqlite3.connect(scenario.ws.database)) as store, store:
        store.execute("update user set status='archived' where sourced_id < 'stu-15'")
    receipt = build(scenario)
    assert (receipt.state, receipt.verdict) == ("waiting", "held")
    assert "users.csv has 5 rows, and had 20" in receipt.why
    assert receipt.compared["rows more in users.csv"] == -15


def test_the_record_comes_before_the_file_hostile_3(scenario: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    sent(scenario)
    real = sqlite3.connect
    monkeypatch.setattr(sqlite3, "connect", lambda *given, **named: real(*given, **named | {"timeout": 0}))
    out = scenario.ws.folder / "outbox" / "oneroster" / "oneroster.receipt.json"
    before = out.read_bytes()
    with closing(sqlite3.connect(scenario.ws.database, isolation_level=None)) as other:
        other.execute("begin immediate")
        with pytest.raises(Busy):
            build(scenario)
        assert out.read_bytes() == before
        other.execute("rollback")


def test_what_could_not_be_sent_is_recorded_as_failed(scenario: Any) -> None:
    sent(scenario)
    outbox = scenario.ws.folder / "outbox" / "oneroster"
    for path in outbox.iterdir():
        path.unlink()
    outbox.rmdir()
    outbox.write_text("a file in the way")
    with pytest.raises(UsageError, match="Name another path"):
        build(scenario)
    assert states(scenario) == ["failed", "verified"]


def test_identifiers_that_were_sent_are_in_the_ledger(scenario: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(type(FEED), "identifiers", lambda *_: {"username": "username"})
    given: list[Any] = []
    monkeypatch.setattr(sending, "entries", lambda *_: _entries())
    monkeypatch.setattr(type(FEED), "build", _watching(type(FEED).build, given))
    sent(scenario)
    sent(scenario)
    assert [ledger.rows() for ledger in given] == [[], [("main/stu-01", "username", "stu-01")]]


def _entries() -> Any:
    import polars as pl

    return pl.DataFrame({"user": ["main/stu-01"], "kind": ["username"], "value": ["stu-01"]})


def _watching(build_: Any, given: list[Any]) -> Any:
    def watched(self: Any, roster: Any, settings: Any, context: Any) -> Any:
        given.append(context.ledger)
        return build_(self, roster, settings, context)

    return watched


def test_check_says_how_the_vendor_would_take_files_and_changes_nothing(scenario: Any, tmp_path: Path) -> None:
    assert scenario.ws.feed_check(as_of=DAY).verdict == "accepted"
    assert states(scenario) == []
    bad = tmp_path / "bad.zip"
    bad.write_bytes(b"PK")
    assert scenario.ws.feed_check("oneroster", [bad]).verdict == "rejected"
    with pytest.raises(UsageError, match="is not a file"):
        scenario.ws.feed_check("oneroster", [tmp_path / "none.zip"])


def test_a_feed_goes_to_the_place_of_its_target(scenario: Any, tmp_path: Path) -> None:
    text = (scenario.ws.folder / "rosterkit.toml").read_text()
    place = f'[feeds.oneroster.target]\ntransport = "folder"\npath = "{tmp_path / "drop"}"\n'
    (scenario.ws.folder / "rosterkit.toml").write_text(text + "\n" + place)
    scenario.ws = type(scenario.ws)(scenario.ws.folder)
    build(scenario)
    approve(scenario)
    assert [path.name for path in (tmp_path / "drop").iterdir()] == ["oneroster.zip"]
    assert scenario.ws.feed_log()[0].target == str(tmp_path / "drop")


def test_a_workspace_that_is_named_by_a_relative_path_sends_into_its_own_outbox(
    scenario: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(scenario.ws.folder.parent)
    scenario.ws = type(scenario.ws)(Path(scenario.ws.folder.name))
    build(scenario)
    approve(scenario)
    assert lying(scenario) == ["oneroster.receipt.json", "oneroster.zip"]
